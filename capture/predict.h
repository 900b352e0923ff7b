/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the events of a block so far say about the next one. Encoder and decoder keep the same state, so that what is as
 * expected needs no bytes. It begins empty in each block. Threads are known by their number of first use in the block;
 * number 0 is thread id 0.
 */
#ifndef SCHEDTOP_CAPTURE_PREDICT_H
#define SCHEDTOP_CAPTURE_PREDICT_H

#include "capture/schema.h"
#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREDICT_CPUS 1024 /* CPUs beyond share these: predictions get worse, not wrong */
#define DICT_MAX     (1U << 18)

struct known_thread {
	uint64_t goid;
	uint64_t left_ns; /* when it left its CPU last */
	uint32_t tid;
	uint32_t waker; /* who woke it last */
	uint32_t after; /* who came last when it left */
	uint16_t p;
	bool preempted; /* ... and stayed runnable */
};

struct known_cpu {
	uint32_t on;   /* the thread that came last */
	uint32_t left; /* the target's thread that left last */
	uint64_t last[2];
};

struct predict {
	uint64_t time_ns;
	uint64_t quantum;    /* the clock's step, in 2^-32 ns */
	uint64_t lattice_ns; /* a time on the clock's lattice, or next to it */
	int64_t phase;       /* from there to the lattice, the unit of quantum */
	unsigned time_class; /* of the event before */
	uint32_t thread;     /* of the event before */
	uint32_t loc;
	uint16_t cpu, other_cpu;
	struct known_thread *threads;
	size_t n_threads, cap_threads;
	uint64_t last[COL_COUNT];
	struct known_cpu cpus[PREDICT_CPUS];
};

/** @quantum: QUANTUM_ONE or more. 0 or -ENOMEM. */
int predict_begin(struct predict *s, uint64_t quantum);
void predict_done(struct predict *s);

/** Adds a thread; its number is n_threads before. 0, -ENOMEM, or -EOVERFLOW beyond DICT_MAX. */
int predict_add_thread(struct predict *s, uint32_t tid);

static inline struct known_cpu *predict_cpu(struct predict *s, uint16_t cpu)
{
	return &s->cpus[cpu & (PREDICT_CPUS - 1)];
}

static inline void predict_saw_cpu(struct predict *s, uint16_t cpu)
{
	if (cpu == s->cpu)
		return;
	s->other_cpu = s->cpu;
	s->cpu = cpu;
}

/* Times that are further apart are stored in nanoseconds; below, the arithmetic of the lattice fits 64 bits. */
#define LATTICE_MAX  (1ULL << 29)
#define LATTICE_HALF (1ULL << 31)

/* The multiple that is nearest to @v ns. */
static inline uint64_t lattice_nearest(uint64_t quantum, uint64_t v)
{
	return ((v << 32) + quantum / 2) / quantum;
}

/* A multiple, in ns. */
static inline uint64_t lattice_at(uint64_t quantum, uint64_t n)
{
	return (n * quantum + LATTICE_HALF) >> 32;
}

/* The lattice's time goes on by @delta ns, to what should be @at (in 2^-32 ns, from the one before). */
static inline void predict_phase(struct predict *s, uint64_t at, uint64_t delta)
{
	s->lattice_ns += delta;

	int64_t phase = (int64_t)(at - (delta << 32));

	if (phase > (int64_t)LATTICE_HALF)
		phase = (int64_t)LATTICE_HALF;
	if (phase < -(int64_t)LATTICE_HALF)
		phase = -(int64_t)LATTICE_HALF;
	s->phase = phase;
}

/* A time that was stored in ns: the lattice is looked for anew. */
static inline void predict_jump(struct predict *s)
{
	s->lattice_ns = s->time_ns;
	s->phase = 0;
}

/* An event has been told: what it says about those to come. */
static inline void predict_after(struct predict *s, uint8_t kind, uint8_t flags, struct known_cpu *cpu, uint32_t head,
				 uint32_t next, uint32_t waker)
{
	s->thread = head;
	s->time_class = time_class(kind, flags);
	if (kind != EV_SWITCH)
		return;
	cpu->on = next;
	if (flags & EVF_PREV_TARGET) {
		cpu->left = head;
		s->threads[head].left_ns = s->time_ns;
		s->threads[head].preempted = flags & EVF_PREEMPTED;
	}
	s->threads[head].after = next;
	if (waker)
		s->threads[next].waker = waker;
}

#endif
