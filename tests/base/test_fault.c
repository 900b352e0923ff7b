/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *printed(const struct fault *f)
{
	static char out[4096];
	FILE *mem = fmemopen(out, sizeof(out), "w");

	assert_non_null(mem);
	fault_print(f, mem);
	fclose(mem);
	return out;
}

static void says_what_why_and_what_to_do(void **state)
{
	struct fault f = {0};

	(void)state;
	assert_int_equal(fault_set(&f, -ESRCH, "process 7", "there is no %s process", "such"), -ESRCH);
	assert_int_equal(f.err, -ESRCH);
	assert_string_equal(printed(&f), "schedtop: process 7: there is no such process.\n");
	assert_int_equal(fault_todo(&f, "Look with %s", "pgrep"), -ESRCH);
	assert_string_equal(printed(&f), "schedtop: process 7: there is no such process. Look with pgrep.\n");
	fault_set(&f, -EIO, "disk", "failed");
	assert_string_equal(printed(&f), "schedtop: disk: failed.\n");
}

static void foreign_text_is_escaped(void **state)
{
	struct fault f;

	(void)state;
	fault_set(&f, -ENOENT, "/tmp/\033]0;x\007", "no\nsuch file");
	assert_string_equal(printed(&f), "schedtop: /tmp/\\x1b]0;x\\x07: no\\x0asuch file.\n");
}

static void long_text_is_cut(void **state)
{
	char text[1000];
	struct fault f;

	(void)state;
	memset(text, '\1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fault_set(&f, -1, text, "%s", text);
	fault_todo(&f, "%s", text);
	assert_int_equal(strlen(f.what), sizeof(f.what) - 1);
	assert_int_equal(strlen(f.why), sizeof(f.why) - 1);
	assert_int_equal(strlen(f.todo), sizeof(f.todo) - 1);
	const char *out = printed(&f);
	assert_int_equal(strlen(out),
			 strlen("schedtop: : . .\n") + 4 * (strlen(f.what) + strlen(f.why) + strlen(f.todo)));
}

static void nobody_asked(void **state)
{
	(void)state;
	assert_int_equal(fault_set(NULL, -EPERM, "x", "y"), -EPERM);
	assert_int_equal(fault_todo(NULL, "z"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_why_and_what_to_do),
		cmocka_unit_test(foreign_text_is_escaped),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(nobody_asked),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
