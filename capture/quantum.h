/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The step of the machine's clock. Many clocks count in steps of some nanoseconds (10.0189 ns on the virtual machine
 * where this was found: the processor's counter moves by 21 at a time), so that differences of times are nearly
 * multiples of it: the capture stores the multiple, and the odd nanosecond. That takes two bits off each of them, and
 * nothing is rounded. Where no step is found, times are stored in nanoseconds.
 *
 * Found by reading the clock: often in the beginning, then once a round of the writer's thread, each time a little
 * further apart, which makes it more exact each time.
 */
#ifndef SCHEDTOP_CAPTURE_QUANTUM_H
#define SCHEDTOP_CAPTURE_QUANTUM_H

#include <stdint.h>

#define QUANTUM_ONE (1ULL << 32) /* one nanosecond; the unit is 2^-32 ns */

struct quantum {
	double lo, hi;   /* the step is between, in ns; 0: not known */
	uint64_t ref_ns; /* a time on the lattice */
	uint64_t span_ns;
	unsigned failures; /* to keep the step */
	unsigned none;     /* how often there was none to be found */
};

/**
 * Reads the clock once. The first time, and where the step was lost, it takes 5 to 10 ms of a CPU; where none is found,
 * it is done twice, and then never again.
 */
void quantum_round(struct quantum *q);

/** The step, QUANTUM_ONE if there is none, or it isn't known well enough yet. */
uint64_t quantum_get(const struct quantum *q);

/** So long after the last round the next one should be at the latest, to be of use; 0: it doesn't matter. */
uint64_t quantum_next_ns(const struct quantum *q);

#endif
