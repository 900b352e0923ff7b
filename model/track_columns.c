/* SPDX-License-Identifier: GPL-2.0-only */
/* What a track answers: columns of time at any zoom, and single spans of its exact history. */
#include "model/track_internal.h"

#include <string.h>

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

size_t track_read(const struct track *t, uint64_t from_ns, struct span *ret, size_t cap)
{
	size_t n = 0;

	for (uint64_t i = first_span_after(t, from_ns); i < t->spans.next && n < cap; i++)
		ret[n++] = *span_at(t, i);
	if (n < cap && t->has_open && from_ns < UINT64_MAX)
		give_open(t, &ret[n++]);
	return n;
}

size_t track_read_back(const struct track *t, uint64_t from_ns, struct span *ret, size_t cap)
{
	bool open = t->has_open && t->open.start_ns < from_ns && cap > 0;
	uint64_t end = first_span_after(t, from_ns ? from_ns - 1 : 0);
	size_t n = 0;

	/* The span that ends after from_ns - 1 is the one that touches it, or the first one behind it. */
	end += end < t->spans.next && span_at(t, end)->start_ns < from_ns;
	uint64_t room = cap - open, first = ring_first(&t->spans);
	for (uint64_t i = end - first > room ? end - room : first; i < end; i++)
		ret[n++] = *span_at(t, i);
	if (open)
		give_open(t, &ret[n++]);
	return n;
}
