/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/values.h"

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"1", 1}, {"512", 512}, {"100K", 102400}, {"1.5m", 1572864}, {"2G", 2147483648ULL}};
	static const char *const bad[] = {"",    "0",    "K",   "-1",           "1T",  "1KB",
					  "1 K", "0x10", "1e3", "99999999999G", "nan", "1.2.3"};
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(value_bytes(good[i].text, &v), 0);
		assert_int_equal(v, good[i].bytes);
	}
	v = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_bytes(bad[i], &v), -EINVAL);
	assert_int_equal(v, 7);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {{"0", 0},          {"12.5", 12500000000ULL}, {"12.5s", 12500000000ULL}, {"300ms", 300000000},
		    {"250us", 250000}, {"10m", 600000000000ULL}, {"2h", 7200000000000ULL},  {".5", 500000000}};
	static const char *const bad[] = {"", "s", "-1", "1d", "1 s", "inf", "1e9", "999999999999", "1..2", "5mss"};
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(value_time(good[i].text, &v), 0);
		assert_int_equal(v, good[i].ns);
	}
	v = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_time(bad[i], &v), -EINVAL);
	assert_int_equal(v, 7);
}

static void cells(void **state)
{
	static const char *const bad[] = {"",      "120",     "x40",      "120x", "0x40",
					  "120x0", "1001x40", "120x40x2", "-1x2", "1 x2"};
	int cols = 7, rows = 8;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_size(bad[i], &cols, &rows), -EINVAL);
	assert_true(cols == 7 && rows == 8);
	assert_int_equal(value_size("120x40", &cols, &rows), 0);
	assert_true(cols == 120 && rows == 40);
}

static void triggers(void **state)
{
	static const char *const bad[] = {"", "gap", "gap=", "gap=0", "x=1", "gap=1,", "gap=1;stw=2", "gap=-1"};
	uint64_t gap = 7, stw = 8;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_trigger(bad[i], &gap, &stw), -EINVAL);
	assert_true(gap == 7 && stw == 8);
	assert_int_equal(value_trigger("gap=100,stw=0.5", &gap, &stw), 0);
	assert_true(gap == 100000000 && stw == 500000);
	assert_int_equal(value_trigger("stw=50", &gap, &stw), 0);
	assert_true(gap == 0 && stw == 50000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(times),
		cmocka_unit_test(cells),
		cmocka_unit_test(triggers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
