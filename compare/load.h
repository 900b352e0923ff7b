/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A load generator (--load): a command that runs beside a variant, in its network namespace, as the invoking user and
 * in a process group of its own. What it prints is kept and shown when it fails. It is ended with all of its group, in
 * every case; like a target it doesn't outlive schedtop (target/launch.h), so start it from the main thread. One
 * thread uses a struct loadgen at a time.
 */
#ifndef SCHEDTOP_COMPARE_LOAD_H
#define SCHEDTOP_COMPARE_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/output.h"
#include "target/launch.h"

struct fault;

struct loadgen_opts {
	const char *command;    /* for /bin/sh -c */
	const char *what;       /* the option, for faults: "--load" */
	char *const *env_extra; /* "K=V", NULL-terminated; may be NULL */
	int netns_fd;           /* 0 and below = schedtop's own */
};

struct loadgen {
	struct launch launch;
	struct output output;
	bool stopped; /* by loadgen_end(), while it ran */
};

/** Starts it. 0, or -errno with @fault; then there is nothing to end. */
int loadgen_start(struct loadgen *l, const struct loadgen_opts *opts, struct fault *fault);

/** Readable when it has ended; -1 before Linux 5.3. */
static inline int loadgen_ended_fd(const struct loadgen *l)
{
	return l->launch.pidfd;
}

/** Takes in what it has printed: to be called now and then, or its pipe fills up. true: it has ended. */
bool loadgen_poll(struct loadgen *l);

/** Ends it with its group, if it runs: SIGTERM, @grace_ms later SIGKILL. Idempotent. */
void loadgen_end(struct loadgen *l, unsigned grace_ms);

/** After loadgen_end(): as a shell gives it (128 + signal); -1 when it was loadgen_end() that stopped it. */
int loadgen_status(const struct loadgen *l);

/** The last lines that it has printed, escaped, oldest first. Valid until the next call of another function. */
size_t loadgen_output(const struct loadgen *l, const char **ret_lines, size_t cap);

/** Ends it, if loadgen_end() hasn't, and frees. Accepts a zeroed one. */
void loadgen_done(struct loadgen *l);

#endif
