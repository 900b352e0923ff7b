/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine owns the pipeline of one session: target -> collector -> model, on a thread of its own, so that neither
 * the screen nor a slow terminal ever delays collecting. Who wants to look takes the lock for the time it takes to draw
 * into memory (milliseconds); the collector's kernel buffer bridges that.
 *
 * The thread: every poll_ms it lets the collector deliver, adds what it reads itself on slower timers (CPU accounts,
 * cgroup, runtime settings, own cost), feeds the model under the lock, drains the target's output into a log and a ring
 * of lines, and notices the end of the target.
 */
#ifndef SCHEDTOP_ENGINE_ENGINE_H
#define SCHEDTOP_ENGINE_ENGINE_H

#include "collectors/collector.h"
#include "events/session.h"
#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct capture_writer;
struct engine;
struct fault;
struct launch;

struct engine_opts {
	size_t size;                                   /* of this struct, for growth */
	const struct collector_ops *const *collectors; /* best first, NULL-terminated: the first that works is used */
	enum detail_level detail;
	double max_overhead_pct; /* what the probes may cost of the target's time (governor.h); 0 = no limit */
	uint32_t sample_hz;
	size_t ring_bytes;     /* 0 = the collector's default */
	pid_t pid;             /* the target; when it was launched, launch is set too */
	struct launch *launch; /* waiting at its gate; NULL when attaching. Borrowed */
	const char *binary;    /* path of the program to be exec'ed; NULL = /proc/PID/exe */
	char *const *argv;     /* of a launched target, NULL-terminated, borrowed; NULL = unknown */
	const char *log_path;  /* where the target's output is kept; NULL = nowhere */
	int output_fd;         /* where the target's output goes besides, when it comes through a pipe; 0 = nowhere */
	unsigned poll_ms;      /* 0 = default (10) */
	struct capture_writer
		*capture; /* is given all that the model is given; NULL = none. Borrowed, outlives the engine */
	uint64_t trigger_gap_ns,
		trigger_stw_ns; /* a gap or pause of that length triggers its flight recorder; 0 = none */
	struct model_opts model;
	/*
	 * Called when all is open and placed and the target runs, on the caller's thread, before the engine's own
	 * thread is made: what isn't needed any more can be given up there. NULL = nothing is.
	 */
	void (*settle)(void *ctx);
	void *settle_ctx;
};

/**
 * Opens the target and the collector, places the probes, lets a launched target go, starts the thread.
 * What is permitted is put into effect meanwhile (privileges.h), and stays so in the engine's thread.
 * 0, or -errno with @fault; then nothing is left behind (a launched child is ended by its owner).
 */
int engine_start(const struct engine_opts *opts, struct engine **ret, struct fault *fault);

/** The model under the lock; pair with engine_unlock(). Any thread. */
const struct model *engine_lock(struct engine *e);
void engine_unlock(struct engine *e);

/**
 * The rescue (target/rescue.h): what would be written, as lines to show. 0; 1 = there is nothing to be done: *ret_lines
 * says why; -errno with @fault. Takes the lock.
 */
int engine_rescue_plan(struct engine *e, char ret_lines[][160], size_t *ret_n, struct fault *fault);

/** Does what the last plan said. The search for threads that lost their signal goes on in the background. */
int engine_rescue(struct engine *e, struct fault *fault);

/** What has become of it: true once when that search is over. Takes the lock. */
bool engine_rescue_news(struct engine *e, char *dst, size_t cap);

/** Writes out the flight recorder of its capture, if it has one. Any thread. */
void engine_trigger(struct engine *e);

/** Has the target ended, and all it did been delivered? Any thread. */
bool engine_target_ended(const struct engine *e);

/** Becomes readable once when the target has ended. */
int engine_ended_fd(const struct engine *e);

/** The last lines of the target's output, oldest first; call with the lock held. Returns how many. */
size_t engine_output(struct engine *e, const char **ret_lines, size_t cap);

/** Ends the session as of now, without waiting for it; engine_stop() does. Idempotent. */
void engine_ask_stop(struct engine *e);

/**
 * Removes the probes, delivers the rest, joins the thread. The model stays readable, and the launch is its owner's
 * again (until then the engine reaps it). Idempotent.
 */
void engine_stop(struct engine *e);

/** Stops, keeps what the target has printed since, and frees. Accepts NULL. */
void engine_free(struct engine *e);

#endif
