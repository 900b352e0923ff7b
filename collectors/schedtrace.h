/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines that a Go program prints under GODEBUG=schedtrace=N,scheddetail=1 (runtime/proc.go schedtrace, Go 1.19 to
 * 1.26), and a collector that is fed by them: for a program that may be started anew where nothing else is allowed.
 * What is printed is foreign text.
 */
#ifndef SCHEDTOP_COLLECTORS_SCHEDTRACE_H
#define SCHEDTOP_COLLECTORS_SCHEDTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum schedtrace_kind { SCHEDTRACE_NONE, SCHEDTRACE_SCHED, SCHEDTRACE_P, SCHEDTRACE_M, SCHEDTRACE_G };

#define SCHEDTRACE_NIL (-1)

struct schedtrace_row {
	enum schedtrace_kind kind;
	uint64_t id; /* of the P, M or G */
	/* SCHED */
	uint32_t gomaxprocs, runqueue;
	/* P */
	uint32_t status, schedtick, runqsize; /* status: also of a G */
	/* M: SCHEDTRACE_NIL = none */
	int64_t p, curg;
	/* G: the M, or SCHEDTRACE_NIL */
	int64_t m;
};

/** One line without its end. Is it one of them? Then *ret is filled. */
bool schedtrace_parse(const char *line, size_t len, struct schedtrace_row *ret);

/** The value of GODEBUG for the target: what the user has set (NULL = nothing) and ours behind it. To free; NULL on
 * ENOMEM. */
char *schedtrace_godebug(const char *user);

#endif
