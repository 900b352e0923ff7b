/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model knows of the Go scheduler beyond run intervals, mostly at detail exact: how long goroutines waited for
 * a P and why they parked, run queues, starvation, the garbage collector's share, which detail was in force when, and
 * why preemption requests weren't served. Part of model/model.h's contract: one thread feeds, pointers are valid until
 * the next feed.
 *
 * What needs detail exact is known only if model_exact_seen(); the figures are 0 without it, and mean "unknown".
 */
#ifndef SCHEDTOP_MODEL_SCHED_H
#define SCHEDTOP_MODEL_SCHED_H

#include "events/event.h"
#include "events/session.h"
#include "events/wait_reason.h"
#include "model/hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/* ---- goroutines' waits (detail exact) ---- */

#define G_PARKS 3U /* reasons kept of one goroutine */

struct park_total {
	uint8_t reason; /* enum wait_reason; WAIT_NONE = unknown */
	uint64_t count, ns;
};

/** Was every goroutine switch seen for at least some of the time? */
bool model_exact_seen(const struct model *m);

/**
 * Goroutine wait (runnable to running), those that still wait with their length so far. Waits during which events were
 * lost or the detail was lowered aren't in it. false (and @ret untouched) if it was never seen.
 */
bool model_g_wait_summary(const struct model *m, struct hist_summary *ret);

/** The same as a histogram. */
bool model_g_wait_hist(const struct model *m, struct hist *ret);

struct sched_total {
	uint64_t wait_ns;        /* all waits of goroutines that ended */
	uint64_t wait_kernel_ns; /* of it: the thread that took the goroutine up had no CPU; the rest is the runtime's
				    queue */
	uint64_t assists, assist_ns; /* GC assists: run time of goroutines in gcAssistAlloc */
	uint64_t gc_worker_ns;       /* run time of runtime.gcBgMarkWorker; at detail sched by labels */
	uint64_t gc_cycles;          /* that ended */
	uint64_t gc_mark_ns; /* mark phases (end of sweep termination to start of mark termination), the current one too
			      */
	uint64_t gc_mark_max_ns;
	bool gc_marking;
};
void model_sched(const struct model *m, struct sched_total *ret);

/** Why goroutines parked, all of them, most time first; who is still parked counts with its time so far. */
size_t model_parks(const struct model *m, struct park_total *ret, size_t cap);

/* ---- starvation (detail exact): a goroutine of the program was runnable for longer than GO_SLICE_NS ---- */

#define STARVED_KEPT    16U
#define STARVED_HOLDERS 3U

struct starved_holder {
	uint64_t goid;
	uint64_t ns;   /* it ran on some P in the window; about, where history has faded */
	uint32_t func; /* its start function; 0 = unknown */
};

struct starved {
	uint64_t goid;
	uint64_t from_ns, to_ns;                       /* to_ns 0 = it still waits */
	uint64_t kernel_ns;                            /* of it: the thread that took it up had no CPU */
	uint64_t no_cpu_ns;                            /* Ps were held by threads without a CPU, summed over the Ps */
	uint32_t func;                                 /* start function; 0 = unknown */
	struct starved_holder holder[STARVED_HOLDERS]; /* who ran on the Ps meanwhile, longest first */
	size_t n_holders;
};

/** The longest ones, longest first; those that still wait with their length so far. */
size_t model_starved(const struct model *m, struct starved *ret, size_t cap);
/** How many there were and how long they waited, the current ones too. */
void model_starved_total(const struct model *m, uint64_t *ret_count, uint64_t *ret_ns);

/* ---- run queues, from reads of the process's memory ---- */

/* Lengths of one queue. */
struct runq {
	uint64_t reads, sum;
	uint32_t latest, max;
};

/* All queues over the rounds in which they were read together. */
struct runq_book {
	struct runq global;
	uint64_t rounds;
	uint64_t sum_longest,
		sum_mean_milli; /* over rounds: of the longest queue of a P; thousandths of the mean of all Ps */
	uint32_t max_longest, max_spread; /* longest less shortest in one round */
	/* the round that is being read */
	uint64_t round_ns, round_sum;
	uint32_t round_n, round_max, round_min;
	uint64_t round_seen; /* bit p: P p (below 64) is in it already */
};

struct runq_total {
	uint16_t p; /* EV_NO_P = the global queue */
	uint32_t latest, max;
	double mean;
};
/** By number of the P, the global queue last. Only those that were read. */
size_t model_runqs(const struct model *m, struct runq_total *ret, size_t cap);

struct runq_summary {
	uint64_t rounds;     /* 0 = never read; the rest is unknown then */
	double mean_longest; /* the longest queue of a round, on average */
	double mean;         /* all queues of Ps, on average */
	double imbalance;    /* mean_longest - mean: 0 = queues are equally long */
	uint32_t max, max_spread;
};
void model_runq_summary(const struct model *m, struct runq_summary *ret);

/* ---- use of the Ps ---- */

struct p_use {
	uint16_t p;
	uint64_t run_ns; /* a thread ran on it, the runtime's own part included */
};
/** Ps by number, up to GOMAXPROCS where that is known. Returns how many were filled. */
size_t model_p_use(const struct model *m, struct p_use *ret, size_t cap);

/* ---- detail levels ---- */

#define DETAIL_LEVELS       3U
#define DETAIL_CHANGES_KEPT 50U

struct detail_change {
	uint64_t at_ns;
	uint32_t overhead_bp; /* hundredths of a percent of one CPU */
	uint8_t level;        /* enum detail_level, from then on */
	uint8_t before;       /* and until then */
	uint8_t why;          /* enum ev_detail_why */
};

struct detail_state {
	uint8_t level;                    /* enum detail_level: in force now */
	uint8_t asked;                    /* what the user asked for */
	uint64_t steps_down, steps_up;    /* not counting what was asked for */
	uint64_t level_ns[DETAIL_LEVELS]; /* how long each was in force */
};
void model_detail(const struct model *m, struct detail_state *ret);
/** The last changes, oldest first. */
size_t model_detail_changes(const struct model *m, struct detail_change *ret, size_t cap);

/* ---- what was written into the process ---- */

#define INTERVENTIONS_KEPT 16U

struct intervention {
	uint64_t at_ns; /* 0 = before the recording began */
	int32_t from, to;
	uint16_t stuck, repaired; /* threads that had lost their signal, and that take it again; valid if looked */
	uint8_t setting;          /* enum ev_setting_id */
	bool looked;              /* they have been looked for */
	bool ours;                /* written by schedtop, because its user asked for it */
};
/** The last ones, oldest first. */
size_t model_interventions(const struct model *m, struct intervention *ret, size_t cap);
/** "asyncpreemptoff"; "?" for one that isn't known. */
const char *setting_name(uint8_t setting);

/* ---- why preemption requests weren't served ---- */

/* A request that was pending for this long wasn't served by the signal: that takes 40 µs (p50), see struct gap. */
#define GAP_UNSERVED_NS 1000000ULL

enum gap_why {
	GAP_WHY_NONE,          /* it was served, or the reason isn't known */
	GAP_WHY_ASYNC_OFF,     /* asynchronous preemption is off: no signal was sent */
	GAP_WHY_NO_SAFE_POINT, /* SIGURG was delivered, and the runtime found no safe point there */
	GAP_WHY_NOT_DELIVERED, /* SIGURG was not delivered: blocked, or the runtime holds one for pending and sends none
				*/
	GAP_WHY_NO_CPU,        /* its thread was runnable without a CPU most of the time */
	GAP_WHY_IN_KERNEL,     /* in a system call, in C code or blocked in the kernel */
	GAP_WHY_COUNT
};
const char *gap_why_name(uint8_t why); /* for the report: "async-off"; NULL for GAP_WHY_NONE */
const char *gap_why_text(uint8_t why); /* for people: "asynchronous preemption is off"; "" for GAP_WHY_NONE */

#define GAP_FUNCS_KEPT 512U

/* Requests by the function that ran. Functions beyond GAP_FUNCS_KEPT are together under function 0. */
struct gap_func {
	uint32_t func; /* 0 = unknown */
	uint32_t loc;  /* of its longest gap; EV_NO_LOC = unknown */
	uint64_t requests, unserved;
	uint64_t worst_ns;
	uint64_t why[GAP_WHY_COUNT]; /* of the unserved ones; [GAP_WHY_NONE]: reason unknown */
};
/** Most unserved requests first, then by the longest gap; pending gaps count with their length so far. */
size_t model_gap_funcs(const struct model *m, struct gap_func *ret, size_t cap);
/** The reason that was found most often; GAP_WHY_NONE if none was. */
uint8_t gap_func_main_why(const struct gap_func *f);

#endif
