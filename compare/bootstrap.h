/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 95 % intervals of a ratio by the bootstrap: rounds, not values, are drawn with replacement, because what happens
 * within one run isn't independent; each draw is merged as the figure itself is.
 *
 * With the few rounds that one has time for, the plain percentile interval is too narrow. The percentiles are
 * therefore those that make it as wide as Student's t would (T. Hesterberg, "What Teachers Should Know About the
 * Bootstrap", The American Statistician 69, 2015, section 5: the expanded percentile interval), with the smaller
 * number of rounds; with five that is nearly the range of all draws. A percentile that is read from a histogram is
 * known to 1/64 only: its interval is widened by that.
 *
 * Deterministic: the same tallies and seed give the same interval.
 */
#ifndef SCHEDTOP_COMPARE_BOOTSTRAP_H
#define SCHEDTOP_COMPARE_BOOTSTRAP_H

#include "compare/figures.h"

#include <stddef.h>
#include <stdint.h>

#define BOOTSTRAP_DRAWS 4000

struct interval {
	double lo, hi; /* NaN = none: too often unknown; hi may be infinite where the baseline can be 0 */
};

/**
 * The ratio b / a of every figure: ret[i] belongs to figure_at(i), which there are figure_count() of. @a and @b are
 * lists of pointers to the rounds' tallies; 2 rounds each at least, else there are no intervals. 0 or -ENOMEM.
 */
int bootstrap_ratios(const struct tally *const *a, size_t n_a, const struct tally *const *b, size_t n_b, uint64_t seed,
		     struct interval *ret);

/** The share of draws that lies beyond either end, for @n rounds. */
double bootstrap_tail(size_t n);

#endif
