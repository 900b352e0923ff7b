/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/hist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t rng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void empty(void **state)
{
	static struct hist h;
	struct hist_summary s;

	(void)state;
	hist_init(&h);
	hist_summarize(&h, &s);
	assert_int_equal(s.count, 0);
	assert_int_equal(hist_quantile(&h, 0.5), 0);
	assert_int_equal(hist_count_between(&h, 0, UINT64_MAX), 0);
}

static void quantiles_are_within_the_promised_error(void **state)
{
	enum { N = 20000 };
	static struct hist h;
	static uint64_t v[N];
	uint64_t seed = 88172645463325252ULL, sum = 0;
	const double q[] = {0.01, 0.5, 0.9, 0.95, 0.99, 0.999};
	struct hist_summary s;

	(void)state;
	hist_init(&h);
	for (size_t i = 0; i < N; i++) {
		v[i] = rng(&seed) >> (24 + rng(&seed) % 38); /* every magnitude up to 2^40 */
		sum += v[i];
		hist_add(&h, v[i]);
	}
	qsort(v, N, sizeof(v[0]), by_value);
	for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
		uint64_t rank = (uint64_t)(q[i] * N);
		uint64_t exact = v[(double)rank < q[i] * N ? rank : rank - 1];
		uint64_t got = hist_quantile(&h, q[i]);

		assert_true(got >= exact);
		assert_true(got <= exact + exact / 64);
	}
	hist_summarize(&h, &s);
	assert_int_equal(s.count, N);
	assert_int_equal(s.min, v[0]);
	assert_int_equal(s.max, v[N - 1]);
	assert_int_equal(s.mean, sum / N);
}

static void extremes(void **state)
{
	static struct hist h;

	(void)state;
	hist_init(&h);
	hist_add(&h, 0);
	hist_add(&h, UINT64_MAX);
	hist_add(&h, UINT64_MAX);
	assert_int_equal(h.sum, UINT64_MAX);
	assert_int_equal(hist_quantile(&h, 0), 0);
	assert_int_equal(hist_quantile(&h, 0.3), 0);
	assert_int_equal(hist_quantile(&h, 1), UINT64_MAX);
	assert_int_equal(hist_quantile(&h, 0.99), UINT64_MAX);
}

static void ranges_add_up(void **state)
{
	static struct hist h;
	uint64_t seed = 42, n = 0, lo = 0;

	(void)state;
	hist_init(&h);
	for (int i = 0; i < 5000; i++)
		hist_add(&h, rng(&seed) >> (34 + rng(&seed) % 28));
	for (uint64_t hi = 1000; lo < h.max; lo = hi, hi *= 2)
		n += hist_count_between(&h, lo, hi);
	n += hist_count_between(&h, lo, UINT64_MAX);
	assert_int_equal(n, 5000);
	assert_int_equal(hist_count_between(&h, 10, 10), 0);
}

static void merge(void **state)
{
	static struct hist a, b;

	(void)state;
	hist_init(&a);
	hist_init(&b);
	hist_add(&a, 5);
	hist_add(&b, 1000);
	hist_add(&b, 1);
	hist_merge(&a, &b);
	assert_int_equal(a.count, 3);
	assert_int_equal(a.sum, 1006);
	assert_int_equal(a.min, 1);
	assert_int_equal(a.max, 1000);
	assert_int_equal(hist_quantile(&a, 0.5), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),    cmocka_unit_test(quantiles_are_within_the_promised_error),
		cmocka_unit_test(extremes), cmocka_unit_test(ranges_add_up),
		cmocka_unit_test(merge),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
