/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ms that wait for a signal which will never come. preemptM (runtime/signal_unix.go) sets m.signalPending and sends
 * SIGURG only if it wasn't set; the handler clears it, but not while debug.asyncpreemptoff is 1. A signal that was
 * handled then leaves it set for good: that M is sent no further one and isn't preempted asynchronously again, until
 * it gets a SIGURG from elsewhere.
 *
 * The search takes looks at the live process; who has the thread for it calls stuck_step() every few milliseconds until
 * it is over. An M is stuck if at each look for STUCK_NS its signalPending is set, its preemptGen hasn't moved (the
 * handler counts it up), and the kernel holds no SIGURG for its thread. Wrongly taken for stuck (a thread that got no
 * CPU in its handler for so long) it gets one signal too many, which the runtime takes for a preemption that is no
 * longer wanted.
 */
#ifndef SCHEDTOP_TARGET_STUCK_H
#define SCHEDTOP_TARGET_STUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_target;

#define STUCK_NS    100000000ULL  /* a signal in flight is delivered within 14 ms (p99 on an oversubscribed CPU) */
#define STUCK_LOOKS 4             /* at the least, however long that takes */
#define REPAIR_NS   1000000000ULL /* so long the handlers have to answer */
#define STUCK_MAX   1024          /* that are looked at in one search; more need another one */

/* An M whose signalPending is set. */
struct stuck_m {
	uint64_t m;      /* its address in the process */
	uint32_t tid;    /* of its thread, in schedtop's pid namespace */
	uint32_t gen;    /* m.preemptGen */
	bool on_its_way; /* the kernel holds a SIGURG for the thread */
};

/* What the search reads and does; tests have their own. */
struct stuck_reader {
	/* Fills in the Ms whose signalPending is set, up to @cap; returns how many, or -errno. */
	int (*pending)(void *ctx, struct stuck_m *ret, size_t cap);
	/* Sends one SIGURG to a thread. 0, -ESRCH, -EPERM. */
	int (*send)(void *ctx, uint32_t tid);
	void *ctx;
};

enum stuck_phase { STUCK_SEARCHING, STUCK_REPAIRING, STUCK_OVER };

struct stuck {
	enum stuck_phase phase;
	uint64_t since_ns; /* of the phase */
	unsigned looks;
	size_t n; /* candidates, then those that haven't answered yet */
	struct stuck_m ms[STUCK_MAX];
	unsigned found, repaired;
	int err; /* of the last look or signal that failed; 0 = none did */
};

/** Reads a live process, whose layout has passed the self-check. 0; -ENODATA if the fields aren't known. @t is
 * borrowed. */
int stuck_reader_of(struct go_target *t, struct stuck_reader *ret);

void stuck_begin(struct stuck *s, uint64_t now_ns);

#define STUCK_TEXT_CAP 200
/** The outcome of a search that is over, in a sentence. Returns @dst. */
const char *stuck_text(const struct stuck *s, char *dst, size_t cap);

/** One look. Each stuck M gets one signal when the search has found it. Returns true when it is over. */
bool stuck_step(struct stuck *s, const struct stuck_reader *r, uint64_t now_ns);

#endif
