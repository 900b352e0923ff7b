/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events on their way from the engine's thread to the writer's: a ring for one producer and one consumer, without a
 * lock. The producer never waits: what doesn't fit is dropped and counted, and an EV_LOST tells it where the stream
 * goes on. A push is a copy of 48 bytes and a store; only EV_LOC allocates.
 */
#ifndef SCHEDTOP_CAPTURE_QUEUE_H
#define SCHEDTOP_CAPTURE_QUEUE_H

#include "events/event.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
	struct event *ring;
	uint64_t cap; /* a power of two */
	/* the producer's */
	_Alignas(64) _Atomic uint64_t head;
	uint64_t tail_seen;
	uint64_t untold; /* dropped, and not yet told by an EV_LOST */
	_Atomic uint64_t dropped;
	/* the consumer's */
	_Alignas(64) _Atomic uint64_t tail;
};

/** @cap is rounded up to a power of two. 0 or -ENOMEM. */
int queue_init(struct queue *q, size_t cap);
/** Accepts a zeroed one. */
void queue_done(struct queue *q);

/** Producer: takes an event. Returns whether the consumer should look soon. */
bool queue_push(struct queue *q, const struct event *ev);

/** Producer: an event that will not be stored. */
void queue_drop(struct queue *q);

/** Consumer: how many are there. */
size_t queue_ready(const struct queue *q);

/** Consumer: event number @i of those that are ready. */
static inline struct event *queue_at(struct queue *q, size_t i)
{
	return &q->ring[(atomic_load_explicit(&q->tail, memory_order_relaxed) + i) & (q->cap - 1)];
}

/** Consumer: gives the first @n back; what they point to is freed. */
void queue_pop(struct queue *q, size_t n);

/** After the producer's last push: how many were dropped and not told. Any thread that knows so. */
uint64_t queue_untold(const struct queue *q);

#endif
