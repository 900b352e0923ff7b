/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/cpus.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* A number below CPU_SETSIZE; -1 = none. */
static int take_number(const char **p)
{
	int v = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++) {
		v = v * 10 + (**p - '0');
		if (v >= CPU_SETSIZE)
			return -1;
	}
	return v;
}

int cpus_parse(const char *text, cpu_set_t *ret)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (const char *p = text;; p++) {
		int from = take_number(&p), to = from;

		if (from >= 0 && *p == '-') {
			p++;
			to = take_number(&p);
		}
		if (from < 0 || to < from || (*p && *p != ','))
			return -EINVAL;
		for (int i = from; i <= to; i++)
			CPU_SET((size_t)i, &set);
		if (!*p)
			break;
	}
	*ret = set;
	return 0;
}

int cpus_share(const cpu_set_t *from, size_t n, size_t i, cpu_set_t *ret)
{
	size_t each = n ? (size_t)CPU_COUNT(from) / n : 0, seen = 0;

	if (!each)
		return -ENOSPC;
	CPU_ZERO(ret);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, from))
			continue;
		if (seen / each == i)
			CPU_SET(cpu, ret);
		seen++;
	}
	return 0;
}
