/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one generator of synthetic streams, deterministic and of any size: threads that carry goroutines on CPUs, wake
 * and preempt each other; samples, preemption gaps, stops of the world, exact events, names and gauges. For tests and
 * benches.
 */
#ifndef SCHEDTOP_TESTS_CAPTURE_GENERATE_H
#define SCHEDTOP_TESTS_CAPTURE_GENERATE_H

#include "events/event.h"

#include <stdbool.h>
#include <stdint.h>

/* What is 0 has a default. */
struct generate_opts {
	uint64_t n_events;
	uint32_t n_cpus, n_threads, n_goroutines;
	uint64_t seed;
	uint64_t start_ns;
	uint32_t mean_run_ns; /* of a thread between two switches */
	bool exact;           /* goroutine changes as well */
};

/** Delivers exactly n_events. */
void generate(const struct generate_opts *opts, const struct event_sink *sink);

/** The next number of a small generator of random ones. */
uint64_t generate_random(uint64_t *state);

#endif
