/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event vocabulary: the only language that collectors, the capture file and the model share. The BPF programs
 * include it too (it needs nothing but fixed-width types), so that a fixed-size event is the same bytes on the ring and
 * in the model; wire.h adds the few forms that only the ring has.
 *
 * Rules
 *  - Kinds are numbered, append-only and never reused: captures outlive programs.
 *  - Times are CLOCK_MONOTONIC nanoseconds. A collector delivers events in order of time_ns.
 *  - Unknown is a value of its own (EV_NO_P, EVF_LABEL unset, ...), never a plausible 0.
 *  - Program counters never get this far: a collector resolves them to location ids and announces each location once
 *    (EV_LOC) before the first event that uses it.
 */
#ifndef SCHEDTOP_EVENTS_EVENT_H
#define SCHEDTOP_EVENTS_EVENT_H

#include <stdint.h>

enum event_kind {
	EV_NONE = 0,
	EV_TICK = 1,             /* time has passed: no event up to time_ns is still to come. No payload */
	EV_SWITCH = 2,           /* .sw: a context switch with a target thread on at least one side. A side whose tid is
				  EV_TID_UNKNOWN is not the target's; whether it is another process or none isn't known */
	EV_THREAD_NEW = 3,       /* .thread: tid exists (seen at fork, or found at attach) */
	EV_THREAD_EXIT = 4,      /* tid is gone. No payload */
	EV_EXEC = 5,             /* the target replaced its program. No payload */
	EV_SIGNAL_SEND = 6,      /* .signal: SIGURG generated for tid (preemptM, runtime/signal_unix.go) */
	EV_SIGNAL_DELIVER = 7,   /* .at: SIGURG delivered to tid; where it interrupted */
	EV_SAMPLE = 8,           /* .at: cpu-clock sample of tid */
	EV_STW_STOP = 9,         /* .stw: stopTheWorldWithSema entered by tid */
	EV_STW_STOPPED = 10,     /* every P has stopped. No payload */
	EV_STW_START = 11,       /* .stw_end: startTheWorldWithSema entered by tid */
	EV_PREEMPT_REQUEST = 12, /* .preempt: a first request to the G running on a P; head tid = who asks */
	EV_PREEMPT_TAKEN = 13,   /* .preempt: the G on tid leaves because it was asked to (or yields by itself) */
	EV_GOROUTINE = 14,       /* .goroutine: what is known of a goroutine, before its first label */
	EV_CPU_STAT = 15,        /* .cpu_stat: the kernel's own account of one CPU */
	EV_CGROUP_STAT = 16,     /* .cgroup: CPU quota and throttling of the target's cgroup */
	EV_LOST = 17,            /* .lost: events that could not be delivered, by cause */
	EV_LOC = 18,             /* .loc: dictionary: a code location */
	EV_COMM = 19,            /* .comm: dictionary: name of a thread, the target's or another's */
	EV_RUNTIME = 20,         /* .runtime: settings read from the live process's memory */
	EV_OVERHEAD = 21,        /* .overhead: what schedtop itself has cost so far */
	EV_TARGET_EXIT = 22,     /* .exited: the process ended */
	EV_G = 23,               /* .g: detail exact: a goroutine changed its state on thread tid (0 = unknown) */
	EV_P = 24,               /* .p: detail exact: thread tid acquired or released a P */
	EV_RUNQ = 25,            /* .runq: length of a run queue, read from the process's memory */
	EV_DETAIL = 26,          /* .detail: what is traced from now on, and why it changed */
	EV_SETTING = 27,         /* .setting: a variable of the runtime was written in the live process's memory */
	EV_SAMPLED = 28,         /* .sampled: what a look into the process's memory showed; tid: enum ev_sampled_what */
	EV_SAMPLING = 29,        /* .sampling: from now on the process's memory is looked at, how often, and what for */
	EV_THREAD_STAT = 30,     /* .stat: the kernel's own account of tid since it was read last */
	EV_KIND_COUNT
};

enum event_flag {
	EVF_LABEL = 1 << 0,       /* goid and p are what the thread carried; goid 0 then means "no goroutine" */
	EVF_PREV_TARGET = 1 << 1, /* EV_SWITCH: the thread that leaves is the target's */
	EVF_NEXT_TARGET = 1 << 2, /* EV_SWITCH: the thread that comes is the target's */
	EVF_PREEMPTED = 1 << 3,   /* EV_SWITCH: the thread that leaves stays runnable (involuntary) */
	EVF_WOKEN = 1 << 4,       /* EV_SWITCH: wake_delta_ns is valid */
	EVF_INITIAL = 1 << 5,     /* EV_THREAD_NEW: found at attach, not born now */
	EVF_CPU = 1 << 6,         /* head.cpu is valid */
};

#define EV_NO_P        UINT16_MAX
#define EV_TID_UNKNOWN UINT32_MAX
#define EV_NO_LOC      0U /* location ids start at 1 */
#define EV_COMM_SIZE   16

/* Why a thread left its CPU (TASK_* of include/linux/sched.h, reduced to what matters here). */
enum ev_state {
	EV_STATE_RUNNABLE = 0,
	EV_STATE_SLEEP = 1, /* interruptible */
	EV_STATE_BLOCK = 2, /* uninterruptible: disk, page fault */
	EV_STATE_STOP = 3,  /* stopped or traced */
	EV_STATE_DEAD = 4,
};

/* How a preemption request ended, or who made it. */
enum ev_preempt_how {
	EV_HOW_UNKNOWN = 0,
	EV_REQ_PREEMPTONE = 1, /* runtime/proc.go preemptone: sysmon's retake or a stop of the world */
	EV_REQ_SUSPEND = 2,    /* runtime/preempt.go suspendG: a stack scan */
	EV_TAKEN_ASYNC = 3,    /* through asyncPreempt, injected by the SIGURG handler */
	EV_TAKEN_COOP = 4,     /* at a stack check (newstack) */
	EV_TAKEN_YIELD = 5,    /* runtime.Gosched: voluntary */
};

/* runtime/proc.go stwReason, Go 1.21 to 1.26; 1.19's reason strings are mapped onto it. */
enum ev_stw_reason {
	EV_STW_UNKNOWN = 0,
	EV_STW_GC_MARK_TERM = 1,
	EV_STW_GC_SWEEP_TERM = 2,
	EV_STW_WRITE_HEAP_DUMP = 3,
	EV_STW_GOROUTINE_PROFILE = 4,
	EV_STW_GOROUTINE_PROFILE_CLEANUP = 5,
	EV_STW_ALL_GOROUTINES_STACK = 6,
	EV_STW_READ_MEM_STATS = 7,
	EV_STW_ALL_THREADS_SYSCALL = 8,
	EV_STW_GOMAXPROCS = 9,
	EV_STW_START_TRACE = 10,
	EV_STW_STOP_TRACE = 11,
	EV_STW_REASON_COUNT
};

/*
 * What happened to a goroutine (detail exact). A preemption is told by EV_PREEMPT_TAKEN; the goroutine is runnable
 * then, unless EV_G_PARK with the reason "preempted" follows.
 */
enum ev_g_change {
	EV_G_NEW = 1,          /* created and runnable; other = creator. Start and go statement: EV_GOROUTINE */
	EV_G_READY = 2,        /* made runnable by other (0 = the network poller, a timer, the runtime) */
	EV_G_RUN = 3,          /* starts to run on the thread (runtime/proc.go execute) */
	EV_G_PARK = 4,         /* waits for .reason */
	EV_G_YIELD = 5,        /* runnable again by itself: runtime.Gosched, or preempted (then told as well) */
	EV_G_SYSCALL = 6,      /* enters a system call; keeps its thread, and its P until sysmon takes it */
	EV_G_SYSCALL_EXIT = 7, /* back from it, and it has a P again */
	EV_G_SYSCALL_WAIT = 8, /* back from it without a P: runnable */
	EV_G_HANDOFF = 9,      /* its P was taken away while it is in a system call (handoffp); goid may be 0 */
	EV_G_ASSIST = 10,      /* begins to assist the garbage collector (gcAssistAlloc) */
	EV_G_ASSIST_END = 11,  /* goes on with its own work */
	EV_G_EXIT = 12,        /* has ended */
	EV_G_CHANGE_COUNT
};

enum ev_p_change { EV_P_ACQUIRE = 1, EV_P_RELEASE = 2 };

enum ev_detail_why {
	EV_DETAIL_ASKED = 0,    /* by the user, at the start */
	EV_DETAIL_OVERHEAD = 1, /* stepped down: it cost more than --max-overhead */
	EV_DETAIL_CALM = 2,     /* stepped up again: the rates have fallen */
};

/* Variables of the runtime that may be written in a live process. */
enum ev_setting_id { EV_SETTING_ASYNCPREEMPTOFF = 1 };

enum ev_setting_what {
	EV_SETTING_WRITTEN = 1,  /* by schedtop, because the user asked for it; .at_ns, .from, .to */
	EV_SETTING_REPAIRED = 2, /* of the latest one written: .stuck threads had lost their signal, .repaired of them
				    take it again */
	EV_SETTING_SEEN = 3,     /* somebody else wrote it, between two looks at the memory; .from, .to */
};

/*
 * What the runtime's memory shows (collectors/sampler.h). A change lies between two looks: .gap_ns tells how far back
 * the one before was, and that is the error of when it happened.
 */
enum ev_sampled_what {
	EV_SAMPLED_CARRIES = 1,     /* tid carries goid (0 = none) on p since; value: enum ev_sampled_flag */
	EV_SAMPLED_ASKED = 2,       /* goid, which runs on tid, is asked to yield (g.preempt is set) */
	EV_SAMPLED_YIELDED = 3,     /* it isn't any more: it has left, or it runs anew */
	EV_SAMPLED_STW = 4,         /* the world is being stopped (sched.gcwaiting); value: enum ev_stw_reason */
	EV_SAMPLED_STW_STOPPED = 5, /* every P has stopped (sched.stopwait is 0) */
	EV_SAMPLED_STW_END = 6,     /* the world runs; value: enum ev_stw_reason */
	EV_SAMPLED_GC_PHASE = 7,    /* value: runtime/mgc.go gcphase: 0 = off, 1 = mark, 2 = mark termination */
	EV_SAMPLED_COUNT
};

enum ev_sampled_flag {
	EVS_RUNNING = 1 << 0, /* it executes Go code, or may: it is in no system call */
	EVS_AGAIN = 1 << 1,   /* its P has switched goroutines since the look before (p.schedtick) */
	EVS_HELD = 1 << 2,    /* the look stands for the time since the one before: nothing else tells who ran */
};

enum ev_lost_cause {
	EV_LOST_RING = 0,  /* the ring buffer was full */
	EV_LOST_QUEUE = 1, /* schedtop's own queue was full */
	EV_LOST_LATE = 2,  /* came after its time had been delivered; its time was moved forward, nothing is missing */
	EV_LOST_LABEL = 3, /* a goroutine could not be read (page not present); the switch itself is there */
	EV_LOST_CAPTURE = 4,  /* the capture could not take them: a slow disk or reader */
	EV_LOST_THROTTLE = 5, /* times that the kernel held samples back; how many of them isn't known */
	EV_LOST_CAUSE_COUNT
};

struct ev_head {
	uint64_t time_ns;
	uint32_t tid; /* the thread this is about, in schedtop's pid namespace; EV_SWITCH: the one that leaves, 0 = idle
		       */
	uint16_t cpu;
	uint8_t kind;  /* enum event_kind */
	uint8_t flags; /* enum event_flag */
};

struct ev_switch {
	uint64_t goid; /* of the thread that leaves, with EVF_LABEL */
	uint32_t next_tid;
	uint32_t waker_tid;     /* who woke the thread that comes; 0 = unknown */
	uint32_t wake_delta_ns; /* how long it has waited for a CPU; UINT32_MAX = that long or longer */
	uint16_t p;             /* of the thread that leaves, with EVF_LABEL; EV_NO_P = none */
	uint8_t state;          /* enum ev_state of the thread that leaves */
	uint8_t reserved;
};

struct ev_thread {
	uint32_t creator_tid;
	uint32_t reserved;
	char comm[EV_COMM_SIZE]; /* NUL-padded, foreign text */
};

struct ev_signal {
	uint32_t sender_tid;
	uint32_t reserved;
};

struct ev_at {
	uint64_t goid;  /* with EVF_LABEL */
	uint32_t loc;   /* innermost location; EV_NO_LOC = unknown */
	uint32_t blame; /* innermost location outside the runtime's own code: what to show a user; EV_NO_LOC = none */
	uint16_t p;
	uint16_t reserved[3];
};

struct ev_stw {
	uint64_t goid;  /* with EVF_LABEL */
	uint8_t reason; /* enum ev_stw_reason */
	uint8_t reserved[7];
};

struct ev_stw_end {
	uint64_t asked_ns;   /* when it was asked for, as the runtime says; 0 = unknown (before Go 1.22) */
	uint64_t stopped_ns; /* when every P had stopped; 0 = unknown (before Go 1.23) */
	uint8_t reason;      /* enum ev_stw_reason; EV_STW_UNKNOWN = see the stop */
	uint8_t reserved[7];
};

struct ev_preempt {
	uint64_t goid;  /* the G that is asked, or that leaves; 0 = unknown */
	uint32_t m_tid; /* the thread that carries it, in schedtop's pid namespace; 0 = unknown */
	uint32_t loc;   /* EV_PREEMPT_TAKEN: where it was interrupted */
	uint16_t p;     /* EV_NO_P = unknown */
	uint8_t how;    /* enum ev_preempt_how */
	uint8_t reserved[5];
};

struct ev_goroutine {
	uint64_t goid;
	uint64_t parent_goid; /* 0 = unknown */
	uint32_t start_loc;   /* the function that it runs (g.startpc) */
	uint32_t create_loc;  /* the go statement (g.gopc) */
};

struct ev_cpu_stat {
	uint64_t idle_ns; /* since boot (/proc/stat idle + iowait); moves in steps of 10 ms */
	uint64_t busy_ns; /* since boot, all processes */
};

struct ev_cgroup {
	uint64_t quota_ns; /* CPU time per period; 0 = no limit */
	uint64_t period_ns;
	uint64_t throttled_ns; /* total; cpu.stat throttled_usec (v2), throttled_time (v1) */
	uint64_t nr_throttled;
};

struct ev_lost {
	uint64_t count;
	uint32_t cause; /* enum ev_lost_cause */
	uint32_t reserved;
};

/* Dictionary events hold pointers that are valid during delivery only: the receiver copies. */
struct ev_loc {
	const char *func; /* full name as in gopclntab; never NULL, foreign text */
	const char *file; /* may be empty */
	uint32_t id;
	uint32_t line;      /* 0 = unknown */
	uint8_t is_runtime; /* the runtime's own code */
};

struct ev_comm {
	uint32_t tid;
	uint32_t tgid; /* 0 = unknown */
	char comm[EV_COMM_SIZE];
};

struct ev_runtime {
	int32_t gomaxprocs;     /* -1 = unknown */
	int8_t asyncpreemptoff; /* debug.asyncpreemptoff: 0, 1, -1 = unknown */
	uint8_t reserved[3];
};

struct ev_overhead {
	uint64_t probe_ns; /* estimate of the CPU time that probes took from the target and its CPUs: hits times cost */
	uint64_t self_ns;  /* schedtop's own CPU time */
	uint64_t hits;     /* probe hits, all kinds */
};

struct ev_exited {
	int32_t status; /* as wait(2) gives it; -1 = unknown (not our child) */
};

struct ev_g {
	uint64_t goid;
	uint64_t other; /* a second goroutine, see enum ev_g_change; 0 = unknown or none */
	uint16_t p;     /* of the thread; EV_NO_P = none or unknown */
	uint8_t change; /* enum ev_g_change */
	uint8_t reason; /* EV_G_PARK: enum wait_reason (events/wait_reason.h) */
	uint32_t reserved;
};

struct ev_p {
	uint16_t p;
	uint8_t change; /* enum ev_p_change */
	uint8_t reserved[5];
};

struct ev_runq {
	uint32_t len;
	uint16_t p; /* EV_NO_P = the global queue */
	uint16_t reserved;
};

struct ev_detail {
	uint8_t level; /* enum detail_level (events/session.h) */
	uint8_t why;   /* enum ev_detail_why */
	uint8_t reserved[2];
	uint32_t overhead_bp; /* what was measured, in hundredths of a percent of one CPU */
};

struct ev_setting {
	uint64_t at_ns; /* right before it was written; the event itself is told with the next ones. 0 = the head's time
			 */
	int32_t from, to;
	uint16_t stuck, repaired; /* UINT16_MAX = that many or more */
	uint8_t setting;          /* enum ev_setting_id */
	uint8_t what;             /* enum ev_setting_what */
	uint8_t reserved[2];
};

struct ev_sampled {
	uint64_t goid;
	uint32_t gap_ns; /* since the look before; UINT32_MAX = that long or longer, or there was none */
	uint16_t p;      /* EV_NO_P = none */
	uint8_t what;    /* enum ev_sampled_what */
	uint8_t value;
};

struct ev_sampling {
	uint32_t period_ns; /* between two looks, as meant */
	uint8_t estimates;  /* 1: gaps and pauses are told by EV_SAMPLED; 0: by probes, or not at all */
	uint8_t reserved[3];
};

struct ev_thread_stat {
	uint64_t run_ns;    /* on a CPU, since the account was read last */
	uint64_t wait_ns;   /* runnable without one */
	uint32_t voluntary; /* switches */
	uint32_t involuntary;
	uint32_t gap_ns; /* since the account was read last, before head.time_ns; the head's cpu is where it ran last */
	uint8_t state;   /* enum ev_state, now */
	uint8_t reserved[3];
};

struct event {
	struct ev_head head;
	union {
		struct ev_switch sw;
		struct ev_thread thread;
		struct ev_signal signal;
		struct ev_at at;
		struct ev_stw stw;
		struct ev_stw_end stw_end;
		struct ev_preempt preempt;
		struct ev_goroutine goroutine;
		struct ev_cpu_stat cpu_stat;
		struct ev_cgroup cgroup;
		struct ev_lost lost;
		struct ev_loc loc;
		struct ev_comm comm;
		struct ev_runtime runtime;
		struct ev_overhead overhead;
		struct ev_exited exited;
		struct ev_g g;
		struct ev_p p;
		struct ev_runq runq;
		struct ev_detail detail;
		struct ev_setting setting;
		struct ev_sampled sampled;
		struct ev_sampling sampling;
		struct ev_thread_stat stat;
	};
};

_Static_assert(sizeof(struct ev_head) == 16, "the head is 16 bytes on every ring and in every capture");
_Static_assert(sizeof(struct ev_switch) == 24, "a switch is 40 bytes with its head");
_Static_assert(sizeof(struct ev_preempt) == 24, "");
_Static_assert(sizeof(struct ev_g) == 24, "");
_Static_assert(sizeof(struct ev_setting) == 24, "");
_Static_assert(sizeof(struct ev_sampled) == 16, "");
_Static_assert(sizeof(struct ev_thread_stat) == 32, "");
_Static_assert(sizeof(struct event) <= 64, "an event fits a cache line");

/** Where a collector or a reader delivers events, in order of time. Runs on the engine's thread. */
struct event_sink {
	void (*event)(void *ctx, const struct event *ev);
	void *ctx;
};

static inline void event_deliver(const struct event_sink *sink, const struct event *ev)
{
	sink->event(sink->ctx, ev);
}

#endif
