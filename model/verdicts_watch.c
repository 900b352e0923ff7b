/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges of the watching itself, and the verdict when there is nothing to say. */
#include "model/verdicts_internal.h"

/* Beyond one event in a hundred the totals are no longer to be trusted. */
#define LOST_WARNING_PCT 1

bool judge_lost(const struct case_file *c, struct verdict *v)
{
	uint64_t ring = c->n.lost[EV_LOST_RING], queue = c->n.lost[EV_LOST_QUEUE], lost = ring + queue;
	uint64_t all = c->n.events + lost;

	if (!lost)
		return false;
	v->severity = (double)lost * 100.0 > (double)LOST_WARNING_PCT * (double)all ? SEVERITY_WARNING : SEVERITY_INFO;
	verdict_say(v->title, sizeof(v->title), "%s lost: the picture has holes", words_number(lost, "event").s);
	verdict_evidence(v, "Kernel's buffer full: %llu; schedtop's own queue full: %llu; of %llu events",
			 (unsigned long long)ring, (unsigned long long)queue, (unsigned long long)all);
	verdict_say(v->advice, sizeof(v->advice),
		    "Watch with less detail (--detail threads), or give schedtop more CPU.");
	return true;
}

bool judge_detail(const struct case_file *c, struct verdict *v)
{
	struct detail_change all[DETAIL_CHANGES_KEPT], *last = NULL;
	size_t n = model_detail_changes(c->m, all, DETAIL_CHANGES_KEPT);
	struct detail_state d;

	model_detail(c->m, &d);
	for (size_t i = 0; i < n; i++) {
		if (all[i].why == EV_DETAIL_OVERHEAD && all[i].level < all[i].before)
			last = &all[i];
	}
	if (!last || !d.steps_down)
		return false;
	v->severity = SEVERITY_INFO;
	verdict_say(v->title, sizeof(v->title), "Watching in detail %s cost too much: it was lowered %s",
		    detail_name((enum detail_level)d.asked), words_number(d.steps_down, "time").s);
	verdict_evidence(v, "At %.1f s it cost %.1f%% of one CPU, and went from %s to %s",
			 (double)(last->at_ns - c->m->start_ns) / 1e9, (double)last->overhead_bp / 100.0,
			 detail_name((enum detail_level)last->before), detail_name((enum detail_level)last->level));
	verdict_evidence(v, "In detail %s for %s of %s; now in detail %s", detail_name((enum detail_level)d.asked),
			 words_dur(d.level_ns[d.asked]).s, words_dur(c->duration_ns).s,
			 detail_name((enum detail_level)d.level));
	verdict_say(v->advice, sizeof(v->advice),
		    "What needs the higher detail (waits of goroutines, exact run times) covers only that part of the "
		    "time. Allow more with --max-overhead, if the target can bear it.");
	return true;
}

bool judge_not_go(const struct case_file *c, struct verdict *v)
{
	const struct session *s = c->m->session;

	if (!s || s->go_version)
		return false;
	v->severity = SEVERITY_INFO;
	verdict_say(v->title, sizeof(v->title), "This isn't a Go program: only its threads are shown");
	verdict_evidence(v, "No Go build information was found in the executable");
	verdict_say(v->advice, sizeof(v->advice),
		    "Goroutines, stop-the-world pauses and preemption gaps need a program built with Go.");
	return true;
}

void judge_ok(const struct case_file *c, struct verdict *v)
{
	v->severity = SEVERITY_INFO;
	v->code = "ok";
	verdict_say(v->title, sizeof(v->title), "Nothing wrong seen in %s", words_dur(c->duration_ns).s);
	if (c->m->session && c->m->session->no_pauses)
		verdict_evidence(v, "Of what this collector can see: preemption gaps and stop-the-world pauses aren't");
	if (c->gap.count)
		verdict_evidence(v, "Preemption: p99 %s, longest %s, over %s", words_dur(c->gap.p99).s,
				 words_dur(c->gap.max).s, words_number(c->gap.count, "request").s);
	if (c->stw_total.count)
		verdict_evidence(v, "Stop the world: p99 %s, longest %s, over %s", words_dur(c->stw_total.p99).s,
				 words_dur(c->stw_total.max).s, words_number(c->stw_total.count, "pause").s);
	if (c->runqueue.count)
		verdict_evidence(v, "Run queue: p99 %s, longest %s", words_dur(c->runqueue.p99).s,
				 words_dur(c->runqueue.max).s);
}
