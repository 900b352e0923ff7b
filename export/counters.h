/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures through time, made of the events themselves: run queues, CPU use, throttling, what schedtop costs. */
#ifndef SCHEDTOP_EXPORT_COUNTERS_H
#define SCHEDTOP_EXPORT_COUNTERS_H

#include "events/event.h"

#include <stdbool.h>
#include <stdint.h>

enum counter_kind {
	COUNTER_RUNQ,        /* id = the P */
	COUNTER_RUNQ_GLOBAL, /* the others have no id */
	COUNTER_CPU_PCT,     /* the target's CPU time in the COUNTER_WINDOW_NS from time_ns on, percent of one CPU */
	COUNTER_THROTTLED,   /* ns since the start that the cgroup was throttled */
	COUNTER_PROBE,       /* ns of the target's time that probes took, estimated */
	COUNTER_SELF,        /* ns of CPU time that schedtop used */
	COUNTER_KIND_COUNT
};

#define COUNTER_WINDOW_NS 10000000ULL

struct counter_value {
	enum counter_kind kind;
	uint16_t id;
	uint64_t time_ns;
	uint64_t value;
};

struct counter_info {
	const char *name;  /* "run_queue" */
	const char *title; /* for people */
	bool is_ns;
	bool has_id;
};
const struct counter_info *counter_info(enum counter_kind kind);

struct counters {
	void (*value)(void *ctx, const struct counter_value *v);
	void *ctx;
	uint8_t busy[UINT16_MAX + 1]; /* the target runs on that CPU */
	uint32_t n_busy;
	uint64_t from_ns; /* the window; 0 = none yet */
	uint64_t done_ns; /* counted so far */
	uint64_t used_ns; /* in the window */
	uint64_t last_pct;
};

/** @value is told of each new value. */
void counters_init(struct counters *c, void (*value)(void *ctx, const struct counter_value *v), void *ctx);

/**
 * Takes an event at @now_ns, which doesn't run backwards. @throttled_ns: since the session's start, for EV_CGROUP_STAT.
 */
void counters_event(struct counters *c, const struct event *ev, uint64_t now_ns, uint64_t throttled_ns);

/** Tells what the last window, which ends at @now_ns, is so far. */
void counters_end(struct counters *c, uint64_t now_ns);

#endif
