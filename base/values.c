/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define TIME_MAX_S 1e8 /* three years */
#define CELLS_MAX  1000UL
#define BYTES_MAX  ((uint64_t)1 << 50)
#define NUMBER_CAP 32

int value_uint(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (errno || *end || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* The number at the start of a text; strtod() alone would take hexadecimal, "inf" and "nan" too. */
static int leading_number(const char *text, double *ret, const char **ret_rest)
{
	size_t len = strspn(text, "0123456789.");
	char number[NUMBER_CAP], *end;

	if (len == 0 || len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	double v = strtod(number, &end);
	if (*end || end == number || !isfinite(v))
		return -EINVAL;
	*ret = v;
	*ret_rest = text + len;
	return 0;
}

int value_decimal(const char *text, double max, double *ret)
{
	const char *rest;
	double v;

	if (leading_number(text, &v, &rest) < 0 || *rest || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

int value_bytes(const char *text, uint64_t *ret)
{
	static const struct {
		const char *suffix;
		unsigned shift;
	} units[] = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}};
	const char *rest;
	double v;

	if (leading_number(text, &v, &rest) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcasecmp(rest, units[i].suffix) != 0)
			continue;
		v *= (double)(1ULL << units[i].shift);
		if (v < 1 || v > (double)BYTES_MAX)
			return -EINVAL;
		*ret = (uint64_t)v;
		return 0;
	}
	return -EINVAL;
}

int value_time(const char *text, uint64_t *ret)
{
	static const struct {
		const char *suffix;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"us", 1e3}, {"ms", 1e6}, {"m", 60e9}, {"h", 3600e9}};
	const char *rest;
	double v;

	if (leading_number(text, &v, &rest) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(rest, units[i].suffix) != 0)
			continue;
		v *= units[i].ns;
		if (v > TIME_MAX_S * 1e9)
			return -EINVAL;
		*ret = (uint64_t)v;
		return 0;
	}
	return -EINVAL;
}

int value_size(const char *text, int *ret_cols, int *ret_rows)
{
	char cols[NUMBER_CAP];
	const char *x = strchr(text, 'x');
	unsigned long c, r;

	if (!x || (size_t)(x - text) >= sizeof(cols))
		return -EINVAL;
	memcpy(cols, text, (size_t)(x - text));
	cols[x - text] = '\0';
	if (value_uint(cols, CELLS_MAX, &c) < 0 || value_uint(x + 1, CELLS_MAX, &r) < 0 || !c || !r)
		return -EINVAL;
	*ret_cols = (int)c;
	*ret_rows = (int)r;
	return 0;
}

int value_trigger(const char *text, uint64_t *ret_gap_ns, uint64_t *ret_stw_ns)
{
	cleanup_free char *copy = strdup(text);
	uint64_t gap = 0, stw = 0;
	char *rest = copy;

	if (!copy)
		return -EINVAL;
	for (char *part; (part = strsep(&rest, ","));) {
		uint64_t *to = strncmp(part, "gap=", 4) == 0 ? &gap : strncmp(part, "stw=", 4) == 0 ? &stw : NULL;
		double ms;

		if (!to || value_decimal(part + 4, TIME_MAX_S * 1e3, &ms) < 0 || ms <= 0)
			return -EINVAL;
		*to = (uint64_t)(ms * (double)NS_PER_MS);
	}
	*ret_gap_ns = gap;
	*ret_stw_ns = stw;
	return 0;
}
