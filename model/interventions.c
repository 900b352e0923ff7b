/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables of the runtime that were written while the process ran: EV_SETTING says it. */
#include "model/model_internal.h"

static struct intervention *entry_at(const struct model *m, uint64_t i)
{
	return (struct intervention *)&m->interventions[i % INTERVENTIONS_KEPT];
}

/* Tells an observer of the latest one, once. */
void interventions_observe(struct model *m)
{
	if (m->interventions_told == m->n_interventions)
		return;
	m->interventions_told = m->n_interventions;
	observe_setting(m, entry_at(m, m->n_interventions - 1));
}

/* When it was done; 0 = before the recording. What follows from it comes behind it, so it is told a little early. */
static uint64_t time_of(const struct model *m, const struct ev_setting *s, uint64_t t, bool initial)
{
	if (s->at_ns >= m->start_ns && s->at_ns && s->at_ns <= t + INTERVENTION_AHEAD_NS)
		return s->at_ns;
	return initial ? 0 : t;
}

void interventions_on_setting(struct model *m, const struct ev_setting *s, uint64_t t, bool initial)
{
	struct intervention *last = m->n_interventions ? entry_at(m, m->n_interventions - 1) : NULL;

	if (s->setting != EV_SETTING_ASYNCPREEMPTOFF) {
		model_invalid(m);
		return;
	}
	switch (s->what) {
	case EV_SETTING_REPAIRED:
		if (!last || !last->ours) {
			model_invalid(m);
			return;
		}
		last->looked = true;
		last->stuck = s->stuck;
		last->repaired = s->repaired;
		interventions_observe(m);
		return;
	case EV_SETTING_WRITTEN:
	case EV_SETTING_SEEN:
		break;
	default:
		model_invalid(m);
		return;
	}
	interventions_observe(m);
	uint64_t at = time_of(m, s, t, initial);
	*entry_at(m, m->n_interventions++) = (struct intervention){.at_ns = at,
								   .from = s->from,
								   .to = s->to,
								   .setting = s->setting,
								   .ours = s->what == EV_SETTING_WRITTEN};
	m->counts.asyncpreemptoff = s->to != 0;
	m->async_on_ns = s->from && !s->to ? at : 0;
	if (s->what == EV_SETTING_SEEN) /* nobody looks for lost signals then */
		interventions_observe(m);
}

size_t model_interventions(const struct model *m, struct intervention *ret, size_t cap)
{
	uint64_t kept = m->n_interventions < INTERVENTIONS_KEPT ? m->n_interventions : INTERVENTIONS_KEPT;
	size_t n = kept < cap ? (size_t)kept : cap;

	for (size_t i = 0; i < n; i++)
		ret[i] = *entry_at(m, m->n_interventions - n + i);
	return n;
}

const char *setting_name(uint8_t setting)
{
	return setting == EV_SETTING_ASYNCPREEMPTOFF ? "asyncpreemptoff" : "?";
}
