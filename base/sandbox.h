/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A seccomp filter over schedtop's own process: a list of the system calls that it is known to make. Any other is
 * refused with EPERM and told to the kernel's log, so that a call that was forgotten costs a feature, not the session.
 */
#ifndef SCHEDTOP_BASE_SANDBOX_H
#define SCHEDTOP_BASE_SANDBOX_H

enum sandbox {
	SANDBOX_READ = 0,  /* open files are read, others can be opened for reading; nothing is written but open ones */
	SANDBOX_WRITE = 1, /* and files are made, written, renamed and removed */
	SANDBOX_TRACE = 3, /* and probes are placed, other processes' memory is read, processes are signalled */
};

/**
 * From here on, for every thread of the process and for good (no_new_privs is set too). None of the three allows exec,
 * network connections, ptrace, mounts, or typing into a terminal (TIOCSTI). 0; -ENOSYS in a build without it (the
 * sanitizers make system calls of their own); -errno where the kernel refuses.
 */
int sandbox_enter(enum sandbox s);

#endif
