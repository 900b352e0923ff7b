/* SPDX-License-Identifier: GPL-2.0-only */
/* The one clock: CLOCK_MONOTONIC nanoseconds, as BPF, perf (use_clockid) and runtime.nanotime use it. */
#ifndef SCHEDTOP_BASE_CLOCK_H
#define SCHEDTOP_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

static inline uint64_t clock_ns_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_now_ns(void)
{
	return clock_ns_of(CLOCK_MONOTONIC);
}

#endif
