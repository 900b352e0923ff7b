/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The picture of one run, taken from its model while that exists and kept as plain data: what each P did, in columns,
 * with the longest preemption gaps and pauses. It is small (4 bytes a cell) and knows nothing of colours or files.
 */
#ifndef SCHEDTOP_COMPARE_TIMELINE_H
#define SCHEDTOP_COMPARE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define TIMELINE_COLS      720
#define TIMELINE_ROWS_MAX  32
#define TIMELINE_FUNCS_MAX 255
#define TIMELINE_MARKS_MAX 200

/* A column of a row: shares of its time, in 1/255. */
struct timeline_cell {
	uint8_t run;      /* a goroutine ran */
	uint8_t runnable; /* its thread wanted a CPU and had none */
	uint8_t runtime;  /* the runtime itself ran, or nobody knows what */
	uint8_t func;     /* which goroutine: an index into funcs + 1; 0 = none */
};

struct timeline_func {
	char *name; /* foreign */
	uint32_t hash;
	uint64_t ns; /* that the picture shows of it */
};

/* A preemption gap or a stop of the world. */
struct timeline_mark {
	uint64_t from_ns, to_ns; /* since the run's start */
	bool open;               /* it went on at the end */
	int row;                 /* a gap: index into rows, -1 = unknown; a pause: -1 */
	uint64_t goid;           /* a gap: who held the P; 0 = unknown */
	const char *reason;      /* static: of a pause, or how a gap ended */
	uint32_t func, loc;      /* a gap: the model's ids, behind its place */
	char *place;             /* a gap: "func (file:line)", foreign; NULL = unknown */
};

/* What there is between two times. */
struct timeline_view {
	uint64_t from_ns, to_ns;     /* since the run's start */
	struct timeline_cell *cells; /* n_rows * TIMELINE_COLS */
};

struct timeline {
	size_t n_rows;
	uint64_t row_id[TIMELINE_ROWS_MAX]; /* P numbers */
	size_t rows_left_out;
	struct timeline_view whole;
	struct timeline_view part; /* a second, or a quarter, out of the middle: what the whole is too coarse for */
	struct timeline_func funcs[TIMELINE_FUNCS_MAX];
	size_t n_funcs;
	struct timeline_mark *gaps, *stws; /* the longest, in order of time */
	size_t n_gaps, n_stws;
	uint64_t gaps_left_out, stws_left_out;
};

/** Takes the picture of @m as it is, from its start to its now. NULL on ENOMEM. */
struct timeline *timeline_new(const struct model *m);
void timeline_free(struct timeline *t);

#endif
