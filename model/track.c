/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every span has a sequence number. Node j of level k summarises the spans j * FANOUT^k to (j + 1) * FANOUT^k - 1 and
 * is made when the span after them arrives (until then the last one may still grow by merging). So a position is a
 * span's number at every level, and a walk takes the largest node that starts there and fits into the column.
 *
 * Cost: an append copies 40 bytes, and one in FANOUT builds a summary: 30 to 40 ns an append on average on a virtual
 * machine (tests/model/test_track.c prints it), half of that for memory that isn't in the cache.
 */
#include "model/track.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS           8 /* summary levels; the last covers 8^8 = 16 million spans a node */
#define FANOUT_BITS      3
#define MIN_SPANS        64
#define MAX_SPANS        ((size_t)1 << 24)
#define MIN_NODES        (2 * TRACK_FANOUT) /* a summary is made of the FANOUT youngest below */
#define FIRST_ALLOCATION 64
#define TOP_CANDIDATES   8 /* goroutines that compete for a column's colour */

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

static uint64_t ring_first(const struct ring *r)
{
	return r->next > r->limit ? r->next - r->limit : 0;
}

static bool ring_has(const struct ring *r, uint64_t i)
{
	return i < r->next && i >= ring_first(r);
}

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

static struct span *span_at(const struct track *t, uint64_t i)
{
	return (struct span *)t->spans.mem + (i & (t->spans.limit - 1));
}

static const struct node *node_at(const struct track *t, unsigned k, uint64_t j)
{
	return (const struct node *)t->level[k].mem + (j & (t->level[k].limit - 1));
}

static struct span *last_span(const struct track *t)
{
	return t->spans.next ? span_at(t, t->spans.next - 1) : NULL;
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

/* Which goroutine ran most: a few candidates, the weakest of which makes room. */
struct top {
	unsigned n;
	struct top_entry { /* the first n are set */
		uint64_t goid, ns;
		uint32_t func, tid;
	} e[TOP_CANDIDATES];
};

static bool top_better(const struct top_entry *a, const struct top_entry *b)
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

static const struct top_entry *top_best(const struct top *top)
{
	const struct top_entry *best = NULL;

	for (unsigned i = 0; i < top->n; i++) {
		if (!best || top_better(&top->e[i], best))
			best = &top->e[i];
	}
	return best;
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

/* Number of the first exact span that ends after @ns; spans.next if none. */
static uint64_t first_span_after(const struct track *t, uint64_t ns)
{
	uint64_t lo = ring_first(&t->spans), hi = t->spans.next;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (span_at(t, mid)->end_ns > ns)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static uint64_t first_node_after(const struct track *t, unsigned k, uint64_t ns)
{
	uint64_t lo = ring_first(&t->level[k]), hi = t->level[k].next;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (node_at(t, k, mid)->end_ns > ns)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* The position (span number) from which a walk sees everything after @ns that is still known, as finely as possible. */
static uint64_t seek(const struct track *t, uint64_t ns)
{
	unsigned coarsest = 0;

	if (!t->spans.next || ring_first(&t->spans) == 0 || ns >= track_exact_from(t))
		return first_span_after(t, ns);
	for (unsigned k = 0; k < LEVELS && t->level[k].next; k++) {
		coarsest = k;
		if (ring_first(&t->level[k]) == 0 || ns >= node_at(t, k, ring_first(&t->level[k]))->start_ns)
			break;
	}
	return first_node_after(t, coarsest, ns) << (FANOUT_BITS * (coarsest + 1));
}

static uint64_t clip(uint64_t start, uint64_t end, uint64_t a, uint64_t b)
{
	uint64_t lo = start > a ? start : a, hi = end < b ? end : b;

	return hi > lo ? hi - lo : 0;
}

static void add_span(struct column *c, struct top *top, const struct span *s, uint64_t a, uint64_t b)
{
	uint64_t ns = clip(s->start_ns, s->end_ns, a, b);

	if (!ns)
		return;
	c->ns[s->klass] += ns;
	c->n_spans++;
	top_add_span(top, s, ns);
}

/* A node that lies in the column only in part (exact history has faded) gives its share of each class. */
static void add_node(struct column *c, struct top *top, const struct node *n, uint64_t a, uint64_t b)
{
	uint64_t inside = clip(n->start_ns, n->end_ns, a, b);
	double share;

	if (!inside)
		return;
	share = (double)inside / (double)(n->end_ns - n->start_ns);
	for (unsigned q = 0; q < SPAN_CLASS_COUNT; q++)
		c->ns[q] += inside == n->end_ns - n->start_ns ? n->ns[q] : (uint64_t)((double)n->ns[q] * share);
	c->n_spans += n->n_spans < UINT32_MAX - c->n_spans ? (uint32_t)n->n_spans : UINT32_MAX - c->n_spans;
	top_add_node(top, n, (uint64_t)((double)n->top_ns * share));
}

/* The largest node that starts at position @i and fits into [a, b), as level + 1; 0 = none. */
static unsigned fitting_level(const struct track *t, uint64_t i, uint64_t a, uint64_t b)
{
	unsigned best = 0;

	for (unsigned k = 0; k < LEVELS; k++) {
		unsigned shift = FANOUT_BITS * (k + 1);
		const struct node *n;

		if (i & (((uint64_t)1 << shift) - 1) || i >> shift >= t->level[k].next)
			break;
		if (!ring_has(&t->level[k], i >> shift))
			continue;
		n = node_at(t, k, i >> shift);
		if (n->start_ns < a || n->end_ns > b)
			break;
		best = k + 1;
	}
	return best;
}

/* The finest node that still knows position @i, as level + 1; LEVELS + 1 = none. */
static unsigned finest_level(const struct track *t, uint64_t i)
{
	unsigned k = 0;

	while (k < LEVELS && !ring_has(&t->level[k], i >> (FANOUT_BITS * (k + 1))))
		k++;
	return k + 1;
}

/* Fills one column from position *pos, and leaves *pos at the first element that reaches beyond it. */
static void fill_column(const struct track *t, uint64_t *pos, uint64_t a, uint64_t b, struct column *c, struct top *top)
{
	uint64_t i = *pos;

	while (i < t->spans.next) {
		unsigned lv = fitting_level(t, i, a, b);
		uint64_t end;

		if (!lv && ring_has(&t->spans, i)) {
			const struct span *s = span_at(t, i);

			if (s->start_ns >= b)
				break;
			add_span(c, top, s, a, b);
			end = s->end_ns;
		} else {
			const struct node *n;

			if (!lv)
				lv = finest_level(t, i);
			if (lv > LEVELS) {
				i++;
				continue;
			}
			n = node_at(t, lv - 1, i >> (FANOUT_BITS * lv));
			if (n->start_ns >= b)
				break;
			add_node(c, top, n, a, b);
			end = n->end_ns;
		}
		if (end > b)
			break;
		i = ((i >> (FANOUT_BITS * lv)) + 1) << (FANOUT_BITS * lv);
	}
	*pos = i;
}

static void finish_column(struct column *c, const struct top *top, uint64_t known_ns)
{
	const struct top_entry *best = top_best(top);
	uint64_t busy = 0;

	for (unsigned q = SPAN_IDLE + 1; q < SPAN_CLASS_COUNT; q++)
		busy += c->ns[q];
	c->ns[SPAN_IDLE] = known_ns > busy ? known_ns - busy : 0;
	if (best) {
		c->goid = best->goid;
		c->func = best->func;
		c->tid = best->tid;
	}
}

void track_columns(const struct track *t, uint64_t t0_ns, uint64_t t1_ns, size_t n, uint64_t now_ns, struct column *ret)
{
	uint64_t from = track_from(t), pos = seek(t, t0_ns), last_end = track_end(t);
	uint64_t end = now_ns > last_end ? now_ns : last_end;
	bool known = t->spans.next || t->has_open;
	struct span open = t->open;

	memset(ret, 0, n * sizeof(*ret));
	if (t1_ns <= t0_ns || !known)
		return;
	open.end_ns = now_ns;
	if (open.start_ns < last_end)
		open.start_ns = last_end;
	for (size_t i = 0; i < n; i++) {
		/* 128 bits: a window may be long and the screen wide. */
		uint64_t a = t0_ns + (uint64_t)((unsigned __int128)(t1_ns - t0_ns) * i / n);
		uint64_t b = t0_ns + (uint64_t)((unsigned __int128)(t1_ns - t0_ns) * (i + 1) / n);
		struct top top;

		top.n = 0;
		fill_column(t, &pos, a, b, &ret[i], &top);
		if (t->has_open && open.klass != SPAN_IDLE)
			add_span(&ret[i], &top, &open, a, b);
		finish_column(&ret[i], &top, clip(from, end, a, b));
	}
}

bool track_at(const struct track *t, uint64_t at_ns, uint64_t now_ns, struct span *ret)
{
	uint64_t i = first_span_after(t, at_ns);

	if (i < t->spans.next) {
		if (span_at(t, i)->start_ns > at_ns)
			return false;
		*ret = *span_at(t, i);
		return true;
	}
	if (!t->has_open || at_ns < t->open.start_ns || at_ns > now_ns)
		return false;
	*ret = t->open;
	ret->end_ns = now_ns;
	return true;
}

static bool give_open(const struct track *t, struct span *ret)
{
	*ret = t->open;
	ret->end_ns = UINT64_MAX;
	return true;
}

bool track_next(const struct track *t, uint64_t from_ns, struct span *ret)
{
	uint64_t i = first_span_after(t, from_ns);

	if (i < t->spans.next) {
		*ret = *span_at(t, i);
		return true;
	}
	return t->has_open && give_open(t, ret);
}

bool track_prev(const struct track *t, uint64_t from_ns, struct span *ret)
{
	uint64_t i;

	if (t->has_open && t->open.start_ns < from_ns)
		return give_open(t, ret);
	/* The span that ends after from_ns - 1 is the one that touches it, or the first one behind it. */
	i = first_span_after(t, from_ns ? from_ns - 1 : 0);
	if (i < t->spans.next && span_at(t, i)->start_ns < from_ns) {
		*ret = *span_at(t, i);
		return true;
	}
	if (i <= ring_first(&t->spans))
		return false;
	*ret = *span_at(t, i - 1);
	return true;
}
