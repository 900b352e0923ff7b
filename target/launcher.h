/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small process, forked while schedtop still has what its user has. It forks later targets on request, so that these
 * inherit neither schedtop's system call filter nor no_new_privs (both last for good, and pass on to children). What it
 * forks is schedtop's own child, as if schedtop had forked it (CLONE_PARENT). It ends with schedtop. One thread uses it
 * at a time.
 */
#ifndef SCHEDTOP_TARGET_LAUNCHER_H
#define SCHEDTOP_TARGET_LAUNCHER_H

#include <stdbool.h>
#include <sys/types.h>

#include "target/launch.h"

/* What is passed to the child; descriptors are the child's own copies. */
struct launcher_job {
	const char *path;
	char *const *argv;
	char **envp;
	int gate_fd, error_fd, output_fd;
	bool output_is_own;             /* a pipe of schedtop's, not its stderr */
	const char *cwd;                /* NULL = stay */
	const struct launch_user *user; /* NULL = who the launcher's targets run as */
};

/** @run is called in each child with all signals blocked; it execs or exits. 0 (also when it is there) or -errno. */
int launcher_start(void (*run)(const struct launcher_job *job));

bool launcher_is_there(void);

/** The child's id or -errno: -EPIPE when the launcher is gone, -E2BIG for more arguments than a program may have. */
pid_t launcher_fork(const struct launcher_job *job);

#endif
