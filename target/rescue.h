/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rescue: asynchronous preemption switched on in a live process, by writing 0 into runtime.debug.asyncpreemptoff.
 * The runtime reads it afresh each time (docs/async-preemption.md), so it acts at once. It is the only thing that
 * schedtop ever writes into a process, only when its user asks, and only in this direction: a 1 would leave signals
 * that are under way unanswered, and threads that are never preempted again.
 *
 * Plan, show the plan, ask, write. After it, threads that had lost their signal before are looked for (stuck.h).
 */
#ifndef SCHEDTOP_TARGET_RESCUE_H
#define SCHEDTOP_TARGET_RESCUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct go_target;

struct rescue_plan {
	uint64_t address;   /* of the variable, in the process */
	int32_t from;       /* its value now: 0 = asynchronous preemption is on already, and nothing is to be written */
	const char *reader; /* the function that was seen to read it; static */
	const char *go_version; /* as long as the target */
	bool have_symbol;       /* the symbol table has runtime.debug, and the variable lies in it, */
	uint64_t offset;        /* so many bytes from its start */
	int pidfd; /* so that another process with the same id isn't written to; -1 = the kernel has none */
};

/**
 * Finds the variable and makes sure that it is the right one: the layout of the runtime passes the self-check on the
 * live process, the address comes from the runtime's table of settings and lies inside of runtime.debug where the
 * symbol table has that, the code that obeys it reads this address, and it holds a value that somebody can have set.
 * 0 with a plan to be given to rescue_plan_done(); -EINVAL it can't be trusted; -EAGAIN the runtime isn't up yet;
 * -ESRCH it has ended; -EPROTO it isn't Go; each with @fault.
 */
int rescue_plan(struct go_target *t, struct rescue_plan *ret, struct fault *fault);
void rescue_plan_done(struct rescue_plan *p);

#define RESCUE_LINES    6
#define RESCUE_LINE_CAP 160

/** What is about to be done, in lines to be shown before asking. Names are escaped. Returns how many. */
size_t rescue_describe(const struct go_target *t, const struct rescue_plan *p, char ret[RESCUE_LINES][RESCUE_LINE_CAP]);

/**
 * Does it: checks all of the plan again, writes 0, reads it back. Call it only after the user has said yes.
 * @ret_at_ns  the moment right before it was written, CLOCK_MONOTONIC
 * 0; -ESTALE the process isn't what it was when the plan was made; -EPERM; -EIO it didn't take the value; and what
 * rescue_plan() returns; each with @fault.
 */
int rescue_write(struct go_target *t, const struct rescue_plan *p, uint64_t *ret_at_ns, struct fault *fault);

#endif
