/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram of durations in the manner of HdrHistogram: 64 linear buckets per power of two, so that a
 * percentile is at most 1/64 (1.6 %) above the true value; count, sum, min and max are exact. Fixed size, no
 * allocation.
 */
#ifndef SCHEDTOP_MODEL_HIST_H
#define SCHEDTOP_MODEL_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 6
#define HIST_BUCKETS  ((64 - HIST_SUB_BITS + 1) << HIST_SUB_BITS)

struct hist {
	uint64_t count;
	uint64_t sum; /* ns, saturating */
	uint64_t min; /* UINT64_MAX while empty */
	uint64_t max;
	uint32_t bucket[HIST_BUCKETS];
};

/** The figures of the report. */
struct hist_summary {
	uint64_t count, min, mean, p50, p90, p95, p99, max; /* ns; all 0 but meaningless while count is 0 */
};

void hist_init(struct hist *h);
void hist_add(struct hist *h, uint64_t ns);
void hist_merge(struct hist *into, const struct hist *from);
/** @q in 0..1. The upper end of the bucket, never above max; 0 while empty. */
uint64_t hist_quantile(const struct hist *h, double q);
void hist_summarize(const struct hist *h, struct hist_summary *ret);
/** The largest value of bucket @b, which is below HIST_BUCKETS. */
uint64_t hist_bucket_high(unsigned b);
/** How many values lie in [lo_ns, hi_ns), by whole buckets: for drawing. */
uint64_t hist_count_between(const struct hist *h, uint64_t lo_ns, uint64_t hi_ns);

#endif
