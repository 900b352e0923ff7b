/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a track is stored, for what fills it (track.c) and what reads it (track_columns.c).
 *
 * Every span has a sequence number. Node j of level k summarises the spans j * FANOUT^k to (j + 1) * FANOUT^k - 1 and
 * is made when the span after them arrives (until then the last one may still grow by merging). So a position is a
 * span's number at every level, and a walk takes the largest node that starts there and fits into the column.
 */
#ifndef SCHEDTOP_MODEL_TRACK_INTERNAL_H
#define SCHEDTOP_MODEL_TRACK_INTERNAL_H

#include "model/track.h"

#define LEVELS         8 /* summary levels; the last covers 8^8 = 16 million spans a node */
#define FANOUT_BITS    3
#define TOP_CANDIDATES 8 /* goroutines that compete for a column's colour */

_Static_assert(TRACK_FANOUT == 1 << FANOUT_BITS, "the fan-out is a power of two");

struct node {
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t ns[SPAN_CLASS_COUNT]; /* [SPAN_IDLE] unused: holes are idle */
	uint64_t goid;                 /* of the goroutine with the most run time */
	uint64_t top_ns;               /* that run time; without a goroutine the time of tid */
	uint32_t func;
	uint32_t tid;
	uint64_t n_spans;
};

/* Elements first..next-1 are there, at index number & (limit - 1). It grows up to its limit, then overwrites. */
struct ring {
	void *mem;
	size_t allocated; /* elements */
	size_t limit;     /* power of two */
	uint64_t next;
};

struct track {
	struct ring spans;
	struct ring level[LEVELS]; /* level[k]: nodes of FANOUT^(k+1) spans */
	struct span open;
	bool has_open;
	bool blank; /* keeps nothing */
};

static inline uint64_t ring_first(const struct ring *r)
{
	return r->next > r->limit ? r->next - r->limit : 0;
}

static inline bool ring_has(const struct ring *r, uint64_t i)
{
	return i < r->next && i >= ring_first(r);
}

static inline struct span *span_at(const struct track *t, uint64_t i)
{
	return (struct span *)t->spans.mem + (i & (t->spans.limit - 1));
}

static inline const struct node *node_at(const struct track *t, unsigned k, uint64_t j)
{
	return (const struct node *)t->level[k].mem + (j & (t->level[k].limit - 1));
}

static inline struct span *last_span(const struct track *t)
{
	return t->spans.next ? span_at(t, t->spans.next - 1) : NULL;
}

/* Which goroutine ran most: a few candidates, the weakest of which makes room. */
struct top {
	unsigned n;
	struct top_entry { /* the first n are set */
		uint64_t goid, ns;
		uint32_t func, tid;
	} e[TOP_CANDIDATES];
};

static inline bool top_better(const struct top_entry *a, const struct top_entry *b)
{
	if (!a->goid != !b->goid)
		return a->goid != 0; /* a goroutine names a column before a bare thread does */
	return a->ns > b->ns;
}

/* Hot: two thirds of a summary's cost were the copies of an entry passed by value and the clearing of unused ones. */
static inline void top_add(struct top *top, uint64_t goid, uint32_t func, uint32_t tid, uint64_t ns)
{
	struct top_entry *weakest = &top->e[0], *o;
	struct top_entry fresh;

	for (o = top->e; o < top->e + top->n; o++) {
		if (o->goid == goid && (goid || o->tid == tid)) {
			if (ns > o->ns)
				o->tid = tid;
			o->ns += ns;
			if (func)
				o->func = func;
			return;
		}
		if (top_better(weakest, o))
			weakest = o;
	}
	fresh.goid = goid;
	fresh.ns = ns;
	fresh.func = func;
	fresh.tid = tid;
	if (top->n < TOP_CANDIDATES)
		top->e[top->n++] = fresh;
	else if (top_better(&fresh, weakest))
		*weakest = fresh;
}

static inline void top_add_span(struct top *top, const struct span *s, uint64_t ns)
{
	if (s->klass == SPAN_RUN && s->goid)
		top_add(top, s->goid, s->func, s->tid, ns);
	else if (s->tid)
		top_add(top, 0, 0, s->tid, ns);
}

static inline void top_add_node(struct top *top, const struct node *n, uint64_t ns)
{
	if (n->goid || n->tid)
		top_add(top, n->goid, n->func, n->tid, ns);
}

static inline const struct top_entry *top_best(const struct top *top)
{
	const struct top_entry *best = NULL;

	for (unsigned i = 0; i < top->n; i++) {
		if (!best || top_better(&top->e[i], best))
			best = &top->e[i];
	}
	return best;
}

#endif
