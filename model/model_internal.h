/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of model/ share. Each file owns one concept:
 *
 *   model.c        life, dispatch of events, the account of losses and settings
 *   names.c        functions, locations, names of threads
 *   threads.c      the state machine of a thread (running, runnable, sleeping)
 *   labels.c       which goroutine a thread carried when: paints run intervals backwards
 *   goroutines.c   the table of goroutines, their slices; entries of those that ended are used again
 *   exact.c        detail exact: the state machine of a goroutine, driven by EV_G and EV_P
 *   waits.c        how long goroutines were runnable without a P; who starved, and who held the Ps meanwhile
 *   runq.c         lengths of the run queues
 *   detail.c       which detail level was in force when
 *   estimates.c    what looks into the process's memory and accounts of threads tell
 *   lanes.c        rows: the tracks of CPUs, Ps, Ms and Gs, their memory, their open spans
 *   observe.c      tells an observer of spans, gaps and pauses as they are found out
 *   gaps.c         preemption gaps
 *   gap_funcs.c    why a request wasn't served, and the account of it by function
 *   kernel_gaps.c  kernel gaps
 *   stw.c          stop-the-world pauses
 *   queries.c      totals for who reads
 *   verdicts*.c    judges, by subject
 *
 * Cost: a context switch takes two lookups of a thread, one of a goroutine and up to four appends to tracks; it
 * allocates only while tables and tracks still grow.
 */
#ifndef SCHEDTOP_MODEL_INTERNAL_H
#define SCHEDTOP_MODEL_INTERNAL_H

#include "model/idmap.h"
#include "model/model.h"
#include "model/observe.h"
#include "model/sched.h"

#define NO_CPU UINT16_MAX

/* Ids beyond these don't come from a real kernel or runtime: CONFIG_NR_CPUS is at most 8192, ours 4096. */
#define MAX_CPUS       4096U
#define MAX_PS         65535U /* EV_NO_P is the one above */
#define MAX_THREADS    16384U
#define MAX_GOROUTINES 100000U
#define MAX_PENDING    4096U
#define MAX_FUNCS      65536U
#define MAX_LOCS       262144U
#define MAX_COMMS      65536U
#define MAX_NAME_BYTES 1024U

#define DEFAULT_BYTES  ((size_t)128 << 20)
#define DEFAULT_ROWS_G 512U
#define DEFAULT_PAUSES 65536U
#define WORST_KEPT     64U

/* What a thread carries. */
struct label {
	uint64_t goid;
	uint16_t p;
	bool valid; /* goid 0 then means "no goroutine" */
};

enum thread_state {
	TH_UNKNOWN, /* not seen on or off a CPU yet */
	TH_RUN,
	TH_WAIT,  /* runnable: was switched out involuntarily */
	TH_SLEEP, /* blocked; it turns out at the switch-in since when it was runnable again */
	TH_DEAD,
};

struct thread {
	uint32_t tid;
	enum thread_state state;
	uint64_t first_ns; /* lifetime starts */
	uint64_t since_ns; /* the state started */
	uint64_t run_ns, wait_ns, sleep_ns;
	uint64_t voluntary, involuntary, migrations;
	uint16_t cpu; /* current or last; NO_CPU = never seen on one */
	bool exiting; /* has ended but for its last switch-out */

	/* The run interval that is going on: painted up to painted_ns, label observed there. */
	uint64_t painted_ns;
	struct label label; /* last known */
	bool observed;      /* label was observed in this run interval, or carried into it */

	/* Detail exact: who is on the thread is known from events (labels.c). */
	bool exact;
	uint64_t exact_ns;  /* when that was told last */
	uint64_t left_goid; /* who left then; the thread's memory may name it for a moment longer. 0 = nobody */

	/* The last time that it was runnable without a CPU. */
	uint64_t waited_from_ns, waited_to_ns;

	/* The goroutine's slice on this thread; goes on over kernel preemption. */
	uint64_t slice_goid; /* 0 = none */
	uint64_t slice_start_ns;

	/* Where it was last seen executing, and on behalf of whom. */
	uint64_t seen_goid;
	uint32_t seen_func;
	uint32_t seen_loc;

	/* Kernel gap: since when, who got the CPU. 0 = none. */
	uint64_t kgap_start_ns;
	uint32_t kgap_other_tid; /* EV_TID_UNKNOWN = not known */
	bool kgap_other_is_target;

	/* Without context switches (estimates.c): run time that was told beyond the clock's; who ran since the last
	 * account. */
	uint64_t owed_run_ns;
	struct label coarse_label;

	struct track *track;
	struct span *held; /* observe.c; so in the other rows */
};

struct cpu {
	uint64_t last_ns;        /* last event here */
	struct thread *running;  /* the target's thread on it */
	uint64_t other_since_ns; /* a foreign thread runs, or it isn't known who (other_tid EV_TID_UNKNOWN); 0 = none */
	uint32_t other_tid;
	uint64_t target_ns, switches, migrations_in;
	struct ev_cpu_stat first_stat, last_stat;
	unsigned n_stats;
	struct track *track;
	struct span *held;
};

struct proc {
	uint64_t run_ns;
	uint64_t last_ns;
	uint32_t tid; /* the thread that an exact event last put on it; 0 = none */
	struct track *track;
	struct span *held;
	struct runq runq;
};

enum g_state {
	GS_UNKNOWN, /* detail sched; or events were lost */
	GS_RUNNABLE,
	GS_RUNNING,
	GS_PARKED,
	GS_SYSCALL,
	GS_DEAD,
};

struct goroutine {
	uint64_t goid;
	uint64_t last_ns;  /* last heard of */
	uint64_t since_ns; /* the state started */
	uint8_t state;     /* enum g_state */
	uint8_t reason;    /* GS_PARKED: enum wait_reason */
	uint8_t chances;   /* GS_DEAD: how often it is passed over when an entry is looked for */
	bool in_assist;    /* of the garbage collector, since assist_from_ns while it runs */
	uint32_t tid;      /* GS_RUNNING, GS_SYSCALL: the thread; 0 = unknown */
	uint64_t assist_from_ns;
	struct goroutine *prev, *next; /* in model.runnable, model.dead or (next) model.free_goroutines */
	struct track *track;           /* NULL = none of its own */
	struct span *held;
	uint64_t run_ns, slices, max_slice_ns, overrun_ns;
	uint32_t start_func, create_loc;
	uint32_t worst_func, worst_loc;
	uint64_t parent_goid;
	uint64_t waits, wait_ns, max_wait_ns, wait_kernel_ns;
	uint64_t parks, parked_ns;
	uint64_t syscalls, syscall_ns;
	uint64_t assists, assist_ns;
	struct park_total park[G_PARKS]; /* the reasons that took most; count 0 = free */
};

/* Goroutines in order of time: when they became runnable, or ended. */
struct g_list {
	struct goroutine *first, *last;
	size_t n;
};

/* A request that isn't answered yet, and where its goroutine was seen meanwhile. */
#define GAP_FUNCS 4
struct pending_gap {
	struct gap gap;
	uint64_t seq;        /* of its place in model.gaps */
	uint64_t seen_ns;    /* its goroutine was last seen on its thread */
	bool estimated;      /* it ends somewhere after seen_ns; gap.estimated: its begin is no better */
	uint64_t blocked_ns; /* its thread was blocked in the kernel */
	struct {
		uint32_t func, loc, count;
	} seen[GAP_FUNCS];
};

/* The last @cap records; number seq is at seq & (cap - 1) while seq >= next - cap. */
struct log {
	void *mem;
	size_t size;           /* of a record */
	size_t allocated, cap; /* powers of two */
	uint64_t next;
};

/* What is left of the memory for one kind of row. */
struct budget {
	size_t left;
	size_t expected; /* rows: each takes 1/expected of what is left */
};

struct func {
	struct func_info info;
	bool is_gc_worker; /* runtime/mgc.go gcBgMarkWorker, or the wrapper of its go statement */
	bool is_system;    /* as a start function: the goroutine is the runtime's own */
	uint32_t next_same_hash;
};

struct loc {
	uint32_t func, line;
	const char *file;
};

struct comm {
	uint32_t tid;
	char comm[EV_COMM_SIZE + 1];
};

#define KGAP_OTHERS 16
struct kgap_other {
	uint32_t tid;
	bool is_target;
	uint64_t ns;
};

struct model {
	const struct session *session;
	size_t max_rows_g, max_pauses;
	bool undrawn;
	const struct model_observer *observer; /* NULL = nobody */
	int observe_err;
	uint64_t start_ns, now_ns;
	struct model_counts counts;

	/* names */
	struct func **funcs; /* id - 1 */
	size_t n_funcs, cap_funcs;
	struct idmap func_by_hash;
	struct loc *locs;
	size_t n_locs, cap_locs;
	struct idmap loc_by_id; /* index + 1 */
	struct comm *comms;
	size_t n_comms, cap_comms, next_comm;
	struct idmap comm_by_tid; /* index + 1 */

	/* rows */
	struct cpu *cpus[MAX_CPUS];
	unsigned n_cpus; /* one past the highest seen */
	struct proc **procs;
	unsigned n_procs, cap_procs;
	struct thread **threads;
	size_t n_threads, cap_threads;
	struct idmap thread_by_tid;
	struct goroutine **goroutines;
	size_t n_goroutines, cap_goroutines;
	struct idmap goroutine_by_id;
	struct g_list runnable, dead;
	struct goroutine *free_goroutines;
	struct goroutine **rows_g; /* those with a row of their own; room for max_rows_g */
	size_t n_rows_g;
	uint64_t row_g_floor_ns; /* no goroutine with a row has run less */
	struct budget budget[ROW_G + 1];
	struct track *no_track; /* shown for a row whose memory couldn't be had; stays empty */

	/* detail exact */
	bool exact;        /* EV_G flows */
	bool exact_seen;   /* it did at some time */
	uint64_t blind_ns; /* states of goroutines from before this moment are no longer known */
	struct hist h_gwait;
	uint64_t gwait_kernel_ns;
	uint64_t n_starved, starved_ns;
	struct starved starved[STARVED_KEPT]; /* longest first */
	size_t n_starved_kept;
	struct park_total parks[WAIT_REASON_COUNT];
	uint64_t assists, assist_ns;
	uint64_t exact_run_ns; /* goroutines ran while exact, the runtime's own not counted */
	struct runq_book runqs;

	/* detail levels */
	struct detail_state detail; /* without the time since level_since_ns; valid once there was a change */
	struct detail_change detail_changes[DETAIL_CHANGES_KEPT];
	uint64_t n_detail_changes; /* number i is at i modulo DETAIL_CHANGES_KEPT */
	uint64_t level_since_ns;

	/* what was written into the process */
	struct intervention interventions[INTERVENTIONS_KEPT];
	uint64_t n_interventions;    /* number i is at i modulo INTERVENTIONS_KEPT */
	uint64_t interventions_told; /* of them, to the observer */
	uint64_t async_on_ns;        /* asynchronous preemption was switched on then; 0 = it wasn't */

	/* garbage collection */
	uint64_t gc_worker_ns;
	uint64_t gc_cycles, gc_mark_ns, gc_mark_max_ns;
	uint64_t gc_mark_from_ns; /* a mark phase goes on; 0 = none */

	/* gaps */
	struct log gaps;
	struct pending_gap *pending;
	size_t n_pending, cap_pending;
	uint64_t max_slice_ns; /* of a goroutine that isn't known to be the runtime's */
	uint64_t longest_gap_ns;
	struct gap worst_gaps[WORST_KEPT];
	size_t n_worst_gaps;
	struct hist h_gap;
	struct gap_func *gap_funcs;
	size_t n_gap_funcs, cap_gap_funcs;
	struct idmap gap_func_by_id; /* function + 1 -> index + 1 */

	/* kernel gaps */
	struct kernel_gap worst_kgaps[WORST_KEPT];
	size_t n_worst_kgaps;
	struct hist h_kgap, h_runqueue;
	uint64_t kgap_by_target_ns; /* the CPU went to another thread of the same process */
	struct kgap_other kgap_others[KGAP_OTHERS];

	/* stop the world */
	struct log stws;
	struct stw_pause stw;       /* the current one */
	struct stw_pause worst_stw; /* the one that took longest to stop */
	bool stw_open;
	uint64_t longest_stw_ns, last_stw_end_ns;
	struct hist h_stw_total, h_stw_stopping;

	/* estimates */
	bool estimates; /* looks into the process's memory tell gaps and pauses */
	bool probed;    /* probes do, so that looks don't */
	uint64_t resolution_ns;

	/* settings */
	bool have_cgroup, have_overhead;
	struct ev_cgroup first_cgroup;
};

/* model.c */
void log_init_records(struct log *log, size_t size, size_t cap);
/* Room for the next record, or NULL on ENOMEM. */
void *log_push(struct log *log);
/* Record number @seq, or NULL when it has been overwritten. */
void *log_at(const struct log *log, uint64_t seq);
uint64_t log_first(const struct log *log);
/* Grows an array of @size-byte elements so that one more fits. 0 or -ENOMEM. */
int array_reserve(void **mem, size_t *cap, size_t n, size_t size);
void model_invalid(struct model *m);

/* names.c */
void names_on_loc(struct model *m, const struct ev_loc *loc);
void names_on_comm(struct model *m, uint32_t tid, const char comm[EV_COMM_SIZE]);
uint32_t names_func_of_loc(const struct model *m, uint32_t loc);
/* Facts about start functions; false for unknown ones. */
bool names_is_gc_worker(const struct model *m, uint32_t func);
bool names_is_system(const struct model *m, uint32_t func);
void names_done(struct model *m);

/* threads.c */
struct thread *thread_find(const struct model *m, uint32_t tid);
struct thread *thread_get(struct model *m, uint32_t tid, uint64_t t);
void threads_on_switch(struct model *m, const struct event *ev, uint64_t t);
void threads_on_new(struct model *m, const struct event *ev, uint64_t t);
void threads_on_exit(struct model *m, uint32_t tid, uint64_t t);
/* The process ended: every thread with it, but for @except_tid (who exec'ed; 0 = none). */
void threads_all_exit(struct model *m, uint32_t except_tid, uint64_t t);
/* A sample, SIGURG delivery or runtime probe hit on a thread proves that it runs. */
struct thread *thread_running_on(struct model *m, const struct event *ev, uint64_t t);
/* The three times as of now, the current state included. */
void thread_times(const struct thread *th, uint64_t now, uint64_t *ret_run, uint64_t *ret_wait, uint64_t *ret_sleep);
struct cpu *cpu_get(struct model *m, uint16_t cpu);
void threads_done(struct model *m);

/* labels.c */
/* Detail exact: the goroutine of @label starts to run on the thread at @t. */
void label_run(struct model *m, struct thread *th, uint64_t t, struct label label);
/* Detail exact: the goroutine of @label leaves the thread at @t; the runtime runs until the next one starts. */
void label_left(struct model *m, struct thread *th, uint64_t t, struct label label);
/* Detail exact: @goid runs elsewhere from @t on; if @th (may be NULL) still carries it, it has left unseen. */
void label_moved(struct model *m, struct thread *th, uint64_t t, uint64_t goid);
/* Detail exact: the thread has another P, or none (EV_NO_P), from @t on. */
void label_set_p(struct model *m, struct thread *th, uint64_t t, uint16_t p);
/* Detail exact: what the thread carried up to now goes onto the rows. */
void label_settle(struct model *m, struct thread *th, uint64_t t);
void label_begin(struct thread *th, uint64_t t);
/* The thread carried @label at @t. */
void label_observe(struct model *m, struct thread *th, uint64_t t, struct label label);
/* The thread leaves its CPU; @label may be invalid. @blocks: by itself, so that what its memory says is settled. */
void label_end(struct model *m, struct thread *th, uint64_t t, struct label label, bool blocks);
/* Its goroutine leaves it exactly now; what comes next isn't known. */
void label_leave(struct model *m, struct thread *th, uint64_t t, struct label label);

/* goroutines.c */
struct goroutine *goroutine_find(const struct model *m, uint64_t goid);
struct goroutine *goroutine_get(struct model *m, uint64_t goid);
void goroutines_on_known(struct model *m, const struct ev_goroutine *g);
/* It has ended: its entry is used again before any other. */
void goroutine_bury(struct model *m, struct goroutine *g);
void g_list_add(struct g_list *list, struct goroutine *g);
void g_list_remove(struct g_list *list, struct goroutine *g);
void slice_begin(struct model *m, struct thread *th, uint64_t goid, uint64_t t);
void slice_end(struct model *m, struct thread *th, uint64_t t);
void goroutines_clear(struct model *m);

/* exact.c */
void exact_on_g(struct model *m, const struct event *ev, uint64_t t);
void exact_on_p(struct model *m, const struct event *ev, uint64_t t);
/* A preemption was taken (EV_PREEMPT_TAKEN) while exact events flow. */
void exact_on_taken(struct model *m, struct thread *th, struct label label, uint64_t t);
/* Events were lost: what goroutines are doing isn't known any more. */
void exact_blind(struct model *m, uint64_t t);
/* No more will come: what goes on counts up to @t. @exited: waits for a P too, which nobody will end. */
void exact_end(struct model *m, uint64_t t, bool exited);
/* The goroutine was painted as running up to @t though nothing said so. */
void exact_on_painted(struct model *m, struct goroutine *g, uint64_t t);
/* Does the state of @g hold, as far as is known? */
static inline bool g_state_known(const struct model *m, const struct goroutine *g)
{
	return g->state != GS_UNKNOWN && g->since_ns >= m->blind_ns;
}

/* queries_sched.c */
/* What detail exact adds to a goroutine's totals. */
void goroutine_exact_total(const struct model *m, const struct goroutine *g, struct g_total *ret);

/* waits.c */
/* @g starts to run on @th (NULL = unknown) after it was runnable since @from. */
void waits_on_run(struct model *m, struct goroutine *g, const struct thread *th, uint64_t from, uint64_t t);

/* runq.c */
void runq_on_length(struct model *m, const struct ev_runq *ev, uint64_t t);

/* detail.c */
void detail_on_change(struct model *m, const struct ev_detail *ev, uint64_t t);

/* interventions.c: an event's own time may be so far behind that of what it tells of. */
#define INTERVENTION_AHEAD_NS 2000000000ULL
void interventions_on_setting(struct model *m, const struct ev_setting *s, uint64_t t, bool initial);
void interventions_observe(struct model *m);

/* estimates.c */
void estimates_on_sampling(struct model *m, const struct ev_sampling *ev);
void estimates_on_sampled(struct model *m, const struct event *ev, uint64_t t);
void estimates_on_stat(struct model *m, const struct event *ev, uint64_t t);

/* gap_funcs.c */
/* Was the request of @pg served, and if not, why: as of @ns after it. Sets unserved and why. */
void gap_judge(const struct model *m, struct pending_gap *pg, uint64_t ns);
/* Is asynchronous preemption known to be off? */
bool gap_async_is_off(const struct model *m);
void gap_funcs_add(struct model *m, const struct gap *g);
void gap_funcs_done(struct model *m);

/* lanes.c */
/* @g was runnable without a P in [a, b). */
void lanes_paint_waiting(struct model *m, struct goroutine *g, uint64_t a, uint64_t b);
/* Puts what still goes on onto the tracks, for who looks. */
void lanes_refresh_open(const struct model *m);
void lanes_init(struct model *m, size_t max_bytes);
struct track *lane_track(struct model *m, enum row_kind kind);
void lane_drop_track(struct model *m, enum row_kind kind, struct track **track);
struct proc *proc_get(struct model *m, uint16_t p);
/* What @th did in [a, b) while it carried @label, onto the rows of its CPU (when it ran), P, M and G. */
void lanes_paint(struct model *m, struct thread *th, uint64_t a, uint64_t b, struct label label, uint8_t klass);
/* Ends the time of a foreign thread on CPU @id. */
void lanes_paint_other(struct model *m, struct cpu *c, uint16_t id, uint64_t t);
/* Tells the observer what still goes on. */
void lanes_observe_open(struct model *m);
void lanes_give_row(struct model *m, struct goroutine *g);
void lanes_done(struct model *m);

/* observe.c */
/* @s was painted onto a row, whose span that is held back is @held (NULL = none yet). */
void observe_span(struct model *m, enum row_kind kind, uint64_t id, struct span **held, const struct span *s);
/* Nothing more will be painted there: tells what is held back, and frees it. */
void observe_row_end(const struct model *m, enum row_kind kind, uint64_t id, struct span **held);
void observe_gap(const struct model *m, const struct gap *g);
void observe_stw(const struct model *m, const struct stw_pause *p);
void observe_setting(const struct model *m, const struct intervention *i);

/* gaps.c */
void gaps_on_request(struct model *m, const struct event *ev, uint64_t t);
/* The same of EV_SAMPLED_ASKED, and its end, EV_SAMPLED_YIELDED. */
void gaps_on_asked(struct model *m, const struct event *ev, uint64_t t);
void gaps_on_yielded(struct model *m, const struct event *ev, uint64_t t);
void gaps_on_taken(struct model *m, const struct event *ev, uint64_t t);
void gaps_on_signal(struct model *m, uint32_t tid);
void gaps_on_delivery(struct model *m, uint32_t tid);
/* The goroutine left its thread by itself at exactly @t; 0 = whoever was on it. */
void gaps_on_left(struct model *m, uint32_t tid, uint64_t goid, uint64_t t);
/* A goroutine starts to run: whoever was asked on that thread or P, and the goroutine itself, have left before. */
void gaps_on_run(struct model *m, uint32_t tid, struct label label, uint64_t t);
/* Its P was taken away in a system call. */
void gaps_on_handoff(struct model *m, uint64_t goid, uint16_t p, uint64_t t);
/* The thread was blocked in the kernel in [a, b). */
void gaps_on_blocked(struct model *m, uint32_t tid, uint64_t a, uint64_t b);
/* A thread was seen executing at a place (0, 0 = unknown). */
void gaps_on_seen(struct model *m, uint32_t tid, uint32_t func, uint32_t loc);
void gaps_on_label(struct model *m, const struct thread *th, struct label label, uint64_t t);
/* The kernel gave the thread no CPU in [a, b). */
void gaps_on_off_cpu(struct model *m, uint32_t tid, uint64_t a, uint64_t b);
/* The goroutine left its P by itself: the thread blocked or ended. */
void gaps_on_thread_left(struct model *m, uint32_t tid, uint64_t t);
/* The pending gap number @i, as it is now. */
struct gap gaps_pending(const struct model *m, size_t i);
/* The pending gap that was requested first, as it is now. false if none is pending. */
bool gaps_oldest_pending(const struct model *m, struct gap *ret);
/* Every P had stopped at @t: nothing is pending beyond. */
void gaps_on_world_stopped(struct model *m, uint64_t t);

/* kernel_gaps.c */
void kernel_gap_begin(struct thread *th, uint64_t t, uint32_t other_tid, bool other_is_target);
void kernel_gap_end(struct model *m, struct thread *th, uint64_t t);
struct kernel_gap kernel_gap_of(const struct thread *th, uint64_t end_ns);

/* stw.c */
void stw_on_stop(struct model *m, const struct event *ev, uint64_t t);
void stw_on_stopped(struct model *m, uint64_t t);
void stw_on_start(struct model *m, const struct event *ev, uint64_t t);
void stw_forget(struct model *m, uint64_t t);
/* A gap ended at taken_ns; @seen: its end was seen rather than inferred from the stop itself. */
void stw_on_gap_end(struct model *m, const struct gap *g, bool seen);
static inline bool stw_is_stopping(const struct model *m)
{
	return m->stw_open && !m->stw.stopped_ns;
}

#endif
