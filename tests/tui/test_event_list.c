/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of events: what is in it, in which order, and the walk along it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "scene.h"
#include "tui/actions.h"
#include "tui/event_list.h"
#include "tui/views.h"

#define MS       1000000ULL
#define START_NS 1000000000000ULL /* scene.c */
#define COLS     100
#define VISIBLE  10

static struct scene scene;
static struct ui_state ui;
static struct event_list list;

static int setup(void **state)
{
	(void)state;
	scene_init(&scene, false);
	ui_state_init(&ui, false);
	ui.span_ns = 2000 * MS;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scene_done(&scene);
	return 0;
}

static void act(enum action a)
{
	ui.message[0] = '\0';
	action_do(a, &ui, scene.model, scene.now_ns, COLS, VISIBLE);
}

static void gather(void)
{
	struct event_window w = {.now_ns = scene.now_ns, .cols = COLS};

	ui_window(&ui, scene.model, scene.now_ns, &w.t0_ns, &w.t1_ns);
	event_list_gather(&ui, scene.model, &w, &list);
}

struct expected {
	uint8_t kind;
	unsigned ms;
};

static void expect(const struct expected *want, size_t n)
{
	gather();
	assert_int_equal(list.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(list.at[i].kind, want[i].kind);
		assert_int_equal((list.at[i].at_ns - START_NS) / MS, want[i].ms);
	}
}

static void everything_in_order(void **state)
{
	static const struct expected all[] = {
		{LISTED_GAP, 109}, {LISTED_STW, 401}, {LISTED_KERNEL_GAP, 1100}, {LISTED_GAP, 1340}};

	(void)state;
	expect(all, ARRAY_SIZE(all));
	assert_int_equal(list.marked, -1);
	/* Only what begins in the window. */
	ui.follow = false;
	ui.span_ns = 500 * MS;
	ui.end_ns = START_NS + 800 * MS;
	expect(&all[1], 1);
}

/* The cursor's row tells what it did for at least a column: 20 ms. */
static void the_row_of_the_cursor(void **state)
{
	static const struct expected cpu0[] = {{LISTED_SPAN, 100},        {LISTED_GAP, 109},   {LISTED_STW, 401},
					       {LISTED_KERNEL_GAP, 1100}, {LISTED_SPAN, 1200}, {LISTED_GAP, 1340}};

	(void)state;
	ui.cursor_ns = START_NS + 1000 * MS;
	expect(cpu0, ARRAY_SIZE(cpu0));
	assert_int_equal(list.marked, 3); /* the nearest */
	ui.cursor_row = 1;
	gather();
	size_t runs = 0;
	for (size_t i = 0; i < list.n; i++)
		runs += list.at[i].kind == LISTED_SPAN;
	assert_int_equal(runs, 4); /* 400, 1050, the other process at 1100, 1300; not those of 12 ms */
	ui.span_ns = 200 * MS;     /* now they are wide enough */
	ui.follow = false;
	ui.end_ns = START_NS + 300 * MS;
	ui.cursor_ns = START_NS + 200 * MS;
	gather();
	runs = 0;
	for (size_t i = 0; i < list.n; i++)
		runs += list.at[i].kind == LISTED_SPAN;
	assert_int_equal(runs, 4);
}

static void filter_and_follow_restrict_it(void **state)
{
	static const struct expected g7[] = {{LISTED_GAP, 109}, {LISTED_STW, 401}, {LISTED_GAP, 1340}},
				     g9[] = {{LISTED_STW, 401}, {LISTED_KERNEL_GAP, 1100}},
				     pool[] = {{LISTED_KERNEL_GAP, 1100}};

	(void)state;
	ui.followed_in = model_session(scene.model);
	ui.followed = 7;
	expect(g7, ARRAY_SIZE(g7));
	ui.followed = 9;
	expect(g9, ARRAY_SIZE(g9));
	ui.followed = 0;
	snprintf(ui.filter, sizeof(ui.filter), "pool");
	expect(pool, ARRAY_SIZE(pool));
	snprintf(ui.filter, sizeof(ui.filter), "nobody");
	expect(NULL, 0);
	ui.filter[0] = '\0';
	snprintf(ui.find, sizeof(ui.find), "nobody"); /* hides nothing */
	gather();
	assert_int_equal(list.n, 4);
}

static void the_cursor_walks_along_it(void **state)
{
	static const unsigned at_ms[] = {1340, 1200, 1100, 401, 109, 100};
	static const int rows[] = {0, 0, 1, 1, 0, 0};

	(void)state;
	ui.panel_scroll = 3;
	act(ACTION_EVENTS);
	assert_ptr_equal(view_panels[ui.panel], &view_events);
	assert_int_equal(ui.panel_scroll, 0);
	act(ACTION_SCROLL_UP); /* following: from the newest on */
	assert_int_equal(ui.cursor_ns, START_NS + 1340 * MS);
	assert_false(ui.follow);
	for (size_t i = 1; i < 3; i++) {
		act(ACTION_SCROLL_UP);
		assert_int_equal(ui.cursor_ns, START_NS + at_ms[i] * MS);
		assert_int_equal(ui.cursor_row, rows[i]);
	}
	/* On CPU1 its own runs come, too; back on CPU0 they don't. */
	act(ACTION_SCROLL_UP);
	assert_int_equal(ui.cursor_ns, START_NS + 1050 * MS);
	ui.cursor_row = 0;
	for (size_t i = 3; i < ARRAY_SIZE(at_ms); i++) {
		act(ACTION_SCROLL_UP);
		assert_int_equal(ui.cursor_ns, START_NS + at_ms[i] * MS);
		ui.cursor_row = 0;
	}
	act(ACTION_SCROLL_UP);
	assert_int_equal(ui.cursor_ns, START_NS + 100 * MS);
	assert_non_null(strstr(ui.message, "no earlier event"));
	act(ACTION_SCROLL_DOWN);
	assert_int_equal(ui.cursor_ns, START_NS + 109 * MS);
	/* From between two events. */
	ui.cursor_ns = START_NS + 200 * MS;
	act(ACTION_SCROLL_UP);
	assert_int_equal(ui.cursor_ns, START_NS + 109 * MS);
	ui.cursor_ns = START_NS + 200 * MS;
	act(ACTION_SCROLL_DOWN);
	assert_int_equal(ui.cursor_ns, START_NS + 401 * MS);
	/* Elsewhere the keys scroll. */
	act(ACTION_PANEL);
	act(ACTION_SCROLL_DOWN);
	assert_int_equal(ui.cursor_ns, START_NS + 401 * MS);
	assert_int_equal(ui.panel_scroll, 1);
}

/* Several Ps are asked in one moment. */
static void events_of_one_moment_are_all_visited(void **state)
{
	(void)state;
	for (uint16_t p = 0; p < 2; p++) {
		struct event ev = {.head = {.kind = EV_PREEMPT_REQUEST, .tid = 103, .time_ns = START_NS + 2100 * MS},
				   .preempt = {.goid = p ? 9 : 7, .m_tid = 101 + p, .p = p, .how = EV_REQ_PREEMPTONE}};

		model_feed(scene.model, &ev);
	}
	struct event tick = {.head = {.kind = EV_TICK, .time_ns = START_NS + 2200 * MS}};
	model_feed(scene.model, &tick);
	scene.now_ns = model_now(scene.model);
	ui.rows = ROW_P;
	act(ACTION_EVENTS);
	gather();
	size_t together = 0;
	for (size_t i = 0; i < list.n; i++)
		together += list.at[i].at_ns == START_NS + 2100 * MS;
	assert_int_equal(together, 2);
	act(ACTION_SCROLL_UP);
	gather();
	assert_int_equal(list.marked, (int)list.n - 1);
	act(ACTION_SCROLL_UP);
	assert_int_equal(ui.cursor_ns, START_NS + 2100 * MS);
	gather();
	assert_int_equal(list.at[list.marked].gap.p, 0);
	act(ACTION_SCROLL_DOWN);
	gather();
	assert_int_equal(list.at[list.marked].gap.p, 1);
}

/* However much happens, what is near the cursor is in the list, and it is bounded. */
static void a_busy_session(void **state)
{
	struct scene busy;

	(void)state;
	scene_init_busy(&busy, 100000);
	ui.rows = ROW_CPU;
	for (unsigned i = 0; i <= 10; i++) {
		struct event_window w = {.now_ns = busy.now_ns, .cols = COLS};

		ui.follow = false;
		ui.span_ns = busy.now_ns - START_NS;
		ui.end_ns = busy.now_ns;
		ui.cursor_ns = START_NS + (busy.now_ns - START_NS) / 10 * i;
		ui.cursor_ns += !ui.cursor_ns;
		ui_window(&ui, busy.model, busy.now_ns, &w.t0_ns, &w.t1_ns);
		event_list_gather(&ui, busy.model, &w, &list);
		assert_true(list.n >= EVENT_LIST_NEAR && list.n <= EVENT_LIST_MAX);
		assert_true(list.marked >= 0 && list.marked < (int)list.n);
		for (size_t k = 1; k < list.n; k++)
			assert_true(list.at[k - 1].at_ns <= list.at[k].at_ns);
		/* Nothing that the model knows is left out between two lines. */
		static struct gap gaps[4096];
		size_t n = model_gaps(busy.model, list.at[0].at_ns, list.at[list.n - 1].at_ns, gaps, ARRAY_SIZE(gaps));
		size_t want = 0, have = 0;
		for (size_t k = 0; k < n; k++)
			want += gaps[k].request_ns > list.at[0].at_ns && gaps[k].request_ns < list.at[list.n - 1].at_ns;
		for (size_t k = 0; k < list.n; k++)
			have += list.at[k].kind == LISTED_GAP && list.at[k].at_ns > list.at[0].at_ns &&
				list.at[k].at_ns < list.at[list.n - 1].at_ns;
		assert_int_equal(have, want);
	}
	scene_done(&busy);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(everything_in_order),
		TEST(the_row_of_the_cursor),
		TEST(filter_and_follow_restrict_it),
		TEST(the_cursor_walks_along_it),
		TEST(events_of_one_moment_are_all_visited),
		TEST(a_busy_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
