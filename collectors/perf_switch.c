/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's scheduler tells through perf.
 *
 * A switch of a CPU comes as two records: the thread that leaves, then the one that comes. Where the CPU is recorded,
 * the first names both sides, and the second tells nothing more. Where only the target's threads are recorded, a pair
 * of them on one CPU, at once after each other, is one switch; a single record is a switch whose other side isn't known
 * (EV_TID_UNKNOWN): another process, or nobody.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "collectors/perf_internal.h"
#include "target/proc.h"

/*
 * From the record of the thread that leaves to that of the one that comes in the same switch, which takes 1 to 3 µs
 * here; a third thread's turn between them is two switches more and what it does.
 */
#define ONE_SWITCH_NS 10000U

void perf_push(struct perf *p, const void *record, size_t len, uint64_t time_ns)
{
	if (order_push(p->order, record, len, time_ns) < 0)
		p->lost[EV_LOST_QUEUE]++;
}

struct perf_thread *perf_thread_of(struct perf *p, uint32_t tid)
{
	struct perf_thread *t = &p->threads[tid % PERF_THREADS];

	if (t->tid != tid)
		*t = (struct perf_thread){.tid = tid};
	return t;
}

static struct ev_head head_of(const struct perf_rec *r, uint8_t kind)
{
	return (struct ev_head){
		.time_ns = r->time_ns, .tid = r->tid, .cpu = (uint16_t)r->cpu, .kind = kind, .flags = EVF_CPU};
}

static void push_switch(struct perf *p, const struct perf_rec *out, const struct perf_rec *in)
{
	struct wire_switch w = {.head = head_of(out ? out : in, EV_SWITCH),
				.sw = {.p = EV_NO_P, .next_tid = EV_TID_UNKNOWN}};

	if (out) {
		w.head.flags |= EVF_PREV_TARGET | (out->preempted ? EVF_PREEMPTED : 0);
		w.sw.state = out->preempted ? EV_STATE_RUNNABLE : EV_STATE_SLEEP;
	} else {
		w.head.tid = EV_TID_UNKNOWN;
	}
	if (in) {
		w.head.flags |= EVF_NEXT_TARGET;
		w.sw.next_tid = in->tid;
	}
	perf_push(p, &w, sizeof(w), w.head.time_ns);
}

void perf_release_held(struct perf_ring *ring)
{
	struct perf_rec *held = &ring->set->held[ring->i];

	if (held->kind == PERF_REC_SWITCH_OUT)
		push_switch(ring->p, held, NULL);
	held->kind = PERF_REC_OTHER;
}

/* Only the target's threads are recorded (and those of processes that it has forked). */
static void on_own_switch(struct perf_ring *ring, const struct perf_rec *r)
{
	struct perf_rec *held = &ring->set->held[ring->i];
	bool out = r->kind == PERF_REC_SWITCH_OUT;

	if (r->pid != ring->p->opts.pid) {
		perf_release_held(ring);
		return;
	}
	/* A thread that two events were opened for, because it was born meanwhile. */
	if (out && held->kind == PERF_REC_SWITCH_OUT && held->tid == r->tid)
		return;
	if (!out && held->kind == PERF_REC_SWITCH_OUT && r->time_ns - held->time_ns <= ONE_SWITCH_NS) {
		push_switch(ring->p, held, r);
		held->kind = PERF_REC_OTHER;
		return;
	}
	perf_release_held(ring);
	if (out)
		*held = *r;
	else
		push_switch(ring->p, NULL, r);
}

/* Who pushed a thread of the target off its CPU: the name is looked up once. */
static void name_other(struct perf *p, const struct perf_rec *r)
{
	uint32_t *slot = &p->named[r->other_tid % ARRAY_SIZE(p->named)];
	struct wire_comm w = {.head = head_of(r, EV_COMM), .comm = {.tid = r->other_tid, .tgid = r->other_pid}};

	if (*slot == r->other_tid || proc_comm((pid_t)r->other_tid, w.comm.comm) < 0)
		return;
	*slot = r->other_tid;
	w.head.tid = r->other_tid;
	perf_push(p, &w, sizeof(w), r->time_ns);
}

/* The CPUs are recorded: the record of who leaves has it all. */
static void on_wide_switch(struct perf *p, const struct perf_rec *r)
{
	bool out = r->pid == p->opts.pid, in = r->other_pid == p->opts.pid && r->other_tid != 0;
	bool *other = &p->other[r->cpu % PERF_CPUS];
	struct wire_switch w = {.head = head_of(r, EV_SWITCH), .sw = {.p = EV_NO_P, .next_tid = r->other_tid}};

	if (r->kind == PERF_REC_SWITCH_IN)
		return;
	/* Who followed the target has gone to sleep: the timeline must know when, once. */
	if (!out && !in && (!*other || r->other_tid != 0))
		return;
	if (out) {
		w.head.flags |= EVF_PREV_TARGET | (r->preempted ? EVF_PREEMPTED : 0);
		w.sw.state = r->preempted ? EV_STATE_RUNNABLE : EV_STATE_SLEEP;
	}
	if (in)
		w.head.flags |= EVF_NEXT_TARGET;
	*other = out && !in && r->other_tid != 0;
	if (*other && r->preempted)
		name_other(p, r);
	perf_push(p, &w, sizeof(w), w.head.time_ns);
}

static void on_fork(struct perf *p, const struct perf_rec *r)
{
	struct wire_thread w = {.head = head_of(r, EV_THREAD_NEW), .thread.creator_tid = r->parent_tid};

	/* It begins with its creator's name; another comes as a record. */
	proc_comm((pid_t)r->tid, w.thread.comm);
	perf_push(p, &w, sizeof(w), r->time_ns);
}

static void on_comm(struct perf *p, const struct perf_rec *r)
{
	struct wire_comm w = {.head = head_of(r, EV_COMM), .comm = {.tid = r->tid, .tgid = r->pid}};
	struct ev_head exec = head_of(r, EV_EXEC);

	memcpy(w.comm.comm, r->comm, sizeof(w.comm.comm));
	if (r->kind == PERF_REC_EXEC)
		perf_push(p, &exec, sizeof(exec), r->time_ns);
	perf_push(p, &w, sizeof(w), r->time_ns);
}

static void push_at(struct perf *p, const struct perf_rec *r, uint8_t kind)
{
	struct wire_at w = {.head = head_of(r, kind), .p = EV_NO_P, .n_frames = r->n_frames};
	struct perf_label l;

	if (p->labels && r->have_regs &&
	    perf_memory_label(p->memory, r->tid, r->regs[PERF_R_G], r->regs[PERF_R_SP], r->time_ns, &l)) {
		w.head.flags |= EVF_LABEL;
		w.goid = l.goid;
		w.p = l.p;
	}
	memcpy(w.pc, r->pc, sizeof(w.pc));
	if (!w.n_frames && r->have_regs) {
		w.pc[0] = r->regs[PERF_R_IP];
		w.n_frames = 1;
	}
	perf_push(p, &w, sizeof(w), r->time_ns);
}

/* A tracepoint's record begins with its number. */
static void on_trace(struct perf *p, const struct perf_rec *r)
{
	uint64_t type, subject = 0, sig = 0, result = 0;
	size_t i = 0;

	for (; i < PERF_TRACE_COUNT; i++) {
		const struct perf_tracepoint *t = &p->tracepoints[i];

		if (t->id && perf_raw_uint(r, t->type, &type) && type == t->id)
			break;
	}
	if (i == PERF_TRACE_COUNT)
		return;
	const struct perf_tracepoint *t = &p->tracepoints[i];
	perf_raw_uint(r, t->subject, &subject);
	perf_raw_uint(r, t->sig, &sig);
	perf_raw_uint(r, t->result, &result);
	if (i == PERF_TRACE_DELIVER) {
		if (r->pid == p->opts.pid && sig == 23 /* SIGURG */)
			push_at(p, r, EV_SIGNAL_DELIVER);
	} else if (i == PERF_TRACE_GENERATE) {
		/* Sent by the runtime to itself; a result other than 0 means that it wasn't queued. */
		struct wire_signal w = {.head = head_of(r, EV_SIGNAL_SEND), .signal.sender_tid = r->tid};

		w.head.tid = (uint32_t)subject;
		if (r->pid == p->opts.pid && sig == 23 && result == 0)
			perf_push(p, &w, sizeof(w), r->time_ns);
	} else if (p->threads[subject % PERF_THREADS].tid == (uint32_t)subject) {
		/* Of threads that have been seen only, which are the target's. */
		struct perf_wake w = {.head = head_of(r, PERF_WAKE), .waker_tid = r->tid};

		w.head.tid = (uint32_t)subject;
		p->hits[PERF_HITS_WAKE]++;
		perf_push(p, &w, sizeof(w), r->time_ns);
	}
}

void perf_on_record(void *ctx, const struct perf_rec *r)
{
	struct perf_ring *ring = ctx;
	struct perf *p = ring->p;
	bool own = r && r->pid == p->opts.pid;

	if (!r) {
		p->lost[EV_LOST_RING]++;
		return;
	}
	p->hits[PERF_HITS_RECORD]++;
	switch (r->kind) {
	case PERF_REC_SWITCH_OUT:
	case PERF_REC_SWITCH_IN:
		if (r->wide)
			on_wide_switch(p, r);
		else
			on_own_switch(ring, r);
		break;
	case PERF_REC_FORK:
		if (own && r->tid != r->pid)
			on_fork(p, r);
		break;
	case PERF_REC_EXIT: {
		struct ev_head gone = head_of(r, EV_THREAD_EXIT);

		if (own)
			perf_push(p, &gone, sizeof(gone), r->time_ns);
		break;
	}
	case PERF_REC_COMM:
	case PERF_REC_EXEC:
		if (own)
			on_comm(p, r);
		break;
	case PERF_REC_SAMPLE:
		if (ring->set == &p->trace) {
			on_trace(p, r);
		} else if (own) {
			p->hits[PERF_HITS_SAMPLE]++;
			push_at(p, r, EV_SAMPLE);
		}
		break;
	case PERF_REC_LOST:
		p->lost[EV_LOST_RING] += r->lost;
		break;
	case PERF_REC_THROTTLE:
		p->lost[EV_LOST_THROTTLE]++;
		break;
	case PERF_REC_OTHER:
		break;
	}
}

void perf_on_wake(struct perf *p, const struct perf_wake *w)
{
	struct perf_thread *t = perf_thread_of(p, w->head.tid);

	if (!t->wake_ns) {
		t->wake_ns = w->head.time_ns;
		t->waker_tid = w->waker_tid;
	}
}

void perf_in_order(struct perf *p, struct wire_switch *w)
{
	if (w->head.flags & EVF_PREV_TARGET) {
		struct perf_thread *t = perf_thread_of(p, w->head.tid);

		t->wake_ns = 0; /* while it was on its CPU: that was no wait */
		if (!(w->head.flags & EVF_PREEMPTED))
			t->asked_ns = 0;
	}
	if (w->head.flags & EVF_NEXT_TARGET) {
		struct perf_thread *t = perf_thread_of(p, w->sw.next_tid);
		uint64_t ns = w->head.time_ns - t->wake_ns;

		if (!t->wake_ns || w->head.time_ns < t->wake_ns)
			return;
		w->head.flags |= EVF_WOKEN;
		w->sw.wake_delta_ns = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
		w->sw.waker_tid = t->waker_tid;
		t->wake_ns = 0;
	}
}
