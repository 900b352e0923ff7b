/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of engine/ share:
 *
 *   engine.c   life, lock, the thread
 *   watch.c    the target as a Go program: exec, self-check, description, runtime settings
 *   gauges.c   what is read on slower timers: CPU accounts, cgroup, own cost
 *   governor.c which detail level the overhead allows
 *   ps.c       what the runtime's Ps tell without a probe
 *   output.c   what the target prints
 *   rescue.c   what is written into the target, when the user asks for it
 */
#ifndef SCHEDTOP_ENGINE_INTERNAL_H
#define SCHEDTOP_ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "engine/governor.h"
#include "engine/output.h"
#include "target/rescue.h"
#include "target/stuck.h"

struct go_target;

/* The self-check of the Go runtime's layout on the live process (target/go_target.h). */
enum check_state {
	CHECK_NONE,    /* not a Go program, or nothing of its runtime is shown */
	CHECK_PENDING, /* not far enough yet */
	CHECK_TRUSTED,
	CHECK_REFUSED, /* goroutines are not shown */
};

struct engine {
	struct engine_opts opts;
	struct session session;
	struct model *model;
	const struct collector_ops *ops;
	struct collector *collector;
	struct go_target *go; /* NULL when the program couldn't be read at all */
	struct output output;

	pthread_mutex_t lock; /* session, model, output */
	pthread_t thread;
	bool thread_started;
	int stop_fd;  /* eventfd: the thread shall end */
	int ended_fd; /* eventfd: the target has ended */
	int pidfd;    /* of an attached target; -1 = poll /proc */
	atomic_bool ended;

	uint64_t last_ns; /* of the latest event: the engine's own are stamped with it, so that order holds */
	uint64_t cut_ns; /* the session ends here: what the probes still saw while being removed isn't told; 0 = not yet
			  */
	bool exec_seen;  /* an EV_EXEC came with the last poll */
	bool first_exec; /* a launched target's own exec is still to come */

	enum check_state check;
	uint64_t check_since_ns;
	uint64_t check_next_ns;
	struct ev_runtime runtime; /* as last told */

	/* the rescue */
	struct rescue_plan plan; /* the last one shown; valid if planned */
	bool planned;
	uint64_t wrote_ns;   /* asyncpreemptoff was written into the program that runs; 0 = it wasn't */
	struct stuck *stuck; /* the search after it; NULL = there was none */
	bool searching, news;

	uint64_t triggered_gap_ns, triggered_stw_ns; /* requests that have triggered the flight recorder */
	struct governor governor;
	uint64_t gauges_next_ns;
	uint64_t self_base_ns; /* our CPU time when the session began */
};

/** Feeds an event of the engine's own, stamped so that order holds. With the lock held. */
void engine_tell(struct engine *e, struct event ev);

/** What is known of the session has changed: a recording must hear of it. With the lock held. */
void engine_session_changed(struct engine *e);

/* ---- watch.c: all with the lock held, but for the start, where there is no thread yet ---- */

/** Opens the target's program. Programs that can't be read as Go are no fault. 0 or -errno with @fault. */
int watch_open(struct engine *e, struct fault *fault);
/** The program runs now: describes it as far as it can be told, and begins the self-check. */
void watch_begin(struct engine *e);
/** Once a round: follows an exec, goes on with the self-check, tells changes of the runtime's settings. */
void watch_round(struct engine *e);
/** Is a launched target, being a script or a shell, likely to exec soon? Then rounds are worth their cost. */
bool watch_expects_exec(const struct engine *e, uint64_t now_ns);
/** Describes the target anew: something of it has changed. */
void watch_describe(struct engine *e);
void watch_close(struct engine *e);

/* ---- rescue.c: with the lock held ---- */

/** Once a round: goes on with the search for threads that lost their signal. */
void rescue_round(struct engine *e);
/** Another program runs now: nothing was written into this one. */
void rescue_forget(struct engine *e);
void rescue_close(struct engine *e);
/** A value in memory has changed, and it wasn't us: tells it. */
void rescue_seen(struct engine *e, int8_t from, int8_t to);

/* ---- gauges.c ---- */

/** Our own CPU time is counted from now on. */
void gauges_begin(struct engine *e);
/** Reads and tells all gauges. With the lock held. */
void gauges_tell(struct engine *e);

/* ---- ps.c: with the lock held ---- */

/** Goroutine switches and system calls of all Ps since the program began; 0 = can't be told. */
uint64_t ps_switches(const struct engine *e);
/** Tells the lengths of the run queues. */
void ps_tell_queues(struct engine *e);

#endif
