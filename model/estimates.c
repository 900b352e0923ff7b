/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no probe and no context switch tells: EV_SAMPLED, looks into the process's memory, and EV_THREAD_STAT, the
 * kernel's account of a thread. Both are true for a moment and silent about what lies between two of them.
 *
 * A gap or a pause that is made of looks begins at the first look that shows it and ends at the first that doesn't, so
 * its length is wrong by less than the time between two looks, either way, and one that fits between two isn't seen.
 * Where probes deliver requests and pauses these aren't used: one session never has both.
 */
#include "model/model_internal.h"

static uint64_t back(uint64_t t, uint64_t ns)
{
	return t > ns ? t - ns : 0;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool model_estimates(const struct model *m, uint64_t *ret_resolution_ns)
{
	if (!m->estimates || m->probed)
		return false;
	*ret_resolution_ns = m->resolution_ns;
	return true;
}

void estimates_on_sampling(struct model *m, const struct ev_sampling *ev)
{
	m->estimates = ev->estimates != 0;
	if (ev->period_ns > m->resolution_ns)
		m->resolution_ns = ev->period_ns;
}

/* When it changed: somewhere since the look before. */
static uint64_t middle(const struct ev_sampled *s, uint64_t t)
{
	return s->gap_ns == UINT32_MAX ? t : back(t, s->gap_ns / 2);
}

static void on_carries(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_sampled *s = &ev->sampled;
	struct label label = {.goid = s->goid, .p = s->p, .valid = true};
	struct thread *th = thread_get(m, ev->head.tid, t);
	uint64_t mid = middle(s, t);

	if (!th || th->state == TH_DEAD || th->exact)
		return;
	if (s->value & EVS_AGAIN)
		slice_end(m, th, mid);
	if (th->state == TH_RUN) {
		label_observe(m, th, t, label);
		return;
	}
	if (th->label.goid != s->goid)
		slice_end(m, th, mid);
	if (th->state == TH_UNKNOWN && s->value & EVS_RUNNING && s->goid) {
		if (s->value & EVS_HELD && s->gap_ns != UINT32_MAX)
			lanes_paint(m, th, max_u64(back(t, s->gap_ns), th->painted_ns), t, label, SPAN_RUN);
		th->painted_ns = max_u64(th->painted_ns, s->value & EVS_HELD ? t : 0);
		slice_begin(m, th, s->goid, mid);
		th->coarse_label = label;
	}
	th->label = label;
}

/* An end of an estimated figure lies within the time since the look before. */
static void note_error(struct model *m, const struct ev_sampled *s)
{
	if (s->gap_ns != UINT32_MAX && s->gap_ns > m->resolution_ns)
		m->resolution_ns = s->gap_ns;
}

static void on_gc_phase(struct model *m, uint8_t phase, uint64_t t)
{
	uint64_t ns;

	if (phase == 1) {
		m->gc_mark_from_ns = t;
	} else if (m->gc_mark_from_ns) {
		ns = t - m->gc_mark_from_ns;
		m->gc_cycles++;
		m->gc_mark_ns += ns;
		m->gc_mark_max_ns = max_u64(m->gc_mark_max_ns, ns);
		m->gc_mark_from_ns = 0;
	}
}

void estimates_on_sampled(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_sampled *s = &ev->sampled;
	struct event told = {.head = {.tid = ev->head.tid}};

	if (s->what == EV_SAMPLED_CARRIES) {
		on_carries(m, ev, t);
		return;
	}
	if (s->what == 0 || s->what >= EV_SAMPLED_COUNT) {
		model_invalid(m);
		return;
	}
	if (m->probed || !m->estimates)
		return;
	note_error(m, s);
	switch ((enum ev_sampled_what)s->what) {
	case EV_SAMPLED_ASKED:
		gaps_on_asked(m, ev, t);
		break;
	case EV_SAMPLED_YIELDED:
		gaps_on_yielded(m, ev, t);
		break;
	case EV_SAMPLED_STW:
		told.stw = (struct ev_stw){.reason = s->value};
		stw_on_stop(m, &told, t);
		m->stw.estimated = true;
		break;
	case EV_SAMPLED_STW_STOPPED:
		stw_on_stopped(m, t);
		break;
	case EV_SAMPLED_STW_END:
		told.stw_end = (struct ev_stw_end){.reason = s->value};
		stw_on_start(m, &told, t);
		break;
	case EV_SAMPLED_GC_PHASE:
		on_gc_phase(m, s->value, t);
		break;
	case EV_SAMPLED_CARRIES:
	case EV_SAMPLED_COUNT:
		break;
	}
}

/* Onto the rows: when in the time since the last account it ran isn't known, but not while another had its CPU. */
static void paint_stat(struct model *m, struct thread *th, uint16_t cpu, uint64_t t0, uint64_t t, uint64_t run,
		       uint64_t wait)
{
	struct cpu *c = cpu_get(m, cpu);
	struct label label = th->coarse_label.valid ? th->coarse_label : th->label;
	uint8_t klass = !label.valid ? SPAN_UNLABELLED : label.goid ? SPAN_RUN : SPAN_RUNTIME;

	if (!c) {
		model_invalid(m);
		return;
	}
	if (th->cpu != NO_CPU && th->cpu != cpu && run) {
		th->migrations++;
		c->migrations_in++;
	}
	th->cpu = cpu;
	c->target_ns += run;
	uint64_t a = max_u64(max_u64(t0, c->last_ns), th->painted_ns), b = min_u64(a + run, t);
	if (!label.valid)
		label.p = EV_NO_P;
	lanes_paint(m, th, max_u64(back(a, wait), max_u64(t0, th->painted_ns)), a, (struct label){.p = EV_NO_P},
		    SPAN_RUNNABLE);
	lanes_paint(m, th, a, b, label, klass);
	th->painted_ns = max_u64(a, b);
	c->last_ns = max_u64(c->last_ns, b);
}

void estimates_on_stat(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_thread_stat *s = &ev->stat;
	struct thread *th = thread_get(m, ev->head.tid, back(t, s->gap_ns));

	if (!th) {
		model_invalid(m);
		return;
	}
	if (th->state != TH_UNKNOWN) /* context switches tell it better */
		return;
	uint64_t t0 = th->since_ns, span = t > t0 ? t - t0 : 0;
	/* The account of one that runs is behind by up to a tick, and comes later. */
	th->owed_run_ns = min_u64(th->owed_run_ns + min_u64(s->run_ns, UINT32_MAX), UINT32_MAX);
	uint64_t run = min_u64(th->owed_run_ns, span), wait = min_u64(s->wait_ns, span - run);
	th->owed_run_ns -= run;
	th->run_ns += run;
	th->wait_ns += wait;
	th->sleep_ns += span - run - wait;
	th->since_ns += span;
	th->voluntary += s->voluntary;
	th->involuntary += s->involuntary;
	m->counts.switches += (uint64_t)s->voluntary + s->involuntary;
	if (ev->head.flags & EVF_CPU && (run || wait))
		paint_stat(m, th, ev->head.cpu, t0, t, run, wait);
	struct cpu *c = th->cpu == NO_CPU ? NULL : m->cpus[th->cpu];
	if (c)
		c->switches += (uint64_t)s->voluntary + s->involuntary;
	th->coarse_label = (struct label){.p = EV_NO_P};
}
