/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forms of events that only the kernel's ring has: those with program counters or names still in them. Everything
 * else is on the ring as struct ev_head and its arm of struct event. Shared by the BPF programs and the decoder.
 */
#ifndef SCHEDTOP_EVENTS_WIRE_H
#define SCHEDTOP_EVENTS_WIRE_H

#include "events/event.h"

/* In ids of threads that schedtop's pid namespace doesn't show: no id of its own has this bit (they end at 2^22). */
#define WIRE_ELSEWHERE 0x40000000U

#define WIRE_FRAMES 16
#define WIRE_TEXT   32

/* The causes that the kernel side counts: enum ev_lost_cause up to EV_LOST_LABEL. */
#define WIRE_LOST_CAUSES (EV_LOST_LABEL + 1)

/* EV_SWITCH: not on the ring, but in the slots of its CPU (struct wire_cpu). */
struct wire_switch {
	struct ev_head head;
	struct ev_switch sw;
};

/* EV_COMM: a foreign thread that pushed the target's off its CPU. */
struct wire_comm {
	struct ev_head head;
	struct ev_comm comm;
};

/* EV_SAMPLE, EV_SIGNAL_DELIVER, EV_PREEMPT_TAKEN: innermost frame first. */
struct wire_at {
	struct ev_head head;
	uint64_t goid;
	uint16_t p;
	uint8_t how; /* EV_PREEMPT_TAKEN: enum ev_preempt_how */
	uint8_t n_frames;
	uint32_t reserved;
	uint64_t pc[WIRE_FRAMES];
};

/* EV_GOROUTINE */
struct wire_goroutine {
	struct ev_head head;
	uint64_t goid;
	uint64_t parent_goid;
	uint64_t startpc;
	uint64_t gopc;
};

/* EV_STW_STOP: before Go 1.21 the reason is a string, m.preemptoff. */
struct wire_stw {
	struct ev_head head;
	uint64_t goid;
	uint8_t reason;
	uint8_t text_len; /* 0 = reason counts */
	uint8_t is_text;
	uint8_t reserved[5];
	char text[WIRE_TEXT];
};

struct wire_stw_end {
	struct ev_head head;
	struct ev_stw_end end;
};

struct wire_preempt {
	struct ev_head head;
	struct ev_preempt preempt;
};

/* EV_G: the reason is the runtime's own number, or WIRE_REASON_PREEMPTED. */
struct wire_g {
	struct ev_head head;
	struct ev_g g;
};

#define WIRE_REASON_PREEMPTED 0xff

struct wire_p {
	struct ev_head head;
	struct ev_p p;
};

struct wire_thread {
	struct ev_head head;
	struct ev_thread thread;
};

struct wire_signal {
	struct ev_head head;
	struct ev_signal signal;
};

/* What a program counted per CPU. One slot a cause, see enum ev_lost_cause. */
enum hit_class {
	HIT_FOREIGN, /* a switch or wake-up of other processes: looked at and left */
	HIT_SWITCH,  /* a switch of the target with its event */
	HIT_WAKE,
	HIT_SIGNAL,
	HIT_SAMPLE,
	HIT_UPROBE,         /* on an instruction that the kernel emulates */
	HIT_UPROBE_STEPPED, /* on one that it single-steps */
	HIT_CLASS_COUNT
};

/*
 * Alone on its cache lines: written at every event of its CPU. Switch number n of CPU c is in slot n modulo the slots
 * of a CPU; those from taken to made are full. Only the program on c writes made, only user space writes taken.
 */
struct wire_cpu {
	uint64_t hits[HIT_CLASS_COUNT];
	uint64_t lost[WIRE_LOST_CAUSES];
	uint64_t repeats; /* preempt requests while one was pending */
	uint64_t other;   /* a foreign thread has run since the target left this CPU */
	uint64_t named;   /* the foreign thread that was named last: its tid and the first letters of its name, mixed */
	uint64_t made;
	uint64_t taken;
};

#define WIRE_CPUS 1024 /* a power of two; CPUs beyond share slots, counts may then miss some */

/* Which place of the runtime a probe is at: its cookie. */
enum wire_probe {
	WIRE_PROBE_STW_STOP = 1,
	WIRE_PROBE_STW_STOPPED,
	WIRE_PROBE_STW_START,
	WIRE_PROBE_PREEMPT_REQUEST,
	WIRE_PROBE_SUSPEND,
	WIRE_PROBE_ASYNC_TAKEN,
	WIRE_PROBE_LEAVE,
	WIRE_PROBE_YIELD,
	WIRE_PROBE_PARK_PREEMPTED,
	WIRE_PROBE_HANDOFF,
	/* detail exact */
	WIRE_PROBE_EXECUTE,
	WIRE_PROBE_READY,
	WIRE_PROBE_READY_LIST,
	WIRE_PROBE_PARK,
	WIRE_PROBE_SYSCALL_ENTER,
	WIRE_PROBE_SYSCALL_BLOCK,
	WIRE_PROBE_SYSCALL_EXIT,
	WIRE_PROBE_SYSCALL_WAIT,
	WIRE_PROBE_NEW,
	WIRE_PROBE_EXIT,
	WIRE_PROBE_ASSIST,
	WIRE_PROBE_ASSIST_END,
	WIRE_PROBE_P_ACQUIRE,
	WIRE_PROBE_P_RELEASE,
	WIRE_PROBE_COUNT
};

#define WIRE_PROBE_MASK    0xff
#define WIRE_PROBE_STEPPED 0x100 /* the kernel single-steps the instruction there */
#define WIRE_PROBE_IN_BX   0x200 /* the g or p that it tells of is in BX ... */
#define WIRE_PROBE_IN_G    0x400 /* ... or is the current one; else it is in AX */

/* What the programs must know of the target's Go runtime; user space may change it (after an exec). */
struct wire_config {
	int64_t tls_g;   /* g is at fs base + this */
	uint32_t labels; /* 1: goroutines may be read */
	uint16_t g_m, g_goid, g_preempt, g_atomicstatus;
	uint16_t g_startpc, g_gopc, g_parentgoid; /* UINT16_MAX = not in this version */
	uint16_t g_waitreason, g_schedlink;
	uint16_t m_procid, m_curg, m_p, m_g0, m_preemptoff;
	uint16_t p_id, p_m;
	uint8_t go_minor;
	uint8_t check_procid; /* the target's thread ids are ours (same pid namespace) */
	uint8_t exact;        /* every goroutine switch is traced */
	uint8_t reserved;
};

_Static_assert(sizeof(struct wire_switch) == 40, "one switch, 40 bytes on the ring");
_Static_assert(sizeof(struct wire_cpu) % 64 == 0, "no false sharing between CPUs");

#endif
