/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/order.h"

struct record {
	uint64_t time_ns;
	uint32_t serial;
	uint32_t len; /* of the whole record, filler behind included */
	unsigned char filler[64];
};

struct seen {
	uint64_t last_ns;
	uint32_t last_serial;
	size_t n, late;
};

static void on_record(void *ctx, const void *data, size_t len, int late)
{
	struct seen *s = ctx;
	struct record r = {0};

	assert_true(len <= sizeof(r));
	memcpy(&r, data, len);
	assert_int_equal(r.len, len);
	for (size_t i = offsetof(struct record, filler); i < len; i++)
		assert_int_equal(((unsigned char *)&r)[i], (unsigned char)r.serial);
	if (!late) {
		assert_true(r.time_ns >= s->last_ns);
		/* Equal times keep the order in which they came. */
		if (r.time_ns == s->last_ns && s->n)
			assert_true(r.serial > s->last_serial);
		s->last_ns = r.time_ns;
	}
	s->last_serial = r.serial;
	s->n++;
	s->late += late != 0;
}

static int push(struct order *o, uint64_t time_ns, uint32_t serial, uint32_t extra)
{
	struct record r = {
		.time_ns = time_ns, .serial = serial, .len = (uint32_t)offsetof(struct record, filler) + extra};

	memset(r.filler, (int)serial, sizeof(r.filler));
	return order_push(o, &r, r.len, time_ns);
}

static void nearly_sorted_comes_out_sorted(void **state)
{
	struct order *o = order_new(1 << 20);
	struct seen s = {0};
	uint32_t x = 12345, pushed = 0;

	(void)state;
	assert_non_null(o);
	for (uint64_t round = 0; round < 200; round++) {
		uint64_t now = round * 1000;

		for (int i = 0; i < 50; i++) {
			x = x * 1664525 + 1013904223;
			assert_int_equal(push(o, now + 1000 + (uint64_t)i * 20 - (x >> 8) % 300, ++pushed, x % 64), 0);
		}
		order_flush(o, NULL, 0, now + 600, on_record, &s);
		assert_int_equal(s.n + order_waiting(o), pushed);
	}
	order_flush(o, NULL, 0, UINT64_MAX, on_record, &s);
	assert_int_equal(s.n, pushed);
	assert_int_equal(s.late, 0);
	assert_int_equal(order_waiting(o), 0);
	order_free(o);
}

static void nothing_before_its_time(void **state)
{
	struct order *o = order_new(1 << 20);
	struct seen s = {0};

	(void)state;
	push(o, 100, 1, 0);
	push(o, 101, 2, 0);
	assert_int_equal(order_flush(o, NULL, 0, 100, on_record, &s), 1);
	assert_int_equal(order_waiting(o), 1);
	assert_int_equal(order_flush(o, NULL, 0, 100, on_record, &s), 0);
	assert_int_equal(order_flush(o, NULL, 0, 101, on_record, &s), 1);
	order_free(o);
}

static void stragglers_are_told(void **state)
{
	struct order *o = order_new(1 << 20);
	struct seen s = {0};

	(void)state;
	push(o, 500, 1, 0);
	order_flush(o, NULL, 0, 1000, on_record, &s);
	push(o, 999, 2, 0);
	push(o, 1000, 3, 0);
	order_flush(o, NULL, 0, 2000, on_record, &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.late, 1);
	order_free(o);
}

static void full_is_said(void **state)
{
	struct order *o = order_new(1000);
	struct seen s = {0};
	int n = 0;

	(void)state;
	while (push(o, 1, (uint32_t)n + 1, 24) == 0)
		n++;
	assert_true(n > 10 && n < 40);
	assert_int_equal(push(o, 1, 1, 24), -ENOBUFS);
	order_flush(o, NULL, 0, 1, on_record, &s);
	assert_int_equal(s.n, n);
	assert_int_equal(push(o, 2, 1, 24), 0);
	order_free(o);
	order_free(NULL);
}

/* Four streams of slots, each in order, and pushed records between them. */
static void runs_are_merged(void **state)
{
	enum { RUNS = 4, SLOTS = 8, ROUNDS = 200 };
	static struct record slots[RUNS][SLOTS];
	struct order_run runs[RUNS];
	struct order *o = order_new(1 << 20);
	struct seen s = {0};
	uint64_t clock = 1000;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < RUNS; i++)
		runs[i] = (struct order_run){
			.slots = (unsigned char *)slots[i], .size = sizeof(struct record), .mask = SLOTS - 1};
	srand(7);
	for (int round = 0; round < ROUNDS; round++) {
		for (int k = 0; k < 12; k++) {
			int i = rand() % (RUNS + 1);

			clock += (unsigned)rand() % 3 + 1;
			if (i == RUNS) {
				assert_int_equal(push(o, clock, (uint32_t)n++, 4), 0);
			} else if (runs[i].end - runs[i].next < SLOTS) {
				struct record *r = &slots[i][runs[i].end++ % SLOTS];

				*r = (struct record){.time_ns = clock, .serial = (uint32_t)n++, .len = sizeof(*r)};
				memset(r->filler, (int)r->serial, sizeof(r->filler));
			}
		}
		/* A part of them waits for the next round. */
		order_flush(o, runs, RUNS, clock - 10, on_record, &s);
	}
	order_flush(o, runs, RUNS, UINT64_MAX, on_record, &s);
	assert_int_equal(s.n, n);
	assert_int_equal(s.late, 0);
	for (int i = 0; i < RUNS; i++)
		assert_true(runs[i].next == runs[i].end);
	order_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_merged),
		cmocka_unit_test(nearly_sorted_comes_out_sorted),
		cmocka_unit_test(nothing_before_its_time),
		cmocka_unit_test(stragglers_are_told),
		cmocka_unit_test(full_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
