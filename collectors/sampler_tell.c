/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/sampler_tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/decode.h"
#include "events/wire.h"

/* runtime/mgc.go gcphase */
enum { GC_OFF, GC_MARK, GC_MARK_TERMINATION };

struct to {
	const struct event_sink *sink;
	uint64_t now_ns;
	uint32_t gap_ns;
	int n;
};

void tell_done(struct tell *t)
{
	free(t->told);
	t->told = NULL;
	t->n_told = 0;
}

void tell_reset(struct tell *t)
{
	tell_done(t);
	t->begun = t->stopping = t->stopped = false;
	t->phase = t->stop_phase = GC_OFF;
	t->last_ns = 0;
	memset(t->known, 0, sizeof(t->known));
}

static void deliver(struct to *to, struct event ev)
{
	ev.head.time_ns = to->now_ns;
	event_deliver(to->sink, &ev);
	to->n++;
}

static void sampled(struct to *to, uint32_t tid, struct ev_sampled s)
{
	struct event ev = {.head = {.kind = EV_SAMPLED, .tid = tid}};

	s.gap_ns = to->gap_ns;
	ev.sampled = s;
	deliver(to, ev);
}

static void goroutine(struct tell *t, const struct look_m *m, struct to *to)
{
	const struct wire_goroutine w = {.head = {.kind = EV_GOROUTINE, .time_ns = to->now_ns, .tid = m->tid},
					 .goid = m->goid,
					 .parent_goid = m->parent_goid,
					 .startpc = m->startpc,
					 .gopc = m->gopc};

	if (t->known[m->goid % TELL_KNOWN] == m->goid)
		return;
	t->known[m->goid % TELL_KNOWN] = m->goid;
	int n = decoder_record(t->decoder, &w, sizeof(w), 0, to->sink);
	if (n > 0)
		to->n += n;
}

/* It isn't asked any more: it has left its thread, or it runs anew. */
static void yielded(struct told *o, struct to *to)
{
	if (o->asked)
		sampled(to, o->tid, (struct ev_sampled){.goid = o->goid, .p = o->p, .what = EV_SAMPLED_YIELDED});
	o->asked = false;
}

static void thread(struct tell *t, struct told *o, const struct look_m *m, struct to *to)
{
	bool again = m->goid && m->p != EV_NO_P && o->p == m->p && o->tick != m->tick;

	if (o->tid != m->tid) { /* the M has another thread */
		yielded(o, to);
		*o = (struct told){.m = m->addr, .tid = m->tid, .p = EV_NO_P};
		again = false;
	}
	if (!m->tid || m->torn)
		return;
	if (o->asked && (!m->asked || m->goid != o->goid || again))
		yielded(o, to);
	if (m->goid)
		goroutine(t, m, to);
	bool stays = o->goid == m->goid && o->p == m->p && o->running == m->running;
	if (!stays || again || (t->held && m->running)) {
		uint8_t flags = (m->running ? EVS_RUNNING : 0) | (again && o->goid == m->goid ? EVS_AGAIN : 0) |
				(t->held && m->running ? EVS_HELD : 0);

		sampled(to, m->tid,
			(struct ev_sampled){.goid = m->goid, .p = m->p, .what = EV_SAMPLED_CARRIES, .value = flags});
	}
	if (t->estimate && m->asked && !o->asked) {
		sampled(to, m->tid, (struct ev_sampled){.goid = m->goid, .p = m->p, .what = EV_SAMPLED_ASKED});
		o->asked = true;
	}
	o->goid = m->goid;
	o->p = m->p;
	o->tick = m->tick;
	o->running = m->running;
}

/* Brings what was told into the order of the Ms, which are the same as before but for some. */
static int align(struct tell *t, const struct look *l, struct to *to)
{
	size_t old = 0, i = 0;

	while (i < l->n_ms && i < t->n_told && t->told[i].m == l->ms[i].addr)
		i++;
	if (i == l->n_ms && i == t->n_told)
		return 0;
	struct told *told = calloc(l->n_ms + 1, sizeof(*told));
	if (!told)
		return -ENOMEM;
	for (i = 0; i < l->n_ms; i++) {
		size_t k = old;

		while (k < t->n_told && t->told[k].m != l->ms[i].addr)
			k++;
		if (k == t->n_told) {
			told[i] = (struct told){.m = l->ms[i].addr, .p = EV_NO_P};
			continue;
		}
		for (; old < k; old++)
			yielded(&t->told[old], to); /* of Ms that have gone */
		told[i] = t->told[old++];
	}
	for (; old < t->n_told; old++)
		yielded(&t->told[old], to);
	free(t->told);
	t->told = told;
	t->n_told = l->n_ms;
	return 0;
}

/* Between which phases of the garbage collector the world was stopped tells why (runtime/mgc.go gcStart, gcMarkDone).
 */
static uint8_t reason(uint8_t before, uint8_t now)
{
	if (before == GC_OFF && now == GC_MARK)
		return EV_STW_GC_SWEEP_TERM;
	if ((before != GC_OFF && now == GC_OFF) || now == GC_MARK_TERMINATION)
		return EV_STW_GC_MARK_TERM;
	return EV_STW_UNKNOWN;
}

static void stops(struct tell *t, const struct look *l, struct to *to)
{
	if (l->stopping && !t->stopping) {
		/* The phase before it: at this look it may have been changed already. */
		t->stop_phase = t->phase;
		sampled(to, 0,
			(struct ev_sampled){
				.p = EV_NO_P, .what = EV_SAMPLED_STW, .value = reason(t->stop_phase, l->gc_phase)});
		t->stopped = false;
	}
	if (l->stopped && !t->stopped)
		sampled(to, 0, (struct ev_sampled){.p = EV_NO_P, .what = EV_SAMPLED_STW_STOPPED});
	if (!l->stopping && t->stopping)
		sampled(to, 0,
			(struct ev_sampled){
				.p = EV_NO_P, .what = EV_SAMPLED_STW_END, .value = reason(t->stop_phase, l->gc_phase)});
	t->stopping = l->stopping;
	t->stopped = l->stopped;
	if (l->gc_phase != t->phase)
		sampled(to, 0, (struct ev_sampled){.p = EV_NO_P, .what = EV_SAMPLED_GC_PHASE, .value = l->gc_phase});
	t->phase = l->gc_phase;
}

static void runqs(const struct look *l, struct to *to)
{
	for (size_t i = 0; i < l->n_ps && i < EV_NO_P; i++)
		deliver(to, (struct event){.head.kind = EV_RUNQ, .runq = {.len = l->ps[i].runq, .p = (uint16_t)i}});
	if (l->at.off.sched_runqsize != GO_OFF_NONE)
		deliver(to, (struct event){.head.kind = EV_RUNQ, .runq = {.len = l->runq, .p = EV_NO_P}});
}

int tell_look(struct tell *t, const struct look *l, uint64_t now_ns, const struct event_sink *sink)
{
	uint64_t gap = t->last_ns && now_ns > t->last_ns ? now_ns - t->last_ns : UINT32_MAX;
	struct to to = {.sink = sink, .now_ns = now_ns, .gap_ns = gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX};

	if (!t->begun)
		deliver(&to, (struct event){.head.kind = EV_SAMPLING,
					    .sampling = {.period_ns = t->period_ns, .estimates = t->estimate}});
	t->begun = true;
	int err = align(t, l, &to);
	if (err < 0)
		return err;
	/* A request that stops the world is made after the world was asked to stop. */
	if (t->estimate && l->stopping)
		stops(t, l, &to);
	for (size_t i = 0; i < l->n_ms; i++)
		thread(t, &t->told[i], &l->ms[i], &to);
	if (t->estimate && !l->stopping)
		stops(t, l, &to);
	if (l->has_runqs)
		runqs(l, &to);
	t->last_ns = now_ns;
	return to.n;
}
