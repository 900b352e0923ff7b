/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A track is one row of a timeline: what one CPU, P, M or G did, as intervals in order of time that don't overlap.
 *
 * History is bounded: level 0 is a ring of exact intervals, level k+1 a ring of summaries of TRACK_FANOUT nodes of
 * level k each. When an exact interval falls out of its ring, its summaries remain; so the past fades from exact to
 * coarse while memory stays what it was. A query for n columns touches O(n * TRACK_FANOUT * levels) nodes at any zoom.
 */
#ifndef SCHEDTOP_MODEL_TRACK_H
#define SCHEDTOP_MODEL_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a row is doing. The numbers are an index into summaries. */
enum span_class {
	SPAN_IDLE = 0,   /* CPU idle; thread asleep; P without an M; the default where nothing is known to happen */
	SPAN_RUN,        /* a goroutine runs */
	SPAN_RUNTIME,    /* a target thread runs without a goroutine (scheduler, GC worker's idle part, sysmon) */
	SPAN_UNLABELLED, /* a target thread runs, what it carries isn't known */
	SPAN_RUNNABLE,   /* thread: wants a CPU and has none. With a goroutine on it, that is a kernel gap */
	SPAN_OTHER,      /* CPU: another process runs */
	SPAN_SYSCALL,    /* thread blocked in the kernel with a goroutine on it */
	SPAN_WAITING_P,  /* goroutine: runnable, no P takes it up (detail exact; only rows of Gs) */
	SPAN_UNKNOWN,    /* CPU: no thread of the target; whether another process's or none isn't known */
	SPAN_CLASS_COUNT
};

struct span {
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t goid; /* 0 = none */
	uint32_t func; /* model function id (colour key), 0 = none */
	uint32_t tid;  /* the thread; 0 = none. SPAN_OTHER: the other process's thread */
	uint16_t cpu;  /* UINT16_MAX = none */
	uint16_t p;    /* EV_NO_P = none */
	uint8_t klass; /* enum span_class */
};

/* One column of a drawn timeline: what happened between two times. */
struct column {
	uint64_t ns[SPAN_CLASS_COUNT]; /* time per class inside the column; the rest is unknown */
	uint32_t n_spans;              /* how many spans (or summarised spans) touch it */
	uint32_t func;                 /* of the goroutine with the most run time; 0 = none */
	uint64_t goid;
	uint32_t tid; /* that carried it; without a goroutine the thread with the most time; 0 = none */
};

/** Is @b what @a was, but for its times, and does it start where @a ends? Then they are one span. */
static inline bool span_continues(const struct span *a, const struct span *b)
{
	return a->end_ns == b->start_ns && a->goid == b->goid && a->func == b->func && a->tid == b->tid &&
	       a->cpu == b->cpu && a->p == b->p && a->klass == b->klass;
}

/**
 * Two claimants of one row: the one that starts later wins from its start. @last, the row's latest span, is shortened,
 * or @next clipped. false if nothing is left of @next.
 */
static inline bool span_over(struct span *last, struct span *next)
{
	if (next->start_ns < last->end_ns && next->end_ns > next->start_ns) {
		if (next->start_ns > last->start_ns)
			last->end_ns = next->start_ns;
		else
			next->start_ns = last->end_ns;
	}
	return next->end_ns > next->start_ns;
}

struct track;

#define TRACK_FANOUT 8

/**
 * @max_spans bounds the exact history (rounded up to a power of two, at least 64). The first level of summaries has a
 * quarter of it, each further one half of the level below. Memory is reached only when used. NULL on ENOMEM.
 */
struct track *track_new(size_t max_spans);
/** One that takes what is appended and keeps none of it, where nobody will look. NULL on ENOMEM. */
struct track *track_new_blank(size_t max_spans);
void track_free(struct track *t);

/**
 * Appends a span that starts at or after the end of the last one. A span of class SPAN_IDLE needs no append: holes are
 * idle. Adjacent spans that are equal but for their times are merged. Returns 0, -EINVAL (out of order), -ENOMEM.
 */
int track_append(struct track *t, const struct span *s);

/**
 * Appends a span of another claimant to the same row (two Ms that both say they held a P): where they overlap, the one
 * that starts later wins from its start. The last span is shortened, or the new one clipped. Returns 0, -EINVAL
 * (nothing of it is left), -ENOMEM.
 */
int track_append_over(struct track *t, const struct span *s);

/** End of the last span appended; 0 when empty. */
uint64_t track_end(const struct track *t);

/** The span that is still going on (start known, end not): drawn up to the model's now. NULL clears it. */
void track_set_open(struct track *t, const struct span *s);
/** The open span, or NULL. */
const struct span *track_open(const struct track *t);

/** Summarises [t0_ns, t1_ns) in @n equal columns. @now_ns ends the open span. */
void track_columns(const struct track *t, uint64_t t0_ns, uint64_t t1_ns, size_t n, uint64_t now_ns,
		   struct column *ret);

/** The exact span at a time. false when nothing is there or the exact history has faded (or only a hole). */
bool track_at(const struct track *t, uint64_t at_ns, uint64_t now_ns, struct span *ret);

/**
 * The first span that ends after @from_ns / the last that starts before it, in the exact history; false if there is
 * none. The open span counts, with UINT64_MAX as its end.
 */
bool track_next(const struct track *t, uint64_t from_ns, struct span *ret);
bool track_prev(const struct track *t, uint64_t from_ns, struct span *ret);

/**
 * Copies up to @cap exact spans, in order of time: the first of those that end after @from_ns / the last of those that
 * start before it. The open span counts, with UINT64_MAX as its end. Returns how many. A walk goes on from the last
 * one's end / the first one's start.
 */
size_t track_read(const struct track *t, uint64_t from_ns, struct span *ret, size_t cap);
size_t track_read_back(const struct track *t, uint64_t from_ns, struct span *ret, size_t cap);

/** The first moment that is still known exactly, and coarsely. 0 when empty. */
uint64_t track_exact_from(const struct track *t);
uint64_t track_from(const struct track *t);

size_t track_bytes(const struct track *t);     /* memory in use */
size_t track_max_spans(const struct track *t); /* how many exact spans it keeps at most */
/** The most that a track made with @max_spans can take, however long it is used: about 92 bytes a span. */
size_t track_max_bytes(size_t max_spans);

#endif
