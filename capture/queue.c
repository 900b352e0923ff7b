/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

int queue_init(struct queue *q, size_t cap)
{
	memset(q, 0, sizeof(*q));
	q->cap = CAP_MIN;
	while (q->cap < cap)
		q->cap *= 2;
	q->ring = calloc(q->cap, sizeof(*q->ring));
	return q->ring ? 0 : -ENOMEM;
}

void queue_done(struct queue *q)
{
	if (q->ring)
		queue_pop(q, queue_ready(q));
	free(q->ring);
	q->ring = NULL;
}

size_t queue_ready(const struct queue *q)
{
	return (size_t)(atomic_load_explicit(&q->head, memory_order_acquire) -
			atomic_load_explicit(&q->tail, memory_order_relaxed));
}

void queue_pop(struct queue *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct event *ev = queue_at(q, i);

		if (ev->head.kind == EV_LOC)
			free((char *)ev->loc.func);
	}
	atomic_fetch_add_explicit(&q->tail, n, memory_order_release);
}

uint64_t queue_untold(const struct queue *q)
{
	return q->untold;
}

void queue_drop(struct queue *q)
{
	q->untold++;
	atomic_fetch_add_explicit(&q->dropped, 1, memory_order_relaxed);
}

/* Later events can't be understood without them, and they are few: the last places are theirs. */
static bool is_needed(uint8_t kind)
{
	switch (kind) {
	case EV_THREAD_NEW:
	case EV_THREAD_EXIT:
	case EV_EXEC:
	case EV_GOROUTINE:
	case EV_LOST:
	case EV_LOC:
	case EV_COMM:
	case EV_RUNTIME:
	case EV_TARGET_EXIT:
	case EV_DETAIL:
	case EV_SETTING:
	case EV_SAMPLING:
		return true;
	default:
		return false;
	}
}

/* A copy of the names, both in one piece that begins with func. */
static bool copy_names(struct event *ev)
{
	const char *func = ev->loc.func ? ev->loc.func : "", *file = ev->loc.file ? ev->loc.file : "";
	size_t n_func = strlen(func) + 1, n_file = strlen(file) + 1;
	char *copy = malloc(n_func + n_file);

	if (!copy)
		return false;
	memcpy(copy, func, n_func);
	memcpy(copy + n_func, file, n_file);
	ev->loc.func = copy;
	ev->loc.file = copy + n_func;
	return true;
}

static uint64_t room(struct queue *q, uint64_t head, uint64_t want)
{
	if (q->cap - (head - q->tail_seen) < want)
		q->tail_seen = atomic_load_explicit(&q->tail, memory_order_acquire);
	return q->cap - (head - q->tail_seen);
}

bool queue_push(struct queue *q, const struct event *ev)
{
	uint64_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	/* Once something was dropped, it goes on when there is room for a while, not one by one. */
	uint64_t want = is_needed(ev->head.kind) ? 2 : q->untold ? q->cap / 4 : q->cap / 32;
	uint64_t left = room(q, head, want);
	struct event copy = *ev;

	if (left < want || (ev->head.kind == EV_LOC && !copy_names(&copy))) {
		queue_drop(q);
		return true;
	}
	if (q->untold && left >= q->cap / 4) {
		q->ring[head++ & (q->cap - 1)] = (struct event){
			.head = {.time_ns = ev->head.time_ns, .kind = EV_LOST},
			.lost = {.count = q->untold, .cause = EV_LOST_CAPTURE},
		};
		q->untold = 0;
	}
	q->ring[head++ & (q->cap - 1)] = copy;
	atomic_store_explicit(&q->head, head, memory_order_release);
	return left < q->cap * 3 / 4;
}
