/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The figures that can be compared: every number of the report that isn't in a list, under its path in the report's
 * JSON
 * ("preempt.latency_ns.p99", "stw.total_ns.max", "sched.gc_cycles").
 *
 * A tally is what a model says of one run, in a form that can be added: histograms keep their buckets, so that a
 * percentile over several runs is that of all their values, and pending gaps are in it with their length so far.
 */
#ifndef SCHEDTOP_COMPARE_FIGURES_H
#define SCHEDTOP_COMPARE_FIGURES_H

#include "model/hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/* TALLY_HIST(id, path) */
#define TALLY_HISTS(TALLY_HIST)                                                                                        \
	TALLY_HIST(LATENCY, "preempt.latency_ns")                                                                      \
	TALLY_HIST(STW_TOTAL, "stw.total_ns")                                                                          \
	TALLY_HIST(STW_STOPPING, "stw.stopping_ns")                                                                    \
	TALLY_HIST(RUNQUEUE, "runqueue_ns")                                                                            \
	TALLY_HIST(KERNEL_GAP, "kernel_gap_ns")                                                                        \
	TALLY_HIST(G_WAIT, "goroutine_wait_ns")

enum tally_hist {
#define TALLY_HIST_ENUM(id, path) TALLY_##id,
	TALLY_HISTS(TALLY_HIST_ENUM)
#undef TALLY_HIST_ENUM
		TALLY_HISTS_COUNT
};

/* How the values of several runs make one. */
enum figure_merge {
	MERGE_HIST, /* from the histogram of all values */
	MERGE_SUM,  /* the mean of a run: counts and totals must not grow with the number of rounds */
	MERGE_MEAN, /* the mean of the runs' means */
	MERGE_MAX,
};

enum figure_unit { UNIT_NS, UNIT_COUNT, UNIT_PERCENT };
enum figure_better { BETTER_NEITHER, BETTER_LOWER };

/* TALLY_NUMBER(id, path, unit, better, merge) */
#define TALLY_NUMBERS(TALLY_NUMBER)                                                                                    \
	TALLY_NUMBER(REQUESTS, "preempt.requests", COUNT, NEITHER, SUM)                                                \
	TALLY_NUMBER(TAKEN_ASYNC, "preempt.taken.async", COUNT, NEITHER, SUM)                                          \
	TALLY_NUMBER(TAKEN_COOPERATIVE, "preempt.taken.cooperative", COUNT, NEITHER, SUM)                              \
	TALLY_NUMBER(TAKEN_VOLUNTARY, "preempt.taken.voluntary", COUNT, NEITHER, SUM)                                  \
	TALLY_NUMBER(TAKEN_HANDED_OFF, "preempt.taken.handed_off", COUNT, NEITHER, SUM)                                \
	TALLY_NUMBER(PENDING, "preempt.pending", COUNT, LOWER, SUM)                                                    \
	TALLY_NUMBER(SIGNALS, "preempt.signals", COUNT, NEITHER, SUM)                                                  \
	TALLY_NUMBER(STW_COUNT, "stw.count", COUNT, NEITHER, SUM)                                                      \
	TALLY_NUMBER(MAX_SLICE, "sched.max_slice_ns", NS, LOWER, MAX)                                                  \
	TALLY_NUMBER(WAIT, "sched.wait_ns", NS, LOWER, SUM)                                                            \
	TALLY_NUMBER(WAIT_KERNEL, "sched.wait_kernel_ns", NS, LOWER, SUM)                                              \
	TALLY_NUMBER(GC_WORKER, "sched.gc_worker_ns", NS, LOWER, SUM)                                                  \
	TALLY_NUMBER(ASSIST, "sched.assist_ns", NS, LOWER, SUM)                                                        \
	TALLY_NUMBER(ASSISTS, "sched.assists", COUNT, LOWER, SUM)                                                      \
	TALLY_NUMBER(GC_CYCLES, "sched.gc_cycles", COUNT, NEITHER, SUM)                                                \
	TALLY_NUMBER(GC_MARK, "sched.gc_mark_ns", NS, LOWER, SUM)                                                      \
	TALLY_NUMBER(GC_MARK_MAX, "sched.gc_mark_max_ns", NS, LOWER, MAX)                                              \
	TALLY_NUMBER(STARVED_COUNT, "sched.starved_count", COUNT, LOWER, SUM)                                          \
	TALLY_NUMBER(STARVED, "sched.starved_ns", NS, LOWER, SUM)                                                      \
	TALLY_NUMBER(RUNQ_READS, "sched.runq.reads", COUNT, NEITHER, SUM)                                              \
	TALLY_NUMBER(RUNQ_MAX, "sched.runq.max", COUNT, LOWER, MAX)                                                    \
	TALLY_NUMBER(RUNQ_MEAN, "sched.runq.mean", COUNT, LOWER, MEAN)                                                 \
	TALLY_NUMBER(RUNQ_MEAN_LONGEST, "sched.runq.mean_longest", COUNT, LOWER, MEAN)                                 \
	TALLY_NUMBER(RUNQ_IMBALANCE, "sched.runq.imbalance", COUNT, LOWER, MEAN)                                       \
	TALLY_NUMBER(RUNQ_MAX_SPREAD, "sched.runq.max_spread", COUNT, LOWER, MAX)                                      \
	TALLY_NUMBER(EVENTS, "collector.events", COUNT, NEITHER, SUM)                                                  \
	TALLY_NUMBER(LOST, "collector.lost", COUNT, LOWER, SUM)                                                        \
	TALLY_NUMBER(DURATION, "collector.duration_ns", NS, NEITHER, SUM)                                              \
	TALLY_NUMBER(OVERHEAD, "collector.overhead_pct", PERCENT, NEITHER, MEAN)                                       \
	TALLY_NUMBER(PROBE_HITS, "collector.probe_hits", COUNT, NEITHER, SUM)

enum tally_number {
#define TALLY_NUMBER_ENUM(id, path, unit, better, merge) TALLY_##id,
	TALLY_NUMBERS(TALLY_NUMBER_ENUM)
#undef TALLY_NUMBER_ENUM
		TALLY_NUMBERS_COUNT
};

struct tally {
	unsigned runs;
	unsigned hist_runs[TALLY_HISTS_COUNT]; /* runs in which it was watched; 0 = unknown */
	struct hist hist[TALLY_HISTS_COUNT];
	struct {
		double value;  /* the sum of the runs' values, or their maximum */
		unsigned runs; /* in which it is known; 0 = unknown */
	} number[TALLY_NUMBERS_COUNT];
};

enum figure_stat { STAT_COUNT, STAT_MIN, STAT_MEAN, STAT_P50, STAT_P90, STAT_P95, STAT_P99, STAT_MAX, STAT_NUMBER };

struct figure {
	const char *name; /* the path, static */
	enum figure_unit unit;
	enum figure_better better;
	enum figure_merge merge;
	enum figure_stat stat; /* STAT_NUMBER: @number, else of @hist */
	enum tally_hist hist;
	enum tally_number number;
};

/** Walks the figures: @i from 0 until NULL. */
const struct figure *figure_at(size_t i);
/** How many there are. */
size_t figure_count(void);
/** By name (@len bytes); NULL if there is none. */
const struct figure *figure_find(const char *name, size_t len);
/** The figure whose name is most like @name, for "did you mean"; never NULL. */
const struct figure *figure_like(const char *name, size_t len);

void tally_init(struct tally *t);
/** What @m says now, as one run. Costs a copy of six histograms (90 KB): for once a second, not for each frame. */
void tally_of_model(const struct model *m, struct tally *ret);
void tally_add(struct tally *into, const struct tally *from);

/**
 * In the figure's unit (ns, number, percent); NaN when it isn't known: not watched, or an empty histogram. Counts and
 * sums are per run.
 */
double figure_value(const struct figure *f, const struct tally *t);

/** The same of one model, without the copies: for a live display. */
double figure_of_model(const struct figure *f, const struct model *m);

/** With its unit, for people: "14.1 ms", "812", "3.2 %"; "-" for NaN. @cap >= 24. Returns @dst. */
char *figure_text(char *dst, size_t cap, const struct figure *f, double value);

#endif
