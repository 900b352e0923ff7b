/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the perf collector share:
 *   perf.c          life, polling, stats
 *   perf_switch.c   records of the kernel's scheduler to events: switches, threads, samples, wake-ups
 *   perf_events.c   which events are opened, and what is said where they are refused
 *   perf_runtime.c  the runtime's probes
 *   perf_set.c      a set of events and its rings: libperf
 *   perf_record.c   the kernel's records
 *   perf_memory.c   what registers lead to in the target's memory
 */
#ifndef SCHEDTOP_COLLECTORS_PERF_INTERNAL_H
#define SCHEDTOP_COLLECTORS_PERF_INTERNAL_H

#include "collectors/collector.h"
#include "collectors/decode.h"
#include "collectors/order.h"
#include "collectors/perf_memory.h"
#include "collectors/perf_record.h"
#include "collectors/perf_set.h"
#include "target/go_binary.h"

#define PERF_THREADS 16384U /* slots of what is remembered of a thread, by its id */
#define PERF_CPUS    1024U
#define PERF_ANSWERS 1024U

/* A hit of one of the runtime's probes, until its turn comes: head.kind is PERF_HIT. */
#define PERF_HIT 0xf0
struct perf_hit {
	struct ev_head head;
	struct perf_running on; /* whom a request is for, or who leaves */
	struct ev_stw_end end;
	uint8_t probe; /* enum go_probe_id */
	uint8_t reason;
	bool preempted;
	uint8_t n_frames;
	uint64_t pc[WIRE_FRAMES];
};

/* A wake-up, the same way: head.tid = who was woken. */
#define PERF_WAKE 0xf1
struct perf_wake {
	struct ev_head head;
	uint32_t waker_tid, reserved;
};

/* A goroutine that has left its thread, as an answer or not. */
struct perf_answer {
	uint64_t g, time_ns;
	uint32_t tid;
};

struct perf_thread {
	uint32_t tid; /* whose slot it is */
	uint32_t waker_tid;
	uint64_t wake_ns;
	uint64_t asked_ns; /* its goroutine has been asked to yield, and last asked then; 0 = not, or has left */
	bool async;        /* the goroutine that leaves next was preempted by signal */
};

/* A tracepoint whose records we read: by its number, which they begin with (common_type). */
enum perf_trace { PERF_TRACE_WAKEUP, PERF_TRACE_WAKEUP_NEW, PERF_TRACE_GENERATE, PERF_TRACE_DELIVER, PERF_TRACE_COUNT };
struct perf_tracepoint {
	uint64_t id; /* 0 = not traced */
	struct perf_field type, subject, sig, result;
};

struct perf_probe {
	uint64_t pc; /* at run time */
	uint8_t id;  /* enum go_probe_id */
};

enum perf_hits { PERF_HITS_RECORD, PERF_HITS_SAMPLE, PERF_HITS_WAKE, PERF_HITS_PROBE, PERF_HITS_COUNT };

struct first_thread {
	uint32_t tid;
	char comm[EV_COMM_SIZE];
};

struct perf {
	struct collector_opts opts;
	struct go_target *go;
	struct order *order;
	struct decoder *decoder;
	struct perf_memory *memory;
	bool wide; /* the CPUs are recorded, not the target's threads alone */
	bool labels;
	enum detail_level level;
	struct perf_set base, late, trace, probes;
	struct perf_tracepoint tracepoints[PERF_TRACE_COUNT];
	struct perf_probe at[GO_PROBE_COUNT];
	size_t n_at;
	struct first_thread *first;
	size_t n_first;
	struct perf_thread *threads; /* PERF_THREADS */
	struct perf_answer *answers; /* the last PERF_ANSWERS, number n at n modulo that */
	uint64_t n_answers;
	bool other[PERF_CPUS]; /* a foreign thread has run since the target left that CPU */
	uint32_t named[256];   /* foreign threads whose name is known, by tid modulo that */

	uint64_t cut_ns, events;
	uint64_t hits[PERF_HITS_COUNT];
	uint64_t lost[EV_LOST_CAUSE_COUNT], told[EV_LOST_CAUSE_COUNT];
	bool stopped;
};

/* Where records come in: a set's ring. */
struct perf_ring {
	struct perf *p;
	struct perf_set *set;
	size_t i;
};

/* ---- perf_events.c ---- */
/** Opens and enables the kernel's events. 0, or -errno with @fault when not even the target's switches can be had. */
int perf_open_events(struct perf *p, struct session *session, struct fault *fault);

/* ---- perf_switch.c ---- */
/** Takes one record of a set of the kernel's events. @ctx is a struct perf_ring. */
void perf_on_record(void *ctx, const struct perf_rec *rec);
/** Takes what a thread that left was held back for: who came isn't in sight. */
void perf_release_held(struct perf_ring *ring);
/** A record of the kernel's, in order: what is remembered of threads adds to it. */
void perf_in_order(struct perf *p, struct wire_switch *w);
void perf_on_wake(struct perf *p, const struct perf_wake *w);
void perf_push(struct perf *p, const void *record, size_t len, uint64_t time_ns);
struct perf_thread *perf_thread_of(struct perf *p, uint32_t tid);

/* ---- perf_runtime.c ---- */
/** Places the probes of p->go, or takes them away; what is refused goes to session->missing. */
void perf_place_probes(struct perf *p, struct session *session);
/** Takes one record of the set of probes. @ctx is a struct perf_ring. */
void perf_on_hit(void *ctx, const struct perf_rec *rec);
/** A hit, in order: delivers what it means. Returns the number of events. */
int perf_deliver_hit(struct perf *p, const struct perf_hit *hit, const struct event_sink *sink);

#endif
