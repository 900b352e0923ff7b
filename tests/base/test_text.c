/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_escaped(const char *src, const char *expect)
{
	char out[256];

	assert_int_equal(text_escape(out, sizeof(out), src, strlen(src)), strlen(expect));
	assert_string_equal(out, expect);
}

static void plain_text_passes(void **state)
{
	(void)state;
	assert_escaped("main.crunch", "main.crunch");
	assert_escaped("", "");
	assert_escaped("gr\u00fc\u00df \u4e16\u754c \U0001f600 e\u0301",
		       "gr\u00fc\u00df \u4e16\u754c \U0001f600 e\u0301");
}

static void controls_are_escaped(void **state)
{
	(void)state;
	assert_escaped("a\033[2Jb\n\t\177", "a\\x1b[2Jb\\x0a\\x09\\x7f");
	assert_escaped("\xc2\x9b"
		       "31m",
		       "\\xc2\\x9b31m"); /* C1's CSI */
	char out[16];
	assert_int_equal(text_escape(out, sizeof(out), "a\0b", 3), 6);
	assert_string_equal(out, "a\\x00b");
}

static void deceiving_code_points_are_escaped(void **state)
{
	static const uint32_t bad[] = {
		0x200e,  0x200f, 0x061c, 0x202a, 0x202b, 0x202c, 0x202d,  0x202e,   0x2066,  0x2067,   0x2068,
		0x2069,  0x200b, 0x200c, 0x200d, 0xfeff, 0x2028, 0x2029,  0xe000,   0xf8ff,  0xfdd0,   0xfffe,
		0x1ffff, 0xad,   0x2060, 0x115f, 0x3164, 0xffa0, 0xf0000, 0x10fffd, 0xe0041, 0x10ffff,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char in[8] = {0}, out[32];
		uint32_t cp = bad[i], back = 0;
		size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

		in[0] = (char)(n == 2 ? 0xc0 | cp >> 6 : n == 3 ? 0xe0 | cp >> 12 : 0xf0 | cp >> 18);
		for (size_t k = 1; k < n; k++)
			in[k] = (char)(0x80 | ((cp >> (6 * (n - 1 - k))) & 0x3f));
		assert_int_equal(text_decode(in, &back), n);
		assert_int_equal(back, cp);
		assert_int_equal(text_escape(out, sizeof(out), in, n), 4 * n);
		assert_int_equal(out[0], '\\');
	}
}

static void invalid_utf8_is_escaped_byte_by_byte(void **state)
{
	(void)state;
	assert_escaped("\xc0\xaf", "\\xc0\\xaf");                   /* overlong '/' */
	assert_escaped("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          /* overlong */
	assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* a surrogate */
	assert_escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	assert_escaped("\xe4\xb8", "\\xe4\\xb8");                   /* cut off */
	assert_escaped("\xe4"
		       "a\x80",
		       "\\xe4"
		       "a\\x80");
	assert_escaped("\xff\xfe", "\\xff\\xfe");
}

static void never_cuts_a_sequence(void **state)
{
	static const char in[] = "a\u4e16\033b";
	char out[16];

	(void)state;
	static const char *const expect[] = {
		"", "a", "a", "a", "a\u4e16", "a\u4e16", "a\u4e16", "a\u4e16", "a\u4e16\\x1b", "a\u4e16\\x1bb"};
	for (size_t cap = 1; cap <= 10; cap++) {
		memset(out, '#', sizeof(out));
		size_t n = text_escape(out, cap, in, sizeof(in) - 1);
		assert_true(n < cap);
		assert_string_equal(out, expect[cap - 1]);
		assert_int_equal(out[cap], '#');
	}
}

static void decode(void **state)
{
	uint32_t cp = 1;

	(void)state;
	assert_int_equal(text_decode("", &cp), 0);
	assert_int_equal(text_decode("a", &cp), 1);
	assert_int_equal(cp, 'a');
	assert_int_equal(text_decode("\U0001f600", &cp), 4);
	assert_int_equal(cp, 0x1f600);
	assert_int_equal(text_decode("\xe4\xb8", &cp), 1);
	assert_int_equal(cp, 0xfffd);
	assert_int_equal(text_decode("\xc0\x80", &cp), 1);
	assert_int_equal(cp, 0xfffd);
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(text_cols(""), 0);
	assert_int_equal(text_cols("abc"), 3);
	assert_int_equal(text_cols("\u4e16\u754c"), 4);
	assert_int_equal(text_cols("e\u0301"), 1);
	assert_int_equal(text_cols("\U0001f600"), 2);
	assert_int_equal(text_cols("\u2588\u00b5"), 2);
	assert_int_equal(text_cols("\xff"), 1);
}

static void durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{0, "0 ns"},
		{812, "812 ns"},
		{999, "999 ns"},
		{1000, "1.00 \u00b5s"},
		{9994, "9.99 \u00b5s"},
		{9996, "10.0 \u00b5s"},
		{14100, "14.1 \u00b5s"},
		{99949, "99.9 \u00b5s"},
		{99960, "100 \u00b5s"},
		{999499, "999 \u00b5s"},
		{999500, "1.00 ms"},
		{658000000, "658 ms"},
		{999500000, "1.00 s"},
		{2310000000, "2.31 s"},
		{3600000000000, "3600 s"},
		{UINT64_MAX, "18446744073 s"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[16];
		assert_string_equal(text_duration(buf, sizeof(buf), rows[i].ns), rows[i].text);
	}
}

static void counts(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{0, "0"},
		{812, "812"},
		{999, "999"},
		{1000, "1.00k"},
		{14100, "14.1k"},
		{999499, "999k"},
		{999500, "1.00M"},
		{3200000, "3.20M"},
		{999500000, "1.00G"},
		{UINT64_MAX, "18446744074G"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[16];
		assert_string_equal(text_count(buf, sizeof(buf), rows[i].n), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_passes),
		cmocka_unit_test(controls_are_escaped),
		cmocka_unit_test(deceiving_code_points_are_escaped),
		cmocka_unit_test(invalid_utf8_is_escaped_byte_by_byte),
		cmocka_unit_test(never_cuts_a_sequence),
		cmocka_unit_test(decode),
		cmocka_unit_test(columns),
		cmocka_unit_test(durations),
		cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
