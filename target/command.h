/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a running process was started, so that it can be started once more: program, arguments, environment, working
 * directory, user. All of it is foreign and holds secrets (the environment): it is kept in memory only.
 */
#ifndef SCHEDTOP_TARGET_COMMAND_H
#define SCHEDTOP_TARGET_COMMAND_H

#include <sys/types.h>

#include "target/launch.h"

struct fault;

struct command_line {
	char *path;  /* of the program, absolute */
	char **argv; /* NULL-terminated */
	char **env;  /* NULL-terminated, "K=V" */
	char *cwd;
	struct launch_user user;
};

/**
 * Reads /proc/PID. 0 with what command_line_done() frees; -errno with @fault: -ESRCH, -EACCES; -ESTALE its program file
 * is gone or was replaced; -EXDEV it lives in a container (another root, mount or network namespace), where schedtop
 * can't start it; -EPERM it belongs to a user whom schedtop can't become.
 */
int command_line_read(pid_t pid, struct command_line *ret, struct fault *fault);

/** Accepts a half-filled one. */
void command_line_done(struct command_line *c);

#endif
