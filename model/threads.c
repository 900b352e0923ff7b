/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state machine of a thread, driven by context switches. Where events were lost its state doesn't fit the event;
 * then the CPU's last event is taken as the moment of the change, so that run + wait + sleep stays the thread's
 * lifetime and the spans of a CPU never overlap.
 */
#include "model/model_internal.h"

#include <stdlib.h>

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct cpu *cpu_get(struct model *m, uint16_t cpu)
{
	struct cpu *c;

	if (cpu >= MAX_CPUS)
		return NULL;
	c = m->cpus[cpu];
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return NULL;
		c->track = lane_track(m, ROW_CPU);
		m->cpus[cpu] = c;
		if (cpu >= m->n_cpus)
			m->n_cpus = cpu + 1U;
	}
	/* It may have been announced before the first event said when the session starts. */
	c->last_ns = max_u64(c->last_ns, m->start_ns);
	return c;
}

struct thread *thread_find(const struct model *m, uint32_t tid)
{
	return (struct thread *)idmap_get(&m->thread_by_tid, tid);
}

/* Makes room in a full table: the thread that died first goes. false when all are alive. */
static bool evict_dead(struct model *m)
{
	size_t oldest = m->n_threads;
	struct thread *th;

	for (size_t i = 0; i < m->n_threads; i++) {
		if (m->threads[i]->state == TH_DEAD &&
		    (oldest == m->n_threads || m->threads[i]->since_ns < m->threads[oldest]->since_ns))
			oldest = i;
	}
	if (oldest == m->n_threads)
		return false;
	th = m->threads[oldest];
	idmap_del(&m->thread_by_tid, th->tid);
	observe_row_end(m, ROW_M, th->tid, &th->held);
	lane_drop_track(m, ROW_M, &th->track);
	free(th);
	m->threads[oldest] = m->threads[--m->n_threads];
	return true;
}

struct thread *thread_get(struct model *m, uint32_t tid, uint64_t t)
{
	struct thread *th = thread_find(m, tid);

	if (th || !tid)
		return th;
	if ((m->n_threads >= MAX_THREADS && !evict_dead(m)) ||
	    array_reserve((void **)&m->threads, &m->cap_threads, m->n_threads, sizeof(*m->threads)))
		return NULL;
	th = calloc(1, sizeof(*th));
	if (!th)
		return NULL;
	th->tid = tid;
	th->first_ns = th->since_ns = th->painted_ns = t;
	th->cpu = NO_CPU;
	th->label.p = EV_NO_P;
	if (idmap_set(&m->thread_by_tid, tid, (uintptr_t)th)) {
		free(th);
		return NULL;
	}
	th->track = lane_track(m, ROW_M);
	m->threads[m->n_threads++] = th;
	return th;
}

void thread_times(const struct thread *th, uint64_t now, uint64_t *ret_run, uint64_t *ret_wait, uint64_t *ret_sleep)
{
	uint64_t ns = now > th->since_ns ? now - th->since_ns : 0;

	*ret_run = th->run_ns + (th->state == TH_RUN ? ns : 0);
	*ret_wait = th->wait_ns + (th->state == TH_WAIT ? ns : 0);
	*ret_sleep = th->sleep_ns + (th->state == TH_SLEEP || th->state == TH_UNKNOWN ? ns : 0);
}

static void set_state(struct thread *th, enum thread_state state, uint64_t t)
{
	thread_times(th, t, &th->run_ns, &th->wait_ns, &th->sleep_ns);
	th->state = state;
	th->since_ns = t;
}

/* Takes a running thread off its CPU. */
static void go_off(struct model *m, struct thread *th, uint64_t t, struct label label, enum thread_state state)
{
	struct cpu *c = m->cpus[th->cpu];

	label_end(m, th, t, label, state == TH_SLEEP);
	c->target_ns += t - th->since_ns;
	c->last_ns = max_u64(c->last_ns, t);
	c->running = NULL;
	set_state(th, state, t);
}

/* Its switch-out was lost; it left at the latest when its CPU was last heard of. */
static void force_off(struct model *m, struct thread *th, uint64_t latest)
{
	uint64_t t = max_u64(th->painted_ns, m->cpus[th->cpu]->last_ns);

	go_off(m, th, max_u64(th->since_ns, t < latest ? t : latest), (struct label){.p = EV_NO_P}, TH_SLEEP);
}

static void go_on(struct model *m, struct thread *th, uint16_t cpu, uint64_t t)
{
	struct cpu *c = m->cpus[cpu];

	if (th->state == TH_DEAD) { /* the number is used again: the time between doesn't belong to it */
		th->first_ns += t - th->since_ns;
		th->since_ns = t;
		th->exiting = false;
		th->label = (struct label){.p = EV_NO_P};
		th->exact = false;
	}
	if (th->cpu != NO_CPU && th->cpu != cpu) {
		th->migrations++;
		c->migrations_in++;
	}
	set_state(th, TH_RUN, t);
	th->cpu = cpu;
	c->running = th;
	label_begin(th, t);
}

/* The thread is found running on @cpu though nothing said so: since that CPU's last event. */
static void found_running(struct model *m, struct thread *th, uint16_t cpu, uint64_t t)
{
	struct cpu *c = m->cpus[cpu];

	if (th->state == TH_RUN)
		force_off(m, th, t);
	if (c->running)
		force_off(m, c->running, t);
	kernel_gap_end(m, th, max_u64(c->last_ns, th->since_ns));
	go_on(m, th, cpu, max_u64(c->last_ns, th->since_ns));
}

static void die(struct model *m, struct thread *th, uint64_t t)
{
	slice_end(m, th, t);
	gaps_on_thread_left(m, th->tid, t);
	th->kgap_start_ns = 0;
	set_state(th, TH_DEAD, t);
	th->label = (struct label){.p = EV_NO_P};
	th->exact = false;
}

static void switch_out(struct model *m, const struct event *ev, struct cpu *c, uint64_t t)
{
	const struct ev_switch *sw = &ev->sw;
	struct label label = {.goid = sw->goid, .p = sw->p, .valid = ev->head.flags & EVF_LABEL};
	bool runnable = ev->head.flags & EVF_PREEMPTED || sw->state == EV_STATE_RUNNABLE;
	struct thread *th = thread_get(m, ev->head.tid, c->last_ns);

	if (!th) {
		model_invalid(m);
		return;
	}
	if (th->state == TH_DEAD)
		return; /* the last switch-out of a thread that was known to be gone */
	if (c->running != th)
		found_running(m, th, ev->head.cpu, t);
	if (!label.valid)
		label.p = EV_NO_P;
	go_off(m, th, t, label, runnable ? TH_WAIT : TH_SLEEP);
	/* Not told: what it was last seen with in this run it keeps while the kernel holds it off. */
	if (!label.valid && th->observed)
		label = th->label;
	if (ev->head.flags & EVF_PREEMPTED)
		th->involuntary++;
	else
		th->voluntary++;
	if (th->exiting || sw->state == EV_STATE_DEAD) {
		th->exiting = true;
		die(m, th, t);
	} else if (runnable && label.valid && label.goid) {
		kernel_gap_begin(th, t, sw->next_tid, ev->head.flags & EVF_NEXT_TARGET);
	} else if (!runnable && sw->state == EV_STATE_SLEEP) {
		slice_end(m, th, t);
		gaps_on_thread_left(m, th->tid, t);
	}
}

static bool in_syscall(const struct model *m, uint64_t goid)
{
	const struct goroutine *g = goroutine_find(m, goid);

	return !g || g->state != GS_RUNNING;
}

/* A thread that was blocked is switched in: it slept until it was woken, then waited for a CPU. */
static void paint_sleep(struct model *m, struct thread *th, const struct event *ev, uint64_t t)
{
	struct label label = th->label;
	uint64_t woken = t;

	if (!th->exact || (label.goid && in_syscall(m, label.goid)))
		label.p = EV_NO_P; /* given up when the thread blocked */
	if (ev->head.flags & EVF_WOKEN) {
		woken = t > ev->sw.wake_delta_ns ? t - ev->sw.wake_delta_ns : 0;
		woken = max_u64(woken, th->since_ns);
		hist_add(&m->h_runqueue, t - woken);
		th->waited_from_ns = woken;
		th->waited_to_ns = t;
	}
	if (th->state == TH_SLEEP)
		gaps_on_blocked(m, th->tid, th->since_ns, woken);
	if (label.valid && label.goid && th->state == TH_SLEEP)
		lanes_paint(m, th, th->since_ns, woken, label, SPAN_SYSCALL);
	lanes_paint(m, th, woken, t, label, SPAN_RUNNABLE);
	set_state(th, TH_WAIT, woken);
	th->label.p = label.p;
}

static void paint_wait(struct model *m, struct thread *th, uint64_t t)
{
	hist_add(&m->h_runqueue, t - th->since_ns);
	th->waited_from_ns = th->since_ns;
	th->waited_to_ns = t;
	lanes_paint(m, th, th->since_ns, t, th->kgap_start_ns ? th->label : (struct label){.p = EV_NO_P},
		    SPAN_RUNNABLE);
}

static void switch_in(struct model *m, const struct event *ev, struct cpu *c, uint64_t t)
{
	struct thread *th = thread_get(m, ev->sw.next_tid, t);

	if (!th) {
		model_invalid(m);
		return;
	}
	if (th->state == TH_RUN)
		force_off(m, th, t);
	if (c->running)
		force_off(m, c->running, t);
	if (th->state == TH_SLEEP || th->state == TH_UNKNOWN)
		paint_sleep(m, th, ev, t);
	else if (th->state == TH_WAIT)
		paint_wait(m, th, t);
	kernel_gap_end(m, th, t);
	go_on(m, th, ev->head.cpu, t);
}

void threads_on_switch(struct model *m, const struct event *ev, uint64_t t)
{
	struct cpu *c = cpu_get(m, ev->head.cpu);
	uint8_t flags = ev->head.flags;

	if (!c) {
		model_invalid(m);
		return;
	}
	m->counts.switches++;
	c->switches++;
	t = max_u64(t, c->last_ns);
	lanes_paint_other(m, c, ev->head.cpu, t);
	if (flags & EVF_PREV_TARGET)
		switch_out(m, ev, c, t);
	else if (c->running)
		force_off(m, c->running, t);
	c->last_ns = t;
	if (flags & EVF_NEXT_TARGET) {
		switch_in(m, ev, c, t);
	} else if (ev->sw.next_tid) {
		c->other_since_ns = t;
		c->other_tid = ev->sw.next_tid;
	}
}

void threads_on_new(struct model *m, const struct event *ev, uint64_t t)
{
	struct thread *th = thread_find(m, ev->head.tid);

	if (th && th->state == TH_DEAD) {
		th->first_ns += t - th->since_ns;
		th->since_ns = th->painted_ns = t;
		th->state = TH_UNKNOWN;
		th->exiting = false;
	} else if (!th) {
		th = thread_get(m, ev->head.tid, t);
	}
	if (!th) {
		model_invalid(m);
		return;
	}
	if (ev->thread.comm[0])
		names_on_comm(m, th->tid, ev->thread.comm);
}

void threads_on_exit(struct model *m, uint32_t tid, uint64_t t)
{
	struct thread *th = thread_find(m, tid);

	if (!th || th->state == TH_DEAD)
		return;
	th->exiting = true;
	if (th->state != TH_RUN) {
		die(m, th, t);
		return;
	}
	/* It runs on in the kernel until its last switch-out, without a goroutine. */
	label_leave(m, th, t, (struct label){.p = EV_NO_P});
	gaps_on_thread_left(m, tid, t);
}

void threads_all_exit(struct model *m, uint32_t except_tid, uint64_t t)
{
	for (size_t i = 0; i < m->n_threads; i++) {
		struct thread *th = m->threads[i];

		if (th->state == TH_DEAD || th->tid == except_tid)
			continue;
		if (th->state == TH_RUN)
			go_off(m, th, t, (struct label){.p = EV_NO_P}, TH_SLEEP);
		th->exiting = true;
		die(m, th, t);
	}
}

struct thread *thread_running_on(struct model *m, const struct event *ev, uint64_t t)
{
	struct thread *th = thread_get(m, ev->head.tid, t);
	struct cpu *c = ev->head.flags & EVF_CPU ? cpu_get(m, ev->head.cpu) : NULL;

	if (!th) {
		model_invalid(m);
		return NULL;
	}
	if (!c || th->state == TH_DEAD)
		return th;
	if (c->running != th) {
		lanes_paint_other(m, c, ev->head.cpu, max_u64(c->last_ns, c->other_since_ns));
		found_running(m, th, ev->head.cpu, t);
	}
	c->last_ns = max_u64(c->last_ns, t);
	return th;
}

void threads_done(struct model *m)
{
	for (size_t i = 0; i < m->n_threads; i++) {
		lane_drop_track(m, ROW_M, &m->threads[i]->track);
		free(m->threads[i]->held);
		free(m->threads[i]);
	}
	free(m->threads);
	idmap_done(&m->thread_by_tid);
	for (unsigned i = 0; i < m->n_cpus; i++) {
		if (!m->cpus[i])
			continue;
		lane_drop_track(m, ROW_CPU, &m->cpus[i]->track);
		free(m->cpus[i]->held);
		free(m->cpus[i]);
	}
}
