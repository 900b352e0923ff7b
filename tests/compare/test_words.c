/* SPDX-License-Identifier: GPL-2.0-only */
/* What people write: variants, assertions, lists of CPUs; and the order of the runs. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "compare/assertion.h"
#include "compare/cpus.h"
#include "compare/schedule.h"
#include "compare/variant.h"

/* The environment of a variant, words joined by a blank; "error at N" for what is refused. */
static char *environment(const char *text, const char *outer)
{
	static char joined[512];
	struct fault fault;
	struct variant v;
	size_t at;

	*joined = '\0';
	if (variant_parse(text, &v, &at, &fault) < 0) {
		assert_true(*fault.why);
		snprintf(joined, sizeof(joined), "error at %zu", at);
		return joined;
	}
	char **env = variant_environment(&v, outer);
	assert_non_null(env);
	for (char **e = env; *e; e++)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", *joined ? " " : "", *e);
	variant_free_list(env);
	variant_done(&v);
	return joined;
}

static void variants_are_read(void **state)
{
	(void)state;
	assert_string_equal(environment("on", NULL), "");
	assert_string_equal(environment("off:GODEBUG=asyncpreemptoff=1", NULL), "GODEBUG=asyncpreemptoff=1");
	assert_string_equal(environment("off:asyncpreemptoff=1", NULL), "GODEBUG=asyncpreemptoff=1");
	assert_string_equal(environment("x:GODEBUG=asyncpreemptoff=1,gctrace=1", NULL),
			    "GODEBUG=asyncpreemptoff=1,gctrace=1");
	assert_string_equal(environment("x:GODEBUG=panicnil=1,http2client=0,GOGC=50,gctrace=1", NULL),
			    "GOGC=50 GODEBUG=panicnil=1,http2client=0,gctrace=1");
	assert_string_equal(environment("x:GODEBUG=a=1,GODEBUG=b=2,http_proxy=h", NULL),
			    "http_proxy=h GODEBUG=a=1,b=2");
	assert_string_equal(environment("x:A=b\\,c\\\\,D=", NULL), "A=b,c\\ D=");
	assert_string_equal(environment("x:A=b=c", NULL), "A=b=c");
}

static void the_callers_godebug_stays(void **state)
{
	(void)state;
	assert_string_equal(environment("x:asyncpreemptoff=1", "gctrace=1,asyncpreemptoff=0"),
			    "GODEBUG=gctrace=1,asyncpreemptoff=0,asyncpreemptoff=1");
	assert_string_equal(environment("x:GOGC=50", "gctrace=1"), "GOGC=50");
}

static void bad_variants_say_where(void **state)
{
	(void)state;
	assert_string_equal(environment("", NULL), "error at 0");
	assert_string_equal(environment(":A=1", NULL), "error at 0");
	assert_string_equal(environment("a b:A=1", NULL), "error at 0");
	assert_string_equal(environment("ratio", NULL), "error at 0");
	assert_string_equal(environment("value", NULL), "error at 0");
	assert_string_equal(environment("abcdefghijklmnopqrstuvwxyzabcdefg", NULL), "error at 0");
	assert_string_equal(environment("x:", NULL), "error at 2");
	assert_string_equal(environment("x:A=1,", NULL), "error at 6");
	assert_string_equal(environment("x:A=1,=2", NULL), "error at 6");
	assert_string_equal(environment("x:A=1,B", NULL), "error at 6");
	assert_string_equal(environment("x:asyncpremptoff=1", NULL), "error at 2");
	assert_string_equal(environment("x:A B=1", NULL), "error at 2");
}

static struct assertion parsed(const char *text)
{
	struct assertion a = {0};
	struct fault fault;
	size_t at;

	if (assertion_parse(text, &a, &at, &fault) < 0)
		fail_msg("%s: %s", text, fault.why);
	return a;
}

static void assertions_are_read(void **state)
{
	(void)state;
	struct assertion a = parsed("preempt.latency_ns.p99 ratio<2");

	assert_string_equal(a.figure->name, "preempt.latency_ns.p99");
	assert_true(a.ratio && a.op == OP_LESS && a.number == 2 && !*a.variant);
	a = parsed("  stw.total_ns.max gogc50  value >= 1.5ms ");
	assert_true(!a.ratio && a.op == OP_GREATER_EQUAL && a.number == 1.5e6);
	assert_string_equal(a.variant, "gogc50");
	assert_true(parsed("stw.total_ns.max value<500us").number == 500e3);
	assert_true(parsed("stw.total_ns.max value<500\u00b5s").number == 500e3);
	assert_true(parsed("stw.total_ns.max value<500").number == 500);
	assert_true(parsed("collector.overhead_pct value<=3%").number == 3);
	assert_true(parsed("sched.gc_cycles value>0").op == OP_GREATER);
}

static void bad_assertions_say_where(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} bad[] = {
		{"", 0},
		{"preempt.latency ratio<2", 0},
		{"preempt.latency_ns.p99", 22},
		{"preempt.latency_ns.p99 ratio", 28},
		{"preempt.latency_ns.p99 off", 26},
		{"preempt.latency_ns.p99 off on ratio<2", 27},
		{"preempt.latency_ns.p99 ratio=2", 28},
		{"preempt.latency_ns.p99 ratio<", 29},
		{"preempt.latency_ns.p99 ratio<-2", 29},
		{"preempt.latency_ns.p99 ratio<1.2.3", 29},
		{"preempt.latency_ns.p99 ratio<nan", 29},
		{"preempt.latency_ns.p99 ratio<2ms", 30},
		{"preempt.latency_ns.p99 value<2%", 30},
		{"sched.gc_cycles value<2ms", 23},
		{"preempt.latency_ns.p99 value<2 ms extra", 34},
		{"preempt.latency_ns.p99 o\x1b ratio<2", 23},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct assertion a;
		struct fault fault;
		size_t at = 99;

		if (assertion_parse(bad[i].text, &a, &at, &fault) != -EINVAL || at != bad[i].at)
			fail_msg("'%s': at %zu, wanted %zu", bad[i].text, at, bad[i].at);
	}
}

static void a_typo_is_told(void **state)
{
	(void)state;
	assert_string_equal(figure_like("preempt.latency.p99", 19)->name, "preempt.latency_ns.p99");
	assert_string_equal(figure_like("stw.total_ns.maximum", 20)->name, "stw.total_ns.max");
}

static int count_of(const char *text)
{
	cpu_set_t set;

	return cpus_parse(text, &set) < 0 ? -1 : CPU_COUNT(&set);
}

static void lists_of_cpus(void **state)
{
	static const char *const bad[] = {"", ",", "1,", "-1", "1-", "3-1", "a", "1024", "0-1024", "1;2", "1 2"};
	cpu_set_t all, share;

	(void)state;
	assert_int_equal(count_of("0"), 1);
	assert_int_equal(count_of("0-3,8,2"), 5);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(count_of(bad[i]), -1);
	assert_int_equal(cpus_parse("1-3,6,7", &all), 0);
	assert_int_equal(cpus_share(&all, 2, 1, &share), 0);
	assert_true(CPU_COUNT(&share) == 2 && CPU_ISSET(3, &share) && CPU_ISSET(6, &share));
	assert_int_equal(cpus_share(&all, 6, 0, &share), -ENOSPC);
}

static void runs_alternate(void **state)
{
	const struct schedule s = {.variants = 2, .rounds = 3, .warmups = 1, .noise = true};
	char order[64] = "";

	(void)state;
	assert_int_equal(schedule_length(&s), 2 + 9);
	for (size_t i = 0; i < schedule_length(&s); i++) {
		struct schedule_run at = schedule_at(&s, i);

		snprintf(order + strlen(order), sizeof(order) - strlen(order), "%s%c%u", at.warmup ? "w" : "",
			 "ABa"[at.variant], at.round);
	}
	assert_string_equal(order, "wA0wB0A0B0a0a1B1A1A2B2a2");
	const struct schedule plain = {.variants = 2, .rounds = 2};
	assert_int_equal(schedule_at(&plain, 1).variant, 1);
	assert_int_equal(schedule_at(&plain, 2).variant, 1);
	assert_int_equal(schedule_at(&plain, 3).variant, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variants_are_read),
		cmocka_unit_test(the_callers_godebug_stays),
		cmocka_unit_test(bad_variants_say_where),
		cmocka_unit_test(assertions_are_read),
		cmocka_unit_test(bad_assertions_say_where),
		cmocka_unit_test(a_typo_is_told),
		cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(runs_alternate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
