/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures that add up, intervals, and what is called significant. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare/assertion.h"
#include "compare/bootstrap.h"
#include "report/report.h"
#include "tests/compare/rounds.h"
#include "tests/report/synthetic.h"

static const struct figure *named(const char *name)
{
	const struct figure *f = figure_find(name, strlen(name));

	assert_non_null(f);
	return f;
}

/* The number in a report's JSON that a path leads to; NaN for null and for none. */
static double at_path(const cJSON *report, const char *path)
{
	char *copy = strdup(path), *rest = copy;

	for (char *key; report && (key = strsep(&rest, "."));)
		report = cJSON_GetObjectItemCaseSensitive(report, key);
	free(copy);
	return report && cJSON_IsNumber(report) ? report->valuedouble : NAN;
}

static cJSON *report_of(const struct model *m)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(report_json(m, NULL, f), 0);
	fclose(f);
	cJSON *parsed = cJSON_Parse(text);
	free(text);
	assert_non_null(parsed);
	return parsed;
}

/* Each figure has the value that its path has in the report of the same model, and is unknown where that is null. */
static void check_against_report(const struct model *m)
{
	cJSON *report = report_of(m);
	struct tally *t = malloc(sizeof(*t));

	assert_non_null(t);
	tally_of_model(m, t);
	for (size_t i = 0; figure_at(i); i++) {
		double want = at_path(report, figure_at(i)->name), got = figure_value(figure_at(i), t),
		       live = figure_of_model(figure_at(i), m);

		if (isnan(want) != isnan(got) || isnan(live) != isnan(got) ||
		    (!isnan(want) && (fabs(want - got) > 1 || fabs(got - live) > 1e-9)))
			fail_msg("%s: the report says %g, the tally %g, the model %g", figure_at(i)->name, want, got,
				 live);
	}
	free(t);
	cJSON_Delete(report);
}

static void figures_are_those_of_the_report(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	synthetic_exact_events(y.model);
	check_against_report(y.model);
	synthetic_done(&y);
	synthetic_init(&y, false);
	synthetic_events(y.model);
	check_against_report(y.model);
	synthetic_done(&y);
}

static void tallies_add_up(void **state)
{
	struct tally *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b)), *sum = malloc(sizeof(*sum));

	(void)state;
	make_round(a, 1e6, 0, 0.1, 100);
	make_round(b, 4e6, 0, 0.1, 300);
	a->number[TALLY_MAX_SLICE].value = 7;
	a->number[TALLY_MAX_SLICE].runs = 1;
	tally_init(sum);
	assert_true(isnan(figure_value(named("preempt.latency_ns.p99"), sum)));
	tally_add(sum, a);
	tally_add(sum, b);
	assert_int_equal(sum->runs, 2);
	assert_true(figure_value(named("preempt.latency_ns.count"), sum) == 200);
	assert_true(figure_value(named("preempt.requests"), sum) == 200);
	assert_true(figure_value(named("sched.max_slice_ns"), sum) == 7);
	assert_true(figure_value(named("preempt.latency_ns.p50"), sum) > 3e6);
	assert_true(figure_value(named("preempt.latency_ns.min"), sum) < 1e6);
	assert_true(isnan(figure_value(named("stw.total_ns.max"), sum)));
	free(a);
	free(b);
	free(sum);
}

/* Hesterberg's table: with five rounds the ends lie near the thousandth, with many near 2.5 %. */
static void few_rounds_reach_further(void **state)
{
	(void)state;
	assert_true(bootstrap_tail(1) == 0);
	assert_true(bootstrap_tail(5) > 0.0005 && bootstrap_tail(5) < 0.002);
	assert_true(bootstrap_tail(10) > 0.007 && bootstrap_tail(10) < 0.011);
	assert_true(bootstrap_tail(100) > 0.022 && bootstrap_tail(100) < 0.025);
	for (size_t n = 3; n < 50; n++)
		assert_true(bootstrap_tail(n) > bootstrap_tail(n - 1));
}

static enum insignificance verdict_of(size_t rounds, double factor, double between, const char *figure,
				      struct comparison_ratio *ret)
{
	struct comparison c;

	make_comparison(&c, rounds, factor, between);
	assert_int_equal(comparison_judge(&c), 0);
	const struct comparison_ratio *r = comparison_ratio(&c, 1, named(figure));
	assert_non_null(r);
	enum insignificance why = r->why;
	if (ret)
		*ret = *r;
	comparison_done(&c);
	return why;
}

static void a_null_comparison_is_not_significant(void **state)
{
	static const char *const names[] = {"preempt.latency_ns.mean", "preempt.latency_ns.p50",
					    "preempt.latency_ns.p99", "preempt.latency_ns.max"};

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		unsigned found = 0;

		rounds_state = 12345 + k;
		for (unsigned i = 0; i < 20; i++)
			found += verdict_of(k % 2 ? 5 : 8, 1, 0.3, names[k], NULL) == SIGNIFICANT;
		if (found > 2)
			fail_msg("%s: %u of 20 null comparisons were called significant", names[k], found);
	}
}

/* Without the noise check the interval alone holds: over many, about 5 % may miss 1. */
static void intervals_cover(void **state)
{
	unsigned missed = 0;
	const unsigned trials = 60;
	const struct figure *f = named("preempt.latency_ns.mean");

	(void)state;
	rounds_state = 99;
	for (unsigned i = 0; i < trials; i++) {
		struct comparison_ratio r;

		verdict_of(5, 3, 0.3, f->name, &r);
		missed += r.lo > 3 || r.hi < 3;
	}
	if (missed > trials / 10)
		fail_msg("%u of %u intervals miss the true factor", missed, trials);
}

static void a_true_factor_is_found(void **state)
{
	unsigned found = 0, covered = 0;

	(void)state;
	rounds_state = 777;
	for (unsigned i = 0; i < 20; i++) {
		struct comparison_ratio r;

		found += verdict_of(5, 2, 0.08, "preempt.latency_ns.mean", &r) == SIGNIFICANT;
		covered += r.lo <= 2 && r.hi >= 2;
	}
	assert_true(found >= 18);
	assert_true(covered >= 17);
	assert_int_equal(verdict_of(5, 0.5, 0.05, "preempt.latency_ns.p50", NULL), SIGNIFICANT);
}

static void few_rounds_say_nothing(void **state)
{
	(void)state;
	rounds_state = 5;
	assert_int_equal(verdict_of(3, 100, 0.01, "preempt.latency_ns.mean", NULL), TOO_FEW_ROUNDS);
	assert_int_equal(verdict_of(1, 100, 0.01, "preempt.latency_ns.mean", NULL), TOO_FEW_ROUNDS);
	assert_int_equal(verdict_of(4, 100, 0.01, "preempt.latency_ns.mean", NULL), SIGNIFICANT);
	assert_int_equal(verdict_of(5, 2, 0.01, "stw.total_ns.max", NULL), NOT_MEASURED);
}

static void noise_forbids_a_claim(void **state)
{
	struct comparison c;
	const struct figure *f = named("preempt.latency_ns.mean");

	(void)state;
	rounds_state = 31;
	make_comparison(&c, 5, 1.6, 0.02);
	assert_int_equal(comparison_judge(&c), 0);
	assert_int_equal(comparison_ratio(&c, 1, f)->why, SIGNIFICANT);
	/* The baseline has drifted by more than that. */
	for (size_t i = 0; i < c.noise.again.n_rounds; i++)
		make_round(&c.noise.again.rounds[i].tally, 0.4e6, 0.02, 0.8, 300);
	assert_int_equal(comparison_judge(&c), 0);
	assert_int_equal(comparison_ratio(&c, 1, f)->why, WITHIN_NOISE);
	assert_int_equal(comparison_noise(&c, f)->why, SIGNIFICANT);
	comparison_done(&c);
}

static void the_same_data_give_the_same_intervals(void **state)
{
	struct comparison_ratio a, b;

	(void)state;
	rounds_state = 8;
	verdict_of(5, 2, 0.3, "preempt.latency_ns.p99", &a);
	rounds_state = 8;
	verdict_of(5, 2, 0.3, "preempt.latency_ns.p99", &b);
	assert_true(a.lo == b.lo && a.hi == b.hi && a.ratio == b.ratio && a.lo < a.hi);
}

static void a_baseline_of_zero_has_no_ratio(void **state)
{
	struct comparison c;
	const struct figure *f = named("preempt.signals");

	(void)state;
	make_comparison(&c, 5, 1, 0.1);
	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < 5; i++) {
			c.variants[v].rounds[i].tally.number[f->number].value = v ? 10 : 0;
			c.variants[v].rounds[i].tally.number[f->number].runs = 1;
		}
	}
	assert_int_equal(comparison_judge(&c), 0);
	assert_true(isnan(comparison_ratio(&c, 1, f)->ratio));
	assert_int_equal(comparison_ratio(&c, 1, f)->why, NOT_MEASURED);
	comparison_done(&c);
}

static bool holds(const struct comparison *c, const char *text, char *said, size_t cap)
{
	struct assertion a;
	struct fault fault;
	size_t at;
	FILE *out = fmemopen(said, cap, "w");

	assert_int_equal(assertion_parse(text, &a, &at, &fault), 0);
	assert_int_equal(assertion_check(&a, c, &at, &fault), 0);
	bool ok = assertion_holds(&a, c, out);
	fclose(out);
	return ok;
}

static void assertions_are_judged(void **state)
{
	struct comparison c;
	struct assertion a;
	struct fault fault;
	char said[512] = "";
	size_t at;

	(void)state;
	rounds_state = 3;
	make_comparison(&c, 4, 5, 0.02);
	assert_int_equal(comparison_judge(&c), 0);
	assert_true(holds(&c, "preempt.latency_ns.p50 ratio>4", said, sizeof(said)));
	assert_true(holds(&c, "preempt.latency_ns.p50 b ratio<6", said, sizeof(said)));
	assert_true(holds(&c, "preempt.latency_ns.p50 a value<2ms", said, sizeof(said)));
	assert_false(holds(&c, "preempt.latency_ns.p50 value<2ms", said, sizeof(said)));
	assert_non_null(strstr(said, "with b the value is"));
	assert_false(holds(&c, "preempt.latency_ns.p50 ratio<2", said, sizeof(said)));
	assert_non_null(strstr(said, "--assert 'preempt.latency_ns.p50 ratio<2' doesn't hold"));
	/* What isn't known fulfils nothing. */
	assert_false(holds(&c, "stw.total_ns.max ratio<2", said, sizeof(said)));
	assert_false(holds(&c, "stw.total_ns.max ratio>2", said, sizeof(said)));
	assert_int_equal(assertion_parse("preempt.latency_ns.p50 c ratio<2", &a, &at, &fault), 0);
	assert_int_equal(assertion_check(&a, &c, &at, &fault), -EINVAL);
	assert_int_equal(at, 23);
	assert_int_equal(assertion_parse("preempt.latency_ns.p50 a ratio<2", &a, &at, &fault), 0);
	assert_int_equal(assertion_check(&a, &c, &at, &fault), -EINVAL);
	comparison_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_those_of_the_report),
		cmocka_unit_test(tallies_add_up),
		cmocka_unit_test(few_rounds_reach_further),
		cmocka_unit_test(a_null_comparison_is_not_significant),
		cmocka_unit_test(intervals_cover),
		cmocka_unit_test(a_true_factor_is_found),
		cmocka_unit_test(few_rounds_say_nothing),
		cmocka_unit_test(noise_forbids_a_claim),
		cmocka_unit_test(the_same_data_give_the_same_intervals),
		cmocka_unit_test(a_baseline_of_zero_has_no_ratio),
		cmocka_unit_test(assertions_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
