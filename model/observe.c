/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telling an observer. The last span of each row is held back: another claimant may still shorten it, or it may grow
 * (track_append_over() does the same to what is kept). The memory for that is made only when somebody observes.
 */
#include "model/observe.h"

#include "model/model_internal.h"

#include <errno.h>
#include <stdlib.h>

void model_observe(struct model *m, const struct model_observer *observer)
{
	m->observer = observer;
	m->observe_err = 0;
}

static void tell(const struct model *m, enum row_kind kind, uint64_t id, const struct span *s)
{
	if (m->observer->span && s->end_ns > s->start_ns)
		m->observer->span(m->observer->ctx, kind, id, s);
}

void observe_span(struct model *m, enum row_kind kind, uint64_t id, struct span **held, const struct span *s)
{
	struct span next = *s;

	if (!m->observer || s->end_ns <= s->start_ns || s->klass == SPAN_IDLE)
		return;
	if (!*held) {
		*held = malloc(sizeof(**held));
		if (*held)
			**held = next;
		else
			m->observe_err = -ENOMEM;
		return;
	}
	if (!span_over(*held, &next))
		return;
	if (span_continues(*held, &next)) {
		(*held)->end_ns = next.end_ns;
		return;
	}
	tell(m, kind, id, *held);
	**held = next;
}

void observe_row_end(const struct model *m, enum row_kind kind, uint64_t id, struct span **held)
{
	if (m->observer && *held)
		tell(m, kind, id, *held);
	free(*held);
	*held = NULL;
}

void observe_gap(const struct model *m, const struct gap *g)
{
	if (m->observer && m->observer->gap)
		m->observer->gap(m->observer->ctx, g);
}

void observe_stw(const struct model *m, const struct stw_pause *p)
{
	if (m->observer && m->observer->stw)
		m->observer->stw(m->observer->ctx, p);
}

void observe_setting(const struct model *m, const struct intervention *i)
{
	if (m->observer && m->observer->setting)
		m->observer->setting(m->observer->ctx, i);
}

static void end_rows(struct model *m)
{
	for (unsigned i = 0; i < m->n_cpus; i++) {
		if (m->cpus[i])
			observe_row_end(m, ROW_CPU, i, &m->cpus[i]->held);
	}
	for (unsigned i = 0; i < m->n_procs; i++) {
		if (m->procs[i])
			observe_row_end(m, ROW_P, i, &m->procs[i]->held);
	}
	for (size_t i = 0; i < m->n_threads; i++)
		observe_row_end(m, ROW_M, m->threads[i]->tid, &m->threads[i]->held);
	for (size_t i = 0; i < m->n_goroutines; i++)
		observe_row_end(m, ROW_G, m->goroutines[i]->goid, &m->goroutines[i]->held);
}

int model_observe_end(struct model *m)
{
	struct stw_pause pause;

	if (!m->observer)
		return 0;
	lanes_observe_open(m);
	end_rows(m);
	for (size_t i = 0; i < m->n_pending; i++) {
		struct gap g = gaps_pending(m, i);

		observe_gap(m, &g);
	}
	if (model_stw_current(m, &pause))
		observe_stw(m, &pause);
	interventions_observe(m);
	return m->observe_err;
}
