/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/outbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

typedef void (*put_fn)(struct outbuf *o, const char *text);

static void check(put_fn put, const char *text, const char *expected)
{
	struct outbuf o;

	assert_int_equal(outbuf_init(&o, -1), 0);
	put(&o, text);
	outbuf_char(&o, '\0');
	assert_string_equal(o.mem, expected);
	outbuf_done(&o);
}

static void json_text(void **state)
{
	(void)state;
	check(outbuf_json_text, "main.crunch", "\"main.crunch\"");
	check(outbuf_json_text, "", "\"\"");
	check(outbuf_json_text, "a\"b", "\"a\\\"b\"");
	check(outbuf_json_text, "c:\\d", "\"c:\\\\d\"");
	check(outbuf_json_text, "a\nb\x7f", "\"a\\\\x0ab\\\\x7f\"");
	check(outbuf_json_text, "\x1b[2J", "\"\\\\x1b[2J\"");
	check(outbuf_json_text, "\xff\xc3\xa9", "\"\\\\xff\xc3\xa9\"");
	check(outbuf_json_text, "a,b", "\"a,b\"");
	check(outbuf_json_text, "\xe2\x80\xae", "\"\\\\xe2\\\\x80\\\\xae\"");
}

static void csv_text(void **state)
{
	(void)state;
	check(outbuf_csv_text, "main.crunch", "main.crunch");
	check(outbuf_csv_text, "", "");
	check(outbuf_csv_text, "a,b", "\"a,b\"");
	check(outbuf_csv_text, "a\"b", "\"a\"\"b\"");
	check(outbuf_csv_text, "a\r\nb", "\"a\\x0d\\x0ab\"");
	check(outbuf_csv_text, "=1+1", "\"'=1+1\"");
	check(outbuf_csv_text, "+1", "\"'+1\"");
	check(outbuf_csv_text, "-1", "\"'-1\"");
	check(outbuf_csv_text, "@x", "\"'@x\"");
	check(outbuf_csv_text, "\t=1", "\"\\x09=1\"");
	check(outbuf_csv_text, "main.(*T).f-fm", "main.(*T).f-fm");
}

/* A name of any length is cut to what the reader of a name may expect. */
static void long_text(void **state)
{
	size_t len = 100000;
	char *text = malloc(len + 1);
	struct outbuf o;

	(void)state;
	assert_non_null(text);
	memset(text, '"', len);
	text[len] = '\0';
	assert_int_equal(outbuf_init(&o, -1), 0);
	outbuf_json_text(&o, text);
	assert_true(o.used > 4000 && o.used < 8200);
	outbuf_csv_text(&o, text);
	assert_true(o.used < 16400);
	outbuf_done(&o);
	free(text);
}

static void numbers(void **state)
{
	static const uint64_t values[] = {0, 7, 10, 1234567890, UINT64_MAX};
	char expected[128] = "";
	struct outbuf o;

	(void)state;
	assert_int_equal(outbuf_init(&o, -1), 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		size_t n = strlen(expected);

		snprintf(expected + n, sizeof(expected) - n, "%llu ", (unsigned long long)values[i]);
		outbuf_uint(&o, values[i]);
		outbuf_char(&o, ' ');
	}
	outbuf_int(&o, INT64_MIN);
	outbuf_int(&o, -1);
	outbuf_int(&o, INT64_MAX);
	outbuf_char(&o, '\0');
	size_t n = strlen(expected);
	snprintf(expected + n, sizeof(expected) - n, "-9223372036854775808-19223372036854775807");
	assert_string_equal(o.mem, expected);
	outbuf_done(&o);
}

/* More than the buffer holds arrives in order and whole. */
static void overflows(void **state)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	struct outbuf o;
	char line[16];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(outbuf_init(&o, fd), 0);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(line, sizeof(line), "%08u\n", i);
		outbuf_text(&o, line);
	}
	assert_int_equal(outbuf_flush(&o), 0);
	outbuf_done(&o);
	assert_int_equal(lseek(fd, 0, SEEK_END), 900000);
	for (unsigned i = 0; i < 100000; i += 997) {
		unsigned found;

		assert_int_equal(pread(fd, line, 9, (off_t)i * 9), 9);
		line[8] = '\0';
		found = (unsigned)strtoul(line, NULL, 10);
		assert_int_equal(found, i);
	}
	close(fd);
}

/* The first error stays, and nothing is written after it. */
static void errors(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct outbuf o;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(outbuf_init(&o, fd), 0);
	outbuf_text(&o, "text");
	assert_int_equal(outbuf_flush(&o), -ENOSPC);
	o.fd = -1;
	for (size_t i = 0; i < OUTBUF_MAX; i++)
		outbuf_text(&o, "more");
	assert_int_equal(outbuf_flush(&o), -ENOSPC);
	outbuf_done(&o);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_text), cmocka_unit_test(csv_text),  cmocka_unit_test(long_text),
		cmocka_unit_test(numbers),   cmocka_unit_test(overflows), cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
