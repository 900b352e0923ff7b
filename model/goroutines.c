/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Totals of goroutines. A slice is the wall time from when a goroutine starts on a thread to when it leaves it (taken,
 * another one's label, a voluntary block): time in which the kernel took the thread's CPU counts, since the P is held.
 */
#include "model/model_internal.h"

#include <stdlib.h>

#define EVICT_SHARE 4 /* a full table loses a quarter at once, so that eviction costs little per goroutine */
/*
 * So many that have ended are remembered for the totals; then a new one takes the entry of the one that ended first.
 * Who ran much is passed over a few times: once for every doubling of its run time beyond a millisecond.
 */
#define DEAD_KEPT       16384U
#define DEAD_TRIED      64U
#define CHANCE_NS_SHIFT 20

void g_list_add(struct g_list *list, struct goroutine *g)
{
	g->prev = list->last;
	g->next = NULL;
	*(list->last ? &list->last->next : &list->first) = g;
	list->last = g;
	list->n++;
}

void g_list_remove(struct g_list *list, struct goroutine *g)
{
	*(g->prev ? &g->prev->next : &list->first) = g->next;
	*(g->next ? &g->next->prev : &list->last) = g->prev;
	g->prev = g->next = NULL;
	list->n--;
}

struct goroutine *goroutine_find(const struct model *m, uint64_t goid)
{
	return (struct goroutine *)idmap_get(&m->goroutine_by_id, goid);
}

bool model_goroutine(const struct model *m, uint64_t goid, uint32_t *ret_start_func)
{
	const struct goroutine *g = goid ? goroutine_find(m, goid) : NULL;

	if (g)
		*ret_start_func = g->start_func;
	return g != NULL;
}

static int by_last_seen(const void *a, const void *b)
{
	uint64_t x = (*(struct goroutine *const *)a)->last_ns, y = (*(struct goroutine *const *)b)->last_ns;

	return (x > y) - (x < y);
}

static void forget(struct model *m, struct goroutine *g)
{
	if (g->state == GS_RUNNABLE)
		g_list_remove(&m->runnable, g);
	else if (g->state == GS_DEAD)
		g_list_remove(&m->dead, g);
	idmap_del(&m->goroutine_by_id, g->goid);
	observe_row_end(m, ROW_G, g->goid, &g->held);
}

/* At detail sched nobody tells when a goroutine ends: the ones that haven't been heard of for longest and have no row
 * of their own go. */
static void evict_oldest(struct model *m)
{
	size_t n_kept = 0, n_out = 0, n_max = m->n_goroutines / EVICT_SHARE;

	qsort(m->goroutines, m->n_goroutines, sizeof(*m->goroutines), by_last_seen);
	for (size_t i = 0; i < m->n_goroutines; i++) {
		struct goroutine *g = m->goroutines[i];

		if (n_out < n_max && !g->track) {
			forget(m, g);
			g->next = m->free_goroutines;
			m->free_goroutines = g;
			n_out++;
		} else {
			m->goroutines[n_kept++] = g;
		}
	}
	m->n_goroutines = n_kept;
}

/* An entry of a goroutine that has ended, or NULL. It stays in the table. */
static struct goroutine *reuse_dead(struct model *m)
{
	for (unsigned i = 0; i < DEAD_TRIED && m->dead.first; i++) {
		struct goroutine *g = m->dead.first;

		if (!g->chances && !g->track) {
			forget(m, g);
			return g;
		}
		g_list_remove(&m->dead, g);
		g_list_add(&m->dead, g);
		if (g->chances)
			g->chances--;
	}
	return NULL;
}

/* An entry for a new goroutine, in the table; NULL on ENOMEM. */
static struct goroutine *entry_get(struct model *m)
{
	struct goroutine *g = NULL;

	if (m->dead.n > DEAD_KEPT || m->n_goroutines >= MAX_GOROUTINES)
		g = reuse_dead(m);
	if (g)
		return g;
	if (m->n_goroutines >= MAX_GOROUTINES)
		evict_oldest(m);
	if (array_reserve((void **)&m->goroutines, &m->cap_goroutines, m->n_goroutines, sizeof(g)))
		return NULL;
	g = m->free_goroutines;
	if (g)
		m->free_goroutines = g->next;
	else
		g = malloc(sizeof(*g));
	if (g)
		m->goroutines[m->n_goroutines++] = g;
	return g;
}

struct goroutine *goroutine_get(struct model *m, uint64_t goid)
{
	struct goroutine *g = goroutine_find(m, goid);

	if (g)
		return g;
	g = entry_get(m);
	if (!g)
		return NULL;
	*g = (struct goroutine){.goid = goid, .last_ns = m->now_ns, .state = GS_UNKNOWN};
	if (idmap_set(&m->goroutine_by_id, goid, (uintptr_t)g)) {
		/* Nobody will find it; as one that has ended it is used again. */
		g->goid = 0;
		g->state = GS_DEAD;
		g_list_add(&m->dead, g);
		return NULL;
	}
	return g;
}

void goroutine_bury(struct model *m, struct goroutine *g)
{
	unsigned chances = 0;

	for (uint64_t ns = g->run_ns >> CHANCE_NS_SHIFT; ns; ns >>= 1)
		chances++;
	g->chances = (uint8_t)chances;
	g_list_add(&m->dead, g);
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
	if (!g)
		return;
	if (func)
		g->start_func = func;
	if (ev->parent_goid)
		g->parent_goid = ev->parent_goid;
	if (ev->create_loc != EV_NO_LOC)
		g->create_loc = ev->create_loc;
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
	if (g && len > m->max_slice_ns && !names_is_system(m, g->start_func))
		m->max_slice_ns = len;
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
		observe_row_end(m, ROW_G, m->goroutines[i]->goid, &m->goroutines[i]->held);
		free(m->goroutines[i]);
	}
	while (m->free_goroutines) {
		struct goroutine *g = m->free_goroutines;

		m->free_goroutines = g->next;
		free(g);
	}
	free(m->goroutines);
	m->goroutines = NULL;
	m->n_goroutines = m->cap_goroutines = m->n_rows_g = 0;
	m->runnable = m->dead = (struct g_list){0};
	m->row_g_floor_ns = 0;
	idmap_done(&m->goroutine_by_id);
}
