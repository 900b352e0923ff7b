/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Detail exact: the state machine of a goroutine.
 *
 *   new, ready        -> runnable        run           -> running
 *   park              -> parked          yield, taken  -> runnable
 *   system call       -> in it           its exit      -> running; without a P -> runnable
 *   exit              -> gone
 *
 * In a system call the goroutine keeps its thread: while that is on a CPU in the kernel it shows as running (it uses
 * the CPU for the goroutine), while it is blocked as SPAN_SYSCALL. On rows of Gs a runnable goroutine is
 * SPAN_WAITING_P, a parked one a hole.
 *
 * A goroutine that runs though it was never told ready (the network poller's) counts as parked until then. Any other
 * event that doesn't fit the state means that others were lost: the state is set right, and the time that can't be
 * known is counted for nobody. So is the time before model.blind_ns, when losses were told or the detail was changed.
 *
 * Cost: one lookup of a thread and two or three of a goroutine, up to four appends to tracks; nothing is allocated once
 * the tables have grown. About 185 ns an event on a busy virtual machine, with 40 as with 90,000 goroutines
 * (tests/model/test_random.c prints it): half a million a second take a tenth of a CPU.
 */
#include "model/model_internal.h"

void exact_blind(struct model *m, uint64_t t)
{
	m->blind_ns = t;
	for (size_t i = 0; i < m->n_threads; i++)
		m->threads[i]->exact = false;
	while (m->runnable.first) {
		struct goroutine *g = m->runnable.first;

		g_list_remove(&m->runnable, g);
		g->state = GS_UNKNOWN;
	}
}

static void end_assist_run(struct model *m, struct goroutine *g, uint64_t t)
{
	uint64_t ns =
		g->in_assist && t > g->assist_from_ns && g->assist_from_ns >= m->blind_ns ? t - g->assist_from_ns : 0;

	g->assist_ns += ns;
	m->assist_ns += ns;
	g->assist_from_ns = t;
}

/* The reasons that took most stay; a newcomer takes a weaker one's place. */
static void count_own_park(struct goroutine *g, uint8_t reason, uint64_t ns)
{
	struct park_total *weakest = &g->park[0];

	for (size_t i = 0; i < G_PARKS; i++) {
		struct park_total *p = &g->park[i];

		if (p->count && p->reason == reason) {
			p->count++;
			p->ns += ns;
			return;
		}
		if (!p->count || (weakest->count && p->ns < weakest->ns))
			weakest = p;
	}
	if (!weakest->count || ns > weakest->ns)
		*weakest = (struct park_total){.reason = reason, .count = 1, .ns = ns};
}

static void end_park(struct model *m, struct goroutine *g, uint64_t t)
{
	uint64_t ns = g_state_known(m, g) ? t - g->since_ns : 0;

	g->parked_ns += ns;
	m->parks[g->reason].ns += ns;
	count_own_park(g, g->reason, ns);
}

static void end_syscall(struct model *m, struct goroutine *g, uint64_t t)
{
	if (g_state_known(m, g))
		g->syscall_ns += t - g->since_ns;
}

/* What is told of @g can't happen in a system call: its way back was lost, and how long it was in it isn't known. */
static void not_in_syscall(struct goroutine *g)
{
	if (g->state == GS_SYSCALL)
		g->state = GS_UNKNOWN;
}

/* Leaves the state that @g is in. */
static void leave_state(struct model *m, struct goroutine *g, uint64_t t)
{
	switch ((enum g_state)g->state) {
	case GS_RUNNABLE:
		g_list_remove(&m->runnable, g);
		break;
	case GS_RUNNING:
		end_assist_run(m, g, t);
		break;
	case GS_PARKED:
		end_park(m, g, t);
		break;
	case GS_SYSCALL:
		end_syscall(m, g, t);
		break;
	case GS_DEAD: /* what was told late of it, or an id used again by the program of an exec */
		g_list_remove(&m->dead, g);
		break;
	case GS_UNKNOWN:
		break;
	}
}

static void set_state(struct model *m, struct goroutine *g, enum g_state state, uint64_t t)
{
	leave_state(m, g, t);
	g->state = (uint8_t)state;
	g->since_ns = t;
	g->last_ns = t;
	if (state == GS_RUNNABLE)
		g_list_add(&m->runnable, g);
	if (state == GS_RUNNABLE || state == GS_PARKED)
		g->tid = 0;
}

void exact_end(struct model *m, uint64_t t, bool exited)
{
	for (size_t i = 0; i < m->n_goroutines; i++) {
		struct goroutine *g = m->goroutines[i];

		if (g->state == GS_DEAD)
			continue;
		if (g->state == GS_RUNNABLE && exited)
			waits_on_run(m, g, NULL, g->since_ns, t);
		leave_state(m, g, t);
		g->state = GS_UNKNOWN;
	}
	exact_blind(m, t);
}

void exact_on_painted(struct model *m, struct goroutine *g, uint64_t t)
{
	if (g->state == GS_RUNNABLE && t > g->since_ns)
		set_state(m, g, GS_UNKNOWN, t);
}

static void on_run(struct model *m, const struct ev_g *ev, struct goroutine *g, struct thread *th, uint64_t t)
{
	uint64_t from = g->since_ns;
	bool waited;

	if (g->tid && (!th || g->tid != th->tid))
		label_moved(m, thread_find(m, g->tid), t, g->goid);
	if (th)
		label_run(m, th, t, (struct label){.goid = g->goid, .p = ev->p, .valid = true});
	waited = g->state == GS_RUNNABLE && g_state_known(m, g);
	/* Parked: the network poller's goroutines and the GC's workers are picked up without being told ready. */
	set_state(m, g, GS_RUNNING, t);
	g->tid = th ? th->tid : 0;
	g->assist_from_ns = t;
	if (waited)
		waits_on_run(m, g, th, from, t);
}

static void on_park(struct model *m, const struct ev_g *ev, struct goroutine *g, uint64_t t)
{
	uint8_t reason = ev->reason < WAIT_REASON_COUNT ? ev->reason : WAIT_NONE;

	if (g->state == GS_PARKED) /* told twice, or woken unseen: the first one's length isn't known */
		g->state = GS_UNKNOWN;
	set_state(m, g, GS_PARKED, t);
	if (reason != WAIT_GC_ASSIST_MARKING && reason != WAIT_GC_ASSIST_WAIT && reason != WAIT_PREEMPTED)
		g->in_assist = false; /* its end was lost: an assist waits for nothing else */
	g->reason = reason;
	g->parks++;
	m->parks[reason].reason = reason;
	m->parks[reason].count++;
}

static void on_syscall(struct model *m, const struct ev_g *ev, struct goroutine *g, struct thread *th, uint64_t t)
{
	/* Who was carried there: a run that began unseen. */
	if (th && th->exact && th->label.goid != g->goid)
		label_observe(m, th, t, (struct label){.goid = g->goid, .p = ev->p, .valid = true});
	if (th)
		label_settle(m, th, t); /* its P counts up to here, whoever takes it then */
	not_in_syscall(g);
	set_state(m, g, GS_SYSCALL, t);
	g->in_assist = false;
	g->tid = th ? th->tid : 0;
	g->syscalls++;
}

static void on_syscall_exit(struct model *m, const struct ev_g *ev, struct goroutine *g, struct thread *th, uint64_t t)
{
	if (th && th->exact && th->label.goid == g->goid && ev->p != EV_NO_P)
		label_set_p(m, th, t, ev->p);
	else if (th && (!th->exact || th->label.goid != g->goid))
		label_run(m, th, t, (struct label){.goid = g->goid, .p = ev->p, .valid = true});
	set_state(m, g, GS_RUNNING, t);
	g->tid = th ? th->tid : 0;
}

/* The P was taken, perhaps by a thread that knows only it. */
static void on_handoff(struct model *m, const struct ev_g *ev, uint64_t t)
{
	struct proc *proc = ev->p != EV_NO_P && ev->p < m->n_procs ? m->procs[ev->p] : NULL;
	struct thread *th = proc && proc->tid ? thread_find(m, proc->tid) : NULL;
	struct goroutine *g = ev->goid ? goroutine_find(m, ev->goid) : NULL;

	if (!ev->goid && ev->p == EV_NO_P) {
		model_invalid(m);
		return;
	}
	gaps_on_handoff(m, ev->goid, ev->p, t);
	if (g && g->state == GS_SYSCALL && g->tid)
		th = thread_find(m, g->tid);
	if (th && th->exact && (ev->p == EV_NO_P || th->label.p == ev->p))
		label_set_p(m, th, t, EV_NO_P);
}

static void on_assist(struct model *m, struct goroutine *g, uint64_t t)
{
	not_in_syscall(g);
	end_assist_run(m, g, t);
	g->in_assist = true;
	g->assist_from_ns = t;
	g->assists++;
	m->assists++;
}

/* @g goes off its thread by itself. */
static void leaves(struct model *m, const struct ev_g *ev, struct goroutine *g, struct thread *th, uint64_t t)
{
	if (g && ev->change != EV_G_SYSCALL_WAIT)
		not_in_syscall(g);
	if (!th)
		return;
	/* A preemption may be told after the yield that it is: the next to run on the thread ends the gap then. */
	if (ev->change != EV_G_YIELD)
		gaps_on_left(m, th->tid, g ? g->goid : 0, t);
	label_left(m, th, t, (struct label){.goid = g ? g->goid : 0, .p = ev->p, .valid = true});
}

static void on_yield(struct model *m, struct goroutine *g, const struct thread *th, bool told, uint64_t t)
{
	if (g->state == GS_RUNNABLE && told && th)
		return; /* as a preemption that was taken */
	set_state(m, g, GS_RUNNABLE, t);
}

void exact_on_taken(struct model *m, struct thread *th, struct label label, uint64_t t)
{
	struct goroutine *g;

	if (!label.goid && th->exact)
		label = th->label; /* the thread knows whom it is about */
	g = label.goid ? goroutine_get(m, label.goid) : NULL;
	label_left(m, th, t, label);
	if (!g)
		return;
	not_in_syscall(g);
	set_state(m, g, GS_RUNNABLE, t);
}

static bool is_of_thread(uint8_t change)
{
	return change != EV_G_NEW && change != EV_G_READY;
}

static void on_exit(struct model *m, struct goroutine *g, uint64_t t)
{
	set_state(m, g, GS_DEAD, t);
	goroutine_bury(m, g);
}

void exact_on_g(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_g *e = &ev->g;
	struct thread *th = NULL;
	struct goroutine *g;
	uint64_t goid = e->goid;
	bool told;

	if (e->change < EV_G_NEW || e->change >= EV_G_CHANGE_COUNT) {
		model_invalid(m);
		return;
	}
	if (e->change == EV_G_HANDOFF) { /* comes at detail sched too */
		on_handoff(m, e, t);
		return;
	}
	if (!m->n_detail_changes)
		m->exact = true; /* nobody says which level it is: the events do */
	if (!m->exact)
		return; /* a straggler: the states that it belongs to are forgotten */
	m->exact_seen = true;
	if (is_of_thread(e->change) && ev->head.tid)
		th = thread_running_on(m, ev, t);
	if (!goid && th && th->exact && e->change != EV_G_RUN)
		goid = th->label.goid; /* the thread knows whom it is about */
	g = goid ? goroutine_get(m, goid) : NULL;
	if (!g) {
		model_invalid(m);
		return;
	}
	told = th && th->exact && !th->label.goid && th->left_goid == goid;
	switch ((enum ev_g_change)e->change) {
	case EV_G_NEW:
		if (e->other)
			g->parent_goid = e->other;
		set_state(m, g, GS_RUNNABLE, t);
		break;
	case EV_G_READY:
		not_in_syscall(g);
		set_state(m, g, GS_RUNNABLE, t);
		break;
	case EV_G_RUN:
		on_run(m, e, g, th, t);
		break;
	case EV_G_PARK:
		leaves(m, e, g, th, t);
		on_park(m, e, g, t);
		break;
	case EV_G_YIELD:
		leaves(m, e, g, th, t);
		on_yield(m, g, th, told, t);
		break;
	case EV_G_SYSCALL:
		gaps_on_left(m, ev->head.tid, goid, t);
		on_syscall(m, e, g, th, t);
		break;
	case EV_G_SYSCALL_EXIT:
		on_syscall_exit(m, e, g, th, t);
		break;
	case EV_G_SYSCALL_WAIT:
		leaves(m, e, g, th, t);
		set_state(m, g, GS_RUNNABLE, t);
		break;
	case EV_G_ASSIST:
		on_assist(m, g, t);
		break;
	case EV_G_ASSIST_END:
		end_assist_run(m, g, t);
		g->in_assist = false;
		break;
	case EV_G_EXIT:
		leaves(m, e, g, th, t);
		on_exit(m, g, t);
		break;
	case EV_G_HANDOFF:
	case EV_G_CHANGE_COUNT:
		break;
	}
}

void exact_on_p(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_p *e = &ev->p;
	struct thread *th;

	if ((e->change != EV_P_ACQUIRE && e->change != EV_P_RELEASE) || !ev->head.tid) {
		model_invalid(m);
		return;
	}
	th = m->exact ? thread_running_on(m, ev, t) : NULL;
	if (th)
		label_set_p(m, th, t, e->change == EV_P_ACQUIRE ? e->p : EV_NO_P);
}
