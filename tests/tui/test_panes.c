/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions side by side: their times, their order, their headings, their places, and the keys that start and end them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "scene.h"
#include "tui/panes.h"
#include "tui/panes_draw.h"
#include "tui/panes_keys.h"
#include "tui/panes_layout.h"
#include "tui/views/timeline.h"

#define S 1000000000ULL

struct fixture {
	struct scene scene[PANES_MAX];
	struct panes panes;
	struct ui_state ui;
	struct panes_control control;
	int locked, launched, ended, closed;
	bool fail, ask;
	char shown[400];
};

static struct fixture fx;

static const struct model *lock(void *ctx)
{
	assert_int_equal(fx.locked++, 0);
	return ((struct scene *)ctx)->model;
}

static void unlock(void *ctx)
{
	(void)ctx;
	fx.locked--;
}

static struct tui_feed feed_of(int i)
{
	return (struct tui_feed){.lock = lock, .unlock = unlock, .ctx = &fx.scene[i]};
}

static int fake_toggles(void *ctx, struct toggles *ret, struct fault *fault)
{
	(void)ctx;
	(void)fault;
	toggles_add(ret, TOGGLE_GODEBUG, "asyncpreemptoff", "about", "0", "0");
	ret->at[0].on_off = true;
	return 0;
}

static char *fake_ask(void *ctx, const struct toggles *chosen, char *dst, size_t cap)
{
	(void)ctx;
	(void)chosen;
	snprintf(dst, cap, "%s", fx.ask ? "it goes on" : "");
	return dst;
}

static int fake_launch(void *ctx, const struct toggles *chosen, struct tui_feed *ret, struct fault *fault)
{
	(void)ctx;
	(void)chosen;
	assert_int_equal(fx.locked, 0);
	if (fx.fail)
		return fault_set(fault, -ENOENT, "/no/such", "No such file");
	*ret = feed_of(++fx.launched);
	return 0;
}

static bool fake_end(void *ctx, void *feed_ctx)
{
	(void)ctx;
	(void)feed_ctx;
	fx.ended++;
	return !fx.ask;
}

static void fake_close(void *ctx, void *feed_ctx)
{
	(void)ctx;
	assert_non_null(feed_ctx);
	fx.closed++;
}

static void fake_show(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(fx.shown, sizeof(fx.shown), "%s", text);
}

static int setup(void **state)
{
	static const struct tui_relaunch ops = {
		.toggles = fake_toggles, .ask = fake_ask, .launch = fake_launch, .end = fake_end, .close = fake_close};

	memset(&fx, 0, sizeof(fx));
	for (int i = 0; i < PANES_MAX; i++)
		scene_init(&fx.scene[i], false);
	ui_state_init(&fx.ui, false);
	const struct tui_feed first = feed_of(0);
	assert_int_equal(panes_add(&fx.panes, &fx.ui, &first, NULL, NULL), 0);
	panes_look(&fx.panes, &fx.ui);
	fx.control = (struct panes_control){.panes = &fx.panes, .ui = &fx.ui, .relaunch = &ops, .show = fake_show};
	*state = &fx;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	panes_done(&fx.panes);
	for (int i = 0; i < PANES_MAX; i++)
		scene_done(&fx.scene[i]);
	return 0;
}

static void add(int i)
{
	const struct tui_feed feed = feed_of(i);

	assert_int_equal(panes_add(&fx.panes, &fx.ui, &feed, NULL, NULL), 0);
	panes_look(&fx.panes, &fx.ui);
}

/* The sessions of the tests began at the same time: here they are told apart. */
static void starts_at(int pane, uint64_t start, uint64_t now)
{
	fx.panes.at[pane]->start_ns = start;
	fx.panes.at[pane]->now_ns = now;
}

static void press(const char *keys)
{
	for (; *keys; keys++)
		panes_key(&fx.control, (uint32_t)(unsigned char)*keys);
}

static void linked_times_are_since_each_start(void **state)
{
	uint64_t t0, t1, u0, u1;
	struct ui_state its;

	(void)state;
	add(1);
	assert_int_equal(fx.panes.focus, 1);
	starts_at(0, 100 * S, 160 * S);
	starts_at(1, 150 * S, 153 * S);
	fx.ui.span_ns = 4 * S;
	panes_window(&fx.panes, &fx.ui, 1, &t0, &t1);
	panes_window(&fx.panes, &fx.ui, 0, &u0, &u1);
	assert_int_equal(t0, 150 * S);
	assert_int_equal(t1, 154 * S);
	assert_int_equal(u0, 100 * S); /* the first one's first seconds */
	assert_int_equal(u1, 104 * S);

	/* The cursor goes with the focus. */
	fx.ui.cursor_ns = 152 * S;
	fx.ui.end_ns = 154 * S;
	fx.ui.follow = false;
	panes_ui(&fx.panes, &fx.ui, 0, &its);
	assert_int_equal(its.cursor_ns, 102 * S);
	panes_focus(&fx.panes, &fx.ui, 0);
	assert_int_equal(fx.ui.cursor_ns, 102 * S);
	assert_int_equal(fx.ui.end_ns, 104 * S);
	panes_focus(&fx.panes, &fx.ui, 1);
	assert_int_equal(fx.ui.cursor_ns, 152 * S);
}

static void free_times_are_each_ones_own(void **state)
{
	uint64_t t0, t1;

	(void)state;
	add(1);
	starts_at(0, 100 * S, 160 * S);
	starts_at(1, 150 * S, 153 * S);
	fx.ui.span_ns = 4 * S;
	fx.ui.follow = false;
	fx.ui.end_ns = 154 * S;
	panes_set_free(&fx.panes, &fx.ui, true);
	panes_focus(&fx.panes, &fx.ui, 0);
	assert_int_equal(fx.ui.end_ns, 104 * S); /* as it was when they were linked */
	fx.ui.end_ns = 140 * S;
	fx.ui.span_ns = 8 * S;
	panes_window(&fx.panes, &fx.ui, 1, &t0, &t1);
	assert_int_equal(t1, 154 * S);
	assert_int_equal(t1 - t0, 4 * S);
	panes_focus(&fx.panes, &fx.ui, 1);
	assert_int_equal(fx.ui.end_ns, 154 * S);
	assert_int_equal(fx.ui.span_ns, 4 * S);
	panes_set_free(&fx.panes, &fx.ui, false);
	panes_window(&fx.panes, &fx.ui, 0, &t0, &t1);
	assert_int_equal(t1, 104 * S);
}

static void order_and_closing(void **state)
{
	const struct pane *first, *second, *third;

	(void)state;
	add(1);
	assert_int_equal(panes_add(&fx.panes, &fx.ui, NULL, "GODEBUG=x=1", "no such file"), 0);
	first = fx.panes.at[0], second = fx.panes.at[1], third = fx.panes.at[2];
	/* What couldn't be started has the focus, but no time. */
	assert_int_equal(fx.panes.focus, 2);
	assert_int_equal(fx.panes.clock, 1);
	panes_focus(&fx.panes, &fx.ui, 1);
	panes_swap(&fx.panes);
	assert_ptr_equal(fx.panes.at[0], second);
	assert_ptr_equal(fx.panes.at[1], first);
	assert_int_equal(fx.panes.focus, 0);
	assert_int_equal(fx.panes.clock, 0);
	panes_swap(&fx.panes);
	assert_ptr_equal(fx.panes.at[0], first);
	assert_int_equal(fx.panes.focus, 1);
	assert_int_equal(panes_remove(&fx.panes, &fx.ui, 1), 0);
	assert_int_equal(fx.panes.focus, 0);
	assert_ptr_equal(fx.panes.at[1], third);
	/* The last one with something to show stays. */
	assert_int_equal(panes_remove(&fx.panes, &fx.ui, 0), -EBUSY);
	panes_focus(&fx.panes, &fx.ui, 1);
	assert_int_equal(panes_remove(&fx.panes, &fx.ui, 1), 0);
	assert_int_equal(fx.panes.n, 1);
	assert_int_equal(fx.panes.focus, 0);
	assert_int_equal(fx.panes.clock, 0);
	for (int i = 1; i < PANES_MAX; i++)
		add(i);
	assert_int_equal(panes_add(&fx.panes, &fx.ui, NULL, NULL, NULL), -ENOSPC);
}

/* However they come and go, the clock is one that can be drawn. */
static void any_order(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525U + 1013904223U;
		int pane = (int)(seed >> 10) % PANES_MAX;
		const struct tui_feed feed = feed_of(0);

		switch (seed >> 24 & 7) {
		case 0:
			panes_add(&fx.panes, &fx.ui, seed & 4096 ? &feed : NULL, NULL, NULL);
			break;
		case 1:
			if (pane < fx.panes.n)
				panes_remove(&fx.panes, &fx.ui, pane);
			break;
		case 2:
			panes_swap(&fx.panes);
			break;
		case 3:
			panes_set_free(&fx.panes, &fx.ui, seed & 4096);
			break;
		default:
			panes_focus(&fx.panes, &fx.ui, pane);
		}
		assert_in_range(fx.panes.n, 1, PANES_MAX);
		assert_in_range(fx.panes.focus, 0, fx.panes.n - 1);
		assert_in_range(fx.panes.clock, 0, fx.panes.n - 1);
		assert_true(pane_drawable(fx.panes.at[fx.panes.clock]));
		if (pane_drawable(fx.panes.at[fx.panes.focus]))
			assert_int_equal(fx.panes.focus, fx.panes.clock);
	}
}

static void differ(const char *godebug_a, const char *vars_a, const char *godebug_b, const char *vars_b,
		   const char *want)
{
	struct pane_facts a = {.known = true}, b = {.known = true};
	char text[300];

	snprintf(a.godebug, sizeof(a.godebug), "%s", godebug_a);
	snprintf(b.godebug, sizeof(b.godebug), "%s", godebug_b);
	snprintf(a.variables, sizeof(a.variables), "%s", vars_a);
	snprintf(b.variables, sizeof(b.variables), "%s", vars_b);
	assert_string_equal(pane_facts_differ(&a, &b, text, sizeof(text)), want);
}

static void what_differs(void **state)
{
	struct pane_facts a = {.known = true, .exe = "/a/app", .go_version = "go1.19.8"}, b = a;
	char text[100], small[8];

	(void)state;
	differ("", "", "", "", "");
	differ("", "", "asyncpreemptoff=1", "", "GODEBUG=asyncpreemptoff=1");
	differ("a=1,b=2", "", "b=2,a=1", "", "");
	differ("a=1,b=2", "", "b=2,a=0,c=3", "", "GODEBUG=a=0,c=3");
	differ("a=1,b=2", "", "b=2", "", "GODEBUG=-a");
	differ("a", "", ",=,b", "", "GODEBUG==,b,-a");
	differ("", "GOGC=50\nGOMAXPROCS=2\n", "", "GOGC=off\n", "GOGC=off no GOMAXPROCS");
	strcpy(b.exe, "/b/app");
	assert_string_equal(pane_facts_differ(&a, &b, text, sizeof(text)), "/b/app");
	strcpy(b.exe, "/b/other");
	strcpy(b.go_version, "go1.26.4");
	b.args = 7;
	assert_string_equal(pane_facts_differ(&a, &b, text, sizeof(text)), "other go1.26.4 other arguments");
	assert_int_equal(strlen(pane_facts_differ(&a, &b, small, sizeof(small))), sizeof(small) - 1);
	b.known = false;
	assert_string_equal(pane_facts_differ(&a, &b, text, sizeof(text)), "");
}

static bool inside(struct rect r, int cols, int rows)
{
	return r.h == 0 || (r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0 && r.x + r.w <= cols && r.y + r.h <= rows);
}

static bool apart(struct rect a, struct rect b)
{
	return a.h == 0 || b.h == 0 || a.y + a.h <= b.y || b.y + b.h <= a.y || a.x + a.w <= b.x || b.x + b.w <= a.x;
}

static void every_size(void **state)
{
	(void)state;
	for (int cols = 1; cols <= 300; cols += 3) {
		for (int rows = 1; rows <= 100; rows++) {
			for (int n = 1; n <= PANES_MAX; n++) {
				struct panes_layout l = panes_layout(cols, rows, n, 1 << rows % 7, rows % 2);
				const struct rect all[] = {l.header,  l.strip,   l.panel,   l.output, l.status,
							   l.pane[0], l.pane[1], l.pane[2], l.pane[3]};

				if (l.single)
					continue;
				for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
					assert_true(inside(all[i], cols, rows));
					for (size_t j = 0; j < i; j++)
						assert_true(apart(all[i], all[j]));
				}
				for (int i = 0; i < n; i++)
					assert_true(l.pane[i].h >= PANE_MIN_ROWS && l.pane[i].w >= PANE_MIN_COLS);
			}
		}
	}
	/* Two fit a standard terminal with the ratios; four need more. */
	struct panes_layout l = panes_layout(80, 24, 2, 2, false);
	assert_false(l.single);
	assert_int_equal(l.strip.h, 1 + STRIP_FIGURES);
	assert_int_equal(l.pane[1].x, 0);
	assert_true(panes_layout(80, 24, 4, 2, false).single);
	/* Four on a wide and low one stand in two columns. */
	l = panes_layout(200, 24, 4, 2, false);
	assert_false(l.single);
	assert_true(l.pane[1].x > 90 && l.pane[1].y == l.pane[0].y && l.pane[2].y > l.pane[0].y);
}

static void any_size_draws(void **state)
{
	(void)state;
	add(1);
	panes_add(&fx.panes, &fx.ui, NULL, "GODEBUG=\033[31mx=1", "it isn't there: \033]0;evil\007");
	fake_toggles(NULL, &fx.control.toggles, NULL);
	for (int cols = 1; cols < 260; cols += 13) {
		for (int rows = 1; rows < 80; rows += 7) {
			const struct panes_over over = {.toggles = rows % 3 ? NULL : &fx.control.toggles,
							.ask = cols % 2 ? "a\nb \033[2J c" : NULL};
			struct grid g;

			assert_int_equal(grid_init(&g, cols, rows), 0);
			panes_focus(&fx.panes, &fx.ui, cols % 3);
			fx.ui.help = rows % 2;
			panes_look(&fx.panes, &fx.ui);
			panes_draw(&fx.panes, &fx.ui, &over, &g);
			for (int i = 0; i < g.cols * g.rows; i++)
				assert_true(g.cells[i].ch == 0 || g.cells[i].ch >= 0x20);
			struct rect r = panes_timeline(&fx.panes, &fx.ui, &g);
			assert_true(inside(r, cols, rows));
			grid_done(&g);
		}
	}
}

static void keys_start_beside(void **state)
{
	(void)state;
	press("G");
	assert_true(fx.control.toggles_open);
	press(" r");
	assert_false(fx.control.toggles_open);
	assert_int_equal(fx.launched, 1);
	assert_int_equal(fx.ended, 0);
	assert_int_equal(fx.panes.n, 2);
	assert_int_equal(fx.panes.focus, 1);
	assert_non_null(strstr(fx.shown, "asyncpreemptoff=1"));
	assert_string_equal(fx.panes.at[1]->label, "GODEBUG=asyncpreemptoff=1");
	assert_non_null(strstr(fx.ui.message, "share the CPUs"));
	/* The choice stays; without opening the list it is taken again, after the first has ended. */
	press("R");
	assert_int_equal(fx.ended, 1);
	assert_int_equal(fx.panes.n, 3);
	assert_string_equal(fx.panes.at[2]->label, "GODEBUG=asyncpreemptoff=1");
	press("r");
	press("r"); /* no more than four */
	assert_int_equal(fx.panes.n, PANES_MAX);
	assert_int_equal(fx.launched, 3);
	press("C");
	assert_int_equal(fx.closed, 1);
	press("1C");
	assert_int_equal(fx.closed, 2);
	press("CC");
	assert_int_equal(fx.panes.n, 1);
	assert_int_equal(fx.closed, 3);
	assert_non_null(strstr(fx.ui.message, "q leaves"));
}

static void keys_ask_before_where_that_is_due(void **state)
{
	(void)state;
	fx.ask = true;
	press("rx");
	assert_int_equal(fx.launched, 0);
	assert_false(fx.control.asking);
	press("r\r");
	assert_int_equal(fx.launched, 1);
	press("R"); /* the first one isn't schedtop's to end */
	press("y");
	assert_int_equal(fx.launched, 1);
	assert_non_null(strstr(fx.ui.message, "left running"));
}

static void a_start_that_fails_is_a_pane_that_says_why(void **state)
{
	(void)state;
	fx.fail = true;
	press("r");
	assert_int_equal(fx.panes.n, 2);
	assert_false(pane_drawable(fx.panes.at[1]));
	assert_non_null(strstr(fx.panes.at[1]->error, "/no/such: No such file"));
	press("zLX"); /* nothing of that needs its model */
	press("C");
	assert_int_equal(fx.panes.n, 1);
	assert_int_equal(fx.closed, 0);
}

static void a_capture_is_not_started(void **state)
{
	(void)state;
	fx.control.relaunch = NULL;
	press("G");
	assert_false(fx.control.toggles_open);
	assert_non_null(strstr(fx.ui.message, "capture"));
	press("r");
	assert_int_equal(fx.panes.n, 1);
	assert_false(panes_key(&fx.control, 'q'));
	assert_false(panes_key(&fx.control, '+'));
}

static void ratios_come_from_the_figures(void **state)
{
	struct hist_summary gap;

	(void)state;
	add(1);
	model_gap_summary(fx.scene[0].model, &gap);
	assert_true(fx.panes.at[0]->figures[1] == (double)gap.max);
	assert_int_equal(fx.panes.at[1]->async_on, 0);
	assert_true(panes_share_cpus(&fx.panes));
	fx.panes.at[0]->exited = true;
	assert_false(panes_share_cpus(&fx.panes));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(linked_times_are_since_each_start),
		TEST(free_times_are_each_ones_own),
		TEST(order_and_closing),
		TEST(any_order),
		TEST(what_differs),
		TEST(every_size),
		TEST(any_size_draws),
		TEST(keys_start_beside),
		TEST(keys_ask_before_where_that_is_due),
		TEST(a_start_that_fails_is_a_pane_that_says_why),
		TEST(a_capture_is_not_started),
		TEST(ratios_come_from_the_figures),
	};

	return cmocka_run_group_tests_name("panes", tests, NULL, NULL);
}
