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
		order_flush(o, now + 600, on_record, &s);
		assert_int_equal(s.n + order_waiting(o), pushed);
	}
	order_flush(o, UINT64_MAX, on_record, &s);
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
	assert_int_equal(order_flush(o, 100, on_record, &s), 1);
	assert_int_equal(order_waiting(o), 1);
	assert_int_equal(order_flush(o, 100, on_record, &s), 0);
	assert_int_equal(order_flush(o, 101, on_record, &s), 1);
	order_free(o);
}

static void stragglers_are_told(void **state)
{
	struct order *o = order_new(1 << 20);
	struct seen s = {0};

	(void)state;
	push(o, 500, 1, 0);
	order_flush(o, 1000, on_record, &s);
	push(o, 999, 2, 0);
	push(o, 1000, 3, 0);
	order_flush(o, 2000, on_record, &s);
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
	order_flush(o, 1, on_record, &s);
	assert_int_equal(s.n, n);
	assert_int_equal(push(o, 2, 1, 24), 0);
	order_free(o);
	order_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearly_sorted_comes_out_sorted),
		cmocka_unit_test(nothing_before_its_time),
		cmocka_unit_test(stragglers_are_told),
		cmocka_unit_test(full_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
