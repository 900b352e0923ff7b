/* SPDX-License-Identifier: GPL-2.0-only */
#include "events/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void starts_unknown_and_ends_empty(void **state)
{
	struct session s;

	(void)state;
	memset(&s, 0xa5, sizeof(s));
	session_init(&s);
	assert_int_equal(s.stripped, -1);
	assert_int_equal(s.async_enabled, -1);
	assert_null(s.args);
	assert_null(s.go_version);
	s.exe = strdup("/bin/x");
	s.args = calloc(3, sizeof(*s.args));
	s.args[0] = strdup("x");
	s.env = calloc(1, sizeof(*s.env));
	s.env[0].key = strdup("GOGC");
	s.n_env = 1; /* its value is missing: half-filled */
	session_done(&s);
	assert_null(s.exe);
	assert_null(s.env);
	assert_int_equal(s.n_env, 0);
	session_done(&s);
}

static void evidence_is_bounded(void **state)
{
	struct session s;

	(void)state;
	session_init(&s);
	for (int i = 0; i < SESSION_EVIDENCE_MAX + 3; i++)
		session_async_evidence(&s, "sentence %d", i);
	assert_int_equal(s.n_async_evidence, SESSION_EVIDENCE_MAX);
	assert_string_equal(s.async_evidence[SESSION_EVIDENCE_MAX - 1], "sentence 5");
	session_done(&s);
}

static void what_is_missing_is_a_list(void **state)
{
	struct session s;

	(void)state;
	session_init(&s);
	for (int i = 0; i < 20; i++)
		assert_int_equal(session_missing(&s, "no %d", i), 0);
	assert_string_equal(s.missing[0], "no 0");
	assert_string_equal(s.missing[19], "no 19");
	assert_null(s.missing[20]);
	session_done(&s);
	assert_null(s.missing);
}

static void names_are_the_reports(void **state)
{
	(void)state;
	assert_null(async_source_name(ASYNC_SOURCE_UNKNOWN));
	assert_string_equal(async_source_name(ASYNC_SOURCE_ENVIRONMENT), "environment");
	assert_string_equal(async_source_name(ASYNC_SOURCE_GO_DEBUG), "go:debug");
	assert_string_equal(async_source_name(ASYNC_SOURCE_LINKER), "linker");
	assert_string_equal(async_source_name(ASYNC_SOURCE_RUNTIME_MEMORY), "runtime-memory");
	assert_string_equal(async_source_name(ASYNC_SOURCE_DEFAULT), "default");
	assert_null(async_source_name((enum async_source)77));
	assert_string_equal(detail_name(DETAIL_THREADS), "threads");
	assert_string_equal(detail_name(DETAIL_EXACT), "exact");
	assert_string_equal(detail_name((enum detail_level)77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_unknown_and_ends_empty),
		cmocka_unit_test(evidence_is_bounded),
		cmocka_unit_test(what_is_missing_is_a_list),
		cmocka_unit_test(names_are_the_reports),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
