/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracks against a reference that keeps every span and looks at each of them for each column. */
#include "model/track.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NO_P UINT16_MAX

static uint64_t rng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct span make(uint64_t start, uint64_t end, uint8_t klass, uint64_t goid)
{
	return (struct span){.start_ns = start,
			     .end_ns = end,
			     .goid = goid,
			     .func = (uint32_t)goid + 100,
			     .tid = (uint32_t)goid + 1000,
			     .cpu = 0,
			     .p = NO_P,
			     .klass = klass};
}

static struct span random_span(uint64_t *seed, uint64_t *clock)
{
	uint64_t start = *clock + (rng(seed) % 4 ? 0 : rng(seed) % 5000);
	uint64_t end = start + 1 + rng(seed) % 3000;

	*clock = end;
	return make(start, end, (uint8_t)(1 + rng(seed) % (SPAN_CLASS_COUNT - 1)), 1 + rng(seed) % 6);
}

static void reference_column(const struct span *s, size_t n, uint64_t a, uint64_t b, uint64_t ret[SPAN_CLASS_COUNT])
{
	memset(ret, 0, SPAN_CLASS_COUNT * sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		uint64_t lo = s[i].start_ns > a ? s[i].start_ns : a, hi = s[i].end_ns < b ? s[i].end_ns : b;

		if (hi > lo)
			ret[s[i].klass] += hi - lo;
	}
}

static void columns_equal_the_reference(void **state)
{
	enum { N = 20000, COLS = 37 };
	static struct span all[N];
	struct track *t = track_new(32768);
	uint64_t seed = 7, clock = 1000;

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < N; i++) {
		all[i] = random_span(&seed, &clock);
		assert_int_equal(track_append(t, &all[i]), 0);
	}
	for (int round = 0; round < 60; round++) {
		uint64_t width = (clock - 1000) >> (rng(&seed) % 14);
		uint64_t t0 = 1000 + rng(&seed) % (clock - 1000), t1 = t0 + width + 1;
		struct column cols[COLS];

		if (round == 0) {
			t0 = 1000;
			t1 = clock;
		}
		track_columns(t, t0, t1, COLS, clock, cols);
		for (size_t c = 0; c < COLS; c++) {
			uint64_t a = t0 + (uint64_t)((unsigned __int128)(t1 - t0) * c / COLS);
			uint64_t b = t0 + (uint64_t)((unsigned __int128)(t1 - t0) * (c + 1) / COLS);
			uint64_t want[SPAN_CLASS_COUNT], known = 0, sum = 0;

			reference_column(all, N, a, b, want);
			for (size_t k = SPAN_IDLE + 1; k < SPAN_CLASS_COUNT; k++) {
				assert_int_equal(cols[c].ns[k], want[k]);
				sum += want[k];
			}
			if (a < clock)
				known = (b < clock ? b : clock) - a;
			assert_int_equal(cols[c].ns[SPAN_IDLE], known - sum);
		}
	}
	track_free(t);
}

static void faded_history_keeps_its_totals(void **state)
{
	enum { N = 50000 };
	struct track *t = track_new(256);
	uint64_t seed = 99, clock = 1000, want[SPAN_CLASS_COUNT] = {0};
	struct column all, part[10];
	uint64_t sum[SPAN_CLASS_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < N; i++) {
		struct span s = random_span(&seed, &clock);

		want[s.klass] += s.end_ns - s.start_ns;
		assert_int_equal(track_append(t, &s), 0);
	}
	assert_true(track_exact_from(t) > 1000);
	track_columns(t, 0, clock, 1, clock, &all);
	track_columns(t, 0, clock, 10, clock, part);
	for (size_t k = SPAN_IDLE + 1; k < SPAN_CLASS_COUNT; k++) {
		assert_int_equal(all.ns[k], want[k]);
		for (size_t c = 0; c < 10; c++)
			sum[k] += part[c].ns[k];
		/* Shares of coarse summaries are rounded. */
		assert_true(sum[k] + 100 >= want[k] && sum[k] <= want[k] + 100);
	}
	/* A window between the coarse and the exact past. */
	track_columns(t, track_exact_from(t) - 50000, track_exact_from(t) + 50000, 10, clock, part);
	for (size_t c = 0; c < 10; c++) {
		uint64_t column = 0;

		for (size_t k = 0; k < SPAN_CLASS_COUNT; k++)
			column += part[c].ns[k];
		assert_true(column <= 10001);
		assert_true(column >= 9900);
	}
	track_free(t);
}

static void memory_is_bounded(void **state)
{
	struct track *t = track_new(1024);
	uint64_t seed = 3, clock = 0;

	(void)state;
	for (size_t i = 0; i < 600000; i++) {
		struct span s = random_span(&seed, &clock);

		assert_int_equal(track_append(t, &s), 0);
	}
	assert_true(track_bytes(t) <= track_max_bytes(1024));
	assert_true(track_max_bytes(1 << 20) < ((size_t)100 << 20));
	track_free(t);
}

static void out_of_order_is_refused(void **state)
{
	struct track *t = track_new(64);
	struct span a = make(100, 200, SPAN_RUN, 1), b = make(150, 300, SPAN_RUN, 2), z = make(300, 300, SPAN_RUN, 2);
	struct span wild = make(400, 500, SPAN_CLASS_COUNT, 2);

	(void)state;
	assert_int_equal(track_append(t, &a), 0);
	assert_int_equal(track_append(t, &b), -EINVAL);
	assert_int_equal(track_append(t, &z), -EINVAL);
	assert_int_equal(track_append(t, &wild), -EINVAL);
	assert_int_equal(track_end(t), 200);
	track_free(t);
}

static void the_later_claim_wins(void **state)
{
	struct track *t = track_new(64);
	struct span a = make(100, 200, SPAN_RUN, 1), b = make(150, 300, SPAN_RUN, 2), c = make(120, 320, SPAN_RUN, 3),
		    s;

	(void)state;
	track_append_over(t, &a);
	assert_int_equal(track_append_over(t, &b), 0);
	assert_int_equal(track_append_over(t, &c), 0);
	assert_true(track_at(t, 149, 400, &s) && s.goid == 1 && s.end_ns == 150);
	assert_true(track_at(t, 150, 400, &s) && s.goid == 2 && s.end_ns == 300);
	assert_true(track_at(t, 300, 400, &s) && s.goid == 3 && s.start_ns == 300);
	track_free(t);
}

static void equal_neighbours_merge(void **state)
{
	struct track *t = track_new(64);
	struct span s;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		struct span piece = make(i * 10, i * 10 + 10, SPAN_RUN, 1);

		assert_int_equal(track_append(t, &piece), 0);
	}
	assert_true(track_at(t, 555, 2000, &s));
	assert_int_equal(s.start_ns, 0);
	assert_int_equal(s.end_ns, 1000);
	track_free(t);
}

static void the_open_span_grows(void **state)
{
	struct track *t = track_new(64);
	struct span a = make(100, 200, SPAN_RUN, 1), open = make(250, 0, SPAN_RUN, 2), s;
	struct column c[2];

	(void)state;
	track_append(t, &a);
	track_set_open(t, &open);
	track_columns(t, 200, 400, 2, 350, c);
	assert_int_equal(c[0].ns[SPAN_RUN], 50);
	assert_int_equal(c[0].ns[SPAN_IDLE], 50);
	assert_int_equal(c[1].ns[SPAN_RUN], 50);
	assert_int_equal(c[1].ns[SPAN_IDLE], 0); /* beyond now nothing is known */
	assert_int_equal(c[1].goid, 2);
	assert_true(track_at(t, 300, 350, &s) && s.end_ns == 350);
	assert_true(track_next(t, 220, &s) && s.goid == 2 && s.end_ns == UINT64_MAX);
	track_set_open(t, NULL);
	assert_false(track_at(t, 300, 350, &s));
	track_free(t);
}

static void walking(void **state)
{
	struct track *t = track_new(64);
	struct span a = make(100, 200, SPAN_RUN, 1), b = make(300, 400, SPAN_RUN, 2), s;

	(void)state;
	assert_false(track_next(t, 0, &s));
	assert_false(track_prev(t, 1000, &s));
	track_append(t, &a);
	track_append(t, &b);
	assert_true(track_next(t, 0, &s) && s.goid == 1);
	assert_true(track_next(t, 200, &s) && s.goid == 2);
	assert_false(track_next(t, 400, &s));
	assert_true(track_prev(t, 1000, &s) && s.goid == 2);
	assert_true(track_prev(t, 300, &s) && s.goid == 1);
	assert_true(track_prev(t, 301, &s) && s.goid == 2);
	assert_false(track_prev(t, 100, &s));
	assert_false(track_at(t, 250, 1000, &s));
	track_free(t);
}

static void a_column_names_who_ran_most(void **state)
{
	struct track *t = track_new(4096);
	struct column c;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		struct span s = make(i * 100, i * 100 + 50 + (i % 5 == 3 ? 49 : 0), SPAN_RUN, i % 5 + 1);

		track_append(t, &s);
	}
	track_columns(t, 0, 100000, 1, 100000, &c);
	assert_int_equal(c.goid, 4);
	assert_int_equal(c.func, 104);
	assert_int_equal(c.tid, 1004);
	track_free(t);
}

static void speed(void **state)
{
	enum { N = 10000000, COLS = 200 };
	struct track *t = track_new(1 << 20);
	static struct column cols[COLS];
	uint64_t begin = clock_now_ns(), appended, queried, clock = 1000;

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		struct span s = make(clock, clock + 900, SPAN_RUN, i % 7 + 1);

		track_append(t, &s);
		clock += 1000;
	}
	appended = clock_now_ns();
	track_columns(t, 0, clock, COLS, clock, cols);
	queried = clock_now_ns();
	print_message("10 million appends: %.1f ns each; 200 columns over all: %.2f ms; %zu MiB\n",
		      (double)(appended - begin) / N, (double)(queried - appended) / 1e6, track_bytes(t) >> 20);
	/* Generous: other work may share the machine, and sanitizers slow this down. */
	assert_true(queried - appended < 200000000);
	track_free(t);
}

/* Both ways through what is kept, in pieces of any size, with and without something that goes on. */
static void reading_gives_every_span_once(void **state)
{
	enum { N = 300, KEPT = 128 };
	static struct span all[N + 1], got[N + 1];
	struct track *t = track_new(KEPT);
	uint64_t seed = 3, clock = 1000;

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < N; i++) {
		all[i] = random_span(&seed, &clock);
		all[i].goid = i + 1; /* so that none is merged with the one before */
		assert_int_equal(track_append(t, &all[i]), 0);
	}
	for (size_t open = 0; open < 2; open++) {
		size_t want = KEPT + open;
		const struct span *first = &all[N - KEPT];

		if (open) {
			all[N] = make(clock + 10, UINT64_MAX, SPAN_RUN, 9);
			track_set_open(t, &all[N]);
		}
		for (size_t cap = 1; cap <= want + 1; cap += 9) {
			uint64_t from = 0;
			size_t n = 0, k;

			while (n < want && (k = track_read(t, from, got + n, cap < want - n ? cap : want - n)) > 0) {
				n += k;
				from = got[n - 1].end_ns;
			}
			assert_int_equal(n, want);
			assert_memory_equal(got, first, n * sizeof(got[0]));
			assert_int_equal(track_read(t, from, got, 1), !open && from < clock);
			from = UINT64_MAX;
			for (n = 0; (k = track_read_back(t, from, got, cap)) > 0; n += k) {
				assert_true(n + k <= want);
				assert_memory_equal(got, first + want - n - k, k * sizeof(got[0]));
				from = got[0].start_ns;
			}
			assert_int_equal(n, want);
		}
	}
	/* One that is touched is there both ways. */
	uint64_t inside = all[N - 5].start_ns + 1;
	assert_int_equal(track_read(t, inside, got, 1), 1);
	assert_int_equal(got[0].goid, all[N - 5].goid);
	assert_int_equal(track_read_back(t, inside, got, 1), 1);
	assert_int_equal(got[0].goid, all[N - 5].goid);
	track_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_gives_every_span_once),
		cmocka_unit_test(columns_equal_the_reference),
		cmocka_unit_test(faded_history_keeps_its_totals),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(out_of_order_is_refused),
		cmocka_unit_test(the_later_claim_wins),
		cmocka_unit_test(equal_neighbours_merge),
		cmocka_unit_test(the_open_span_grows),
		cmocka_unit_test(walking),
		cmocka_unit_test(a_column_names_who_ran_most),
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
