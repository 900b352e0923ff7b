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

struct order {
	struct slot *slots; /* sorted */
	size_t n, cap;
	unsigned char *arena;
	size_t used, arena_cap, max_bytes;
	uint64_t delivered_ns; /* no record before this is still expected */
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

size_t order_flush(struct order *o, uint64_t until_ns, void (*fn)(void *ctx, const void *record, size_t len, int late),
		   void *ctx)
{
	size_t i = 0;

	for (; i < o->n && o->slots[i].time_ns <= until_ns; i++) {
		const struct slot *s = &o->slots[i];

		fn(ctx, o->arena + s->offset, s->len, s->time_ns < o->delivered_ns);
	}
	if (until_ns > o->delivered_ns)
		o->delivered_ns = until_ns;
	if (i > 0)
		keep_rest(o, i);
	return i;
}

size_t order_waiting(const struct order *o)
{
	return o->n;
}
