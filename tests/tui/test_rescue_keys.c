/* SPDX-License-Identifier: GPL-2.0-only */
/* Key A: nothing is written before a yes, and every way out says what was done. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fault.h"
#include "tui/actions.h"
#include "tui/rescue_keys.h"

static struct {
	int answer; /* of plan and write */
	unsigned planned, written;
	bool news;
} process;

static int plan(void *ctx, char lines[][ASK_CAP], size_t *ret_n, struct fault *fault)
{
	assert_ptr_equal(ctx, &process);
	process.planned++;
	if (process.answer < 0) {
		fault_set(fault, process.answer, "process 7", "it \x1b[2J isn't trusted");
		fault_todo(fault, "Restart it");
	} else {
		snprintf(lines[0], ASK_CAP, "value 1 now");
		*ret_n = 1;
	}
	return process.answer;
}

static int write_it(void *ctx, struct fault *fault)
{
	assert_ptr_equal(ctx, &process);
	process.written++;
	return process.answer < 0 ? fault_set(fault, process.answer, "process 7", "it has ended") : 0;
}

static bool news(void *ctx, char *dst, size_t cap)
{
	assert_ptr_equal(ctx, &process);
	snprintf(dst, cap, "1 thread repaired");
	return process.news;
}

static const struct tui_rescue ops = {.plan = plan, .write = write_it, .news = news};
static const struct tui_feed live = {.rescue = &ops, .ctx = &process};
static struct ui_state ui;

static int setup(void **state)
{
	(void)state;
	memset(&process, 0, sizeof(process));
	ui_state_init(&ui, false);
	return 0;
}

static void yes_writes(void **state)
{
	(void)state;
	assert_int_equal(action_of_key('A'), ACTION_RESCUE);
	rescue_ask(&ui, &live);
	assert_true(ui.asking);
	assert_int_equal(ui.n_asked, 1);
	assert_string_equal(ui.asked[0], "value 1 now");
	assert_int_equal(process.written, 0);
	rescue_answer(&ui, &live, 'y');
	assert_false(ui.asking);
	assert_int_equal(process.written, 1);
	assert_non_null(strstr(ui.message, "preemption is on"));
	assert_false(rescue_news(&ui, &live));
	process.news = true;
	assert_true(rescue_news(&ui, &live));
	assert_non_null(strstr(ui.message, "1 thread repaired"));
}

static void every_other_key_leaves_it(void **state)
{
	const uint32_t keys[] = {'n', 'q', 'A', ' ', '\r', '\n', KEY_ESC_, KEY_TAB_, KEY_MOUSE_CLICK_};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		rescue_ask(&ui, &live);
		assert_true(ui.asking);
		rescue_answer(&ui, &live, keys[i]);
		assert_false(ui.asking);
		assert_string_equal(ui.message, "nothing was written");
	}
	assert_int_equal(process.written, 0);
}

static void no_question_without_need(void **state)
{
	static const struct tui_replay moves;
	const struct tui_feed replay = {.replay = &moves, .ctx = &process};

	(void)state;
	process.answer = 1;
	rescue_ask(&ui, &live);
	assert_false(ui.asking);
	assert_non_null(strstr(ui.message, "on already"));
	process.answer = -EINVAL;
	rescue_ask(&ui, &live);
	assert_false(ui.asking);
	assert_non_null(strstr(ui.message, "isn't trusted. Restart it"));
	assert_null(strchr(ui.message, '\x1b'));
	process.planned = 0;
	rescue_ask(&ui, &replay);
	assert_false(ui.asking);
	assert_non_null(strstr(ui.message, "replay"));
	assert_int_equal(process.planned, 0);
	assert_false(rescue_news(&ui, &replay));
}

static void a_failure_is_told(void **state)
{
	(void)state;
	rescue_ask(&ui, &live);
	process.answer = -ESRCH;
	rescue_answer(&ui, &live, 'y');
	assert_string_equal(ui.message, "process 7: it has ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(yes_writes, setup),
		cmocka_unit_test_setup(every_other_key_leaves_it, setup),
		cmocka_unit_test_setup(no_question_without_need, setup),
		cmocka_unit_test_setup(a_failure_is_told, setup),
	};

	return cmocka_run_group_tests_name("rescue keys", tests, NULL, NULL);
}
