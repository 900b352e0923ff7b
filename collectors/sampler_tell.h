/* SPDX-License-Identifier: GPL-2.0-only */
/* What has changed between two looks, as events. */
#ifndef SCHEDTOP_COLLECTORS_SAMPLER_TELL_H
#define SCHEDTOP_COLLECTORS_SAMPLER_TELL_H

#include "collectors/sampler_look.h"
#include "events/event.h"

struct decoder;

/* Goroutines that were told of lately, by id modulo this; one that is told again does no harm. A power of two. */
#define TELL_KNOWN 16384U

/* What was told of a thread last. */
struct told {
	uint64_t m; /* address; 0 = free */
	uint32_t tid, tick;
	uint64_t goid;
	uint16_t p;
	bool running, asked;
};

struct tell {
	struct decoder *decoder; /* borrowed; for EV_GOROUTINE */
	bool estimate;
	bool held; /* each look stands for the time since the one before: nothing else tells who ran */
	uint32_t period_ns;
	uint64_t last_ns;  /* of the look before; 0 = none */
	struct told *told; /* as look.ms */
	size_t n_told;
	bool begun, stopping, stopped;
	uint8_t phase, stop_phase;
	uint64_t known[TELL_KNOWN];
};

void tell_done(struct tell *t);
/** The program is another one: nothing of the old one holds. */
void tell_reset(struct tell *t);
/** Delivers. Returns how many events, or -ENOMEM. */
int tell_look(struct tell *t, const struct look *l, uint64_t now_ns, const struct event_sink *sink);

#endif
