/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a perf record's registers lead to in the target's memory. perf can't read it at the moment of the record; it is
 * read when the record comes out of its ring, up to one round (10 ms) later. So only what still holds then is believed:
 * a goroutine whose stack the sampled stack pointer lies in, an M that still carries it.
 */
#ifndef SCHEDTOP_COLLECTORS_PERF_MEMORY_H
#define SCHEDTOP_COLLECTORS_PERF_MEMORY_H

#include "collectors/order.h"
#include "target/go_target.h"

#include <stdbool.h>
#include <stdint.h>

struct perf_memory;

struct perf_label {
	uint64_t goid; /* 0 = no goroutine: the runtime's own stack */
	uint16_t p;    /* EV_NO_P = none or not known */
};

/** NULL on ENOMEM. */
struct perf_memory *perf_memory_new(uint32_t pid);
void perf_memory_free(struct perf_memory *m);

/** Reads in @go from now on (borrowed; NULL = nowhere). 0; -ENODATA when its layout isn't known. */
int perf_memory_set_target(struct perf_memory *m, const struct go_target *go);

/** Goroutines that are met for the first time are pushed there as EV_GOROUTINE (wire_goroutine). */
void perf_memory_announce_to(struct perf_memory *m, struct order *order);

/** What thread @tid carried at @time_ns, with @g in its register and @sp on its stack. false = it can't be told. */
bool perf_memory_label(struct perf_memory *m, uint32_t tid, uint64_t g, uint64_t sp, uint64_t time_ns,
		       struct perf_label *ret);

/** A goroutine's id; 0 = can't be read. It is announced. */
uint64_t perf_memory_goid(struct perf_memory *m, uint64_t g, uint64_t time_ns);

/* A goroutine that may be asked to yield, and who carries it now. */
struct perf_running {
	uint64_t g, goid;
	uint32_t tid;
	uint16_t p;
	bool asked; /* g.preempt: the request still stands */
};

/** Whom P @p runs. false = nobody, or it can't be read. */
bool perf_memory_on_p(struct perf_memory *m, uint64_t p, uint64_t time_ns, struct perf_running *ret);

/** The same of a goroutine; false also when it doesn't run now. */
bool perf_memory_runs(struct perf_memory *m, uint64_t g, uint64_t time_ns, struct perf_running *ret);

/** The number of the P at @p; EV_NO_P = can't be read. */
uint16_t perf_memory_p_id(struct perf_memory *m, uint64_t p);

#endif
