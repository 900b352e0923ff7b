/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes in the Go runtime. Arguments by ABIInternal (cmd/compile/abi-internal.md): AX, BX, CX, DI; the current g in
 * R14.
 */
#ifndef SCHEDTOP_BPF_RUNTIME_H
#define SCHEDTOP_BPF_RUNTIME_H

#include "bpf/common.bpf.h"

/* The goroutine @g changed its state, on this thread. */
static __noinline int changed_by(uint64_t g, uint64_t other, uint8_t change, uint8_t reason)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_memory *t = memory_of(task);
	uint64_t goid, now = bpf_ktime_get_ns();

	if (!g || !read_u64(&goid, g + config.g_goid)) {
		this_cpu()->lost[EV_LOST_LABEL]++;
		return 0;
	}
	if (goid)
		announce(now, g, goid);
	struct wire_g *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, id_of(task), EV_G, 0);
	e->g.goid = goid;
	e->g.other = other;
	e->g.p = t->p_now;
	e->g.change = change;
	e->g.reason = reason;
	e->g.reserved = 0;
	submit(e);
	return 0;
}

static __always_inline int changed(uint64_t g, uint8_t change, uint8_t reason)
{
	return changed_by(g, 0, change, reason);
}

static __noinline int on_stw_stop(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	uint64_t now = bpf_ktime_get_ns();
	struct label l = read_label(now, task, memory_of(task));
	uint64_t m = 0, text = 0, len = 0;

	struct wire_stw *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, id_of(task), EV_STW_STOP, l.valid ? EVF_LABEL : 0);
	e->goid = l.goid;
	e->reason = 0;
	e->is_text = config.go_minor < 21;
	e->text_len = 0;
	if (!e->is_text) {
		e->reason = (uint8_t)ctx->ax;
	} else if (read_u64(&m, ctx->r14 + config.g_m) && read_u64(&text, m + config.m_preemptoff) &&
		   read_u64(&len, m + config.m_preemptoff + 8) && len > 0 && len <= WIRE_TEXT) {
		/* A fixed size: what lies behind the string in the same page does no harm, and is cut off by text_len.
		 */
		if (bpf_probe_read_user(e->text, WIRE_TEXT, (void *)text) == 0)
			e->text_len = (uint8_t)len;
	}
	submit(e);
	return 0;
}

static __noinline int on_stw_stopped(void)
{
	return bare_event(current_id(), EV_STW_STOPPED);
}

static __noinline int on_stw_start(struct pt_regs *ctx)
{
	struct wire_stw_end *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), current_id(), EV_STW_START, 0);
	/* startTheWorldWithSema(now int64, w worldStop), runtime/proc.go: 1.22 has reason and start, 1.23 when it
	 * stopped too */
	e->end.reason = config.go_minor >= 22 ? (uint8_t)ctx->bx : EV_STW_UNKNOWN;
	e->end.asked_ns = config.go_minor >= 22 ? ctx->cx : 0;
	e->end.stopped_ns = config.go_minor >= 23 ? ctx->di : 0;
	__builtin_memset(e->end.reserved, 0, sizeof(e->end.reserved));
	submit(e);
	return 0;
}

/* The thread that carries @m; 0 = not known. */
static __always_inline uint32_t tid_of(uint64_t m, const struct m_fields *f)
{
	const struct m_thread *t = m_slot(m);

	return t->m == m ? t->tid : config.check_procid ? (uint32_t)f->word[0] : 0;
}

/* A first request to the G @g on the M @m. */
static __always_inline int request(uint64_t g, uint64_t m, uint8_t how)
{
	struct m_fields f;
	uint8_t preempt = 0;
	uint64_t goid, g0, p;
	int32_t id = -1;

	if (bpf_probe_read_user(&f, sizeof(f), (void *)(m + config.m_procid)))
		return 0;
	if (!g)
		g = m_field(&f, config.m_curg);
	/* preemptone leaves alone who runs no goroutine. */
	if (!g || !read_u64(&g0, m + config.m_g0) || g == g0 || !read_u64(&goid, g + config.g_goid) ||
	    bpf_probe_read_user(&preempt, 1, (void *)(g + config.g_preempt)))
		return 0;
	uint32_t *told = &asked[goid & (ANNOUNCED - 1)];
	/* Asked already, and told: a repeat. What was asked before we came is told now. */
	if (preempt && *told == goroutine_tag(goid)) {
		this_cpu()->repeats++;
		return 0;
	}
	*told = goroutine_tag(goid);
	uint64_t now = bpf_ktime_get_ns();
	announce(now, g, goid);
	struct wire_preempt *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, current_id(), EV_PREEMPT_REQUEST, 0);
	__builtin_memset(&e->preempt, 0, sizeof(e->preempt));
	p = m_field(&f, config.m_p);
	if (p)
		bpf_probe_read_user(&id, sizeof(id), (void *)(p + config.p_id));
	e->preempt.goid = goid;
	e->preempt.m_tid = tid_of(m, &f);
	e->preempt.p = (uint32_t)id < EV_NO_P ? (uint16_t)id : EV_NO_P;
	e->preempt.how = how;
	submit(e);
	return 0;
}

static __noinline int on_preempt_request(struct pt_regs *ctx)
{
	uint64_t m, own;

	if (!config.labels || !read_u64(&m, ctx->ax + config.p_m) || !m)
		return 0;
	/*
	 * preemptall calls it for every running P, its own too, which preemptone leaves alone (mp == getg().m): while a
	 * stop waits for a P that is every 100 us.
	 */
	if (read_u64(&own, ctx->r14 + config.g_m) && own == m)
		return 0;
	return request(0, m, EV_REQ_PREEMPTONE);
}

#define GRUNNING 2      /* runtime/runtime2.go _Grunning */
#define GSCAN    0x1000 /* _Gscan */

static __noinline int on_suspend(struct pt_regs *ctx)
{
	uint32_t status;
	uint64_t m;

	if (!config.labels || bpf_probe_read_user(&status, sizeof(status), (void *)(ctx->ax + config.g_atomicstatus)) ||
	    (status & ~GSCAN) != GRUNNING || !read_u64(&m, ctx->ax + config.g_m) || !m)
		return 0;
	return request(ctx->ax, m, EV_REQ_SUSPEND);
}

static __noinline int on_async_taken(struct pt_regs *ctx)
{
	struct thread_memory *t = memory_of(bpf_get_current_task_btf());

	t->async = 1;
	return where(ctx, EV_PREEMPT_TAKEN, EV_TAKEN_ASYNC);
}

/* The G in AX leaves its M. Told already when it was preempted by signal. */
static __always_inline int leaves(struct pt_regs *ctx, uint8_t how)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_memory *t = memory_of(task);
	uint8_t preempt = 0;
	uint64_t goid;

	if (t->async) {
		t->async = 0;
		return 0;
	}
	if (!config.labels)
		return 0;
	/* Who yields by itself, unasked, is nobody's answer; a program may do so a million times a second. */
	if (how == EV_TAKEN_YIELD &&
	    (bpf_probe_read_user(&preempt, 1, (void *)(ctx->ax + config.g_preempt)) || !preempt))
		return config.exact ? changed(ctx->ax, EV_G_YIELD, 0) : 0;
	if (!read_u64(&goid, ctx->ax + config.g_goid))
		return 0;
	uint64_t now = bpf_ktime_get_ns();
	struct label l = read_label(now, task, t);
	struct wire_preempt *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, id_of(task), EV_PREEMPT_TAKEN, 0);
	__builtin_memset(&e->preempt, 0, sizeof(e->preempt));
	e->preempt.goid = goid;
	e->preempt.m_tid = id_of(task);
	e->preempt.p = l.p;
	e->preempt.how = how;
	submit(e);
	return 0;
}

static __noinline int on_leave(struct pt_regs *ctx)
{
	/* goschedImpl(gp, preempted bool) from 1.22; gopreempt_m(gp) before (runtime/proc.go) */
	bool preempted = config.go_minor < 22 || (ctx->bx & 0xff);

	return leaves(ctx, preempted ? EV_TAKEN_COOP : EV_TAKEN_YIELD);
}

static __noinline int on_yield(struct pt_regs *ctx)
{
	return leaves(ctx, EV_TAKEN_YIELD);
}

static __noinline int on_park_preempted(struct pt_regs *ctx)
{
	leaves(ctx, EV_TAKEN_COOP);
	/* casgstatus and waitreason come later in preemptPark (runtime/proc.go): its reason is known all the same. */
	return config.exact ? changed(ctx->ax, EV_G_PARK, WIRE_REASON_PREEMPTED) : 0;
}

/* ---- detail exact ---- */

/* The goroutine that the thread's M carries; 0 = none. */
static __always_inline uint64_t curg_of(uint64_t g)
{
	uint64_t m, curg;

	return read_u64(&m, g + config.g_m) && m && read_u64(&curg, m + config.m_curg) ? curg : 0;
}

/* The number of the P that the M of @g holds. */
static __always_inline uint16_t p_of(struct thread_memory *t, uint64_t g)
{
	uint64_t m, p;

	return read_u64(&m, g + config.g_m) && m && read_u64(&p, m + config.m_p) ? p_number(t, p) : EV_NO_P;
}

static __noinline int on_execute(struct pt_regs *ctx, uint64_t g)
{
	struct thread_memory *t = memory_of(bpf_get_current_task_btf());

	t->p_now = p_of(t, ctx->r14);
	return changed(g, EV_G_RUN, 0);
}

static __noinline int on_syscall_exit(struct pt_regs *ctx, uint64_t g)
{
	struct thread_memory *t = memory_of(bpf_get_current_task_btf());

	t->p_now = p_of(t, ctx->r14);
	return changed(g, EV_G_SYSCALL_EXIT, 0);
}

/* gopark has written what the goroutine waits for into it before park_m runs. */
static __noinline int on_park(uint64_t g)
{
	uint8_t reason = 0;

	bpf_probe_read_user(&reason, 1, (void *)(g + config.g_waitreason));
	return changed(g, EV_G_PARK, reason);
}

/* The id of the goroutine on whose behalf the thread acts; 0 = none. */
static __always_inline uint64_t acting_goid(struct pt_regs *ctx)
{
	uint64_t g = curg_of(ctx->r14), goid = 0;

	if (g)
		read_u64(&goid, g + config.g_goid);
	return goid;
}

static __noinline int on_new(struct pt_regs *ctx, uint64_t g)
{
	return changed_by(g, acting_goid(ctx), EV_G_NEW, 0);
}

static __noinline int on_ready(struct pt_regs *ctx, uint64_t g)
{
	return changed_by(g, acting_goid(ctx), EV_G_READY, 0);
}

/* What the network poller found: a list of goroutines. One that is longer is told in part, and counted as lost. */
#define LIST_MAX 64

static __noinline int on_ready_list(uint64_t list)
{
	uint64_t g;

	if (!read_u64(&g, list))
		return 0;
	for (int i = 0; i < LIST_MAX && g; i++) {
		changed(g, EV_G_READY, 0);
		if (!read_u64(&g, g + config.g_schedlink))
			return 0;
	}
	if (g)
		this_cpu()->lost[EV_LOST_LABEL]++;
	return 0;
}

/* sysmon takes the P of an M that is in a system call. */
static __noinline int on_handoff(struct pt_regs *ctx)
{
	int32_t id;
	struct wire_g *e;

	if (bpf_probe_read_user(&id, sizeof(id), (void *)(ctx->ax + config.p_id)))
		return 0;
	e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), current_id(), EV_G, 0);
	__builtin_memset(&e->g, 0, sizeof(e->g));
	e->g.p = (uint32_t)id < EV_NO_P ? (uint16_t)id : EV_NO_P;
	e->g.change = EV_G_HANDOFF;
	submit(e);
	return 0;
}

static __always_inline int p_changed(uint64_t p, uint8_t change)
{
	int32_t id;
	struct wire_p *e;

	if (!p || bpf_probe_read_user(&id, sizeof(id), (void *)(p + config.p_id)))
		return 0;
	e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), current_id(), EV_P, 0);
	__builtin_memset(&e->p, 0, sizeof(e->p));
	e->p.p = (uint32_t)id < EV_NO_P ? (uint16_t)id : EV_NO_P;
	e->p.change = change;
	submit(e);
	return 0;
}

static __noinline int on_p_release(struct pt_regs *ctx)
{
	uint64_t m, p = 0;

	if (!read_u64(&m, ctx->r14 + config.g_m) || !m || !read_u64(&p, m + config.m_p))
		return 0;
	return p_changed(p, EV_P_RELEASE);
}

/*
 * One program for all places, so that one link holds a whole level's probes: placing or removing them is one call
 * instead of twenty. The cookie says which place it is, and what the place costs.
 */
SEC("uprobe")
int on_probe(struct pt_regs *ctx)
{
	uint64_t cookie = bpf_get_attach_cookie(ctx);
	memory_of(bpf_get_current_task_btf())->misses = 0; /* who is here is an M */
	uint64_t ax = ctx->ax, bx = ctx->bx, r14 = ctx->r14;

	/* Loaded one by one: the verifier refuses a load from a chosen address of the context. */
	asm volatile("" : "+r"(ax), "+r"(bx), "+r"(r14));
	uint64_t subject = cookie & WIRE_PROBE_IN_BX ? bx : cookie & WIRE_PROBE_IN_G ? r14 : ax;

	this_cpu()->hits[cookie & WIRE_PROBE_STEPPED ? HIT_UPROBE_STEPPED : HIT_UPROBE]++;
	switch (cookie & WIRE_PROBE_MASK) {
	case WIRE_PROBE_STW_STOP:
		return on_stw_stop(ctx);
	case WIRE_PROBE_STW_STOPPED:
		return on_stw_stopped();
	case WIRE_PROBE_STW_START:
		return on_stw_start(ctx);
	case WIRE_PROBE_PREEMPT_REQUEST:
		return on_preempt_request(ctx);
	case WIRE_PROBE_SUSPEND:
		return on_suspend(ctx);
	case WIRE_PROBE_ASYNC_TAKEN:
		return on_async_taken(ctx);
	case WIRE_PROBE_LEAVE:
		return on_leave(ctx);
	case WIRE_PROBE_YIELD:
		return on_yield(ctx);
	case WIRE_PROBE_PARK_PREEMPTED:
		return on_park_preempted(ctx);
	}
	/* Goroutines are told by their layout: not before it is known. */
	if (!config.labels)
		return 0;
	switch (cookie & WIRE_PROBE_MASK) {
	case WIRE_PROBE_HANDOFF:
		return on_handoff(ctx);
	case WIRE_PROBE_EXECUTE:
		return on_execute(ctx, subject);
	case WIRE_PROBE_READY:
		return on_ready(ctx, subject);
	case WIRE_PROBE_READY_LIST:
		return on_ready_list(subject);
	case WIRE_PROBE_PARK:
		return on_park(subject);
	case WIRE_PROBE_SYSCALL_ENTER:
	case WIRE_PROBE_SYSCALL_BLOCK:
		return changed(subject, EV_G_SYSCALL, 0);
	case WIRE_PROBE_SYSCALL_EXIT:
		return on_syscall_exit(ctx, subject);
	case WIRE_PROBE_SYSCALL_WAIT:
		return changed(subject, EV_G_SYSCALL_WAIT, 0);
	case WIRE_PROBE_NEW:
		return on_new(ctx, subject);
	case WIRE_PROBE_EXIT:
		return changed(subject, EV_G_EXIT, 0);
	case WIRE_PROBE_ASSIST:
		return changed(subject, EV_G_ASSIST, 0);
	case WIRE_PROBE_ASSIST_END:
		return changed(subject, EV_G_ASSIST_END, 0);
	case WIRE_PROBE_P_ACQUIRE:
		return p_changed(subject, EV_P_ACQUIRE);
	case WIRE_PROBE_P_RELEASE:
		return on_p_release(ctx);
	}
	return 0;
}

#endif
