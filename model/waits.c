/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long goroutines were runnable without a P, and who starved. Who held the Ps in a window is looked up when a wait
 * is long enough to be kept, while the rows still know: a newcomer must be an eighth longer than the shortest kept one
 * for that, so it happens some hundred times in a session, however many goroutines starve.
 */
#include "model/model_internal.h"

#include <string.h>

#define WINDOW_COLUMNS 8U /* parts of a window whose main goroutine is asked for, for each P */
#define HOLDERS_TRIED  16U

/* The runtime's own goroutines (sweeper, scavenger, idle workers) give way on purpose. */
static bool may_starve(const struct model *m, const struct goroutine *g)
{
	return !names_is_system(m, g->start_func);
}

static uint64_t overlap(uint64_t a, uint64_t b, uint64_t from, uint64_t to)
{
	uint64_t lo = a > from ? a : from, hi = b < to ? b : to;

	return hi > lo ? hi - lo : 0;
}

static void add_holder(struct starved_holder *h, size_t *n, const struct column *c)
{
	size_t i = 0;

	while (i < *n && h[i].goid != c->goid)
		i++;
	if (i == HOLDERS_TRIED)
		return;
	if (i == *n)
		h[(*n)++] = (struct starved_holder){.goid = c->goid, .func = c->func};
	h[i].ns += c->ns[SPAN_RUN];
}

static void find_holders(const struct model *m, struct starved *s)
{
	struct starved_holder all[HOLDERS_TRIED];
	uint64_t end = s->to_ns ? s->to_ns : m->now_ns;
	size_t n = 0;

	lanes_refresh_open(m);
	for (unsigned p = 0; p < m->n_procs; p++) {
		struct column c[WINDOW_COLUMNS];

		if (!m->procs[p] || !m->procs[p]->track)
			continue;
		track_columns(m->procs[p]->track, s->from_ns, end, WINDOW_COLUMNS, m->now_ns, c);
		for (size_t i = 0; i < WINDOW_COLUMNS; i++) {
			s->no_cpu_ns += c[i].ns[SPAN_RUNNABLE];
			if (c[i].goid && c[i].ns[SPAN_RUN])
				add_holder(all, &n, &c[i]);
		}
	}
	while (n && s->n_holders < STARVED_HOLDERS) {
		size_t most = 0;

		for (size_t i = 1; i < n; i++) {
			if (all[i].ns > all[most].ns)
				most = i;
		}
		s->holder[s->n_holders++] = all[most];
		all[most] = all[--n];
	}
}

static uint64_t starved_ns(const struct starved *s, uint64_t now)
{
	return (s->to_ns ? s->to_ns : now) - s->from_ns;
}

/* Keeps @list sorted, longest first. */
static void insert(struct starved *list, size_t *n, size_t cap, const struct starved *s, uint64_t now)
{
	uint64_t ns = starved_ns(s, now);
	size_t i = *n;

	while (i > 0 && starved_ns(&list[i - 1], now) < ns)
		i--;
	if (i == cap)
		return;
	if (*n < cap)
		(*n)++;
	memmove(&list[i + 1], &list[i], (*n - 1 - i) * sizeof(*list));
	list[i] = *s;
}

static void starve(struct model *m, const struct goroutine *g, uint64_t from, uint64_t to, uint64_t kernel_ns)
{
	struct starved s = {
		.goid = g->goid, .from_ns = from, .to_ns = to, .kernel_ns = kernel_ns, .func = g->start_func};
	uint64_t ns = to - from, least;

	m->n_starved++;
	m->starved_ns += ns;
	if (m->n_starved_kept == STARVED_KEPT) {
		least = starved_ns(&m->starved[STARVED_KEPT - 1], to);
		if (ns <= least + least / 8)
			return;
	}
	find_holders(m, &s);
	insert(m->starved, &m->n_starved_kept, STARVED_KEPT, &s, to);
}

void waits_on_run(struct model *m, struct goroutine *g, const struct thread *th, uint64_t from, uint64_t t)
{
	uint64_t ns = t - from;
	uint64_t kernel = th ? overlap(th->waited_from_ns, th->waited_to_ns, from, t) : 0;

	g->waits++;
	g->wait_ns += ns;
	g->wait_kernel_ns += kernel;
	if (ns > g->max_wait_ns)
		g->max_wait_ns = ns;
	hist_add(&m->h_gwait, ns);
	m->gwait_kernel_ns += kernel;
	lanes_paint_waiting(m, g, from, t);
	if (ns > GO_SLICE_NS && may_starve(m, g))
		starve(m, g, from, t, kernel);
}

bool model_exact_seen(const struct model *m)
{
	return m->exact_seen;
}

bool model_g_wait_hist(const struct model *m, struct hist *ret)
{
	if (!m->exact_seen)
		return false;
	*ret = m->h_gwait;
	for (const struct goroutine *g = m->runnable.first; g; g = g->next)
		hist_add(ret, m->now_ns - g->since_ns);
	return true;
}

bool model_g_wait_summary(const struct model *m, struct hist_summary *ret)
{
	struct hist h;

	if (!model_g_wait_hist(m, &h))
		return false;
	hist_summarize(&h, ret);
	return true;
}

size_t model_starved(const struct model *m, struct starved *ret, size_t cap)
{
	size_t n = m->n_starved_kept < cap ? m->n_starved_kept : cap;

	memcpy(ret, m->starved, n * sizeof(*ret));
	/* Who waits longest comes first in the list. */
	for (const struct goroutine *g = m->runnable.first; g; g = g->next) {
		struct starved s = {.goid = g->goid, .from_ns = g->since_ns, .func = g->start_func};
		uint64_t ns = m->now_ns - g->since_ns;

		if (ns <= GO_SLICE_NS || (n == cap && (!n || ns <= starved_ns(&ret[n - 1], m->now_ns))))
			break;
		if (!may_starve(m, g))
			continue;
		find_holders(m, &s);
		insert(ret, &n, cap, &s, m->now_ns);
	}
	return n;
}

void model_starved_total(const struct model *m, uint64_t *ret_count, uint64_t *ret_ns)
{
	*ret_count = m->n_starved;
	*ret_ns = m->starved_ns;
	for (const struct goroutine *g = m->runnable.first; g; g = g->next) {
		if (m->now_ns - g->since_ns <= GO_SLICE_NS)
			break;
		if (!may_starve(m, g))
			continue;
		++*ret_count;
		*ret_ns += m->now_ns - g->since_ns;
	}
}
