/* SPDX-License-Identifier: GPL-2.0-only */
/* How the kernel's side calls a process that schedtop knows by the id of its own pid namespace. */
#ifndef SCHEDTOP_COLLECTORS_PID_NAMESPACE_H
#define SCHEDTOP_COLLECTORS_PID_NAMESPACE_H

#include <stdint.h>
#include <sys/types.h>

struct pid_view {
	int tgid;         /* in the machine's own namespace */
	uint32_t level;   /* of schedtop's namespace; 0 = it is the machine's own, and the ids are equal */
	uint64_t address; /* of that namespace, in the kernel */
};

/** 0, -ESRCH when no process has that id, or what the kernel refused (it needs BPF unless the level is 0). */
int pid_namespace_view(pid_t pid, struct pid_view *ret);

#endif
