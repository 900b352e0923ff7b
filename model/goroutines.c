/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Totals of goroutines. A slice is the wall time from when a goroutine starts on a thread to when it leaves it (taken,
 * another one's label, a voluntary block): time in which the kernel took the thread's CPU counts, since the P is held.
 */
#include "model/model_internal.h"

#include <stdlib.h>

#define EVICT_SHARE 4 /* a full table loses a quarter at once, so that eviction costs little per goroutine */

struct goroutine *goroutine_find(const struct model *m, uint64_t goid)
{
	return (struct goroutine *)idmap_get(&m->goroutine_by_id, goid);
}

static int by_last_seen(const void *a, const void *b)
{
	uint64_t x = (*(struct goroutine *const *)a)->last_ns, y = (*(struct goroutine *const *)b)->last_ns;

	return (x > y) - (x < y);
}

/* Nobody tells when a goroutine ends; the ones that haven't run for longest and have no row of their own go. */
static void evict_oldest(struct model *m)
{
	size_t n_kept = 0, n_out = 0, n_max = m->n_goroutines / EVICT_SHARE;

	qsort(m->goroutines, m->n_goroutines, sizeof(*m->goroutines), by_last_seen);
	for (size_t i = 0; i < m->n_goroutines; i++) {
		struct goroutine *g = m->goroutines[i];

		if (n_out < n_max && !g->track) {
			idmap_del(&m->goroutine_by_id, g->goid);
			free(g);
			n_out++;
		} else {
			m->goroutines[n_kept++] = g;
		}
	}
	m->n_goroutines = n_kept;
}

struct goroutine *goroutine_get(struct model *m, uint64_t goid)
{
	struct goroutine *g = goroutine_find(m, goid);

	if (g)
		return g;
	if (m->n_goroutines >= MAX_GOROUTINES)
		evict_oldest(m);
	if (array_reserve((void **)&m->goroutines, &m->cap_goroutines, m->n_goroutines, sizeof(*m->goroutines)))
		return NULL;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->goid = goid;
	g->last_ns = m->now_ns;
	if (idmap_set(&m->goroutine_by_id, goid, (uintptr_t)g)) {
		free(g);
		return NULL;
	}
	m->goroutines[m->n_goroutines++] = g;
	return g;
}

void goroutines_on_known(struct model *m, const struct ev_goroutine *ev)
{
	struct goroutine *g;
	uint32_t func;

	if (!ev->goid) {
		model_invalid(m);
		return;
	}
	g = goroutine_get(m, ev->goid);
	func = names_func_of_loc(m, ev->start_loc);
	if (g && func)
		g->start_func = func;
}

void slice_begin(struct model *m, struct thread *th, uint64_t goid, uint64_t t)
{
	struct goroutine *g;

	if (th->slice_goid == goid)
		return;
	slice_end(m, th, t);
	g = goroutine_get(m, goid);
	if (!g)
		return;
	g->slices++;
	th->slice_goid = goid;
	th->slice_start_ns = t;
}

void slice_end(struct model *m, struct thread *th, uint64_t t)
{
	struct goroutine *g;
	uint64_t len;

	if (!th->slice_goid)
		return;
	g = goroutine_find(m, th->slice_goid);
	len = t > th->slice_start_ns ? t - th->slice_start_ns : 0;
	if (g && len > GO_SLICE_NS)
		g->overrun_ns += len - GO_SLICE_NS;
	if (g && len > g->max_slice_ns) {
		g->max_slice_ns = len;
		if (th->seen_goid == g->goid) {
			g->worst_func = th->seen_func;
			g->worst_loc = th->seen_loc;
		}
	}
	th->slice_goid = 0;
}

void goroutines_clear(struct model *m)
{
	for (size_t i = 0; i < m->n_threads; i++)
		m->threads[i]->slice_goid = 0;
	for (size_t i = 0; i < m->n_goroutines; i++) {
		lane_drop_track(m, ROW_G, &m->goroutines[i]->track);
		free(m->goroutines[i]);
	}
	free(m->goroutines);
	m->goroutines = NULL;
	m->n_goroutines = m->cap_goroutines = m->n_rows_g = 0;
	m->row_g_floor_ns = 0;
	idmap_done(&m->goroutine_by_id);
}
