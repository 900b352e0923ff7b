/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel gaps: a thread that carries a running goroutine is runnable, but the kernel runs something else. */
#include "model/model_internal.h"

#include <string.h>

void kernel_gap_begin(struct thread *th, uint64_t t, uint32_t other_tid, bool other_is_target)
{
	th->kgap_start_ns = t;
	th->kgap_other_tid = other_tid;
	th->kgap_other_is_target = other_is_target;
}

struct kernel_gap kernel_gap_of(const struct thread *th, uint64_t end_ns)
{
	return (struct kernel_gap){.start_ns = th->kgap_start_ns,
				   .end_ns = end_ns,
				   .goid = th->label.goid,
				   .tid = th->tid,
				   .other_tid = th->kgap_other_tid,
				   .cpu = th->cpu,
				   .other_is_target = th->kgap_other_is_target};
}

/* Keeps the threads that took most; a newcomer inherits the weakest's place and time, so totals err upward only. */
static void charge_other(struct model *m, const struct kernel_gap *g, uint64_t ns)
{
	struct kgap_other *weakest = &m->kgap_others[0];

	for (size_t i = 0; i < KGAP_OTHERS; i++) {
		struct kgap_other *o = &m->kgap_others[i];

		if (o->ns && o->tid == g->other_tid) {
			o->ns += ns;
			return;
		}
		if (o->ns < weakest->ns)
			weakest = o;
	}
	weakest->tid = g->other_tid;
	weakest->is_target = g->other_is_target;
	weakest->ns += ns;
}

static void keep_worst(struct model *m, const struct kernel_gap *g, uint64_t ns)
{
	size_t i = m->n_worst_kgaps;

	while (i > 0 && m->worst_kgaps[i - 1].end_ns - m->worst_kgaps[i - 1].start_ns < ns)
		i--;
	if (i == WORST_KEPT)
		return;
	if (m->n_worst_kgaps < WORST_KEPT)
		m->n_worst_kgaps++;
	memmove(&m->worst_kgaps[i + 1], &m->worst_kgaps[i], (m->n_worst_kgaps - 1 - i) * sizeof(*m->worst_kgaps));
	m->worst_kgaps[i] = *g;
}

void kernel_gap_end(struct model *m, struct thread *th, uint64_t t)
{
	struct kernel_gap g;
	uint64_t ns;

	if (!th->kgap_start_ns)
		return;
	g = kernel_gap_of(th, t);
	th->kgap_start_ns = 0;
	if (t <= g.start_ns)
		return;
	ns = t - g.start_ns;
	gaps_on_off_cpu(m, th->tid, g.start_ns, t);
	hist_add(&m->h_kgap, ns);
	if (g.other_is_target)
		m->kgap_by_target_ns += ns;
	charge_other(m, &g, ns);
	keep_worst(m, &g, ns);
}

size_t model_worst_kernel_gaps(const struct model *m, struct kernel_gap *ret, size_t cap)
{
	size_t n = m->n_worst_kgaps < cap ? m->n_worst_kgaps : cap;

	memcpy(ret, m->worst_kgaps, n * sizeof(*ret));
	/* The ones that still last go in between, at their length so far. */
	for (size_t k = 0; k < m->n_threads; k++) {
		const struct thread *th = m->threads[k];
		uint64_t ns = m->now_ns - th->kgap_start_ns;
		size_t i = n;

		if (!th->kgap_start_ns)
			continue;
		while (i > 0 && (ret[i - 1].end_ns ? ret[i - 1].end_ns : m->now_ns) - ret[i - 1].start_ns < ns)
			i--;
		if (i == cap)
			continue;
		if (n < cap)
			n++;
		memmove(&ret[i + 1], &ret[i], (n - 1 - i) * sizeof(*ret));
		ret[i] = kernel_gap_of(th, 0);
	}
	return n;
}
