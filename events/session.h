/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a session besides its events: who the target is and how it is being watched. Plain data, filled by
 * cli (from target/ and the collector), read by the model's verdicts, the screen and the report, stored by a capture.
 * All strings are foreign text and owned by the session; NULL = unknown.
 */
#ifndef SCHEDTOP_EVENTS_SESSION_H
#define SCHEDTOP_EVENTS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum detail_level {
	DETAIL_THREADS, /* kernel events only */
	DETAIL_SCHED,   /* plus low-rate runtime probes and goroutine labels */
	DETAIL_EXACT,   /* every goroutine switch */
};

/* Who decided whether asynchronous preemption is on; the names are the report's (DESIGN section 3). */
enum async_source {
	ASYNC_SOURCE_UNKNOWN,
	ASYNC_SOURCE_ENVIRONMENT,
	ASYNC_SOURCE_GO_DEBUG,
	ASYNC_SOURCE_LINKER,
	ASYNC_SOURCE_RUNTIME_MEMORY,
	ASYNC_SOURCE_DEFAULT,
};

#define SESSION_EVIDENCE_MAX 6

struct session_kv {
	char *key;
	char *value;
};

struct session {
	/* target */
	uint32_t pid;
	char *exe;
	char **args;      /* NULL-terminated */
	char *go_version; /* "go1.22.12"; NULL = not a Go program */
	struct session_kv *build_settings;
	size_t n_build_settings;
	struct session_kv *env; /* only GO* variables */
	size_t n_env;
	int stripped;   /* 1, 0, -1 = unknown */
	char *linkmode; /* "internal", "external" */
	bool launched;  /* by us, rather than attached to */

	/* asynchronous preemption */
	int async_enabled; /* 1, 0, -1 = unknown */
	enum async_source async_source;
	char *async_evidence[SESSION_EVIDENCE_MAX]; /* sentences */
	size_t n_async_evidence;

	/* collector */
	const char *collector; /* "ebpf", "perf", "replay": static string */
	enum detail_level detail;
	char **missing; /* NULL-terminated sentences: what can't be seen here and why */
	char **why_not; /* NULL-terminated: a better collector's name and why it isn't the one, "ebpf: ..." */
	bool no_pauses; /* this collector tells no preemption gaps and no stop-the-world pauses */

	/* machine */
	uint32_t n_cpus;        /* online */
	uint64_t start_ns;      /* CLOCK_MONOTONIC, first moment watched */
	uint64_t start_wall_ns; /* CLOCK_REALTIME of the same moment */
};

/** Starts with everything unknown. */
void session_init(struct session *s);

/** Frees what the session owns; accepts a half-filled one. */
void session_done(struct session *s);

/** Adds a formatted sentence to the evidence about async preemption; silently full after SESSION_EVIDENCE_MAX. */
void session_async_evidence(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Adds a formatted sentence about something that can't be seen. Returns 0 or -ENOMEM. */
int session_missing(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The same of why a better collector than this one isn't used. */
int session_why_not(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The report's word for a source; NULL for ASYNC_SOURCE_UNKNOWN. */
const char *async_source_name(enum async_source source);

/** "threads", "sched", "exact". */
const char *detail_name(enum detail_level level);

#endif
