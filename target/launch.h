/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting a target so that its first microsecond is seen: the child is forked and waits; the caller places the probes;
 * launch_go() lets it exec. It runs as the invoking user (SUDO_UID, SUDO_GID and that user's groups when schedtop runs
 * under sudo), in its own process group, with the terminal kept from it (stdin from /dev/null).
 */
#ifndef SCHEDTOP_TARGET_LAUNCH_H
#define SCHEDTOP_TARGET_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

struct fault;

enum launch_output {
	LAUNCH_TO_STDERR, /* --batch: the target's stdout joins stderr */
	LAUNCH_TO_PIPE,   /* the screen: stdout and stderr come through launch.output_fd */
};

struct launch {
	pid_t pid;
	int output_fd;     /* non-blocking; -1 unless LAUNCH_TO_PIPE */
	int pidfd;         /* readable when the target has ended */
	int gate_fd;       /* internal: closing it lets the child go */
	int exec_error_fd; /* internal: the child's errno if exec failed */
	char *path;        /* what will be exec'ed, found through PATH */
	bool reaped;
	int status; /* as wait(2) gives it, valid when reaped */
};

/**
 * Forks the child and leaves it waiting. @argv is NULL-terminated; @env_extra ("K=V", NULL-terminated, may be NULL)
 * overrides the environment. 0, or -errno with @fault: -ENOENT not found, -EACCES not executable.
 */
int launch_start(struct launch *l, char *const argv[], char *const env_extra[], enum launch_output output,
		 struct fault *fault);

/** Lets it exec and waits until it has (close-on-exec pipe). 0, or -errno of the exec with @fault. */
int launch_go(struct launch *l, struct fault *fault);

/** Has it ended? Reaps without waiting. */
bool launch_ended(struct launch *l);

/** Ends it if it still runs: SIGTERM to its process group, @grace_ms later SIGKILL; reaps. */
void launch_end(struct launch *l, unsigned grace_ms);

/** Frees; a child that still waits at the gate is killed. Accepts a half-built one. */
void launch_done(struct launch *l);

#endif
