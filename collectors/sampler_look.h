/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One look into a Go process's memory: what its Ms carry, its Ps' counters, the state of the scheduler. Knows addresses
 * and offsets only; how memory is read is given to it, so that it can look at an image that a test has made.
 */
#ifndef SCHEDTOP_COLLECTORS_SAMPLER_LOOK_H
#define SCHEDTOP_COLLECTORS_SAMPLER_LOOK_H

#include "target/go_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct look_at {
	struct go_offsets off;
	uint64_t allm, allp, sched; /* addresses of the runtime's variables */
	uint64_t gcphase;           /* 0 = unknown */
	/* As go_target_read_many(). */
	int (*read)(void *ctx, struct go_read *r, size_t n, uint64_t *ret_calls);
	/* The thread whose id the runtime knows as @procid, as schedtop knows it; 0 = no thread of the process. */
	uint32_t (*tid_of)(void *ctx, uint64_t procid);
	void *ctx;
};

/* An M. What follows tid is of the latest look at which it was read whole. */
struct look_m {
	uint64_t addr, procid;
	uint32_t tid;  /* 0 = has no thread (yet) */
	bool torn;     /* this look contradicted itself: the rest is of an earlier one */
	uint64_t goid; /* 0 = carries none */
	uint64_t parent_goid, startpc, gopc;
	uint16_t p; /* EV_NO_P = none */
	bool running;
	bool settled;  /* it was seen in a system call without a P */
	uint64_t curg; /* then: the goroutine's address */
	bool asked;    /* g.preempt, of one that runs */
	uint32_t tick; /* p.schedtick; valid with a p */
};

struct look_p {
	uint64_t addr;
	uint32_t tick, runq;
};

struct look {
	struct look_at at;
	struct look_m *ms;
	struct look_p *ps;
	size_t n_ms, n_ps;
	bool stopping, stopped; /* sched.gcwaiting; and sched.stopwait is 0 */
	uint32_t runq;          /* the global queue's length */
	uint8_t gc_phase;
	bool has_runqs; /* of the latest look */
	uint64_t calls, torn, rounds;
	/* how they are found again */
	uint64_t allp_data;
	void *mem; /* of the pieces */
	size_t mem_bytes;
	struct go_read *reads;
	size_t cap_reads;
};

void look_init(struct look *l, const struct look_at *at);
void look_done(struct look *l);

/**
 * Looks once. @runqs: the run queues too.
 * 0; -EAGAIN where the lists contradict themselves or can't be read at this moment: then the state is the earlier one;
 * -EPERM, -ESRCH, -ENOMEM.
 */
int look_round(struct look *l, bool runqs);

#endif
