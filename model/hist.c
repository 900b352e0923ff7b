/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/hist.h"

#include <string.h>

#define SUB_COUNT (1U << HIST_SUB_BITS)

/*
 * Values below 64 have a bucket each. A value whose highest bit is e (e >= 6) falls into the group of its power of two,
 * whose 64 buckets are 2^(e-6) wide.
 */
static unsigned bucket_of(uint64_t ns)
{
	unsigned e;

	if (ns < SUB_COUNT)
		return (unsigned)ns;
	e = 63U - (unsigned)__builtin_clzll(ns);
	return ((e - HIST_SUB_BITS + 1) << HIST_SUB_BITS) + (unsigned)((ns >> (e - HIST_SUB_BITS)) & (SUB_COUNT - 1));
}

static uint64_t bucket_low(unsigned b)
{
	unsigned group = b >> HIST_SUB_BITS, sub = b & (SUB_COUNT - 1);

	if (group == 0)
		return sub;
	return ((uint64_t)SUB_COUNT + sub) << (group - 1);
}

uint64_t hist_bucket_high(unsigned b)
{
	unsigned group = b >> HIST_SUB_BITS;

	return bucket_low(b) + (group ? (1ULL << (group - 1)) - 1 : 0);
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void bucket_add(uint32_t *bucket, uint32_t n)
{
	uint32_t sum;

	*bucket = __builtin_add_overflow(*bucket, n, &sum) ? UINT32_MAX : sum;
}

void hist_init(struct hist *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void hist_add(struct hist *h, uint64_t ns)
{
	h->count++;
	h->sum = add_saturating(h->sum, ns);
	if (ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	bucket_add(&h->bucket[bucket_of(ns)], 1);
}

void hist_merge(struct hist *into, const struct hist *from)
{
	into->count = add_saturating(into->count, from->count);
	into->sum = add_saturating(into->sum, from->sum);
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	for (unsigned b = 0; b < HIST_BUCKETS; b++)
		bucket_add(&into->bucket[b], from->bucket[b]);
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t rank, seen = 0;

	if (!h->count)
		return 0;
	if (!(q > 0))
		return h->min;
	if (q >= 1)
		return h->max;
	/* The smallest value that at least q of all values don't exceed. */
	rank = (uint64_t)(q * (double)h->count);
	if ((double)rank < q * (double)h->count)
		rank++;
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		seen += h->bucket[b];
		if (seen >= rank && seen) {
			uint64_t high = hist_bucket_high(b);

			return high < h->max ? high : h->max;
		}
	}
	return h->max;
}

void hist_summarize(const struct hist *h, struct hist_summary *ret)
{
	*ret = (struct hist_summary){0};
	if (!h->count)
		return;
	ret->count = h->count;
	ret->min = h->min;
	ret->mean = h->sum / h->count;
	ret->p50 = hist_quantile(h, 0.50);
	ret->p90 = hist_quantile(h, 0.90);
	ret->p95 = hist_quantile(h, 0.95);
	ret->p99 = hist_quantile(h, 0.99);
	ret->max = h->max;
}

uint64_t hist_count_between(const struct hist *h, uint64_t lo_ns, uint64_t hi_ns)
{
	uint64_t n = 0;

	if (lo_ns >= hi_ns)
		return 0;
	/* A bucket belongs to the range that its low end lies in, so that adjacent ranges add up to the whole. */
	for (unsigned b = bucket_of(lo_ns); b < HIST_BUCKETS && bucket_low(b) < hi_ns; b++) {
		if (bucket_low(b) >= lo_ns)
			n += h->bucket[b];
	}
	return n;
}
