/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/quantum.h"

#include <math.h>

#include "base/clock.h"

#define DENSE        256
#define NARROW_NS    NS_PER_MS /* the clock is read all that time, once the step is roughly known */
#define STEP_MIN     3.0       /* below that a multiple takes no less bits than the time */
#define STEP_GRID    0.01
#define STEP_COUNT   20000 /* up to 200 ns */
#define ROUNDING_NS  1.5   /* two times are rounded, by two clocks in a row */
#define GOOD         0.08  /* mean distance from the lattice in steps; where there is none it is 0.25 */
#define FAILURES_MAX 32    /* a lattice was found and lost again */
#define NONE_MAX     2     /* there was none: that is the clock's way, and each search takes 5 to 10 ms of a CPU */
#define SPAN_GOOD_NS (2 * NS_PER_MS)
#define SPAN_MAX_NS  (2 * NS_PER_S)

/* GOOD or more where it isn't good: most steps aren't, and are left after a third of the times. */
static double distance(const uint64_t *times, double step)
{
	double sum = 0;

	for (unsigned i = 1; i < DENSE && sum < GOOD * (DENSE - 1); i++) {
		double n = (double)(times[i] - times[i - 1]) / step;

		sum += fabs(n - rint(n));
	}
	return sum / (DENSE - 1);
}

/* The largest step that the differences are multiples of; 0 = none. */
static double coarse_step(const uint64_t *times)
{
	double best = 0, best_distance = GOOD;

	for (unsigned i = 0; i < STEP_COUNT; i++) {
		double step = STEP_MIN + i * STEP_GRID, d = distance(times, step);

		/* Of neighbours the nearest; of a step and its fractions the step. */
		if (d < GOOD && (d < best_distance || step > best * 1.5)) {
			best = step;
			best_distance = d;
		}
	}
	return best;
}

/* Narrows the bounds by a time on the lattice. Returns 0, or -1 if it can't be on it. */
static int narrow(struct quantum *q, uint64_t time_ns)
{
	double span = (double)(time_ns - q->ref_ns), n = rint(span * 2 / (q->lo + q->hi));

	if (n < 1)
		return 0;
	double lo = (span - ROUNDING_NS) / n, hi = (span + ROUNDING_NS) / n;
	if (lo > q->lo)
		q->lo = lo;
	if (hi < q->hi)
		q->hi = hi;
	q->span_ns = time_ns - q->ref_ns;
	return q->lo <= q->hi ? 0 : -1;
}

/* Narrows it, or forgets it: 0 or -1. */
static int advance(struct quantum *q, uint64_t now_ns)
{
	/* Too far from the last one to tell which multiple this is: as if nothing were known. */
	double unsure = (double)(now_ns - q->ref_ns) * (q->hi - q->lo) / (q->lo * q->lo);

	if (unsure < 0.8 && narrow(q, now_ns) == 0)
		return 0;
	q->lo = q->hi = 0;
	return -1;
}

static void begin(struct quantum *q)
{
	uint64_t times[DENSE];

	for (unsigned i = 0; i < DENSE; i++)
		times[i] = clock_now_ns();
	double step = coarse_step(times);
	*q = (struct quantum){.ref_ns = clock_now_ns(), .failures = q->failures + 1, .none = q->none};
	if (step <= 0) {
		q->failures = ++q->none < NONE_MAX ? q->failures : FAILURES_MAX;
		return;
	}
	q->lo = step - 2 * STEP_GRID;
	q->hi = step + 2 * STEP_GRID;
	while (q->span_ns < NARROW_NS) {
		if (advance(q, clock_now_ns()) < 0)
			return;
	}
}

void quantum_round(struct quantum *q)
{
	if (q->lo <= 0) {
		if (q->failures < FAILURES_MAX)
			begin(q);
		return;
	}
	uint64_t now_ns = clock_now_ns();
	if (advance(q, now_ns) < 0)
		return;
	if (q->span_ns > SPAN_GOOD_NS)
		q->failures = 0;
	if (q->span_ns < SPAN_MAX_NS)
		return;
	/* The clock's rate is adjusted all the time: what was long ago isn't held against it. */
	double mid = (q->lo + q->hi) / 2, slack = mid * 2e-8;
	q->lo = mid - slack;
	q->hi = mid + slack;
	q->ref_ns = now_ns;
}

uint64_t quantum_get(const struct quantum *q)
{
	if (q->lo <= 0 || (q->span_ns < SPAN_GOOD_NS && q->hi - q->lo > q->lo * 1e-5))
		return QUANTUM_ONE;
	return (uint64_t)((q->lo + q->hi) / 2 * (double)QUANTUM_ONE);
}

uint64_t quantum_next_ns(const struct quantum *q)
{
	return q->lo > 0 ? q->span_ns : 0;
}
