/* SPDX-License-Identifier: GPL-2.0-only */
/* Totals of what detail exact sees, for who reads: report, screen, verdicts. */
#include "model/model_internal.h"

#include <stdlib.h>
#include <string.h>

static int by_time(const void *a, const void *b)
{
	const struct park_total *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (x->reason > y->reason) - (x->reason < y->reason);
}

static uint64_t open_ns(const struct model *m, const struct goroutine *g)
{
	return g_state_known(m, g) ? m->now_ns - g->since_ns : 0;
}

void goroutine_exact_total(const struct model *m, const struct goroutine *g, struct g_total *ret)
{
	uint64_t open = open_ns(m, g);

	ret->create_loc = g->create_loc;
	ret->parent_goid = g->parent_goid;
	ret->waits = g->waits;
	ret->wait_ns = g->wait_ns;
	ret->max_wait_ns = g->max_wait_ns;
	ret->wait_kernel_ns = g->wait_kernel_ns;
	ret->parks = g->parks;
	ret->parked_ns = g->parked_ns;
	ret->syscalls = g->syscalls;
	ret->syscall_ns = g->syscall_ns;
	ret->assists = g->assists;
	ret->assist_ns = g->assist_ns;
	ret->ended = g->state == GS_DEAD;
	for (size_t i = 0; i < G_PARKS; i++) {
		if (g->park[i].count)
			ret->park[ret->n_park++] = g->park[i];
	}
	if (g->state == GS_RUNNABLE) {
		ret->waits++;
		ret->wait_ns += open;
		if (open > ret->max_wait_ns)
			ret->max_wait_ns = open;
	} else if (g->state == GS_PARKED) {
		ret->parked_ns += open;
	} else if (g->state == GS_SYSCALL) {
		ret->syscall_ns += open;
	}
	qsort(ret->park, ret->n_park, sizeof(ret->park[0]), by_time);
}

void model_sched(const struct model *m, struct sched_total *ret)
{
	*ret = (struct sched_total){.wait_ns = m->h_gwait.sum,
				    .wait_kernel_ns = m->gwait_kernel_ns,
				    .assists = m->assists,
				    .assist_ns = m->assist_ns,
				    .gc_worker_ns = m->gc_worker_ns,
				    .gc_cycles = m->gc_cycles,
				    .gc_mark_ns = m->gc_mark_ns,
				    .gc_mark_max_ns = m->gc_mark_max_ns,
				    .gc_marking = m->gc_mark_from_ns != 0};
	if (m->gc_mark_from_ns) {
		uint64_t ns = m->now_ns - m->gc_mark_from_ns;

		ret->gc_mark_ns += ns;
		if (ns > ret->gc_mark_max_ns)
			ret->gc_mark_max_ns = ns;
	}
}

size_t model_parks(const struct model *m, struct park_total *ret, size_t cap)
{
	struct park_total all[WAIT_REASON_COUNT];
	size_t n = 0;

	memcpy(all, m->parks, sizeof(all));
	for (size_t i = 0; i < m->n_goroutines; i++) {
		const struct goroutine *g = m->goroutines[i];

		if (g->state == GS_PARKED)
			all[g->reason].ns += open_ns(m, g);
	}
	qsort(all, WAIT_REASON_COUNT, sizeof(all[0]), by_time);
	for (size_t i = 0; i < WAIT_REASON_COUNT && n < cap; i++) {
		if (all[i].count)
			ret[n++] = all[i];
	}
	return n;
}

static int by_p(const void *key, const void *use)
{
	uint16_t p = *(const uint16_t *)key, q = ((const struct p_use *)use)->p;

	return (p > q) - (p < q);
}

size_t model_p_use(const struct model *m, struct p_use *ret, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; i < m->n_procs && n < cap; i++) {
		if (m->procs[i] && (m->counts.gomaxprocs <= 0 || i < (unsigned)m->counts.gomaxprocs))
			ret[n++] = (struct p_use){.p = (uint16_t)i, .run_ns = m->procs[i]->run_ns};
	}
	/* The runs that go on. */
	for (size_t k = 0; n && k < m->n_threads; k++) {
		const struct thread *th = m->threads[k];
		struct p_use *use;

		if (th->state != TH_RUN || !th->observed || !th->label.valid)
			continue;
		use = bsearch(&th->label.p, ret, n, sizeof(*ret), by_p);
		if (use)
			use->run_ns += m->now_ns - th->painted_ns;
	}
	return n;
}
