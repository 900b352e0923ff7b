/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a preemption request wasn't served, and how often by function. The paths of a request: a signal that is taken at
 * a safe point; a stack check; the goroutine leaves by itself; its P is handed off. Where none of them came within
 * GAP_UNSERVED_NS, what is known of the thread meanwhile tells why.
 *
 * Cost: once for each request; the runtime makes at most some hundred a second for each P.
 */
#include "model/model_internal.h"

#include <stdlib.h>

bool gap_async_is_off(const struct model *m)
{
	if (m->counts.asyncpreemptoff >= 0)
		return m->counts.asyncpreemptoff == 1;
	return m->session && m->session->async_enabled == 0;
}

static bool in_syscall(const struct model *m, uint64_t goid)
{
	const struct goroutine *g = goid ? goroutine_find(m, goid) : NULL;

	return g && g->state == GS_SYSCALL && g_state_known(m, g);
}

static uint8_t why_of(const struct model *m, const struct pending_gap *pg, uint64_t ns)
{
	const struct gap *g = &pg->gap;

	if (g->off_cpu_ns > ns / 2)
		return GAP_WHY_NO_CPU;
	if (g->end == GAP_HANDED_OFF || pg->blocked_ns > ns / 2 || (g->end == GAP_PENDING && in_syscall(m, g->goid)))
		return GAP_WHY_IN_KERNEL;
	/* Signals that came after the switch say nothing of the time before it. */
	if (g->request_ns + GAP_UNSERVED_NS < m->async_on_ns)
		return GAP_WHY_ASYNC_OFF;
	if (g->delivered)
		return GAP_WHY_NO_SAFE_POINT;
	if (g->signals)
		return GAP_WHY_NOT_DELIVERED;
	if (gap_async_is_off(m))
		return GAP_WHY_ASYNC_OFF;
	/* No signal at all: said only where signals are seen, or it would be the collector's blindness. */
	return m->counts.signals ? GAP_WHY_NOT_DELIVERED : GAP_WHY_NONE;
}

void gap_judge(const struct model *m, struct pending_gap *pg, uint64_t ns)
{
	uint64_t sure = pg->estimated ? pg->seen_ns - pg->gap.request_ns : ns;

	pg->gap.unserved = sure >= GAP_UNSERVED_NS;
	pg->gap.why = pg->gap.unserved ? why_of(m, pg, ns) : GAP_WHY_NONE;
}

/* The entry of a function, made if it is new; NULL on ENOMEM. */
static struct gap_func *entry(struct model *m, uint32_t func)
{
	uintptr_t i = idmap_get(&m->gap_func_by_id, (uint64_t)func + 1);

	if (!i && m->n_gap_funcs >= GAP_FUNCS_KEPT && func)
		return entry(m, 0);
	if (i)
		return &m->gap_funcs[i - 1];
	if (array_reserve((void **)&m->gap_funcs, &m->cap_gap_funcs, m->n_gap_funcs, sizeof(*m->gap_funcs)) ||
	    idmap_set(&m->gap_func_by_id, (uint64_t)func + 1, m->n_gap_funcs + 1))
		return NULL;
	m->gap_funcs[m->n_gap_funcs] = (struct gap_func){.func = func, .loc = EV_NO_LOC};
	return &m->gap_funcs[m->n_gap_funcs++];
}

static void count(struct gap_func *f, const struct gap *g, uint64_t ns)
{
	f->requests++;
	if (g->unserved) {
		f->unserved++;
		f->why[g->why]++;
	}
	if (ns < f->worst_ns)
		return;
	f->worst_ns = ns;
	f->loc = g->loc;
}

void gap_funcs_add(struct model *m, const struct gap *g)
{
	struct gap_func *f = entry(m, g->func);

	if (f)
		count(f, g, gap_ns(g, m->now_ns));
}

void gap_funcs_done(struct model *m)
{
	free(m->gap_funcs);
	idmap_done(&m->gap_func_by_id);
}

static int by_weight(const void *a, const void *b)
{
	const struct gap_func *x = a, *y = b;

	if (x->unserved != y->unserved)
		return x->unserved > y->unserved ? -1 : 1;
	if (x->worst_ns != y->worst_ns)
		return x->worst_ns > y->worst_ns ? -1 : 1;
	return (x->func > y->func) - (x->func < y->func);
}

static void add_pending(struct gap_func *all, size_t *n, size_t cap, const struct gap *g, uint64_t ns)
{
	size_t i = 0;

	while (i < *n && all[i].func != g->func)
		i++;
	if (i == cap)
		return;
	if (i == *n)
		all[(*n)++] = (struct gap_func){.func = g->func, .loc = EV_NO_LOC};
	count(&all[i], g, ns);
}

size_t model_gap_funcs(const struct model *m, struct gap_func *ret, size_t cap)
{
	size_t room = m->n_gap_funcs + m->n_pending, n = m->n_gap_funcs;
	struct gap_func *all = calloc(room ? room : 1, sizeof(*all));

	if (!all)
		return 0;
	for (size_t i = 0; i < n; i++)
		all[i] = m->gap_funcs[i];
	for (size_t i = 0; i < m->n_pending; i++) {
		struct gap g = gaps_pending(m, i);

		add_pending(all, &n, room, &g, gap_ns(&g, m->now_ns));
	}
	qsort(all, n, sizeof(*all), by_weight);
	n = n < cap ? n : cap;
	for (size_t i = 0; i < n; i++)
		ret[i] = all[i];
	free(all);
	return n;
}

uint8_t gap_func_main_why(const struct gap_func *f)
{
	unsigned best = GAP_WHY_NONE;

	for (unsigned i = GAP_WHY_NONE + 1; i < GAP_WHY_COUNT; i++) {
		if (f->why[i] > (best ? f->why[best] : 0))
			best = i;
	}
	return (uint8_t)best;
}

const char *gap_why_name(uint8_t why)
{
	static const char *const names[GAP_WHY_COUNT] = {
		[GAP_WHY_ASYNC_OFF] = "async-off",         [GAP_WHY_NO_SAFE_POINT] = "no-safe-point",
		[GAP_WHY_NOT_DELIVERED] = "not-delivered", [GAP_WHY_NO_CPU] = "no-cpu",
		[GAP_WHY_IN_KERNEL] = "in-kernel",
	};

	return why < GAP_WHY_COUNT ? names[why] : NULL;
}

const char *gap_why_text(uint8_t why)
{
	static const char *const texts[GAP_WHY_COUNT] = {
		[GAP_WHY_NONE] = "",
		[GAP_WHY_ASYNC_OFF] = "asynchronous preemption is off",
		[GAP_WHY_NO_SAFE_POINT] = "the signal came, but not at a safe point",
		[GAP_WHY_NOT_DELIVERED] = "the signal never got to the thread",
		[GAP_WHY_NO_CPU] = "the thread had no CPU",
		[GAP_WHY_IN_KERNEL] = "it was in a system call or C code",
	};

	return why < GAP_WHY_COUNT ? texts[why] : "";
}
