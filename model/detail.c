/* SPDX-License-Identifier: GPL-2.0-only */
/* Which detail level was in force when: EV_DETAIL says it; before the first one the session's level counts. */
#include "model/model_internal.h"

static uint8_t level_asked(const struct model *m)
{
	return m->session ? (uint8_t)m->session->detail : DETAIL_SCHED;
}

static struct detail_change *change_at(const struct model *m, uint64_t i)
{
	return (struct detail_change *)&m->detail_changes[i % DETAIL_CHANGES_KEPT];
}

static void add_level_time(const struct model *m, struct detail_state *d, uint64_t now)
{
	uint64_t from = m->level_since_ns ? m->level_since_ns : m->start_ns;

	if (now > from)
		d->level_ns[d->level] += now - from;
}

/* The state as it is stored: without the time since the last change. */
static struct detail_state stored(const struct model *m)
{
	struct detail_state d = m->detail;

	if (!m->n_detail_changes)
		d.level = d.asked = level_asked(m);
	return d;
}

void detail_on_change(struct model *m, const struct ev_detail *ev, uint64_t t)
{
	struct detail_state d = stored(m);
	uint8_t before = d.level;

	if (ev->level >= DETAIL_LEVELS || ev->why > EV_DETAIL_CALM) {
		model_invalid(m);
		return;
	}
	add_level_time(m, &d, t);
	m->level_since_ns = t;
	d.level = ev->level;
	if (ev->why == EV_DETAIL_ASKED)
		d.asked = ev->level;
	else if (ev->level < before)
		d.steps_down++;
	else if (ev->level > before)
		d.steps_up++;
	*change_at(m, m->n_detail_changes) = (struct detail_change){
		.at_ns = t, .overhead_bp = ev->overhead_bp, .level = ev->level, .before = before, .why = ev->why};
	m->n_detail_changes++;
	m->detail = d;
	if (m->exact != (ev->level == DETAIL_EXACT)) {
		/* Up to here it is exact who ran. */
		for (size_t i = 0; i < m->n_threads; i++) {
			if (m->threads[i]->exact)
				label_settle(m, m->threads[i], t);
		}
		exact_end(m, t, false);
	}
	m->exact = ev->level == DETAIL_EXACT;
	if (ev->level == DETAIL_THREADS && before != DETAIL_THREADS) {
		/* Nothing will tell how they end: they count with their length so far. */
		gaps_on_world_stopped(m, t);
		stw_forget(m, t);
	}
}

void model_detail(const struct model *m, struct detail_state *ret)
{
	*ret = stored(m);
	add_level_time(m, ret, m->now_ns);
}

size_t model_detail_changes(const struct model *m, struct detail_change *ret, size_t cap)
{
	uint64_t kept = m->n_detail_changes < DETAIL_CHANGES_KEPT ? m->n_detail_changes : DETAIL_CHANGES_KEPT;
	size_t n = kept < cap ? (size_t)kept : cap;

	for (size_t i = 0; i < n; i++)
		ret[i] = *change_at(m, m->n_detail_changes - n + i);
	return n;
}
