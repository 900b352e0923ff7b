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
#include "bpf/kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "events/wire.h"

char LICENSE[] SEC("license") = "GPL";

#define NO_OFFSET UINT16_MAX

/* Set before loading: the filter is a compare with a constant. */
const volatile int target_tgid = 0;
const volatile uint32_t n_cpus = 1;      /* that have slots */
const volatile uint32_t slot_mask = 0;   /* slots of a CPU, less one */
const volatile bool queue_clock = false; /* the kernel tells since when a thread waits: no wake-up needs a look */

/* Set by user space at any time. */
struct wire_config config = {};
struct wire_cpu cpus[WIRE_CPUS] = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/*
 * Switches, by far the most frequent: slots for each CPU. A ring buffer would do, but takes a lock and two helper calls
 * an event; here the scheduler itself, with interrupts off, is the only writer on its CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct wire_switch);
} switches SEC(".maps");

/*
 * What is remembered of a thread of the target: a slot of a table, by the thread's id. Plain memory, because task
 * storage costs a helper call of some 35 ns each of the three times that a switch with its wake-up needs it. Two
 * threads of the target whose ids are equal modulo the table's size evict each other: they lose a wake-up time or a
 * cached M, no event.
 */
struct thread_memory {
	uint64_t m;         /* its M, 0 = not known (yet) */
	uint64_t p;         /* the last P it held ... */
	uint64_t goid;      /* the last goroutine announced from here */
	uint64_t wake_ns;   /* without queue_clock: when it was woken */
	uint64_t run_delay; /* with it: what it had waited when it left its CPU last */
	uint32_t waker_tid;
	int tid;        /* whose slot it is; 0 = nobody's */
	uint16_t p_id;  /* ... and its number */
	uint8_t misses; /* attempts to find g that failed */
	uint8_t async;  /* asyncPreempt2 was hit: the G that leaves next was preempted by signal */
	uint8_t reserved[12];
};

#define THREADS 16384 /* a power of two; 64 bytes each: one cache line, 1 MiB */

static struct thread_memory threads[THREADS];

/* Goroutines that have been announced. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, uint64_t);
	__type(value, uint8_t);
} announced SEC(".maps");

/* A thread that has no g after this many attempts (a C thread) isn't read again: a read that faults costs 0.7 µs. */
#define MISSES_MAX 32

static __always_inline struct wire_cpu *this_cpu(void)
{
	return &cpus[bpf_get_smp_processor_id() & (WIRE_CPUS - 1)];
}

static __always_inline void head_init(struct ev_head *h, uint64_t now, uint32_t tid, uint8_t kind, uint8_t flags)
{
	h->time_ns = now;
	h->tid = tid;
	h->cpu = (uint16_t)bpf_get_smp_processor_id();
	h->kind = kind;
	h->flags = flags | EVF_CPU;
}

static __always_inline void *reserve(uint64_t size)
{
	void *e = bpf_ringbuf_reserve(&ring, size, 0);

	if (!e)
		this_cpu()->lost[EV_LOST_RING]++;
	return e;
}

static __always_inline void submit(void *e)
{
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

static __always_inline bool read_u64(uint64_t *ret, uint64_t addr)
{
	return bpf_probe_read_user(ret, sizeof(*ret), (void *)addr) == 0;
}

/* ---- goroutine labels ---- */

struct label {
	uint64_t goid;
	uint64_t g;
	uint16_t p;
	bool valid;
};

/* m.procid to m.p in one read: 72..216 in Go 1.19 to 1.24, 64..216 in 1.25 and 1.26. */
#define M_WORDS 20

struct m_fields {
	uint64_t word[M_WORDS];
};

static __always_inline uint64_t m_field(const struct m_fields *f, uint16_t offset)
{
	uint32_t i = (uint32_t)(offset - config.m_procid) / 8;

	return i < M_WORDS ? f->word[i] : 0;
}

static __always_inline bool read_m(struct m_fields *f, uint64_t m, int pid)
{
	if (bpf_probe_read_user(f, sizeof(*f), (void *)(m + config.m_procid)))
		return false;
	return !config.check_procid || f->word[0] == (uint64_t)pid;
}

/* The thread's M, through g in its thread-local storage. */
static __always_inline bool find_m(struct thread_memory *t, struct task_struct *task, struct m_fields *f)
{
	uint64_t g, m;

	t->m = 0;
	if (t->misses >= MISSES_MAX)
		return false;
	if (!read_u64(&g, task->thread.fsbase + config.tls_g) || !g || !read_u64(&m, g + config.g_m) || !m ||
	    !read_m(f, m, task->pid)) {
		t->misses++;
		return false;
	}
	t->m = m;
	return true;
}

static __always_inline uint16_t p_number(struct thread_memory *t, uint64_t p)
{
	int32_t id;

	if (!p)
		return EV_NO_P;
	if (p != t->p) {
		if (bpf_probe_read_user(&id, sizeof(id), (void *)(p + config.p_id)))
			return EV_NO_P;
		t->p = p;
		t->p_id = (uint32_t)id < EV_NO_P ? (uint16_t)id : EV_NO_P;
	}
	return t->p_id;
}

static __always_inline void announce(uint64_t now, uint64_t g, uint64_t goid)
{
	uint8_t one = 1;

	if (bpf_map_lookup_elem(&announced, &goid))
		return;
	struct wire_goroutine *e = reserve(sizeof(*e));
	if (!e)
		return;
	head_init(&e->head, now, 0, EV_GOROUTINE, 0);
	e->goid = goid;
	e->parent_goid = 0;
	e->startpc = 0;
	e->gopc = 0;
	if (config.g_parentgoid != NO_OFFSET)
		read_u64(&e->parent_goid, g + config.g_parentgoid);
	read_u64(&e->startpc, g + config.g_startpc);
	read_u64(&e->gopc, g + config.g_gopc);
	submit(e);
	bpf_map_update_elem(&announced, &goid, &one, BPF_ANY);
}

/* What the current thread carries. */
static __always_inline struct label read_label(uint64_t now, struct task_struct *task, struct thread_memory *t)
{
	struct label l = {.p = EV_NO_P};
	struct m_fields f;

	if (!config.labels)
		return l;
	if (!t->m || !read_m(&f, t->m, task->pid)) {
		if (!find_m(t, task, &f))
			return l;
	}
	l.p = p_number(t, m_field(&f, config.m_p));
	l.g = m_field(&f, config.m_curg);
	if (l.g && !read_u64(&l.goid, l.g + config.g_goid)) {
		this_cpu()->lost[EV_LOST_LABEL]++;
		l.goid = 0;
		return l;
	}
	l.valid = true;
	if (l.goid && l.goid != t->goid) {
		announce(now, l.g, l.goid);
		t->goid = l.goid;
	}
	return l;
}

static __always_inline struct thread_memory *slot_of(const struct task_struct *task)
{
	return &threads[(uint32_t)task->pid & (THREADS - 1)];
}

static __always_inline struct thread_memory *memory_of(const struct task_struct *task)
{
	struct thread_memory *t = slot_of(task);

	if (t->tid != task->pid) {
		__builtin_memset(t, 0, sizeof(*t));
		t->tid = task->pid;
	}
	return t;
}

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
	head_init(&e->head, now, next->pid, EV_COMM, 0);
	e->comm.tid = next->pid;
	e->comm.tgid = next->tgid;
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
	e->sw.next_tid = next->pid;
	e->sw.waker_tid = 0;
	e->sw.wake_delta_ns = 0;
	if (in) {
		flags |= EVF_NEXT_TARGET;
		if (waited(next, &e->sw))
			flags |= EVF_WOKEN;
	}
	e->head.time_ns = now;
	e->head.tid = prev->pid;
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
		t->waker_tid = (uint32_t)bpf_get_current_task_btf()->pid;
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
	head_init(&e->head, bpf_ktime_get_ns(), child->pid, EV_THREAD_NEW, 0);
	e->thread.creator_tid = parent->pid;
	e->thread.reserved = 0;
	bpf_probe_read_kernel(e->thread.comm, sizeof(e->thread.comm), child->comm);
	submit(e);
	return 0;
}

static __always_inline int bare_event(uint32_t tid, uint8_t kind)
{
	struct ev_head *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	head_init(e, bpf_ktime_get_ns(), tid, kind, 0);
	submit(e);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return task->tgid == target_tgid ? bare_event(task->pid, EV_THREAD_EXIT) : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	return task->tgid == target_tgid ? bare_event(task->pid, EV_EXEC) : 0;
}

/* ---- SIGURG and samples: where a thread is ---- */

static __always_inline bool current_is_target(void)
{
	return (int)(bpf_get_current_pid_tgid() >> 32) == target_tgid;
}

static __always_inline int where(void *ctx, uint8_t kind, uint8_t how)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct label l = read_label(bpf_ktime_get_ns(), task, memory_of(task));
	struct wire_at *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), task->pid, kind, l.valid ? EVF_LABEL : 0);
	e->goid = l.goid;
	e->p = l.p;
	e->how = how;
	e->reserved = 0;
	long n = bpf_get_stack(ctx, e->pc, sizeof(e->pc), BPF_F_USER_STACK);
	e->n_frames = n > 0 ? (uint8_t)((uint64_t)n / 8) : 0;
	submit(e);
	return 0;
}

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
	head_init(&e->head, bpf_ktime_get_ns(), task->pid, EV_SIGNAL_SEND, 0);
	e->signal.sender_tid = (uint32_t)bpf_get_current_pid_tgid();
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

/* ---- probes in the Go runtime; arguments by ABIInternal (cmd/compile/abi-internal.md): AX, BX, CX, DI ---- */

/* The cookie says what the place costs: user space knows the instruction. */
static __always_inline void count_probe(void *ctx)
{
	this_cpu()->hits[bpf_get_attach_cookie(ctx) ? HIT_UPROBE_STEPPED : HIT_UPROBE]++;
}

SEC("uprobe")
int probe_stw_stop(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	uint64_t now = bpf_ktime_get_ns();
	struct label l = read_label(now, task, memory_of(task));
	uint64_t m = 0, text = 0, len = 0;

	count_probe(ctx);
	struct wire_stw *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, task->pid, EV_STW_STOP, l.valid ? EVF_LABEL : 0);
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

SEC("uprobe")
int probe_stw_stopped(struct pt_regs *ctx)
{
	count_probe(ctx);
	return bare_event((uint32_t)bpf_get_current_pid_tgid(), EV_STW_STOPPED);
}

SEC("uprobe")
int probe_stw_start(struct pt_regs *ctx)
{
	count_probe(ctx);
	struct wire_stw_end *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, bpf_ktime_get_ns(), (uint32_t)bpf_get_current_pid_tgid(), EV_STW_START, 0);
	/* startTheWorldWithSema(now int64, w worldStop), runtime/proc.go: 1.22 has reason and start, 1.23 when it
	 * stopped too */
	e->end.reason = config.go_minor >= 22 ? (uint8_t)ctx->bx : EV_STW_UNKNOWN;
	e->end.asked_ns = config.go_minor >= 22 ? ctx->cx : 0;
	e->end.stopped_ns = config.go_minor >= 23 ? ctx->di : 0;
	__builtin_memset(e->end.reserved, 0, sizeof(e->end.reserved));
	submit(e);
	return 0;
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
	if (preempt) {
		this_cpu()->repeats++;
		return 0;
	}
	uint64_t now = bpf_ktime_get_ns();
	announce(now, g, goid);
	struct wire_preempt *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, (uint32_t)bpf_get_current_pid_tgid(), EV_PREEMPT_REQUEST, 0);
	__builtin_memset(&e->preempt, 0, sizeof(e->preempt));
	p = m_field(&f, config.m_p);
	if (p)
		bpf_probe_read_user(&id, sizeof(id), (void *)(p + config.p_id));
	e->preempt.goid = goid;
	e->preempt.m_tid = (uint32_t)f.word[0];
	e->preempt.p = (uint32_t)id < EV_NO_P ? (uint16_t)id : EV_NO_P;
	e->preempt.how = how;
	submit(e);
	return 0;
}

SEC("uprobe")
int probe_preempt_request(struct pt_regs *ctx)
{
	uint64_t m;

	count_probe(ctx);
	if (!config.labels || !read_u64(&m, ctx->ax + config.p_m) || !m)
		return 0;
	return request(0, m, EV_REQ_PREEMPTONE);
}

#define GRUNNING 2      /* runtime/runtime2.go _Grunning */
#define GSCAN    0x1000 /* _Gscan */

SEC("uprobe")
int probe_suspend(struct pt_regs *ctx)
{
	uint32_t status;
	uint64_t m;

	count_probe(ctx);
	if (!config.labels || bpf_probe_read_user(&status, sizeof(status), (void *)(ctx->ax + config.g_atomicstatus)) ||
	    (status & ~GSCAN) != GRUNNING || !read_u64(&m, ctx->ax + config.g_m) || !m)
		return 0;
	return request(ctx->ax, m, EV_REQ_SUSPEND);
}

SEC("uprobe")
int probe_async_taken(struct pt_regs *ctx)
{
	struct thread_memory *t = memory_of(bpf_get_current_task_btf());

	count_probe(ctx);
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

	count_probe(ctx);
	if (t->async) {
		t->async = 0;
		return 0;
	}
	/* Who yields by itself, unasked, is nobody's answer; a program may do so a million times a second. */
	if (!config.labels || (how == EV_TAKEN_YIELD &&
			       (bpf_probe_read_user(&preempt, 1, (void *)(ctx->ax + config.g_preempt)) || !preempt)))
		return 0;
	if (!read_u64(&goid, ctx->ax + config.g_goid))
		return 0;
	uint64_t now = bpf_ktime_get_ns();
	struct label l = read_label(now, task, t);
	struct wire_preempt *e = reserve(sizeof(*e));
	if (!e)
		return 0;
	head_init(&e->head, now, task->pid, EV_PREEMPT_TAKEN, 0);
	__builtin_memset(&e->preempt, 0, sizeof(e->preempt));
	e->preempt.goid = goid;
	e->preempt.m_tid = task->pid;
	e->preempt.p = l.p;
	e->preempt.how = how;
	submit(e);
	return 0;
}

SEC("uprobe")
int probe_leave(struct pt_regs *ctx)
{
	/* goschedImpl(gp, preempted bool) from 1.22; gopreempt_m(gp) before (runtime/proc.go) */
	bool preempted = config.go_minor < 22 || (ctx->bx & 0xff);

	return leaves(ctx, preempted ? EV_TAKEN_COOP : EV_TAKEN_YIELD);
}

SEC("uprobe")
int probe_yield(struct pt_regs *ctx)
{
	return leaves(ctx, EV_TAKEN_YIELD);
}

SEC("uprobe")
int probe_park_preempted(struct pt_regs *ctx)
{
	return leaves(ctx, EV_TAKEN_COOP);
}
