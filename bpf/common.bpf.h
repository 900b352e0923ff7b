/* SPDX-License-Identifier: GPL-2.0-only */
/* What all our programs share: settings, buffers, what is remembered of threads, reading goroutines. */
#ifndef SCHEDTOP_BPF_COMMON_H
#define SCHEDTOP_BPF_COMMON_H

#include "bpf/ids.bpf.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "events/wire.h"

#define NO_OFFSET UINT16_MAX

/* Set before loading: the filter is a compare with a constant. */
const volatile int target_tgid = 0;
const volatile uint32_t n_cpus = 1;      /* that have slots */
const volatile uint32_t slot_mask = 0;   /* slots of a CPU, less one */
const volatile bool queue_clock = false; /* the kernel tells since when a thread waits: no wake-up needs a look */

/*
 * Of the pid namespace that schedtop runs in, when it isn't the machine's own: all ids that are told are those of
 * there.
 */
const volatile uint32_t ns_level = 0; /* 0 = the machine's own */
const volatile uint64_t ns_address = 0;
const volatile uint32_t target_pid = 0; /* target_tgid as it is called there */

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
	uint8_t skipped;
	uint8_t async;  /* asyncPreempt2 was hit: the G that leaves next was preempted by signal */
	uint16_t p_now; /* the P that it holds, as detail exact knows it */
	uint8_t reserved[8];
};

#define THREADS 16384 /* a power of two; 64 bytes each: one cache line, 1 MiB */

static struct thread_memory threads[THREADS];

/*
 * Goroutines that have been announced: the upper part of the id, in the slot of its lower part. Two that share a slot
 * are announced again and again, which costs, but confuses nobody. With another generation all are: after an exec the
 * ids start anew, and user space resolves them in the new program only from when it has read it.
 */
#define ANNOUNCED 65536

uint32_t generation = 0;
static uint32_t announced[ANNOUNCED];
/* The same for goroutines of which a request to yield has been told. */
static uint32_t asked[ANNOUNCED];

static __always_inline uint32_t goroutine_tag(uint64_t goid)
{
	return (uint32_t)(goid / ANNOUNCED + 1) << 8 | (uint8_t)generation;
}

/* Which thread carries an M: m.procid is its id in the target's own pid namespace, which need not be ours. */
struct m_thread {
	uint64_t m;
	uint32_t tid;
	uint32_t reserved;
};

#define MS 16384

static struct m_thread ms[MS];

/* A runtime.m has more than 256 bytes. */
static __always_inline struct m_thread *m_slot(uint64_t m)
{
	return &ms[(m >> 8) & (MS - 1)];
}

/* A thread that has no g after this many attempts (a C thread) isn't read again: a read that faults costs 0.7 µs. */
#define MISSES_MAX  32
#define RETRY_EVERY 64

/* What the thread is called where schedtop runs. */
static __always_inline uint32_t id_of(struct task_struct *task)
{
	struct upid id;

	if (!ns_level || !task->pid)
		return (uint32_t)task->pid;
	if (id_at(task, ns_level, &id) && (uint64_t)id.ns == ns_address)
		return (uint32_t)id.nr;
	return (uint32_t)task->pid | WIRE_ELSEWHERE;
}

static __always_inline uint32_t current_id(void)
{
	return ns_level ? id_of(bpf_get_current_task_btf()) : (uint32_t)bpf_get_current_pid_tgid();
}

static __always_inline uint32_t tgid_of(const struct task_struct *task)
{
	if (!ns_level)
		return (uint32_t)task->tgid;
	return task->tgid == target_tgid ? target_pid : (uint32_t)task->tgid | WIRE_ELSEWHERE;
}

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

static __always_inline int bare_event(uint32_t tid, uint8_t kind)
{
	struct ev_head *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	head_init(e, bpf_ktime_get_ns(), tid, kind, 0);
	submit(e);
	return 0;
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

	asm volatile(
		""
		: "+r"(i)); /* else the bound is checked on the undivided number, which the verifier can't follow */
	return i < M_WORDS ? f->word[i] : 0;
}

static __always_inline bool read_m(struct m_fields *f, uint64_t m, uint32_t tid)
{
	if (bpf_probe_read_user(f, sizeof(*f), (void *)(m + config.m_procid)))
		return false;
	return !config.check_procid || f->word[0] == tid;
}

/* The thread's M, through g in its thread-local storage. */
static __always_inline bool find_m(struct thread_memory *t, struct task_struct *task, struct m_fields *f)
{
	uint64_t g, m;

	t->m = 0;
	/* Beyond that only now and then: a cgo program's thread may become an M late. */
	if (t->misses >= MISSES_MAX && ++t->skipped % RETRY_EVERY)
		return false;
	if (!read_u64(&g, task->thread.fsbase + config.tls_g) || !g || !read_u64(&m, g + config.g_m) || !m ||
	    !read_m(f, m, id_of(task))) {
		t->misses += t->misses < MISSES_MAX;
		return false;
	}
	t->m = m;
	m_slot(m)->m = m;
	m_slot(m)->tid = id_of(task);
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
	uint32_t *slot = &announced[goid & (ANNOUNCED - 1)];
	uint32_t tag = goroutine_tag(goid);

	if (*slot == tag)
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
	*slot = tag;
}

/* What the current thread carries. */
static __always_inline struct label read_label(uint64_t now, struct task_struct *task, struct thread_memory *t)
{
	struct label l = {.p = EV_NO_P};
	struct m_fields f;

	if (!config.labels)
		return l;
	if (!t->m || !read_m(&f, t->m, id_of(task))) {
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
		t->p_now = EV_NO_P;
		t->tid = task->pid;
	}
	return t;
}

/* ---- where a thread is ---- */

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
	head_init(&e->head, bpf_ktime_get_ns(), id_of(task), kind, l.valid ? EVF_LABEL : 0);
	e->goid = l.goid;
	e->p = l.p;
	e->how = how;
	e->reserved = 0;
	long n = bpf_get_stack(ctx, e->pc, sizeof(e->pc), BPF_F_USER_STACK);
	e->n_frames = n > 0 ? (uint8_t)((uint64_t)n / 8) : 0;
	submit(e);
	return 0;
}

#endif
