/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Brings records into order of time. What a kernel buffer delivers is nearly sorted: a record is stamped a moment
 * before its place in the ring is reserved, and an interrupt may come between. So records wait until they are older
 * than any that can still come, and are sorted by insertion, which touches a record that is in its place once.
 *
 * Streams that are in order by themselves (the switches of one CPU) aren't copied: they are merged from where they lie.
 *
 * No allocation in steady state: the memory grows to what one round needs and stays.
 */
#ifndef SCHEDTOP_COLLECTORS_ORDER_H
#define SCHEDTOP_COLLECTORS_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct order;

/** @max_bytes bounds the records that wait. NULL on ENOMEM. */
struct order *order_new(size_t max_bytes);
void order_free(struct order *o);

/** Copies a record of @len bytes that happened at @time_ns. 0; -ENOBUFS when full (the caller counts it as lost). */
int order_push(struct order *o, const void *record, size_t len, uint64_t time_ns);

/*
 * Records that are in order already, where they lie: slots of @size bytes, a power of two of them, each beginning with
 * its time (uint64_t). Number n is in slot n & @mask. They must stay in place during a flush.
 */
struct order_run {
	const unsigned char *slots;
	uint32_t size, mask;
	uint64_t next, end; /* the numbers that wait: [next, end); a flush moves next on */
};

/**
 * Hands over every record up to and including @until_ns, pushed ones and those of @runs, oldest first; records of equal
 * time in the order they were pushed, before those of runs. @late: it is older than what an earlier call has handed
 * over. Returns how many.
 */
size_t order_flush(struct order *o, struct order_run *runs, size_t n_runs, uint64_t until_ns,
		   void (*fn)(void *ctx, const void *record, size_t len, int late), void *ctx);

size_t order_waiting(const struct order *o);

#endif
