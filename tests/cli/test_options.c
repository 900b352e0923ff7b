/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line's parser: what it takes, what it refuses, and that it never takes the target's own words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fault.h"
#include "cli/options.h"
#include "cli/set.h"

#define WORDS_MAX 16

/* Splits @line at spaces and parses it as the words after the command's name. */
static int parse(unsigned commands, bool stop, const char *line, struct options *o, struct fault *fault)
{
	static char buf[512];
	char name[] = "schedtop", *argv[WORDS_MAX + 2] = {name};
	int argc = 1;

	strncpy(buf, line, sizeof(buf) - 1);
	for (char *word = strtok(buf, " "); word && argc <= WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(commands, stop, argc, argv, o, fault);
}

static void defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(COMMAND_RUN, true, "-- prog", &o, NULL), 2);
	assert_int_equal(o.detail, DETAIL_SCHED);
	assert_int_equal(o.sample_hz, 199);
	assert_true(o.max_overhead_pct == 3.0);
	assert_true(o.duration_s == 0);
	assert_false(o.batch);
	assert_null(o.theme);
}

static void every_option(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(COMMAND_RUN, true,
			       "--collector=ebpf --detail threads --duration=1.5 --json --theme=x --no-color --ascii "
			       "--no-mouse --sample-hz=0 --ignore-status --log f prog",
			       &o, NULL),
			 14);
	assert_int_equal(o.detail, DETAIL_THREADS);
	assert_true(o.duration_s == 1.5);
	assert_true(o.json && o.batch && o.no_color && o.ascii && o.no_mouse && o.ignore_status);
	assert_int_equal(o.sample_hz, 0);
	assert_string_equal(o.theme, "x");
	assert_string_equal(o.log, "f");
}

static void target_words_are_its_own(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(COMMAND_RUN, true, "--batch prog --json --nonsense", &o, NULL), 2);
	assert_true(o.batch);
	assert_false(o.json);
	assert_int_equal(parse(COMMAND_RUN, true, "--batch -- --json", &o, NULL), 3);
	assert_false(o.json);
}

static void options_after_the_pid(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(COMMAND_ATTACH, false, "12 --batch --duration 2", &o, NULL), 4);
	assert_true(o.batch);
	assert_true(o.duration_s == 2);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *what;
		int err;
	} cases[] = {
		{"--duration=0 x", "--duration", -EINVAL},
		{"--duration=-1 x", "--duration", -EINVAL},
		{"--duration=1e3 x", "--duration", -EINVAL},
		{"--duration=nan x", "--duration", -EINVAL},
		{"--duration=inf x", "--duration", -EINVAL},
		{"--duration=0x10 x", "--duration", -EINVAL},
		{"--duration=1s x", "--duration", -EINVAL},
		{"--duration=999999999 x", "--duration", -EINVAL},
		{"--duration=. x", "--duration", -EINVAL},
		{"--duration", "--duration", -EINVAL},
		{"--sample-hz=-1 x", "--sample-hz", -EINVAL},
		{"--sample-hz=10001 x", "--sample-hz", -EINVAL},
		{"--sample-hz=99999999999999999999 x", "--sample-hz", -EINVAL},
		{"--sample-hz=1x x", "--sample-hz", -EINVAL},
		{"--detail=all x", "--detail", -EINVAL},
		{"--max-overhead=101 x", "--max-overhead", -EINVAL},
		{"--max-overhead=-1 x", "--max-overhead", -EINVAL},
		{"--max-overhead=nan x", "--max-overhead", -EINVAL},
		{"--collector=x x", "--collector", -EINVAL},
		{"--pid=0", "0", -EINVAL},
		{"--pid=12x", "12x", -EINVAL},
		{"--pid=99999999999", "99999999999", -EINVAL},
		{"-p", "-p", -EINVAL},
		{"--batch=yes x", "--batch=yes", -EINVAL},
		{"--nonsense x", "--nonsense", -EINVAL},
		{"-z x", "-z", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		struct fault fault = {0};

		assert_int_equal(parse(COMMANDS_WATCH, true, cases[i].line, &o, &fault), cases[i].err);
		assert_string_equal(fault.what, cases[i].what);
		assert_true(fault.why[0] != '\0');
		assert_true(fault.todo[0] != '\0');
	}
}

/* An option of another command is no option here. */
static void options_belong_to_commands(void **state)
{
	struct options o;
	struct fault fault;

	(void)state;
	assert_int_equal(parse(COMMAND_DOCTOR, false, "--json", &o, &fault), 2);
	assert_int_equal(parse(COMMAND_DOCTOR, false, "--theme=x", &o, &fault), -EINVAL);
	assert_int_equal(parse(COMMAND_ATTACH, false, "--ignore-status", &o, &fault), -EINVAL);
	assert_int_equal(parse(COMMAND_RUN, true, "--pid=1", &o, &fault), -EINVAL);
}

static void what_may_be_set(void **state)
{
	static const struct {
		const char *text;
		int want;
	} tries[] = {
		{"asyncpreemptoff=0", 0},
		{"asyncpreemptoff=00", 0},
		{"asyncpreemptoff=1", -EPERM},
		{"asyncpreemptoff=-1", -EPERM},
		{"asyncpreemptoff=2147483647", -EPERM},
		{"asyncpreemptof=0", -EPERM},
		{"asyncpreemptoffs=0", -EPERM},
		{"gctrace=0", -EPERM},
		{"GODEBUG=0", -EPERM},
		{"", -EINVAL},
		{"=0", -EINVAL},
		{"asyncpreemptoff", -EINVAL},
		{"asyncpreemptoff=", -EINVAL},
		{"asyncpreemptoff= 0", -EINVAL},
		{"asyncpreemptoff=+0", -EINVAL},
		{"asyncpreemptoff=0x0", -EINVAL},
		{"asyncpreemptoff=0 ", -EINVAL},
		{"asyncpreemptoff=0,gctrace=1", -EINVAL},
		{"asyncpreemptoff=4294967296", -EINVAL},
		{"asyncpreemptoff=99999999999999999999", -EINVAL},
	};
	struct fault fault;
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int err = set_parse(tries[i].text, &fault);

		if (err != tries[i].want)
			fail_msg("%s: %d", tries[i].text, err);
		if (err < 0)
			assert_true(*fault.why && *fault.todo);
	}
	assert_int_equal(parse(COMMAND_SET, false, "7 asyncpreemptoff=0", &o, NULL), 1);
	assert_false(o.yes);
	assert_int_equal(parse(COMMAND_SET, false, "--yes 7 asyncpreemptoff=0", &o, NULL), 2);
	assert_true(o.yes);
	assert_int_equal(parse(COMMAND_ATTACH, false, "--yes 7", &o, &fault), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(target_words_are_its_own),
		cmocka_unit_test(options_after_the_pid),
		cmocka_unit_test(refused),
		cmocka_unit_test(options_belong_to_commands),
		cmocka_unit_test(what_may_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
