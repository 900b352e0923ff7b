/* SPDX-License-Identifier: GPL-2.0-only */
/* Totals for who reads: report, screen, verdicts. */
#include "model/model_internal.h"

#include <stdlib.h>

void model_counts(const struct model *m, struct model_counts *ret)
{
	*ret = m->counts;
	ret->pending = m->n_pending;
	if (m->stw_open) {
		ret->stw_count++;
		ret->stw_by_reason[m->stw.reason]++;
	}
}

double model_overhead_pct(const struct model *m)
{
	uint64_t ns = m->now_ns - m->start_ns;

	if (!m->have_overhead || !ns)
		return -1;
	return ((double)m->counts.overhead_probe_ns + (double)m->counts.overhead_self_ns) * 100.0 / (double)ns;
}

void model_hists(const struct model *m, struct model_hists *ret)
{
	*ret = (struct model_hists){.gap = &m->h_gap,
				    .stw_total = &m->h_stw_total,
				    .stw_stopping = &m->h_stw_stopping,
				    .runqueue = &m->h_runqueue,
				    .kernel_gap = &m->h_kgap,
				    .goroutine_wait = &m->h_gwait};
}

static uint64_t since(uint64_t last, uint64_t first)
{
	return last > first ? last - first : 0;
}

size_t model_cpus(const struct model *m, struct cpu_total *ret, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; i < m->n_cpus && n < cap; i++) {
		const struct cpu *c = m->cpus[i];
		struct cpu_total *t;

		if (!c)
			continue;
		t = &ret[n++];
		*t = (struct cpu_total){.cpu = (uint16_t)i,
					.target_ns = c->target_ns,
					.other_ns = UINT64_MAX,
					.idle_ns = UINT64_MAX,
					.switches = c->switches,
					.migrations_in = c->migrations_in};
		if (c->running)
			t->target_ns += m->now_ns - c->running->since_ns;
		if (c->n_stats < 2)
			continue;
		t->idle_ns = since(c->last_stat.idle_ns, c->first_stat.idle_ns);
		t->other_ns = since(since(c->last_stat.busy_ns, c->first_stat.busy_ns), t->target_ns);
	}
	return n;
}

/* The @cap largest of what is offered, in a heap whose root is the smallest of them. */
struct ranked {
	uint64_t key, id; /* equal keys: lower id first, so that the order is always the same */
	const void *item;
};

struct ranking {
	struct ranked *heap;
	size_t n, cap;
};

static bool ranks_below(const struct ranked *a, const struct ranked *b)
{
	return a->key != b->key ? a->key < b->key : a->id > b->id;
}

static void sift_down(struct ranking *r, size_t i)
{
	for (;;) {
		size_t low = i, left = 2 * i + 1, right = left + 1;
		struct ranked tmp;

		if (left < r->n && ranks_below(&r->heap[left], &r->heap[low]))
			low = left;
		if (right < r->n && ranks_below(&r->heap[right], &r->heap[low]))
			low = right;
		if (low == i)
			return;
		tmp = r->heap[i];
		r->heap[i] = r->heap[low];
		r->heap[low] = tmp;
		i = low;
	}
}

static void rank(struct ranking *r, struct ranked item)
{
	if (r->n == r->cap) {
		if (!r->n || !ranks_below(&r->heap[0], &item))
			return;
		r->heap[0] = item;
		sift_down(r, 0);
		return;
	}
	r->heap[r->n++] = item;
	for (size_t i = r->n - 1; i && ranks_below(&r->heap[i], &r->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		struct ranked tmp = r->heap[i];

		r->heap[i] = r->heap[(i - 1) / 2];
		r->heap[(i - 1) / 2] = tmp;
	}
}

static int by_rank(const void *a, const void *b)
{
	return ranks_below(a, b) - ranks_below(b, a);
}

static bool ranking_init(struct ranking *r, size_t cap, size_t n_items)
{
	size_t n = cap < n_items ? cap : n_items;

	*r = (struct ranking){.heap = calloc(n ? n : 1, sizeof(*r->heap)), .cap = n};
	return r->heap != NULL;
}

size_t model_threads(const struct model *m, struct thread_total *ret, size_t cap)
{
	struct ranking r;

	if (!ranking_init(&r, cap, m->n_threads))
		return 0;
	for (size_t i = 0; i < m->n_threads; i++) {
		const struct thread *th = m->threads[i];
		uint64_t run, wait, sleep;

		thread_times(th, m->now_ns, &run, &wait, &sleep);
		rank(&r, (struct ranked){.key = run, .id = th->tid, .item = th});
	}
	qsort(r.heap, r.n, sizeof(*r.heap), by_rank);
	for (size_t i = 0; i < r.n; i++) {
		const struct thread *th = r.heap[i].item;

		ret[i] = (struct thread_total){.tid = th->tid,
					       .comm = model_comm(m, th->tid),
					       .voluntary = th->voluntary,
					       .involuntary = th->involuntary,
					       .migrations = th->migrations,
					       .alive = !th->exiting};
		thread_times(th, m->now_ns, &ret[i].run_ns, &ret[i].wait_ns, &ret[i].sleep_ns);
	}
	free(r.heap);
	return r.n;
}

/* The slices that still go on count with their length so far. */
static void add_open_slice(const struct model *m, const struct thread *th, struct g_total *g)
{
	uint64_t len = since(m->now_ns, th->slice_start_ns);

	if (len > GO_SLICE_NS)
		g->overrun_ns += len - GO_SLICE_NS;
	if (len <= g->max_slice_ns)
		return;
	g->max_slice_ns = len;
	if (th->seen_goid == g->goid) {
		g->worst_func = th->seen_func;
		g->worst_loc = th->seen_loc;
	}
}

size_t model_goroutines(const struct model *m, struct g_total *ret, size_t cap)
{
	struct ranking r;

	if (!ranking_init(&r, cap, m->n_goroutines))
		return 0;
	for (size_t i = 0; i < m->n_goroutines; i++) {
		const struct goroutine *g = m->goroutines[i];

		rank(&r, (struct ranked){.key = g->run_ns, .id = g->goid, .item = g});
	}
	qsort(r.heap, r.n, sizeof(*r.heap), by_rank);
	for (size_t i = 0; i < r.n; i++) {
		const struct goroutine *g = r.heap[i].item;

		ret[i] = (struct g_total){.goid = g->goid,
					  .start_func = g->start_func,
					  .run_ns = g->run_ns,
					  .slices = g->slices,
					  .max_slice_ns = g->max_slice_ns,
					  .overrun_ns = g->overrun_ns,
					  .worst_func = g->worst_func,
					  .worst_loc = g->worst_loc};
		goroutine_exact_total(m, g, &ret[i]);
		for (size_t k = 0; k < m->n_threads; k++) {
			if (m->threads[k]->slice_goid == g->goid)
				add_open_slice(m, m->threads[k], &ret[i]);
		}
	}
	free(r.heap);
	return r.n;
}

uint64_t model_max_slice(const struct model *m)
{
	uint64_t max = m->max_slice_ns;

	for (size_t i = 0; i < m->n_threads; i++) {
		const struct thread *th = m->threads[i];
		const struct goroutine *g = th->slice_goid ? goroutine_find(m, th->slice_goid) : NULL;
		uint64_t len = g && !names_is_system(m, g->start_func) ? since(m->now_ns, th->slice_start_ns) : 0;

		if (len > max)
			max = len;
	}
	return max;
}
