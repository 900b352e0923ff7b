/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Goroutines and the runtime's state without a probe: a sampler that reads the target's memory on a timer. A collector
 * that has no runtime probes opens one beside its own events; it never stops the target and never writes to it.
 *
 * What it tells, all of it with the time of the round in which it was seen (enum ev_sampled_what):
 *  - EV_SAMPLED: what each thread carries, whether that goroutine is asked to yield, whether the world is stopped,
 * which phase the garbage collector is in; with the time since the round before, which is the error of each figure that
 *    the model makes of it.
 *  - EV_GOROUTINE and the EV_LOCs that it needs, before the first event about a goroutine.
 *  - EV_RUNQ, four times a second.
 *
 * Nothing of a torn read is told: m.procid must be a thread of the process, and the goroutine that an M is read to run
 * must be read, after that, to run on that M. Lists are bounded.
 *
 * Cost: two system calls a round whatever the number of goroutines; one piece of some 400 bytes for each M, another for
 * each that runs a goroutine, four for each P.
 */
#ifndef SCHEDTOP_COLLECTORS_SAMPLER_H
#define SCHEDTOP_COLLECTORS_SAMPLER_H

#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;
struct fault;
struct go_target;
struct sampler;

#define SAMPLER_HZ_DEFAULT 100U
#define SAMPLER_HZ_MAX     1000U

struct sampler_opts {
	size_t size;          /* of this struct, for growth */
	uint32_t pid;         /* the target's tgid, in schedtop's pid namespace */
	struct go_target *go; /* borrowed, outlives the sampler or is replaced by sampler_retarget(); not NULL */
	uint32_t hz;          /* rounds a second; 0 = SAMPLER_HZ_DEFAULT */
	/*
	 * Tell preemption flags and stops of the world, from which the model estimates gaps and pauses. false where
	 * probes deliver them: then only what threads carry, goroutines and run queues are told.
	 */
	bool estimate;
	/*
	 * The collector's own decoder, so that location ids are unique in the session; borrowed. NULL = the sampler
	 * makes one.
	 */
	struct decoder *decoder;
};

struct sampler_stats {
	uint64_t rounds;
	uint64_t calls;   /* system calls made for them */
	uint64_t cpu_ns;  /* of the thread that polls, spent in rounds */
	uint64_t late;    /* rounds that came later than one and a half periods */
	uint64_t torn;    /* goroutines left out because what was read contradicted itself */
	uint64_t refused; /* rounds without the memory (not allowed, or the process has gone) */
};

/**
 * Prepares. The process may not have exec'ed yet: rounds tell nothing until the runtime is up and its layout has been
 * verified (go_target_selfcheck(), done here).
 * 0; -EPERM with @fault when this user may not read the process's memory (another user's, Yama's ptrace_scope, a
 * container); -ENODATA when the layout of this version of Go isn't known; -ENOMEM.
 */
int sampler_open(const struct sampler_opts *opts, struct sampler **ret, struct fault *fault);

/**
 * A round, if one is due at @now_ns (CLOCK_MONOTONIC); else nothing. Never blocks.
 * @sink  gets the events, all with time_ns = @now_ns and in the order in which they must stay. A collector that holds
 *        its own events back passes these through its ordering as well; EV_LOC and EV_GOROUTINE may go ahead.
 * Returns the number of events delivered; -EPERM once the memory can't be read any more (further calls too); -ESRCH.
 */
int sampler_poll(struct sampler *s, uint64_t now_ns, const struct event_sink *sink);

/** When the next round is due: for who waits. Never later than a period from the last poll. */
uint64_t sampler_next_ns(const struct sampler *s);

/** The target runs another program from now on (NULL = none that is known: rounds tell nothing). 0 or -errno. */
int sampler_retarget(struct sampler *s, struct go_target *go, struct fault *fault);

void sampler_stats(const struct sampler *s, struct sampler_stats *ret);
/** Accepts NULL. */
void sampler_close(struct sampler *s);

#endif
