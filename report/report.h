/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report/ turns a model into the summary of a session, for people (text) and for programs (JSON, the schema
 * "schedtop.report/1" of the manual page). The same model gives the same bytes. Text from outside is escaped. The model
 * must have been made with a session.
 */
#ifndef SCHEDTOP_REPORT_REPORT_H
#define SCHEDTOP_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct model;
struct model_counts;
struct session;

/* How long the lists may be; 0 = default. */
struct report_opts {
	size_t size;           /* of this struct, for growth */
	size_t max_worst;      /* 20 */
	size_t max_threads;    /* 200 in JSON, 20 in text */
	size_t max_goroutines; /* 50 in JSON, 10 in text */
};

/**
 * Writes one JSON object and a newline. Times are integer nanoseconds, at_ns from the session's start; what is unknown
 * is null. @opts may be NULL. 0, -ENOMEM, or -errno of the stream.
 */
int report_json(const struct model *m, const struct report_opts *opts, FILE *out);

/** Writes the report for people. @opts may be NULL. 0, -ENOMEM, or -errno of the stream. */
int report_text(const struct model *m, const struct report_opts *opts, FILE *out);

/* ---- what others read of a model in the same way ---- */

/* A place in the program; NULL and 0 = unknown. */
struct report_place {
	const char *func;
	const char *file;
	uint32_t line;
};

struct report_place report_place_of(const struct model *m, uint32_t func, uint32_t loc);

/** Could this session see the Go runtime at all? If not, its counts are unknown rather than 0. */
bool report_runtime_seen(const struct session *s);

/** Events that are missing from what was collected (a label that couldn't be read is not an event). */
uint64_t report_lost(const struct model_counts *c);

/** Exit status as a shell gives it (128 + signal); -1 = unknown or still running. */
int report_exit_status(const struct model_counts *c);

#endif
