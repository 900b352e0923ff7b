/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 8U

struct slot {
	uint64_t time_ns;
	uint32_t offset, len; /* of the record in the arena */
};

/* Of a heap of runs, the one with the oldest head on top. */
struct heap_item {
	uint64_t time_ns;
	struct order_run *run;
};

struct order {
	struct slot *slots; /* sorted */
	size_t n, cap;
	unsigned char *arena;
	size_t used, arena_cap, max_bytes;
	uint64_t delivered_ns; /* no record before this is still expected */
	struct heap_item *heap;
	size_t heap_cap;
};

struct order *order_new(size_t max_bytes)
{
	struct order *o = calloc(1, sizeof(*o));

	if (o)
		o->max_bytes = max_bytes < UINT32_MAX ? max_bytes : UINT32_MAX;
	return o;
}

void order_free(struct order *o)
{
	if (!o)
		return;
	free(o->slots);
	free(o->arena);
	free(o->heap);
	free(o);
}

static int grow(void **mem, size_t *cap, size_t want, size_t size)
{
	size_t n = *cap ? *cap : 4096;

	while (n < want)
		n *= 2;
	if (n == *cap)
		return 0;
	void *grown = realloc(*mem, n * size);
	if (!grown)
		return -ENOMEM;
	*mem = grown;
	*cap = n;
	return 0;
}

int order_push(struct order *o, const void *record, size_t len, uint64_t time_ns)
{
	size_t room = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	if (room > o->max_bytes - o->used || grow((void **)&o->slots, &o->cap, o->n + 1, sizeof(*o->slots)) < 0 ||
	    grow((void **)&o->arena, &o->arena_cap, o->used + room, 1) < 0)
		return -ENOBUFS;
	memcpy(o->arena + o->used, record, len);
	size_t i = o->n;
	while (i > 0 && o->slots[i - 1].time_ns > time_ns) {
		o->slots[i] = o->slots[i - 1];
		i--;
	}
	o->slots[i] = (struct slot){.time_ns = time_ns, .offset = (uint32_t)o->used, .len = (uint32_t)len};
	o->n++;
	o->used += room;
	return 0;
}

/* Moves what waits to the start of the arena, in order of its places there: it may only move down. */
static void keep_rest(struct order *o, size_t first)
{
	size_t n = o->n - first, used = 0;

	if (n == 0) {
		o->n = o->used = 0;
		return;
	}
	/* Few records wait (a millisecond's worth): a copy aside keeps it simple. */
	unsigned char *aside = malloc(o->used);
	if (!aside) { /* leave them where they are: order holds, only the arena doesn't shrink this time */
		memmove(o->slots, o->slots + first, n * sizeof(*o->slots));
		o->n = n;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct slot s = o->slots[first + i];

		memcpy(aside + used, o->arena + s.offset, s.len);
		s.offset = (uint32_t)used;
		used += (s.len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
		o->slots[i] = s;
	}
	memcpy(o->arena, aside, used);
	free(aside);
	o->n = n;
	o->used = used;
}

static const unsigned char *run_head(const struct order_run *r, uint64_t *ret_ns)
{
	const unsigned char *at = r->slots + (size_t)(r->next & r->mask) * r->size;

	memcpy(ret_ns, at, sizeof(*ret_ns));
	return at;
}

static void sift_down(struct heap_item *h, size_t n, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && h[child + 1].time_ns < h[child].time_ns)
			child++;
		if (h[i].time_ns <= h[child].time_ns)
			return;
		struct heap_item tmp = h[i];
		h[i] = h[child];
		h[child] = tmp;
	}
}

static size_t heap_fill(struct order *o, struct order_run *runs, size_t n_runs)
{
	size_t n = 0;

	if (n_runs && grow((void **)&o->heap, &o->heap_cap, n_runs, sizeof(*o->heap)) < 0)
		return 0; /* they wait for the next flush */
	for (size_t i = 0; i < n_runs; i++) {
		if (runs[i].next == runs[i].end)
			continue;
		o->heap[n].run = &runs[i];
		run_head(&runs[i], &o->heap[n++].time_ns);
	}
	for (size_t i = n / 2; i-- > 0;)
		sift_down(o->heap, n, i);
	return n;
}

size_t order_flush(struct order *o, struct order_run *runs, size_t n_runs, uint64_t until_ns,
		   void (*fn)(void *ctx, const void *record, size_t len, int late), void *ctx)
{
	size_t pushed = 0, n = 0, n_heap = heap_fill(o, runs, n_runs);

	for (;; n++) {
		uint64_t own_ns = pushed < o->n ? o->slots[pushed].time_ns : UINT64_MAX;
		uint64_t run_ns = n_heap ? o->heap[0].time_ns : UINT64_MAX;

		if (n_heap && run_ns < own_ns && run_ns <= until_ns) {
			struct order_run *r = o->heap[0].run;

			fn(ctx, run_head(r, &run_ns), r->size, run_ns < o->delivered_ns);
			if (++r->next == r->end)
				o->heap[0] = o->heap[--n_heap];
			else
				run_head(r, &o->heap[0].time_ns);
			sift_down(o->heap, n_heap, 0);
		} else if (pushed < o->n && own_ns <= until_ns) {
			const struct slot *s = &o->slots[pushed++];

			fn(ctx, o->arena + s->offset, s->len, own_ns < o->delivered_ns);
		} else {
			break;
		}
	}
	if (until_ns > o->delivered_ns)
		o->delivered_ns = until_ns;
	if (pushed > 0)
		keep_rest(o, pushed);
	return n;
}

size_t order_waiting(const struct order *o)
{
	return o->n;
}
