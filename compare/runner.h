/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the runs of a comparison, in the order of schedule.h: starts the program in its variant, watches it, ends it,
 * and puts what was measured into the comparison. One run at a time; with comparison.parallel, all variants of a round
 * at once, each on CPUs of its own.
 *
 * A run lasts comparison.duration_s, or until the program ends where that is 0. A run whose world is being stopped when
 * its time is over is watched on until it gets further, or until comparison.timeout_s; then it hung, as does a program
 * that still runs after timeout_s without a duration.
 *
 * A variant that is waited for (--ready) or loaded (--load) is watched from when it is ready, as a running
 * process is; the load starts then, and its end ends the run. In a parallel round the loads start when all variants are
 * watched.
 */
#ifndef SCHEDTOP_COMPARE_RUNNER_H
#define SCHEDTOP_COMPARE_RUNNER_H

#include "compare/comparison.h"
#include "compare/schedule.h"
#include "compare/service.h"
#include "events/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct collector_ops;

struct runner_opts {
	size_t size;                                   /* of this struct, for growth */
	const struct collector_ops *const *collectors; /* best first, NULL-terminated */
	enum detail_level detail;
	uint32_t sample_hz;
	double max_overhead_pct;
	bool noise;           /* run the baseline against itself */
	bool ignore_status;   /* a program that ends with another status than 0 is measured all the same */
	const char *save_dir; /* each measured run is recorded to DIR/VARIANT-ROUND.cap; NULL = none */
	bool timelines;       /* take the picture of each measured run (timeline.h) */
	struct service_opts service;
	int signal_fd; /* readable: end now, with what there is; -1 = none */
	/* Before each run; may be NULL. @i of @n. */
	void (*progress)(void *ctx, const struct comparison *c, struct schedule_run run, size_t i, size_t n);
	/* A line of what a load generator that failed has printed, escaped; may be NULL. */
	void (*load_said)(void *ctx, const char *variant, const char *line);
	void *ctx;
};

/**
 * @c: its variants (name, env, argv, cpus), rounds_asked, warmups, duration_s, timeout_s and parallel are set. From the
 * main thread, since the programs end with the thread that launched them. A variant that can't be run has its fault
 * set, and the others go on. 0; or -errno with @fault when nothing can be run: too few CPUs for --parallel (-ENOSPC),
 * no memory, no folder.
 */
int runner_run(const struct runner_opts *opts, struct comparison *c, struct fault *fault);

#endif
