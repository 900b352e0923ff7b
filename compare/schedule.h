/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of the runs: warm-ups first, then round by round, every other round backwards (A B, B A, A B ...), so that
 * a machine that grows slower or faster while it is measured does the same to each variant.
 */
#ifndef SCHEDTOP_COMPARE_SCHEDULE_H
#define SCHEDTOP_COMPARE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

struct schedule {
	size_t variants;
	unsigned rounds, warmups;
	bool noise; /* the baseline is run again in each round, as variant number @variants */
};

struct schedule_run {
	size_t variant; /* == schedule.variants: the baseline again */
	unsigned round; /* of the measured ones; warm-ups count by themselves */
	bool warmup;
};

/** How many runs there are. */
size_t schedule_length(const struct schedule *s);
/** Run @i, which is below schedule_length(). */
struct schedule_run schedule_at(const struct schedule *s, size_t i);

#endif
