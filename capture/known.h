/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the writer remembers of what has been told once: names of locations and threads, origins of goroutines,
 * settings. Each block repeats, as its context, what its events refer to, with how many blocks ago it was told last: a
 * reader that has read that block knows it already, any other takes it from here. So a file that lost a block, a file
 * that rotation began, and what a flight recorder held can all be read alone.
 *
 * Bounded: of each sort the latest some ten thousand are remembered.
 */
#ifndef SCHEDTOP_CAPTURE_KNOWN_H
#define SCHEDTOP_CAPTURE_KNOWN_H

#include "capture/dict.h"
#include "events/event.h"

#include <stdbool.h>

struct part_encoder;

struct known_entry {
	struct event ev; /* its names are the entry's own */
	uint64_t seq;    /* of the block that told it last */
};

/* Two halves: when the newer is full, the older is forgotten. What is used moves to the newer. */
struct known_table {
	struct dict index[2];
	struct known_entry *entries[2];
	size_t cap[2];
	unsigned newer;
	size_t max; /* of one half */
};

enum known_sort { KNOWN_LOC, KNOWN_COMM, KNOWN_GOROUTINE, KNOWN_THREAD, KNOWN_STATE, KNOWN_SORTS };

struct known {
	struct known_table tables[KNOWN_SORTS];
};

void known_init(struct known *k);
void known_done(struct known *k);

/** Remembers what an event tells, if it is of that sort; @seq is the block that it goes to. 0 or -ENOMEM. */
int known_tell(struct known *k, const struct event *ev, uint64_t seq);

/**
 * Adds to @context what the events of a block refer to and was told before it. @all: also every thread that lives, for
 * the first block of a file. @time_ns: the time that the context's events carry.
 */
void known_context(struct known *k, const struct part_encoder *events, uint64_t seq, uint64_t time_ns, bool all,
		   struct part_encoder *context);

#endif
