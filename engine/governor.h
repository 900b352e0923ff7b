/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the observer small: decides from what the probes have cost whether a lower detail level is due, and when a
 * higher one can be tried again. Pure arithmetic; the engine carries the decision out.
 *
 * What is governed is what the target pays: hits times cost a hit, as a share of the CPU time that the target uses, or
 * of one CPU while it uses less than one. schedtop's own CPU time is shown beside it, but another level doesn't change
 * it much.
 */
#ifndef SCHEDTOP_ENGINE_GOVERNOR_H
#define SCHEDTOP_ENGINE_GOVERNOR_H

#include "events/session.h"

#include <stdbool.h>
#include <stdint.h>

/* A decision rests on a whole second: a burst of a few milliseconds is no reason to lose sight. */
#define GOVERNOR_WINDOW_NS 1000000000ULL

struct governor {
	double max_pct; /* 0 = no limit */
	enum detail_level asked, level;
	uint64_t window_start_ns, window_probe_ns, window_run_ns, window_switches;
	uint64_t retry_ns;  /* not stepped up before */
	uint64_t wait_ns;   /* how long the next wait is */
	double pct;         /* of the last whole window; negative = none yet */
	double ns_a_switch; /* what the level above cost a goroutine switch, when it was left; 0 = unknown */
};

/* What is known at a moment; totals since the session began. */
struct governor_sample {
	uint64_t now_ns;
	uint64_t probe_ns;      /* what probes have cost */
	uint64_t target_run_ns; /* CPU time of the target */
	uint64_t switches; /* goroutine switches as the runtime counts them (p.schedtick, p.syscalltick); 0 = unknown */
};

void governor_init(struct governor *g, enum detail_level asked, double max_pct, const struct governor_sample *now);

/** The level that is due now. It changes by one step at most, and only at the end of a window. */
enum detail_level governor_step(struct governor *g, const struct governor_sample *now);

#endif
