/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/async_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events/session.h"

/* 0, 1, or -1 = it says nothing. */
static int in_list(const char *list)
{
	int32_t v;

	return godebug_in_list(list, "asyncpreemptoff", &v) ? v != 0 : -1;
}

static void lists_as_the_runtime_reads_them(void **state)
{
	static const struct {
		const char *list;
		int expect;
	} rows[] = {
		{NULL, -1},
		{"", -1},
		{"asyncpreemptoff=1", 1},
		{"asyncpreemptoff=0", 0},
		{"asyncpreemptoff=2", 1},
		{"asyncpreemptoff=-1", 1},
		{"gctrace=1,asyncpreemptoff=1,schedtrace=5", 1},
		{"asyncpreemptoff=1,asyncpreemptoff=0", 0},
		{"asyncpreemptoff=0,,asyncpreemptoff=1,", 1},
		{"asyncpreemptoff=1,asyncpreemptoff=x", 1},
		{"asyncpreemptoff", -1},
		{"asyncpreemptoff=", -1},
		{"asyncpreemptoff=-", -1},
		{"asyncpreemptoff= 1", -1},
		{"asyncpreemptoff=+1", -1},
		{"asyncpreemptoff=1 ", -1},
		{"asyncpreemptoff=0x1", -1},
		{"asyncpreemptoff=2147483648", -1},
		{"asyncpreemptoff=99999999999999999999999", -1},
		{"asyncpreemptoff=-2147483648", 1},
		{"xasyncpreemptoff=1", -1},
		{"asyncpreemptoffx=1", -1},
		{"AsyncPreemptOff=1", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(in_list(rows[i].list), rows[i].expect);
}

/* Decides and checks the outcome; @evidence is a part of one of the sentences, NULL = don't care. */
static void expect(struct async_facts f, int enabled, enum async_source source, const char *evidence)
{
	struct session s;
	bool found = evidence == NULL;

	session_init(&s);
	async_source_decide(&f, &s);
	for (size_t i = 0; i < s.n_async_evidence; i++)
		found |= evidence && strstr(s.async_evidence[i], evidence);
	int got_enabled = s.async_enabled;
	enum async_source got_source = s.async_source;
	session_done(&s);
	assert_int_equal(got_enabled, enabled);
	assert_int_equal(got_source, source);
	assert_true(found);
}

#define OFF "asyncpreemptoff=1"
#define ON  "asyncpreemptoff=0"
/* A process of Go 1.22 whose environment and memory are readable. */
#define PROCESS(...) ((struct async_facts){.set.go_minor = 22, .set.env_known = true, .live_known = true, __VA_ARGS__})

static void the_default(void **state)
{
	(void)state;
	expect(PROCESS(0), 1, ASYNC_SOURCE_DEFAULT, "changes the default, which is on");
	expect(PROCESS(.set.godebug = "gctrace=1", .set.linked = "panicnil=1", .set.built_in = "panicnil=1"), 1,
	       ASYNC_SOURCE_DEFAULT, "runtime.debug.asyncpreemptoff is 0 in the process's memory");
}

static void the_environment(void **state)
{
	(void)state;
	expect(PROCESS(.set.godebug = OFF, .live = 1), 0, ASYNC_SOURCE_ENVIRONMENT,
	       "GODEBUG=asyncpreemptoff=1 is in the process's environment");
	expect(PROCESS(.set.godebug = ON, .set.linked = OFF, .set.ldflags = "-X runtime.godebugDefault=" OFF), 1,
	       ASYNC_SOURCE_ENVIRONMENT, "the linker set runtime.godebugDefault to asyncpreemptoff=1");
	/* The runtime hasn't started yet, or its memory can't be read. */
	struct async_facts f = PROCESS(.set.godebug = OFF);
	f.live_known = false;
	expect(f, 0, ASYNC_SOURCE_ENVIRONMENT, NULL);
}

static void the_linker(void **state)
{
	(void)state;
	expect(PROCESS(.set.linked = OFF, .live = 1), 0, ASYNC_SOURCE_LINKER,
	       "the linker set runtime.godebugDefault to asyncpreemptoff=1");
	/* By hand it replaces what the //go:debug lines said, and the build info still shows those. */
	expect(PROCESS(.set.linked = OFF, .set.built_in = "panicnil=1", .live = 1), 0, ASYNC_SOURCE_LINKER, NULL);
	expect(PROCESS(.set.linked = "panicnil=1", .set.built_in = OFF), 1, ASYNC_SOURCE_DEFAULT, NULL);

	struct async_facts f = PROCESS(.set.ldflags = "-s -X 'runtime.godebugDefault=gctrace=1," OFF "' -w");
	f.live_known = false;
	expect(f, 0, ASYNC_SOURCE_LINKER, "gctrace=1,asyncpreemptoff=1");
	f.set.ldflags = "-X runtime.godebugDefault=" OFF " -X runtime.godebugDefault=" ON;
	expect(f, 1, ASYNC_SOURCE_LINKER, NULL);
	/* Go 1.20 has no such variable. */
	f.set.ldflags = "-X runtime.godebugDefault=" OFF;
	f.set.go_minor = 20;
	expect(f, 1, ASYNC_SOURCE_DEFAULT, NULL);
}

static void go_debug_lines(void **state)
{
	(void)state;
	expect(PROCESS(.set.linked = OFF, .set.built_in = OFF, .live = 1), 0, ASYNC_SOURCE_GO_DEBUG,
	       "DefaultGODEBUG in the build info is asyncpreemptoff=1");
}

static void memory_tells_another_story(void **state)
{
	(void)state;
	expect(PROCESS(.live = 1), 0, ASYNC_SOURCE_RUNTIME_MEMORY, "no setting explains");
	expect(PROCESS(.set.godebug = OFF, .live = 0), 1, ASYNC_SOURCE_RUNTIME_MEMORY, "GODEBUG=asyncpreemptoff=1");
	struct async_facts f = PROCESS(.set.godebug = "gccheckmark=1", .live = 1);
	expect(f, 0, ASYNC_SOURCE_RUNTIME_MEMORY, "no setting explains"); /* 1.22 doesn't do that */
	f.set.go_minor = 25;
	expect(f, 0, ASYNC_SOURCE_RUNTIME_MEMORY, "gccheckmark=1 makes Go 1.25");
}

static void what_is_unknown_stays_unknown(void **state)
{
	struct async_facts f = PROCESS(.live = 1);

	(void)state;
	f.set.env_known = false;
	expect(f, 0, ASYNC_SOURCE_UNKNOWN, "environment can't be read");
	f.live_known = false;
	expect(f, -1, ASYNC_SOURCE_UNKNOWN, NULL);
}

static void a_file(void **state)
{
	struct async_facts f = {.set.go_minor = 22, .set.is_file = true};

	(void)state;
	expect(f, 1, ASYNC_SOURCE_DEFAULT, "would go over it");
	f.set.built_in = OFF;
	expect(f, 0, ASYNC_SOURCE_GO_DEBUG, NULL);
	f.set.ldflags = "-X=runtime.godebugDefault=" OFF ",x=1";
	expect(f, 0, ASYNC_SOURCE_LINKER, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_as_the_runtime_reads_them),
		cmocka_unit_test(the_default),
		cmocka_unit_test(the_environment),
		cmocka_unit_test(the_linker),
		cmocka_unit_test(go_debug_lines),
		cmocka_unit_test(memory_tells_another_story),
		cmocka_unit_test(what_is_unknown_stays_unknown),
		cmocka_unit_test(a_file),
	};

	return cmocka_run_group_tests_name("async source", tests, NULL, NULL);
}
