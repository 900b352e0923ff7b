/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of GODEBUG=schedtrace: as Go 1.19, 1.22 to 1.26 print them, and lines that aren't. */
#include "collectors/schedtrace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct schedtrace_row must(const char *line)
{
	struct schedtrace_row r = {0};

	if (!schedtrace_parse(line, strlen(line), &r))
		fail_msg("not taken: %s", line);
	return r;
}

static void sched(void **state)
{
	(void)state;
	struct schedtrace_row r =
		must("SCHED 511ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=0 idlethreads=1 "
		     "runqueue=3 gcwaiting=1 nmidlelocked=1 stopwait=1 sysmonwait=0");

	assert_int_equal(r.kind, SCHEDTRACE_SCHED);
	assert_int_equal(r.gomaxprocs, 2);
	assert_int_equal(r.runqueue, 3);
	/* Since Go 1.21 with needspinning, and booleans in words since 1.22. */
	r = must("SCHED 1ms: gomaxprocs=64 idleprocs=0 threads=7 spinningthreads=0 needspinning=0 idlethreads=1 "
		 "runqueue=0 gcwaiting=false nmidlelocked=1 stopwait=0 sysmonwait=false");
	assert_int_equal(r.gomaxprocs, 64);
}

static void p(void **state)
{
	(void)state;
	struct schedtrace_row r =
		must("  P1: status=1 schedtick=239 syscalltick=5 m=6 runqsize=4 gfreecnt=0 timerslen=1");

	assert_int_equal(r.kind, SCHEDTRACE_P);
	assert_int_equal(r.id, 1);
	assert_int_equal(r.status, 1);
	assert_int_equal(r.schedtick, 239);
	assert_int_equal(r.runqsize, 4);
	assert_int_equal(must("  P0: status=0 schedtick=0 syscalltick=0 m=nil runqsize=0 gfreecnt=0 timerslen=0").id,
			 0);
}

static void m(void **state)
{
	(void)state;
	struct schedtrace_row r = must("  M6: p=1 curg=20 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 "
				       "spinning=false blocked=false lockedg=-1");

	assert_int_equal(r.kind, SCHEDTRACE_M);
	assert_int_equal(r.p, 1);
	assert_int_equal(r.curg, 20);
	r = must("  M2: p=-1 curg=-1 mallocing=0 throwing=0 preemptoff=GC locks=0 dying=0 spinning=false blocked=true "
		 "lockedg=-1");
	assert_int_equal(r.p, SCHEDTRACE_NIL);
	assert_int_equal(r.curg, SCHEDTRACE_NIL);
	r = must("  M0: p=nil curg=nil mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=true "
		 "lockedg=7");
	assert_int_equal(r.p, SCHEDTRACE_NIL);
	assert_int_equal(r.curg, SCHEDTRACE_NIL);
}

static void g(void **state)
{
	(void)state;
	struct schedtrace_row r = must("  G19: status=2(sleep) m=5 lockedm=-1");

	assert_int_equal(r.kind, SCHEDTRACE_G);
	assert_int_equal(r.id, 19);
	assert_int_equal(r.status, 2);
	assert_int_equal(r.m, 5);
	assert_int_equal(must("  G2: status=4(force gc (idle)) m=nil lockedm=nil").m, SCHEDTRACE_NIL);
	assert_int_equal(must("  G2: status=4(GC worker (idle)) m=-1 lockedm=-1").m, SCHEDTRACE_NIL);
}

static void others(void **state)
{
	static const char *const lines[] = {
		"",
		"SCHED",
		"SCHED ms: gomaxprocs=2 runqueue=0",
		"SCHED 1ms: gomaxprocs=99999999999 runqueue=0",
		"SCHED 99999999999999999999999ms: gomaxprocs=2 runqueue=0",
		"  P: status=1 schedtick=1 runqsize=0",
		"  P1 status=1 schedtick=1 runqsize=0",
		"  P1: status= schedtick=1 runqsize=0",
		"  M1: a program's own line",
		"  G1: hello",
		"P1: status=1 schedtick=239 syscalltick=5 m=6 runqsize=4",
		"ticks=63",
	};
	static const char head[] = "  G1: status=2";
	struct schedtrace_row r;
	char longest[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (schedtrace_parse(lines[i], strlen(lines[i]), &r))
			fail_msg("taken: %s", lines[i]);
	}
	memset(longest, ' ', sizeof(longest));
	for (size_t i = 0; head[i]; i++)
		longest[i] = head[i];
	assert_false(schedtrace_parse(longest, sizeof(longest), &r));
}

static void setting(void **state)
{
	(void)state;
	char *v = schedtrace_godebug("gctrace=1");

	assert_string_equal(v, "gctrace=1,schedtrace=200,scheddetail=1");
	free(v);
	v = schedtrace_godebug(NULL);
	assert_string_equal(v, "schedtrace=200,scheddetail=1");
	free(v);
	v = schedtrace_godebug("");
	assert_string_equal(v, "schedtrace=200,scheddetail=1");
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sched),  cmocka_unit_test(p),
					   cmocka_unit_test(m),      cmocka_unit_test(g),
					   cmocka_unit_test(others), cmocka_unit_test(setting)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
