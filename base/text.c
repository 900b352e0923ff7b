/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/clock.h"

#define REPLACEMENT 0xFFFDU

/* Decodes strictly (no overlong forms, surrogates, or values above U+10FFFF). Returns the length, 0 if invalid. */
static size_t decode_strict(const unsigned char *s, size_t len, uint32_t *ret_cp)
{
	utf8proc_int32_t cp;
	utf8proc_ssize_t n = utf8proc_iterate(s, (utf8proc_ssize_t)(len < 4 ? len : 4), &cp);

	if (n <= 0 || cp < 0)
		return 0;
	*ret_cp = (uint32_t)cp;
	return (size_t)n;
}

/* Would a terminal or a reader be deceived by it? Control, format (bidi, zero width), private and unassigned ones. */
static bool is_printable(uint32_t cp)
{
	if (cp < 0x80)
		return cp >= 0x20 && cp != 0x7f;
	/* Drawn as nothing: joiners, fillers that Unicode calls letters, variation selectors. */
	if (utf8proc_get_property((utf8proc_int32_t)cp)->ignorable)
		return false;
	switch (utf8proc_category((utf8proc_int32_t)cp)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

size_t text_escape(char *dst, size_t cap, const char *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)src;
	size_t out = 0;

	while (len > 0) {
		uint32_t cp = 0;
		size_t n = decode_strict(s, len, &cp);

		if (n > 0 && is_printable(cp)) {
			if (out + n >= cap)
				break;
			memcpy(dst + out, s, n);
			out += n;
		} else {
			n = n > 0 ? n : 1;
			if (out + 4 * n >= cap)
				break;
			for (size_t i = 0; i < n; i++) {
				dst[out++] = '\\';
				dst[out++] = 'x';
				dst[out++] = hex[s[i] >> 4];
				dst[out++] = hex[s[i] & 15];
			}
		}
		s += n;
		len -= n;
	}
	dst[out] = '\0';
	return out;
}

size_t text_decode(const char *s, uint32_t *ret_cp)
{
	size_t len = strnlen(s, 4);

	if (len == 0)
		return 0;
	size_t n = decode_strict((const unsigned char *)s, len, ret_cp);
	if (n == 0) {
		*ret_cp = REPLACEMENT;
		return 1;
	}
	return n;
}

size_t text_cols(const char *s)
{
	size_t cols = 0, n;
	uint32_t cp;

	while ((n = text_decode(s, &cp)) > 0) {
		cols += (size_t)utf8proc_charwidth((utf8proc_int32_t)cp);
		s += n;
	}
	return cols;
}

/* Three significant digits of value/unit: 8.12, 14.1, 658. */
static void significant(char *dst, size_t cap, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(dst, cap, "%.*f%s", decimals, value, unit);
}

char *text_duration(char *dst, size_t cap, uint64_t ns)
{
	/* The limits are where rounding to three digits would show 1000 of the smaller unit. */
	if (ns < NS_PER_US)
		snprintf(dst, cap, "%u ns", (unsigned)ns);
	else if (ns < 999500)
		significant(dst, cap, (double)ns / 1e3, " µs");
	else if (ns < 999500000)
		significant(dst, cap, (double)ns / 1e6, " ms");
	else if (ns < 1000 * NS_PER_S)
		significant(dst, cap, (double)ns / 1e9, " s");
	else
		snprintf(dst, cap, "%llu s", (unsigned long long)(ns / NS_PER_S));
	return dst;
}

void text_append(char *dst, size_t cap, const char *fmt, ...)
{
	size_t len = strlen(dst);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(dst + len, cap - len, fmt, ap);
	va_end(ap);
}

char *text_count(char *dst, size_t cap, uint64_t n)
{
	if (n < 1000)
		snprintf(dst, cap, "%u", (unsigned)n);
	else if (n < 999500)
		significant(dst, cap, (double)n / 1e3, "k");
	else if (n < 999500000)
		significant(dst, cap, (double)n / 1e6, "M");
	else
		significant(dst, cap, (double)n / 1e9, "G");
	return dst;
}

char *text_bytes(char *dst, size_t cap, uint64_t n)
{
	if (n < 1000)
		snprintf(dst, cap, "%u bytes", (unsigned)n);
	else if (n < 999500)
		significant(dst, cap, (double)n / 1e3, " KB");
	else if (n < 999500000)
		significant(dst, cap, (double)n / 1e6, " MB");
	else
		significant(dst, cap, (double)n / 1e9, " GB");
	return dst;
}
