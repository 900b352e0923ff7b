/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A collector is one source of events behind one interface: the rest of the program can't tell which it is.
 *
 * Life: open (load, nothing runs yet) -> start (probes live; for a launched target: before its first instruction) ->
 * poll ... -> stop (probes removed, rest drained) -> close. All calls come from one thread, the engine's.
 */
#ifndef SCHEDTOP_COLLECTORS_COLLECTOR_H
#define SCHEDTOP_COLLECTORS_COLLECTOR_H

#include "events/event.h"
#include "events/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct go_target;
struct collector;

struct collector_opts {
	size_t size;  /* of this struct, for growth */
	uint32_t pid; /* the target's tgid, in schedtop's pid namespace */
	enum detail_level detail;
	uint32_t sample_hz; /* cpu-clock samples a second and CPU; 0 = none */
	size_t ring_bytes;  /* of the kernel's event buffer; rounded up to a power of two; 0 = default (16 MiB) */
	/* How long threads wait for a CPU: 0 = what is best here; for tests 1 = by their wake-ups, -1 = by the kernel.
	 */
	int wakeups;
	struct go_target
		*go; /* what is known of the target as a Go program; NULL = not one. Borrowed, outlives the collector */
};

struct collector_stats {
	uint64_t events; /* delivered */
	uint64_t lost[EV_LOST_CAUSE_COUNT];
	uint64_t probe_hits;
	uint64_t probe_ns; /* estimate of what they took from the target and its CPUs */
	uint64_t idle_ns;  /* of it where a thread only waits: requests repeated while the world is being stopped */
};

struct collector_ops {
	const char *name; /* "ebpf", "perf" */

	/* Loads everything; fills @fault with what, why, what to do. 0 or -errno. */
	int (*open)(const struct collector_opts *opts, struct collector **ret, struct fault *fault);

	/* Attaches. Parts that the kernel refuses are left out and named in session->missing. 0 or -errno. */
	int (*start)(struct collector *c, struct session *session, struct fault *fault);

	/*
	 * Delivers all that is ready, in order of time, never blocks, never waits for more, ends with an EV_TICK.
	 * Returns the number of events delivered or -errno.
	 */
	int (*poll)(struct collector *c, const struct event_sink *sink);

	/* Removes the probes and delivers what is left. Idempotent. */
	void (*stop)(struct collector *c, const struct event_sink *sink);

	/* The target exec'ed: places the runtime probes anew. @go may be NULL. 0 or -errno. */
	int (*retarget)(struct collector *c, struct go_target *go, struct session *session, struct fault *fault);

	/*
	 * Traces with another level from now on; never above the one that it was opened with. Probes that go may still
	 * be hit for some milliseconds. NULL = this source has one level only. 0 or -errno.
	 */
	int (*set_detail)(struct collector *c, enum detail_level level, struct session *session);

	void (*stats)(const struct collector *c, struct collector_stats *ret);
	void (*close)(struct collector *c);

	/*
	 * A line that a launched target has printed, without its end: is it meant for the collector? Then it isn't
	 * passed on. What it leads to may be delivered at once. NULL = all lines are the target's own.
	 */
	bool (*line)(struct collector *c, const char *line, size_t len, const struct event_sink *sink);
};

extern const struct collector_ops collector_ebpf;
extern const struct collector_ops collector_perf;
extern const struct collector_ops collector_proc;
extern const struct collector_ops collector_schedtrace;

#endif
