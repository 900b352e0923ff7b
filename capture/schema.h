/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How each kind of event is stored: its fields, how each is coded and predicted, and the column it goes to. Encoder and
 * decoder walk the same table, and docs/capture-format.md prints it. Rows and numbers are append-only.
 *
 * Every event has a shape: kind, flags, two small values, and for each field a mode of two bits. A field whose value is
 * what the mode predicts takes no byte; only MODE_EXPLICIT has one in its column.
 */
#ifndef SCHEDTOP_CAPTURE_SCHEMA_H
#define SCHEDTOP_CAPTURE_SCHEMA_H

#include "events/event.h"

#include <stddef.h>
#include <stdint.h>

enum mode {
	MODE_NONE = 0, /* zero, or EV_NO_P */
	MODE_SAME = 1, /* as predicted; see enum coder */
	MODE_ALSO = 2, /* the second prediction */
	MODE_EXPLICIT = 3,
};

enum coder {
	CODE_END,
	/* in the shape */
	CODE_SMALL_A,
	CODE_SMALL_B,
	/* a number; SAME: as the last one in this column */
	CODE_NUMBER,
	/* explicit: the zigzag difference to the last one in this column; SAME: that one */
	CODE_DELTA,
	/* the same, with one last value per CPU */
	CODE_CPU_DELTA_0,
	CODE_CPU_DELTA_1,
	/* a time: explicit: the zigzag difference from it to the event's own */
	CODE_TIME,
	/* a thread. SAME: that of the head */
	CODE_TID,
	CODE_TID_SUBJECT, /* the goid and the P that follow are that thread's, not the head's */
	CODE_TID_NEXT,    /* SAME: the thread that left this CPU last; ALSO: who came last after the one that leaves */
	CODE_TID_WAKER,   /* SAME: who woke this thread last; ALSO: the thread that leaves */
	/* a goroutine. SAME: what the thread carried last */
	CODE_GOID,
	CODE_GOID_OTHER, /* not the thread's own; SAME: as the last one in this column */
	/* NONE: EV_NO_P; SAME: what the thread had last */
	CODE_P,
	/* a location. SAME: as the last one in this column; ALSO: as the last location coded, in any column */
	CODE_LOC,
	/*
	 * How long a thread has waited. SAME: it was preempted, and waited since then: explicit is the difference
	 * to that. EXPLICIT: steps of the clock and what is left. ALSO: in ns.
	 */
	CODE_WAIT,
	CODE_COMM, /* EV_COMM_SIZE bytes */
	CODE_TEXT, /* a string */
};

enum column {
	COL_SHAPES = 0,  /* new shapes */
	COL_OFF_FAR = 1, /* times that are off the clock's lattice by more than 1 ns */
	COL_TIDS = 2,    /* new threads */
	COL_GOIDS = 3,   /* new goroutines */
	COL_LOCS = 4,    /* new locations */
	COL_TEXT = 5,    /* new strings, each with its NUL */
	COL_COMMS = 6,   /* new names of threads, 16 bytes each */
	COL_BITS = 7,    /* extra bits of all numbers */
	COL_CPU = 8,
	COL_TID = 9,
	COL_TIME = 10,       /* TIME_CLASSES columns */
	COL_KNOWN = 18,      /* context only: how many blocks ago it was told */
	COL_SWITCH = 20,     /* the fields of EV_SWITCH begin here, those of all kinds end before 100 */
	COL_QUANTUM = 100,   /* one number: the clock's step, in 2^-32 ns; not there: 1 ns */
	COL_TIME_OFF = 101,  /* what times are off its lattice: two bits each */
	COL_WAIT_OFF = 102,  /* the same of waiting times */
	COL_WAIT_BACK = 103, /* waiting times of preempted threads */
	COL_WAIT_BUSY = 104, /* of threads that come where one of the target's leaves */
	COL_SHAPE = 105,     /* one index an event; TIME_CLASSES columns, by the class of the event before */
	COL_COUNT = 116,
};

/* Times of switches between idle and the target, of others, ... have distributions of their own: time_class(). */
#define TIME_CLASSES 8

struct field {
	uint8_t offset; /* in struct event */
	uint8_t width;  /* bytes */
	uint8_t coder;  /* enum coder */
	uint8_t column; /* COL_SWITCH or more */
};

#define FIELDS_MAX      8 /* of a kind, without CODE_END */
#define FIELD_MODES_MAX 6 /* of them outside the shape */

/**
 * The fields of a kind, ended by CODE_END. Kinds that this version has no row for are stored as four words whatever
 * they hold, and so is every kind with SHAPE_OPAQUE.
 */
const struct field *schema_fields(uint8_t kind);
const struct field *schema_opaque(void);

/* A shape, as a number: what an event is but for its values. */
#define SHAPE_KIND(s)     ((uint8_t)(s))
#define SHAPE_FLAGS(s)    ((uint8_t)((s) >> 8))
#define SHAPE_TIME_SHIFT  16 /* NONE: as the event before; SAME: later; ALSO: earlier; EXPLICIT: much later */
#define SHAPE_CPU_SHIFT   18 /* SAME: as the last one; ALSO: the one before that was another */
#define SHAPE_TID_SHIFT   20 /* SAME: who is on this CPU; ALSO: as the event before */
#define SHAPE_FIELD_SHIFT 22
#define SHAPE_OPAQUE      (1ULL << 34)
#define SHAPE_SMALL_A(s)  ((uint8_t)((s) >> 40))
#define SHAPE_SMALL_B(s)  ((uint8_t)((s) >> 48))
#define SHAPE_MODE(s, sh) ((unsigned)((s) >> (sh)) & 3)

/** Which of the time columns an event of this kind uses. */
static inline unsigned time_class(uint8_t kind, uint8_t flags)
{
	if (kind != EV_SWITCH)
		return kind == EV_G || kind == EV_P ? 7 : 6;
	unsigned comes = !(flags & EVF_NEXT_TARGET) ? 0 : flags & EVF_WOKEN ? 1 : 2;

	return comes + (flags & EVF_PREV_TARGET ? 3 : 0);
}

#endif
