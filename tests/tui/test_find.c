/* SPDX-License-Identifier: GPL-2.0-only */
/* What is looked for, filtered and followed, what the keys for that do, and what is typed for them. */
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
#include "tui/find.h"
#include "tui/find_keys.h"
#include "tui/highlight.h"
#include "tui/prompt.h"
#include "tui/rows.h"

#define MS       1000000ULL
#define START_NS 1000000000000ULL /* scene.c */
#define COLS     100
#define VISIBLE  10

struct fixture {
	struct scene scene;
	struct ui_state ui;
	struct match match;
};

static int setup(void **state)
{
	static struct fixture f;

	scene_init(&f.scene, false);
	ui_state_init(&f.ui, false);
	f.ui.span_ns = 2000 * MS;
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
	f->ui.message[0] = '\0';
	action_do(a, &f->ui, f->scene.model, f->scene.now_ns, COLS, VISIBLE);
}

/* Types into what an action asks for, and Enter. */
static void type(struct fixture *f, enum action a, const char *text)
{
	act(f, a);
	for (; *text; text++)
		assert_int_equal(prompt_key(&f->ui, (unsigned char)*text), PROMPT_NONE);
	find_typed(prompt_key(&f->ui, '\r'), &f->ui, f->scene.model, f->scene.now_ns, COLS, VISIBLE);
}

static const struct match *matching(struct fixture *f, const char *text)
{
	match_init(&f->match, f->scene.model, text);
	return &f->match;
}

static uint32_t func_named(const struct model *m, const char *part)
{
	for (uint32_t f = 1; model_func(m, f); f++) {
		if (strstr(model_func(m, f)->name, part))
			return f;
	}
	return 0;
}

static void names_match_in_part_and_ids_as_a_whole(void **state)
{
	struct fixture *f = *state;
	uint32_t crunch = func_named(f->scene.model, "crunch"), pool = func_named(f->scene.model, "Pool");
	static const struct {
		const char *text;
		bool g7, g9, other; /* G7 main.crunch on 101, G9 ...(*Pool).Run on 102, thread 900 "stress" */
	} cases[] = {
		{"", true, true, true},
		{"crunch", true, false, false},
		{"MAIN.CR", true, false, false},
		{"(*pool).run", false, true, false},
		{"example.com/app/", false, true, false},
		{"G7", true, false, false},
		{"g9", false, true, false},
		{"G70", false, false, false},
		{"G", false, false, false},
		{"9", false, true, false}, /* not 900 */
		{"102", false, true, false},
		{"M 101", true, false, false},
		{"app", true, true, false}, /* the threads' name */
		{"stress", false, false, true},
		{"P0", false, false, false}, /* rows only */
		{"CPU1", false, false, false},
		{"crunchy", false, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		matching(f, cases[i].text);
		for (int again = 0; again < 2; again++) { /* answers are kept */
			assert_int_equal(match_run(&f->match, 7, crunch, 101), cases[i].g7);
			assert_int_equal(match_run(&f->match, 9, pool, 102), cases[i].g9);
			assert_int_equal(match_run(&f->match, 0, 0, 900), cases[i].other);
		}
	}
	match_init_func(&f->match, f->scene.model, "main.crunch");
	assert_true(match_func(&f->match, crunch));
	match_init_func(&f->match, f->scene.model, "main.crun");
	assert_false(match_func(&f->match, crunch));
}

static size_t rows_that_match(struct fixture *f, enum row_kind kind, const char *text)
{
	f->ui.rows = kind;
	snprintf(f->ui.filter, sizeof(f->ui.filter), "%s", text);
	return rows_shown(&f->ui, f->scene.model, NULL, 0);
}

static void a_filter_leaves_rows_by_their_label(void **state)
{
	struct fixture *f = *state;
	struct row row;

	assert_int_equal(rows_that_match(f, ROW_G, ""), 2);
	assert_int_equal(rows_that_match(f, ROW_G, "pool"), 1);
	assert_true(rows_at(&f->ui, f->scene.model, 0, &row) && row.id == 9);
	assert_int_equal(rows_index(&f->ui, f->scene.model, 9), 0);
	assert_int_equal(rows_index(&f->ui, f->scene.model, 7), -1);
	assert_int_equal(rows_that_match(f, ROW_G, "nobody"), 0);
	assert_int_equal(rows_that_match(f, ROW_CPU, "cpu1"), 1);
	assert_int_equal(rows_that_match(f, ROW_P, "P0"), 1);
	assert_int_equal(rows_that_match(f, ROW_M, "102"), 1);
	/* About what runs: all rows stay. */
	assert_int_equal(rows_that_match(f, ROW_CPU, "pool"), 2);
	assert_int_equal(rows_that_match(f, ROW_M, "pool"), rows_that_match(f, ROW_M, ""));
}

/* Goes to all stops and back, and compares with where they must be. */
static void walk(struct fixture *f, const char *text, uint64_t col_ns, const uint64_t *at_ms, int row, size_t n)
{
	struct find_from from = {.at_ns = START_NS, .row = -1, .col_ns = col_ns, .now_ns = f->scene.now_ns};
	struct found to;

	matching(f, text);
	for (size_t i = 0; i < n; i++) {
		assert_true(find_next(&f->match, &f->ui, &from, &to));
		assert_int_equal((to.at_ns - START_NS) / MS, at_ms[i]);
		assert_int_equal(to.row, row);
		from.at_ns = to.at_ns;
		from.row = to.row;
	}
	assert_false(find_next(&f->match, &f->ui, &from, &to));
	for (size_t i = n - 1; i-- > 0;) {
		assert_true(find_previous(&f->match, &f->ui, &from, &to));
		assert_int_equal((to.at_ns - START_NS) / MS, at_ms[i]);
		from.at_ns = to.at_ns;
		from.row = to.row;
	}
	assert_false(find_previous(&f->match, &f->ui, &from, &to));
}

static void stops_are_a_column_apart(void **state)
{
	static const uint64_t every_run[] = {110, 160, 210, 260, 400, 1050, 1300}, far[] = {110, 400, 1050, 1300},
			      on_p1[] = {110, 166, 216, 266, 675, 1075}, crunch[] = {100, 1200}, stress[] = {1100};
	struct fixture *f = *state;

	walk(f, "pool", MS, every_run, 1, ARRAY_SIZE(every_run));
	walk(f, "g9", 40 * MS, far, 1, ARRAY_SIZE(far)); /* 38 ms between the first four */
	walk(f, "crunch", MS, crunch, 0, ARRAY_SIZE(crunch));
	walk(f, "stress", MS, stress, 1, ARRAY_SIZE(stress));
	f->ui.rows = ROW_P; /* there a run begins where its P is known */
	walk(f, "p1", MS, on_p1, 1, ARRAY_SIZE(on_p1));
	f->ui.rows = ROW_CPU;
	snprintf(f->ui.filter, sizeof(f->ui.filter), "cpu1");
	walk(f, "pool", MS, every_run, 0, ARRAY_SIZE(every_run));
}

static void what_goes_on_at_the_edge_is_found(void **state)
{
	struct fixture *f = *state;

	f->ui.follow = false;
	f->ui.end_ns = START_NS + 800 * MS;
	f->ui.span_ns = 400 * MS;
	type(f, ACTION_FIND, "crunch");
	assert_int_equal(f->ui.cursor_ns, START_NS + 400 * MS);
	assert_int_equal(f->ui.cursor_row, 0);
}

/* The function that ran when it was asked to yield, of a goroutine that was started with another one. */
static void a_function_that_held_a_p_is_found(void **state)
{
	struct fixture *f = *state;
	struct event events[] = {
		{.head = {.kind = EV_SWITCH, .cpu = 1, .flags = EVF_CPU | EVF_NEXT_TARGET | EVF_WOKEN},
		 .sw = {.next_tid = 102, .p = EV_NO_P}},
		{.head = {.kind = EV_SAMPLE, .cpu = 1, .tid = 102, .flags = EVF_CPU | EVF_LABEL},
		 .at = {.goid = 9, .p = 1, .loc = 50, .blame = 50}},
		{.head = {.kind = EV_PREEMPT_REQUEST, .tid = 103},
		 .preempt = {.goid = 9, .m_tid = 102, .p = 1, .how = EV_REQ_PREEMPTONE}},
		{.head = {.kind = EV_SAMPLE, .cpu = 1, .tid = 102, .flags = EVF_CPU | EVF_LABEL},
		 .at = {.goid = 9, .p = 1, .loc = 50, .blame = 50}},
		{.head = {.kind = EV_TICK}},
	};
	struct event loc = {.head.kind = EV_LOC, .loc = {.func = "main.spin", .file = "m.go", .id = 50, .line = 5}};

	loc.head.time_ns = START_NS + 2000 * MS;
	model_feed(f->scene.model, &loc);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		events[i].head.time_ns = START_NS + (2010 + 10 * i) * MS;
		model_feed(f->scene.model, &events[i]);
	}
	f->scene.now_ns = model_now(f->scene.model);
	type(f, ACTION_FIND, "main.spin");
	assert_int_equal(f->ui.cursor_ns, START_NS + 2030 * MS);
	assert_int_equal(f->ui.cursor_row, 1);
}

static void n_goes_on_and_says_when_there_is_no_more(void **state)
{
	struct fixture *f = *state;

	act(f, ACTION_MATCH_NEXT);
	assert_non_null(strstr(f->ui.message, "nothing is looked for"));
	type(f, ACTION_FIND, "crunch");
	assert_string_equal(f->ui.find, "crunch");
	assert_int_equal(f->ui.cursor_ns, START_NS + 100 * MS);
	assert_false(f->ui.follow);
	act(f, ACTION_MATCH_NEXT);
	assert_int_equal(f->ui.cursor_ns, START_NS + 1200 * MS);
	act(f, ACTION_MATCH_NEXT);
	assert_int_equal(f->ui.cursor_ns, START_NS + 1200 * MS);
	assert_non_null(strstr(f->ui.message, "no further match"));
	act(f, ACTION_MATCH_PREVIOUS);
	assert_int_equal(f->ui.cursor_ns, START_NS + 100 * MS);
	act(f, ACTION_MATCH_PREVIOUS);
	assert_non_null(strstr(f->ui.message, "no earlier match"));
	/* What can't be found changes nothing; an empty text goes on. */
	type(f, ACTION_FIND, "nobody");
	assert_non_null(strstr(f->ui.message, "nothing here is called 'nobody'"));
	assert_string_equal(f->ui.find, "crunch");
	type(f, ACTION_FIND, "");
	assert_int_equal(f->ui.cursor_ns, START_NS + 1200 * MS);
	type(f, ACTION_FIND, "stress");
	act(f, ACTION_BACK); /* the cursor */
	f->ui.message[0] = '\0';
	type(f, ACTION_FIND, "");
	assert_int_equal(f->ui.cursor_ns, START_NS + 1100 * MS);
	act(f, ACTION_MATCH_NEXT);
	assert_non_null(strstr(f->ui.message, "only match"));
}

static void a_filter_keeps_the_cursor_on_its_row(void **state)
{
	struct fixture *f = *state;

	act(f, ACTION_ROWS_G);
	act(f, ACTION_CURSOR_DOWN);
	assert_int_equal(f->ui.cursor_row, 1); /* G9 */
	type(f, ACTION_FILTER, "pool");
	assert_string_equal(f->ui.filter, "pool");
	assert_int_equal(f->ui.cursor_row, 0);
	type(f, ACTION_FILTER, "");
	assert_string_equal(f->ui.filter, "");
	assert_int_equal(f->ui.cursor_row, 1);
	type(f, ACTION_FILTER, "nobody");
	assert_non_null(strstr(f->ui.message, "no row matches"));
	act(f, ACTION_FILTER);
	prompt_key(&f->ui, 'x');
	assert_int_equal(prompt_key(&f->ui, KEY_ESC_), PROMPT_NONE); /* as it was */
	assert_string_equal(f->ui.filter, "nobody");
}

static void following_begins_and_ends(void **state)
{
	struct fixture *f = *state;

	f->ui.cursor_ns = START_NS + 500 * MS;
	act(f, ACTION_FOLLOW);
	assert_int_equal(f->ui.followed, 7);
	assert_string_equal(f->ui.followed_func, "main.crunch");
	act(f, ACTION_FOLLOW);
	assert_int_equal(f->ui.followed, 0);
	/* Nothing of the target runs there: it asks. */
	f->ui.cursor_ns = START_NS + 1000 * MS;
	type(f, ACTION_FOLLOW, "G9");
	assert_int_equal(f->ui.followed, 9);
	act(f, ACTION_ROWS_G);
	assert_int_equal(f->ui.cursor_row, 1);
	act(f, ACTION_FOLLOW);
	act(f, ACTION_FOLLOW); /* the row is a goroutine, whatever it did then */
	assert_int_equal(f->ui.followed, 9);
	act(f, ACTION_FOLLOW);
	act(f, ACTION_BACK);
	type(f, ACTION_FOLLOW, "99");
	assert_int_equal(f->ui.followed, 0);
	assert_non_null(strstr(f->ui.message, "no goroutine 99"));
}

static void escape_takes_back_one_by_one(void **state)
{
	struct fixture *f = *state;

	type(f, ACTION_FILTER, "cpu1");
	type(f, ACTION_FIND, "pool");
	act(f, ACTION_FOLLOW);
	act(f, ACTION_HELP);
	assert_true(f->ui.cursor_ns && f->ui.followed == 9);
	act(f, ACTION_BACK);
	assert_true(!f->ui.help && f->ui.cursor_ns);
	act(f, ACTION_BACK);
	assert_true(!f->ui.cursor_ns && *f->ui.find);
	act(f, ACTION_BACK);
	assert_true(!*f->ui.find && f->ui.followed);
	act(f, ACTION_BACK);
	assert_true(!f->ui.followed && *f->ui.filter && !f->ui.follow);
	act(f, ACTION_BACK);
	assert_true(!*f->ui.filter && !f->ui.follow);
	act(f, ACTION_BACK);
	assert_true(f->ui.follow);
}

/* The number means something in one session only. */
static void in_another_session_the_function_is_followed(void **state)
{
	static struct highlight h;
	struct fixture *f = *state;
	struct scene other;

	f->ui.cursor_ns = START_NS + 500 * MS;
	act(f, ACTION_FOLLOW);
	uint32_t crunch = func_named(f->scene.model, "crunch"), pool = func_named(f->scene.model, "Pool");
	highlight_init(&h, &f->ui, f->scene.model);
	assert_true(h.on && highlight_run(&h, 7, crunch, 101));
	assert_false(highlight_run(&h, 8, crunch, 101));
	scene_init(&other, false);
	highlight_init(&h, &f->ui, other.model);
	assert_true(h.on && highlight_run(&h, 8, crunch, 101));
	assert_false(highlight_run(&h, 7, pool, 101));
	f->ui.followed = 0;
	highlight_init(&h, &f->ui, f->scene.model);
	assert_false(h.on);
	scene_done(&other);
}

/* The colour of a column, by its time, of the first or the second row in a frame of 100 columns over 2 s. */
static uint8_t colour_at(const struct scene *s, const char *keys, int row, unsigned ms)
{
	struct scene_shot shot = {.cols = 100, .rows = 30, .keys = keys, .span_ns = 2000 * MS};
	struct grid g;

	assert_int_equal(scene_draw(s, &shot, &g), 0);
	int label = keys[0] == 'm' ? 18 : keys[0] == 'v' ? 26 : 7;
	int y = 6, x = label + (int)(ms * (unsigned)(100 - label) / 2000), height = 1;
	while (grid_at(&g, 0, y + height)->ch == ' ')
		height++;
	const struct cell c = *grid_at(&g, x, y + height * (row + 1) - 1);
	grid_done(&g);
	return c.fg;
}

static void the_rest_is_dimmed(void **state)
{
	struct fixture *f = *state;

	assert_true(colour_at(&f->scene, "", 0, 1250) >= ROLE_FUNC);
	assert_true(colour_at(&f->scene, "", 1, 700) >= ROLE_FUNC || colour_at(&f->scene, "", 1, 700) == ROLE_RUNTIME);
	assert_true(colour_at(&f->scene, "/pool\r\033", 0, 1250) == ROLE_DIMMED);
	assert_true(colour_at(&f->scene, "/pool\r\033", 1, 1070) >= ROLE_FUNC);
	assert_true(colour_at(&f->scene, "/pool\r\033\033", 0, 1250) >= ROLE_FUNC);
	assert_true(colour_at(&f->scene, "fcrunch\r", 1, 1070) == ROLE_DIMMED);
	assert_true(colour_at(&f->scene, "fcrunch\r", 0, 1250) >= ROLE_FUNC);
	/* Another process, by its name; and the hatch of a gap that isn't asked for is left out. */
	assert_true(colour_at(&f->scene, "/stress\r\033", 1, 1200) == ROLE_OTHER);
	assert_true(colour_at(&f->scene, "/pool\r\033", 0, 1600) == ROLE_DIMMED);
	assert_true(colour_at(&f->scene, "g7\r", 0, 1600) == ROLE_GAP_PENDING);
	/* Also where it waits: in the rows of threads and of goroutines. */
	assert_true(colour_at(&f->scene, "vg9\r", 1, 1200) == ROLE_KERNEL_GAP);
	assert_true(colour_at(&f->scene, "mg9\r", 1, 1200) == ROLE_KERNEL_GAP);
	assert_true(colour_at(&f->scene, "mg7\r", 1, 1200) == ROLE_DIMMED);
}

/* A run that is short beside another goroutine's in the same column still shows when it is asked for. */
static void a_short_run_shows_among_others(void **state)
{
	struct scene s;

	(void)state;
	scene_init_exact(&s, false);
	/* From 2.01 s on P0 carries G7 for 300 ms, G9 for 40 and G11 for 30, every 400 ms: a column is 400 ms. */
	struct scene_shot shot = {.cols = 20 + 7, .rows = 30, .keys = "pg9\r", .span_ns = 8000 * MS};
	struct grid g;
	int in_colour = 0, dimmed = 0;

	shot.cols = 60;
	assert_int_equal(scene_draw(&s, &shot, &g), 0);
	for (int x = 7; x < 60; x++) {
		for (int y = 6; y < 12; y++) {
			const struct cell *c = grid_at(&g, x, y);

			in_colour += c->fg >= ROLE_FUNC && c->ch >= 0x2581 && c->ch <= 0x2588;
			dimmed += c->fg == ROLE_DIMMED && c->ch >= 0x2581 && c->ch <= 0x2588;
		}
	}
	grid_done(&g);
	scene_done(&s);
	assert_true(in_colour >= 5);
	assert_true(dimmed >= 10);
}

static void typing(void **state)
{
	struct fixture *f = *state;
	struct ui_state *ui = &f->ui;
	char text[200];
	uint64_t ns = 7;

	act(f, ACTION_GOTO);
	for (const char *c = "12z.5\x7f"
			     "5s";
	     *c; c++)
		assert_int_equal(prompt_key(ui, (uint32_t)*c), PROMPT_NONE);
	assert_string_equal(ui->typed, "12.5s");
	assert_int_equal(prompt_key(ui, '\r'), PROMPT_TIME);
	assert_true(prompt_time(ui, &ns));
	assert_int_equal(ns, 12500000000ULL);
	assert_int_equal(ui->prompt, PROMPT_NONE);
	strcpy(ui->typed, "5mss");
	assert_false(prompt_time(ui, &ns));
	assert_non_null(strstr(ui->message, "is no time"));
	/* Of a text everything that is ASCII and prints; Ctrl-U takes all of it back. */
	act(f, ACTION_FIND);
	for (const char *c = "n/q? (*T)\x01\xc3\xa9"; *c; c++)
		prompt_key(ui, (unsigned char)*c);
	assert_string_equal(ui->typed, "n/q? (*T)");
	assert_non_null(strstr(prompt_text(ui, text, sizeof(text)), "find: n/q? (*T)_"));
	prompt_key(ui, 21);
	assert_string_equal(ui->typed, "");
	for (int i = 0; i < 300; i++)
		prompt_key(ui, 'x');
	assert_int_equal(strlen(ui->typed), PATTERN_CAP - 1);
	assert_int_equal(prompt_key(ui, KEY_UP_), PROMPT_NONE);
	assert_int_equal(prompt_key(ui, KEY_ESC_), PROMPT_NONE);
	assert_int_equal(ui->prompt, PROMPT_NONE);
	assert_string_equal(ui->find, "");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(names_match_in_part_and_ids_as_a_whole),
		TEST(a_filter_leaves_rows_by_their_label),
		TEST(stops_are_a_column_apart),
		TEST(what_goes_on_at_the_edge_is_found),
		TEST(a_function_that_held_a_p_is_found),
		TEST(n_goes_on_and_says_when_there_is_no_more),
		TEST(a_filter_keeps_the_cursor_on_its_row),
		TEST(following_begins_and_ends),
		TEST(escape_takes_back_one_by_one),
		TEST(in_another_session_the_function_is_followed),
		TEST(the_rest_is_dimmed),
		TEST(a_short_run_shows_among_others),
		TEST(typing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
