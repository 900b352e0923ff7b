/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of verdicts share: the case file that is gathered once, the words, and the judges by subject:
 *
 *   verdicts.c          gathers, asks each judge, sorts
 *   verdicts_words.c    sentences, names, places
 *   verdicts_preempt.c  preemption and stops of the world
 *   verdicts_kernel.c   the kernel: quotas, other processes, too many threads
 *   verdicts_sched.c    the Go scheduler: starvation, skew, GC assists
 *   verdicts_procs.c    GOMAXPROCS
 *   verdicts_watch.c    the watching itself
 */
#ifndef SCHEDTOP_MODEL_VERDICTS_INTERNAL_H
#define SCHEDTOP_MODEL_VERDICTS_INTERNAL_H

#include "model/model_internal.h"

#define NAME_CAP 96

/* A share of the first milliseconds says nothing yet. */
#define KGAP_MIN_NS 20000000ULL
#define KGAP_SHARE_PCT                                                                                                 \
	10 /* kernel gaps: from here on they are a cause, below the ordinary life of a shared machine                  \
	    */

/* A request is normally answered within microseconds by signal, within a few ms by call; two slices is a hog. */
#define HOG_GAP_NS (2 * GO_SLICE_NS)

struct case_file {
	const struct model *m;
	struct model_counts n;
	struct hist_summary gap, stw_total, stw_stopping, kgap, runqueue;
	struct gap worst_gap;
	bool have_gap;
	uint64_t duration_ns;
	uint64_t kgap_sum_ns;
	uint64_t run_ns, wait_ns; /* of all threads */

	/* The Go scheduler; waits only where exact. */
	bool exact;
	uint64_t exact_ns; /* how long it was */
	struct hist_summary g_wait;
	struct sched_total sched;
	struct runq_summary runq;
	size_t n_ps;
	struct p_use most_used, least_used; /* valid if n_ps */
	uint64_t ps_run_ns;                 /* of all Ps */
};

/* The part of a whole in percent, rounded; 0 of nothing is 0. */
uint64_t verdict_pct(uint64_t part, uint64_t whole);

/* Writes what fits: the parts that others choose are short by then, and the sentence stays readable when it is cut. */
void verdict_say(char *dst, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds a sentence; one too many is left out. */
void verdict_evidence(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Words that a sentence is made of, escaped already. */
struct words {
	char s[NAME_CAP];
};

struct words words_dur(uint64_t ns);
struct words words_escaped(const char *text);
/* A function's name without the path of its package when the whole is long: "pkg.(*T).Method". */
struct words words_func(const char *name);
/* "1 pause", "2 pauses". */
struct words words_number(uint64_t n, const char *noun);
/* A function to show for a goroutine: @func, else the one that started it, else its number. */
struct words words_who(const struct model *m, uint32_t func, uint64_t goid);
/* "crunch.go:42", or "" when it isn't known. */
struct words words_where(const struct model *m, uint32_t loc);

/* How long the goroutine ran on while it had a CPU. */
static inline uint64_t verdict_held_ns(const struct gap *g, uint64_t now)
{
	uint64_t ns = gap_ns(g, now);

	return ns > g->off_cpu_ns ? ns - g->off_cpu_ns : 0;
}

/* CPUs that the cgroup's quota allows; negative = no quota, or none known. */
double verdict_quota_cpus(const struct case_file *c);

/* Judges: false = nothing to say, and @v isn't used. They set everything but the code. */
bool judge_async(const struct case_file *c, struct verdict *v);
bool judge_hog(const struct case_file *c, struct verdict *v);
bool judge_stw(const struct case_file *c, struct verdict *v);
bool judge_throttled(const struct case_file *c, struct verdict *v);
bool judge_kernel_gap(const struct case_file *c, struct verdict *v);
bool judge_oversubscribed(const struct case_file *c, struct verdict *v);
bool judge_starvation(const struct case_file *c, struct verdict *v);
bool judge_skew(const struct case_file *c, struct verdict *v);
bool judge_gc_assist(const struct case_file *c, struct verdict *v);
bool judge_too_few_procs(const struct case_file *c, struct verdict *v);
bool judge_too_many_procs(const struct case_file *c, struct verdict *v);
bool judge_detail(const struct case_file *c, struct verdict *v);
bool judge_lost(const struct case_file *c, struct verdict *v);
bool judge_not_go(const struct case_file *c, struct verdict *v);
/* When none found trouble; sets the code too. */
void judge_ok(const struct case_file *c, struct verdict *v);

#endif
