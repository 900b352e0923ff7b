/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model/ turns events into what a person can understand: spans per CPU, P, M and G, stop-the-world pauses, preemption
 * gaps, kernel gaps, histograms, totals and verdicts. It does no I/O, starts no thread, takes no lock and includes no
 * curses, BPF or perf header; its only input is model_feed(). Time is what the events say: the same events give the
 * same model, live or from a file.
 *
 * One thread feeds; who reads from another thread holds the engine's lock. All pointers that a query returns are valid
 * until the next feed.
 */
#ifndef SCHEDTOP_MODEL_MODEL_H
#define SCHEDTOP_MODEL_MODEL_H

#include "events/event.h"
#include "events/session.h"
#include "model/hist.h"
#include "model/sched.h"
#include "model/track.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/* runtime/proc.go forcePreemptNS, Go 1.19 to 1.26: the slice after which sysmon asks a G to yield. */
#define GO_SLICE_NS 10000000ULL

struct model_opts {
	size_t max_bytes;  /* of history, all tracks together; 0 = default (128 MiB) */
	size_t max_rows_g; /* goroutines that get a track of their own; 0 = default (512) */
	size_t max_pauses; /* STW pauses and gaps kept one by one; 0 = default (65536 each) */
	bool undrawn;      /* no timeline is asked for: only the Ps' history is kept, for who held them */
};

/** @session is borrowed and may be updated by its owner between feeds. NULL on ENOMEM. */
struct model *model_new(const struct model_opts *opts, const struct session *session);
void model_free(struct model *m);

/** Takes one event. Invalid events (unknown kind, time running backwards, ids out of range) are counted and ignored. */
void model_feed(struct model *m, const struct event *ev);

/** Time of the latest event: "now" for everything that is still open. 0 before the first. */
uint64_t model_now(const struct model *m);
/** Time of the first event. */
uint64_t model_start(const struct model *m);
const struct session *model_session(const struct model *m);

/* ---- rows of the timeline ---- */

enum row_kind { ROW_CPU, ROW_P, ROW_M, ROW_G };

struct row {
	enum row_kind kind;
	uint64_t id; /* CPU number, P id, tid, goid */
	const struct track *track;
	const char *name; /* thread name, start function of the goroutine; "" if none; foreign text */
	uint64_t run_ns;
	bool alive;
};

/** Fills up to @cap rows of a kind: CPUs, Ps by number; Ms and Gs by run time, most first. Returns how many exist. */
size_t model_rows(const struct model *m, enum row_kind kind, struct row *ret, size_t cap);

/* ---- functions ---- */

struct func_info {
	const char *name; /* full, "main.crunch.func1"; foreign text */
	const char *file;
	uint32_t line; /* of the location that introduced it */
	uint32_t hash; /* of the name: the colour's seed, stable between sessions */
	bool is_runtime;
};
/** Colour keys and blame: function ids are dense from 1. NULL for 0 or unknown ids. */
const struct func_info *model_func(const struct model *m, uint32_t func);

struct loc_info {
	uint32_t func;
	uint32_t line;
	const char *file;
};
/** A location by the collector's id. false if unknown. */
bool model_loc(const struct model *m, uint32_t loc, struct loc_info *ret);

/* ---- stop the world ---- */

struct stw_pause {
	uint64_t asked_ns;          /* the stop request */
	uint64_t stopped_ns;        /* every P had stopped; 0 = unknown (yet) */
	uint64_t end_ns;            /* the restart; 0 = still going on */
	uint64_t waited_goid;       /* the goroutine whose stop came last, if a gap says so; 0 = unknown */
	uint32_t waited_func;       /* its function; 0 = unknown */
	uint32_t waited_loc;        /* where it ran; EV_NO_LOC = unknown */
	uint64_t waited_ns;         /* how long the stop waited for it */
	uint64_t waited_off_cpu_ns; /* of it: the kernel gave its thread no CPU (struct gap, off_cpu_ns) */
	uint32_t tid;
	uint8_t reason; /* enum ev_stw_reason */
	bool estimated; /* from looks into the process's memory: model_estimates() */
};

/** Pauses that touch [t0, t1), oldest first, up to @cap; the current one included. Returns how many were filled. */
size_t model_stws(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, struct stw_pause *ret, size_t cap);
/** The pause that is going on. */
bool model_stw_current(const struct model *m, struct stw_pause *ret);
const char *stw_reason_name(uint8_t reason); /* "GC mark termination"; "unknown" */

/* ---- preemption gaps ---- */

enum gap_end { GAP_PENDING, GAP_ASYNC, GAP_COOPERATIVE, GAP_VOLUNTARY, GAP_HANDED_OFF, GAP_LEFT };
enum gap_cause { GAP_BY_SYSMON, GAP_BY_STW, GAP_BY_SCAN };

struct gap {
	uint64_t request_ns;
	uint64_t taken_ns;   /* 0 while pending */
	uint64_t off_cpu_ns; /* of it: the thread was runnable, but the kernel ran something else */
	uint64_t goid;       /* of the G that holds the P; 0 = unknown */
	uint32_t func;       /* the function that ran during the gap (samples, SIGURG); 0 = unknown */
	uint32_t loc;        /* and the place; EV_NO_LOC = unknown */
	uint32_t tid;        /* the thread that carries it */
	uint32_t signals;    /* SIGURGs sent to it during the gap */
	uint32_t delivered;  /* and delivered */
	uint16_t cpu;        /* where it ran at the request; UINT16_MAX = unknown */
	uint16_t p;          /* EV_NO_P = unknown */
	uint8_t end;         /* enum gap_end */
	uint8_t cause;       /* enum gap_cause */
	uint8_t why;         /* enum gap_why: why it wasn't served */
	bool unserved;       /* it lasted GAP_UNSERVED_NS for sure, where its end is an estimate too */
	bool estimated;      /* from looks into the process's memory: model_estimates(); it ended GAP_LEFT, somehow */
};

/** Gaps that touch [t0, t1), oldest request first, pending ones included. Returns how many were filled. */
size_t model_gaps(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, struct gap *ret, size_t cap);
/** The longest gaps of the session, longest first; pending ones count with their length so far. */
size_t model_worst_gaps(const struct model *m, struct gap *ret, size_t cap);
/** Length of a gap: to taken, or to now while pending. */
static inline uint64_t gap_ns(const struct gap *g, uint64_t now_ns)
{
	uint64_t end = g->taken_ns ? g->taken_ns : now_ns;

	return end > g->request_ns ? end - g->request_ns : 0;
}
const char *gap_end_name(uint8_t end);     /* "pending", "async", "cooperative", "voluntary", "handed off", "left" */
const char *gap_cause_name(uint8_t cause); /* "sysmon", "stop the world", "stack scan" */

/**
 * Are gaps and pauses estimated from looks into the process's memory, because no probe tells them? Then the ways in
 * which requests were taken aren't known, what was shorter than the time between two looks may not have been seen, and
 * each length is wrong by less than *ret_resolution_ns (set when true).
 */
bool model_estimates(const struct model *m, uint64_t *ret_resolution_ns);

/* ---- kernel gaps: a thread with a running G on it is runnable but has no CPU ---- */

struct kernel_gap {
	uint64_t start_ns;
	uint64_t end_ns; /* 0 while it lasts */
	uint64_t goid;
	uint32_t tid;
	uint32_t other_tid; /* who got the CPU; 0 = unknown */
	uint16_t cpu;
	bool other_is_target; /* another thread of the same process */
};
/** Longest first; those that still last count with their length so far. Returns how many were filled. */
size_t model_worst_kernel_gaps(const struct model *m, struct kernel_gap *ret, size_t cap);
/** Name of a thread, the target's or another's, as last announced; "" if unknown. Foreign text. */
const char *model_comm(const struct model *m, uint32_t tid);

/* ---- totals ---- */

struct model_counts {
	uint64_t events, invalid;
	uint64_t lost[EV_LOST_CAUSE_COUNT];
	uint64_t switches;
	uint64_t requests, repeated; /* preempt requests; repeated = further signals for the same gap */
	uint64_t taken_async, taken_cooperative, taken_voluntary, taken_handed_off, pending;
	uint64_t taken_unseen; /* estimated gaps that have ended, in a way that isn't known */
	uint64_t signals;      /* SIGURGs sent */
	uint64_t stw_count;
	uint64_t stw_by_reason[EV_STW_REASON_COUNT];
	int32_t gomaxprocs;     /* -1 = unknown */
	int8_t asyncpreemptoff; /* -1 = unknown */
	bool exited;
	int32_t exit_status; /* as wait(2); -1 = unknown */
	uint64_t overhead_probe_ns, overhead_self_ns, overhead_hits;
	struct ev_cgroup cgroup; /* last; period 0 = none seen */
	uint64_t throttled_ns;   /* since the session began */
	uint64_t nr_throttled;
};
void model_counts(const struct model *m, struct model_counts *ret);
/** Estimated share of the target's machine time that watching costs, percent of one CPU; negative = unknown. */
double model_overhead_pct(const struct model *m);

struct model_hists {
	const struct hist *gap; /* preemption latency, pending ones not included */
	const struct hist *stw_total, *stw_stopping;
	const struct hist *runqueue; /* run-queue latency of every thread */
	const struct hist *kernel_gap;
	const struct hist *goroutine_wait; /* empty if it was never seen: model_exact_seen() */
};
void model_hists(const struct model *m, struct model_hists *ret);
/** Preemption latency as a histogram of its own, with the pending gaps at their length so far. */
void model_gap_hist(const struct model *m, struct hist *ret);
/** STW totals and stops, with the current pause at its length so far. */
void model_stw_hists(const struct model *m, struct hist *ret_total, struct hist *ret_stopping);
/** Preemption latency with the pending gaps at their length so far: what report and screen quote. */
void model_gap_summary(const struct model *m, struct hist_summary *ret);
/** A STW total or stopping histogram with the current pause at its length so far. */
void model_stw_summary(const struct model *m, struct hist_summary *ret_total, struct hist_summary *ret_stopping);

struct cpu_total {
	uint16_t cpu;
	uint64_t target_ns, other_ns,
		idle_ns; /* other and idle: the kernel's account, steps of 10 ms; UINT64_MAX = unknown */
	uint64_t switches, migrations_in;
};
/** By number. Returns how many were filled, as the next two do. */
size_t model_cpus(const struct model *m, struct cpu_total *ret, size_t cap);

struct thread_total {
	uint32_t tid;
	const char *comm;
	uint64_t run_ns, wait_ns, sleep_ns; /* on CPU; runnable without one; all else */
	uint64_t voluntary, involuntary, migrations;
	bool alive;
};
size_t model_threads(const struct model *m, struct thread_total *ret, size_t cap); /* most run time first */

struct g_total {
	uint64_t goid;
	uint32_t start_func; /* function that started it; 0 = unknown */
	/*
	 * A slice is wall time from when it starts on a thread until it leaves it; what the kernel takes in between
	 * counts, since the P is held. overrun: beyond GO_SLICE_NS, summed.
	 */
	uint64_t run_ns, slices, max_slice_ns, overrun_ns;
	uint32_t worst_func, worst_loc; /* where its longest slice ran */
	uint32_t create_loc;            /* the go statement; EV_NO_LOC = unknown */
	uint64_t parent_goid;           /* 0 = unknown */
	/* Detail exact (model_exact_seen); what goes on counts with its time so far. */
	uint64_t waits, wait_ns, max_wait_ns; /* runnable without a P */
	uint64_t wait_kernel_ns;              /* of it: the thread that took it up had no CPU */
	uint64_t parks, parked_ns;
	uint64_t syscalls, syscall_ns;
	uint64_t assists, assist_ns;     /* run time in GC assists */
	struct park_total park[G_PARKS]; /* the reasons that took most, most first */
	size_t n_park;
	bool ended; /* its end was seen */
};
size_t model_goroutines(const struct model *m, struct g_total *ret, size_t cap); /* most run time first */
/** The start function of a goroutine that is known; 0 = the function isn't. false: no such goroutine is known. */
bool model_goroutine(const struct model *m, uint64_t goid, uint32_t *ret_start_func);
/** The longest slice of a goroutine that isn't known to be the runtime's own, those that go on included. */
uint64_t model_max_slice(const struct model *m);

/* ---- verdicts ---- */

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

#define VERDICT_EVIDENCE_MAX 5

struct verdict {
	const char *code; /* stable: "async-preempt-off", "goroutine-hogs-p", "stw-stopping", "kernel-gap", "throttled",
			     "oversubscribed", "starvation", "skew", "gc-assist", "too-few-procs", "too-many-procs",
			     "detail-stepped-down", "not-go", "lost-events", "ok" */
	enum severity severity;
	char title[200];
	char evidence[VERDICT_EVIDENCE_MAX][240];
	size_t n_evidence;
	char advice[400];
};

/** Judges what is known now, worst first; always at least one ("ok" when nothing is wrong). Text is escaped already. */
size_t model_verdicts(const struct model *m, struct verdict *ret, size_t cap);
const char *severity_name(enum severity s);

#endif
