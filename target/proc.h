/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc and the cgroup file systems tell about a process. Everything read here is foreign input. */
#ifndef SCHEDTOP_TARGET_PROC_H
#define SCHEDTOP_TARGET_PROC_H

#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Threads of a process: calls @fn for each; stops early when it returns non-zero. Number of threads or -errno. */
int proc_each_thread(pid_t pid, int (*fn)(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE]), void *ctx);

/** Name of a thread or process. 0 or -errno; @ret is NUL-padded. */
int proc_comm(pid_t pid, char ret[EV_COMM_SIZE]);

/** Is the process there and not a zombie? 1, 0, or -errno. */
int proc_alive(pid_t pid);

/**
 * The id that thread @tid of process @pid has in its own (innermost) pid namespace: what gettid() answers in a
 * container and what the Go runtime keeps in m.procid. 0, -ESRCH, -ENODATA before Linux 4.1.
 */
int proc_ns_tid(pid_t pid, uint32_t tid, uint32_t *ret);

/** Does the kernel hold signal @sig for thread @tid of process @pid, its own or the process's? 1, 0, -ESRCH, -errno. */
int proc_signal_pending(pid_t pid, uint32_t tid, int sig);

/**
 * One variable of the environment the process started with; of several of one name the first, as the Go runtime
 * (runtime/env_posix.go gogetenv) takes it. Returns a string to free, NULL if absent or unreadable.
 */
char *proc_environ_get(pid_t pid, const char *name);

/** The kernel's own account of each online CPU (/proc/stat). Fills up to @cap, returns how many, or -errno. */
struct proc_cpu {
	uint16_t cpu;
	struct ev_cpu_stat stat;
};
int proc_cpus(struct proc_cpu *ret, size_t cap);

/**
 * CPU quota and throttling of the process's cgroup, v2 or v1, its ancestors included (the tightest quota, the
 * throttling of the level that has it). -ENODATA when no CPU controller is in use or none sets a quota and none
 * throttled.
 */
int proc_cgroup_cpu(pid_t pid, struct ev_cgroup *ret);

/* The parsers behind these, over text in memory: what tests and fuzzers feed. */

/** /proc/stat. Fills up to @cap rows from complete "cpuN" lines; returns how many. */
size_t proc_parse_stat(const char *text, struct proc_cpu *ret, size_t cap);

/** /proc/PID/stat: 1 = running, sleeping or stopped, 0 = zombie or dead, -EPROTO. */
int proc_parse_alive(const char *text);

/** /proc/PID/status: the last id of the NSpid line. 0, -ENODATA without one, -EPROTO. */
int proc_parse_ns_id(const char *text, uint32_t *ret);

/** The same: is @sig in the SigPnd or the ShdPnd line? 1, 0, -EPROTO without them or for a number that is none. */
int proc_parse_signal_pending(const char *text, int sig);

/** cpu.max (v2): "max 100000" or "50000 100000" in µs. 0 or -EINVAL. quota_ns 0 = no limit. */
int cgroup_parse_max(const char *text, struct ev_cgroup *ret);

/** cpu.stat of v1 (throttled_time, ns) and v2 (throttled_usec). 0, or -ENODATA without throttling lines. */
int cgroup_parse_stat(const char *text, struct ev_cgroup *ret);

/**
 * /proc/PID/cgroup: the path in the v2 hierarchy (@controller NULL) or in the v1 hierarchy that has @controller.
 * Returns a string to free, or NULL.
 */
char *cgroup_parse_path(const char *text, const char *controller);

/**
 * /proc/self/mountinfo: where that hierarchy is mounted, and which of its directories is there (its root).
 * 0 with two strings to free, or -ENOENT.
 */
int cgroup_parse_mount(const char *text, const char *controller, char **ret_mount, char **ret_root);

/**
 * From the directory of cgroup @path up to the mount point @mount, which shows the hierarchy from @root on: the level
 * that matters, as proc_cgroup_cpu() says. 0, -ENODATA, -ENAMETOOLONG.
 */
int cgroup_walk(const char *mount, const char *root, const char *path, bool v1, struct ev_cgroup *ret);

#endif
