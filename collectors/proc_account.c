/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/proc_account.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "events/event.h"

/* fs/proc/array.c do_task_stat: fields behind the name, counted from the state = 0. */
#define STAT_UTIME 11
#define STAT_STIME 12
#define STAT_CPU   36

/* A decimal number at *@at, which is moved behind it and the blanks that follow. */
static bool number(const char **at, uint64_t *ret)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	unsigned long long v = strtoull(*at, &end, 10);
	if (errno)
		return false;
	while (*end == ' ' || *end == '\t')
		end++;
	*ret = v;
	*at = end;
	return true;
}

int account_parse_schedstat(const char *text, uint64_t *ret_run_ns, uint64_t *ret_wait_ns)
{
	uint64_t run, wait;

	if (!number(&text, &run) || !number(&text, &wait))
		return -EPROTO;
	*ret_run_ns = run;
	*ret_wait_ns = wait;
	return 0;
}

static uint8_t state_of(char c)
{
	switch (c) {
	case 'R':
		return EV_STATE_RUNNABLE;
	case 'D':
		return EV_STATE_BLOCK;
	case 'T':
	case 't':
		return EV_STATE_STOP;
	case 'X':
	case 'x':
	case 'Z':
		return EV_STATE_DEAD;
	default:
		return EV_STATE_SLEEP;
	}
}

int account_parse_stat(const char *text, uint8_t *ret_state, uint16_t *ret_cpu, uint64_t *ret_ticks)
{
	const char *at = strrchr(text, ')');
	uint64_t utime = 0, stime = 0, v = 0;

	if (!at || at[1] != ' ' || !at[2] || at[3] != ' ')
		return -EPROTO;
	uint8_t state = state_of(at[2]);
	at += 4;
	for (int field = 1; field <= STAT_CPU; field++) {
		at += *at == '-';
		if (!number(&at, &v))
			return -EPROTO;
		if (field == STAT_UTIME)
			utime = v;
		else if (field == STAT_STIME)
			stime = v;
	}
	if (v >= UINT16_MAX)
		return -EPROTO;
	*ret_state = state;
	*ret_cpu = (uint16_t)v;
	*ret_ticks = utime + stime;
	return 0;
}

static bool line_of(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, len) != 0)
			continue;
		at += len;
		at += strspn(at, " \t");
		return number(&at, ret);
	}
	return false;
}

int account_parse_status(const char *text, uint64_t *ret_voluntary, uint64_t *ret_involuntary)
{
	uint64_t voluntary, involuntary;

	if (!line_of(text, "voluntary_ctxt_switches:", &voluntary) ||
	    !line_of(text, "nonvoluntary_ctxt_switches:", &involuntary))
		return -EPROTO;
	*ret_voluntary = voluntary;
	*ret_involuntary = involuntary;
	return 0;
}
