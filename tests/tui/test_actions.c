/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "scene.h"
#include "tui/actions.h"
#include "tui/views.h"

struct fixture {
	struct scene scene;
	struct ui_state ui;
};

static int setup(void **state)
{
	static struct fixture f;

	scene_init(&f.scene, false);
	ui_state_init(&f.ui, false);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scene_done(&f->scene);
	return 0;
}

static void act(struct fixture *f, enum action a)
{
	action_do(a, &f->ui, f->scene.model, f->scene.now_ns, 100, 10);
}

static void window(const struct fixture *f, uint64_t *t0, uint64_t *t1)
{
	ui_window(&f->ui, f->scene.model, f->scene.now_ns, t0, t1);
}

static void every_key_is_unique(void **state)
{
	static const struct {
		uint32_t first, second;
		enum action action;
	} keys[] = {
#define KEYS(id, k1, k2, keys, help) {(k1), (k2), ACTION_##id},
		ACTIONS(KEYS)
#undef KEYS
	};

	(void)state;
	assert_int_equal(action_of_key('q'), ACTION_QUIT);
	assert_int_equal(action_of_key(KEY_F1_), ACTION_HELP);
	assert_int_equal(action_of_key('~'), ACTION_NONE);
	assert_int_equal(action_of_key(0), ACTION_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(action_of_key(keys[i].first), keys[i].action);
		if (keys[i].second)
			assert_int_equal(action_of_key(keys[i].second), keys[i].action);
	}
	for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
		assert_true(strlen(action_info((enum action)a)->help) > 3);
}

static void zoom_keeps_the_cursor_in_place(void **state)
{
	struct fixture *f = *state;
	uint64_t t0, t1;

	f->ui.cursor_ns = f->scene.now_ns - 1000000000;
	f->ui.follow = false;
	f->ui.end_ns = f->scene.now_ns;
	f->ui.span_ns = 2000000000;
	window(f, &t0, &t1);
	double before = (double)(f->ui.cursor_ns - t0) / (double)(t1 - t0);
	for (int i = 0; i < 12; i++) {
		act(f, ACTION_ZOOM_IN);
		window(f, &t0, &t1);
		assert_true(f->ui.cursor_ns >= t0 && f->ui.cursor_ns < t1);
		double now = (double)(f->ui.cursor_ns - t0) / (double)(t1 - t0);
		assert_true(now > before - 0.01 && now < before + 0.01);
	}
	for (int i = 0; i < 60; i++)
		act(f, ACTION_ZOOM_IN);
	assert_int_equal(f->ui.span_ns, SPAN_MIN_NS);
	for (int i = 0; i < 60; i++)
		act(f, ACTION_ZOOM_OUT);
	assert_int_equal(f->ui.span_ns, SPAN_MAX_NS);
}

static void cursor_stays_in_the_session(void **state)
{
	struct fixture *f = *state;
	uint64_t t0, t1;

	for (int i = 0; i < 500; i++)
		act(f, ACTION_CURSOR_LEFT);
	assert_int_equal(f->ui.cursor_ns, model_start(f->scene.model));
	for (int i = 0; i < 500; i++)
		act(f, ACTION_CURSOR_RIGHT);
	assert_int_equal(f->ui.cursor_ns, f->scene.now_ns);
	for (int i = 0; i < 20; i++)
		act(f, ACTION_CURSOR_DOWN);
	assert_int_equal(f->ui.cursor_row, 1);
	for (int i = 0; i < 20; i++)
		act(f, ACTION_CURSOR_UP);
	assert_int_equal(f->ui.cursor_row, 0);
	act(f, ACTION_BACK);
	assert_int_equal(f->ui.cursor_ns, 0);
	act(f, ACTION_BACK);
	assert_true(f->ui.follow);
	window(f, &t0, &t1);
	assert_true(t1 >= f->scene.now_ns);
}

static void jumps_visit_every_gap_and_pause(void **state)
{
	struct fixture *f = *state;
	uint64_t start = model_start(f->scene.model), seen[8] = {0};
	int n = 0;

	f->ui.cursor_ns = f->scene.now_ns;
	while (n < 8 && !*f->ui.message) {
		act(f, ACTION_PREVIOUS);
		if (!*f->ui.message)
			seen[n++] = f->ui.cursor_ns - start;
	}
	/* The pending gap at 1.34 s, the pause at 0.401 s, the gap at 0.109 s. */
	assert_int_equal(n, 3);
	assert_int_equal(seen[0], 1340000000);
	assert_int_equal(seen[1], 401000000);
	assert_int_equal(seen[2], 109000000);
	f->ui.message[0] = '\0';
	act(f, ACTION_NEXT);
	assert_int_equal(f->ui.cursor_ns - start, 401000000);
}

static void scrolling_ends_at_now(void **state)
{
	struct fixture *f = *state;

	f->ui.span_ns = 100000000;
	act(f, ACTION_PAGE_BACK);
	assert_false(f->ui.follow);
	for (int i = 0; i < 3; i++)
		act(f, ACTION_PAGE_FORWARD);
	assert_true(f->ui.follow);
	act(f, ACTION_OLDEST);
	assert_int_equal(f->ui.end_ns, model_start(f->scene.model) + f->ui.span_ns);
	act(f, ACTION_NOW);
	assert_true(f->ui.follow);
}

static void panels_go_round(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < view_n_panels(); i++)
		act(f, ACTION_PANEL);
	assert_int_equal(f->ui.panel, 0);
	act(f, ACTION_PANEL_BACK);
	assert_int_equal(f->ui.panel, (int)view_n_panels() - 1);
	act(f, ACTION_SCROLL_UP);
	assert_int_equal(f->ui.panel_scroll, 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_key_is_unique),         TEST(zoom_keeps_the_cursor_in_place),
		TEST(cursor_stays_in_the_session), TEST(jumps_visit_every_gap_and_pause),
		TEST(scrolling_ends_at_now),       TEST(panels_go_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
