/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a launched server counts as ready (--ready): a port answers, a line of its output matches, or a command says so.
 * A port that another process answers on is not the target's: it is told by name.
 */
#ifndef SCHEDTOP_COMPARE_READY_H
#define SCHEDTOP_COMPARE_READY_H

#include <regex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fault;

enum ready_kind {
	READY_AT_ONCE, /* nothing was asked for */
	READY_TCP,     /* tcp:PORT: a connection to 127.0.0.1 or ::1 is taken */
	READY_LOG,     /* log:REGEX: a line of its output matches (POSIX extended) */
	READY_CMD,     /* cmd:COMMAND: /bin/sh -c COMMAND ends with status 0 */
};

struct ready {
	enum ready_kind kind;
	char *text; /* as given */
	uint16_t port;
	regex_t regex;    /* READY_LOG */
	atomic_bool seen; /* READY_LOG: a line matched since ready_begin() */
};

/** "tcp:PORT", "log:REGEX" or "cmd:COMMAND". 0 with what ready_done() frees, or -EINVAL (-ENOMEM) with @fault. */
int ready_parse(const char *text, struct ready *ret, struct fault *fault);

/** Accepts a zeroed one. */
void ready_done(struct ready *r);

/** A launched target, as the wait for it sees it. */
struct ready_target {
	const char *name; /* of the variant, for what is said; may be NULL */
	pid_t pid;        /* leader of its process group */
	int netns_fd;     /* 0 and below = schedtop's own */
	int ended_fd;     /* readable when it has ended; -1 = unknown */
	int stop_fd;      /* readable when the user wants the end; -1 = none */
	int output_fd;    /* what it prints; -1 = none */
	/* Takes in what it has printed, which leads to ready_line(); NULL = nothing. */
	void (*drain)(void *ctx);
	void *drain_ctx;
};

/**
 * Before the target is let go: forgets what was seen, and refuses where another process listens on the port already.
 * 0, or -EADDRINUSE with @fault.
 */
int ready_begin(struct ready *r, const struct ready_target *t, struct fault *fault);

/** A line that the target has printed, without its end. From any thread. */
void ready_line(struct ready *r, const char *line, size_t len);

/**
 * Waits until it holds, at most @limit_ns. 0, or -errno with @fault: -ETIMEDOUT, -ECHILD the target has ended, -EINTR
 * the user wants the end, or why the command can't be started.
 */
int ready_wait(struct ready *r, const struct ready_target *t, uint64_t limit_ns, struct fault *fault);

#endif
