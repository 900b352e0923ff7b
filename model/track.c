/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cost: an append copies 40 bytes, and one in FANOUT builds a summary: 30 to 40 ns an append on average on a virtual
 * machine (tests/model/test_track.c prints it), half of that for memory that isn't in the cache.
 */
#include "model/track_internal.h"

#include <errno.h>
#include <stdlib.h>

#define MIN_SPANS        64
#define MAX_SPANS        ((size_t)1 << 24)
#define MIN_NODES        (2 * TRACK_FANOUT) /* a summary is made of the FANOUT youngest below */
#define FIRST_ALLOCATION 64

static int ring_grow(struct ring *r, size_t size)
{
	size_t n = r->allocated ? r->allocated * 2 : FIRST_ALLOCATION;
	void *mem;

	if (n > r->limit)
		n = r->limit;
	mem = realloc(r->mem, n * size);
	if (!mem)
		return -ENOMEM;
	r->mem = mem;
	r->allocated = n;
	return 0;
}

/* Room for the next element, which the caller fills; NULL on ENOMEM. */
static inline void *ring_push(struct ring *r, size_t size)
{
	if (r->next >= r->allocated && r->allocated < r->limit && ring_grow(r, size))
		return NULL;
	return (char *)r->mem + (r->next++ & (r->limit - 1)) * size;
}

static size_t spans_limit(size_t max_spans)
{
	size_t limit = MIN_SPANS;

	while (limit < max_spans && limit < MAX_SPANS)
		limit *= 2;
	return limit;
}

static size_t level_limit(size_t spans, unsigned k)
{
	size_t limit = spans >> (k + 2);

	return limit > MIN_NODES ? limit : MIN_NODES;
}

struct track *track_new(size_t max_spans)
{
	struct track *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->spans.limit = spans_limit(max_spans);
	for (unsigned k = 0; k < LEVELS; k++)
		t->level[k].limit = level_limit(t->spans.limit, k);
	return t;
}

struct track *track_new_blank(size_t max_spans)
{
	struct track *t = track_new(max_spans);

	if (t)
		t->blank = true;
	return t;
}

void track_free(struct track *t)
{
	if (!t)
		return;
	free(t->spans.mem);
	for (unsigned k = 0; k < LEVELS; k++)
		free(t->level[k].mem);
	free(t);
}

static void node_set_top(struct node *n, const struct top *top)
{
	const struct top_entry *best = top_best(top);

	if (!best)
		return;
	n->goid = best->goid;
	n->func = best->func;
	n->tid = best->tid;
	n->top_ns = best->ns;
}

/* Summarises the FANOUT elements below; those are the youngest of their ring, so they are all there. */
static void summarise(const struct track *t, unsigned k, uint64_t j, struct node *ret)
{
	struct node n = {0};
	struct top top;

	top.n = 0;
	for (uint64_t i = j * TRACK_FANOUT; i < (j + 1) * TRACK_FANOUT; i++) {
		if (k == 0) {
			const struct span *s = span_at(t, i);

			if (!n.n_spans)
				n.start_ns = s->start_ns;
			n.end_ns = s->end_ns;
			n.ns[s->klass] += s->end_ns - s->start_ns;
			n.n_spans++;
			top_add_span(&top, s, s->end_ns - s->start_ns);
		} else {
			const struct node *c = node_at(t, k - 1, i);

			if (!n.n_spans)
				n.start_ns = c->start_ns;
			n.end_ns = c->end_ns;
			for (unsigned q = 0; q < SPAN_CLASS_COUNT; q++)
				n.ns[q] += c->ns[q];
			n.n_spans += c->n_spans;
			top_add_node(&top, c, c->top_ns);
		}
	}
	node_set_top(&n, &top);
	*ret = n;
}

/* Called before span number spans.next is stored: closes every group that it isn't part of. */
static int close_groups(struct track *t)
{
	uint64_t below = t->spans.next;

	for (unsigned k = 0; k < LEVELS; k++) {
		uint64_t j = t->level[k].next;
		struct node *slot;

		if (below < (j + 1) * TRACK_FANOUT)
			break;
		slot = ring_push(&t->level[k], sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		summarise(t, k, j, slot);
		below = t->level[k].next;
	}
	return 0;
}

int track_append(struct track *t, const struct span *s)
{
	struct span *last = last_span(t);
	struct span *slot;
	int err;

	if (t->blank)
		return 0;
	if (s->end_ns <= s->start_ns || s->klass >= SPAN_CLASS_COUNT || (last && s->start_ns < last->end_ns))
		return -EINVAL;
	if (s->klass == SPAN_IDLE)
		return 0;
	if (last && span_continues(last, s)) {
		last->end_ns = s->end_ns;
		return 0;
	}
	err = close_groups(t);
	if (err)
		return err;
	slot = ring_push(&t->spans, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = *s;
	return 0;
}

int track_append_over(struct track *t, const struct span *s)
{
	struct span *last = last_span(t);
	struct span clipped;

	if (t->blank)
		return 0;
	clipped = *s;
	if (last && !span_over(last, &clipped))
		return -EINVAL;
	return track_append(t, &clipped);
}

uint64_t track_end(const struct track *t)
{
	const struct span *last = last_span(t);

	return last ? last->end_ns : 0;
}

void track_set_open(struct track *t, const struct span *s)
{
	t->has_open = s != NULL;
	if (s)
		t->open = *s;
}

const struct span *track_open(const struct track *t)
{
	return t->has_open ? &t->open : NULL;
}

uint64_t track_exact_from(const struct track *t)
{
	if (t->spans.next)
		return span_at(t, ring_first(&t->spans))->start_ns;
	return t->has_open ? t->open.start_ns : 0;
}

uint64_t track_from(const struct track *t)
{
	uint64_t from = track_exact_from(t);

	for (unsigned k = 0; k < LEVELS && t->level[k].next; k++) {
		uint64_t start = node_at(t, k, ring_first(&t->level[k]))->start_ns;

		if (start < from)
			from = start;
	}
	return from;
}

size_t track_bytes(const struct track *t)
{
	size_t n = sizeof(*t) + t->spans.allocated * sizeof(struct span);

	for (unsigned k = 0; k < LEVELS; k++)
		n += t->level[k].allocated * sizeof(struct node);
	return n;
}

size_t track_max_bytes(size_t max_spans)
{
	size_t limit = spans_limit(max_spans), n = sizeof(struct track) + limit * sizeof(struct span);

	for (unsigned k = 0; k < LEVELS; k++)
		n += level_limit(limit, k) * sizeof(struct node);
	return n;
}

size_t track_max_spans(const struct track *t)
{
	return t->spans.limit;
}
