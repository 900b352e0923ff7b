/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's side of the eBPF collector.
 *
 * Cost, measured with `./dev bench --only switch` and `--only uprobe` (docs/overhead.md): a switch that isn't the
 * target's is looked at and left; one of the target's makes one 40-byte record. Nothing here ever wakes the reader: it
 * would be switched in by each event and make the next one.
 *
 * Goroutines are read from the thread that leaves a CPU, never from the one that comes: only its memory is mapped.
 */
#include "bpf/common.bpf.h"
#include "bpf/runtime.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- the kernel's scheduler ---- */

static __always_inline uint8_t state_of(unsigned int state)
{
	if (state & TASK_GONE)
		return EV_STATE_DEAD;
	if (state & TASK_INTERRUPTIBLE)
		return EV_STATE_SLEEP;
	if (state & TASK_UNINTERRUPTIBLE)
		return EV_STATE_BLOCK;
	if (state & TASK_STOPPED_TRACED)
		return EV_STATE_STOP;
	return state ? EV_STATE_SLEEP : EV_STATE_RUNNABLE;
}

/* How long the thread that comes has waited for a CPU. */
static __always_inline bool waited(struct task_struct *next, struct ev_switch *sw)
{
	struct thread_memory *t = slot_of(next);
	bool known = t->tid == next->pid;
	uint64_t delta;

	if (queue_clock) {
		uint64_t since = next->sched_info.last_queued;

		if (!since)
			return false;
		delta = next->se.cfs_rq->rq->clock - since;
		if ((int64_t)delta < 0)
			delta = 0;
		/* What it waited on other CPUs' queues before it was moved to this one's. */
		if (known && next->sched_info.run_delay > t->run_delay)
			delta += next->sched_info.run_delay - t->run_delay;
	} else {
		if (!known || !t->wake_ns)
			return false;
		delta = bpf_ktime_get_ns() - t->wake_ns;
		sw->waker_tid = t->waker_tid;
		t->wake_ns = 0;
	}
	sw->wake_delta_ns = delta < UINT32_MAX ? (uint32_t)delta : UINT32_MAX;
	return true;
}

/* Who pushed a thread of the target off its CPU, once for each in a row. */
static __always_inline void name_other(struct wire_cpu *c, uint64_t now, struct task_struct *next)
{
	uint64_t mix = *(uint64_t *)next->comm ^ ((uint64_t)(uint32_t)next->pid << 32);

	if (mix == c->named)
		return;
	struct wire_comm *e = reserve(sizeof(*e));
	if (!e)
		return;
	c->named = mix;
	head_init(&e->head, now, id_of(next), EV_COMM, 0);
	e->comm.tid = id_of(next);
	e->comm.tgid = tgid_of(next);
	__builtin_memcpy(e->comm.comm, next->comm, sizeof(e->comm.comm));
	submit(e);
}

/* The next slot of this CPU; NULL when all are full. */
static __always_inline struct wire_switch *slot(struct wire_cpu *c, uint32_t cpu)
{
	uint64_t made = c->made;
	uint32_t i = cpu * (slot_mask + 1) + ((uint32_t)made & slot_mask);
	struct wire_switch *e = cpu < n_cpus && made - *(volatile uint64_t *)&c->taken <= slot_mask
					? bpf_map_lookup_elem(&switches, &i)
					: NULL;

	if (!e)
		c->lost[EV_LOST_RING]++;
	return e;
}

/* The slot's content must be there before its number. */
static __always_inline void publish(struct wire_cpu *c)
{
#ifdef __TARGET_ARCH_x86
	asm volatile("" ::: "memory"); /* stores stay in order on x86 */
	*(volatile uint64_t *)&c->made = c->made + 1;
#else
	__sync_fetch_and_add(&c->made, 1);
#endif
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	bool out = prev->tgid == target_tgid, in = next->tgid == target_tgid;
	uint32_t cpu = bpf_get_smp_processor_id();
	struct wire_cpu *c = &cpus[cpu & (WIRE_CPUS - 1)];
	struct label l = {.p = EV_NO_P};
	uint8_t flags = EVF_CPU, state = EV_STATE_RUNNABLE;

	if (!out && !in) {
		c->hits[HIT_FOREIGN]++;
		/* Who followed the target has gone to sleep: the timeline must know when, once. */
		if (!c->other || next->pid != 0)
			return 0;
	} else {
		c->hits[HIT_SWITCH]++;
	}
	uint64_t now = bpf_ktime_get_ns();

	if (out) {
		struct thread_memory *t = memory_of(prev);

		flags |= EVF_PREV_TARGET;
		if (!preempt)
			state = state_of(prev->__state);
		if (state == EV_STATE_RUNNABLE)
			flags |= EVF_PREEMPTED;
		if (config.labels) {
			l = read_label(now, prev, t);
			if (l.valid)
				flags |= EVF_LABEL;
		}
		if (queue_clock)
			t->run_delay = prev->sched_info.run_delay;
	}
	c->other = out && !in && next->pid != 0;
	if (c->other && (flags & EVF_PREEMPTED))
		name_other(c, now, next);
	struct wire_switch *e = slot(c, cpu);
	if (!e)
		return 0;
	e->sw.goid = l.goid;
	e->sw.p = l.p;
	e->sw.state = state;
	e->sw.reserved = 0;
	e->sw.next_tid = id_of(next);
	e->sw.waker_tid = 0;
	e->sw.wake_delta_ns = 0;
	if (in) {
		flags |= EVF_NEXT_TARGET;
		if (waited(next, &e->sw))
			flags |= EVF_WOKEN;
	}
	e->head.time_ns = now;
	e->head.tid = id_of(prev);
	e->head.cpu = (uint16_t)cpu;
	e->head.kind = EV_SWITCH;
	e->head.flags = flags;
	publish(c);
	return 0;
}

/* Where the kernel doesn't tell since when a thread waits, its wake-ups do. */
static __always_inline int woken(struct task_struct *task)
{
	if (task->tgid != target_tgid) {
		this_cpu()->hits[HIT_FOREIGN]++;
		return 0;
	}
	this_cpu()->hits[HIT_WAKE]++;
	/* Still on a CPU: it was about to sleep and won't. That is no wait for a CPU. */
	if (task->on_cpu)
		return 0;
	struct thread_memory *t = memory_of(task);

	if (!t->wake_ns) {
		t->wake_ns = bpf_ktime_get_ns();
		t->waker_tid = current_id();
	}
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	return woken(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	return woken(task);
}

/* ---- threads ---- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->tgid != target_tgid)
		return 0;
	struct wire_thread *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), id_of(child), EV_THREAD_NEW, 0);
	e->thread.creator_tid = id_of(parent);
	e->thread.reserved = 0;
	bpf_probe_read_kernel(e->thread.comm, sizeof(e->thread.comm), child->comm);
	submit(e);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return task->tgid == target_tgid ? bare_event(id_of(task), EV_THREAD_EXIT) : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	if (task->tgid != target_tgid)
		return 0;
	/* Nothing that is known of the old program's goroutines and Ms holds. */
	generation++;
	slot_of(task)->tid = 0;
	return bare_event(id_of(task), EV_EXEC);
}

/* Also at an exec: the thread is called after the program then. */
SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *comm)
{
	if (task->tgid != target_tgid)
		return 0;
	struct wire_comm *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), id_of(task), EV_COMM, 0);
	e->comm.tid = id_of(task);
	e->comm.tgid = tgid_of(task);
	__builtin_memset(e->comm.comm, 0, sizeof(e->comm.comm));
	bpf_probe_read_kernel_str(e->comm.comm, sizeof(e->comm.comm), comm);
	submit(e);
	return 0;
}

/* ---- SIGURG and samples: where a thread is ---- */

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal_generate, int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	/* Sent by the runtime to itself; a result other than 0 means that it wasn't queued. */
	if (sig != SIGURG || task->tgid != target_tgid || result != 0 || !current_is_target())
		return 0;
	this_cpu()->hits[HIT_SIGNAL]++;
	struct wire_signal *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), id_of(task), EV_SIGNAL_SEND, 0);
	e->signal.sender_tid = current_id();
	e->signal.reserved = 0;
	submit(e);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal_deliver, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	if (sig != SIGURG || !current_is_target())
		return 0;
	this_cpu()->hits[HIT_SIGNAL]++;
	return where(ctx, EV_SIGNAL_DELIVER, 0);
}

SEC("perf_event")
int on_sample(void *ctx)
{
	if (!current_is_target())
		return 0;
	this_cpu()->hits[HIT_SAMPLE]++;
	return where(ctx, EV_SAMPLE, 0);
}
