/* SPDX-License-Identifier: GPL-2.0-only */
/* How far from its link-time addresses a process's program is loaded. Internal to target/. */
#ifndef SCHEDTOP_TARGET_LOAD_BIAS_H
#define SCHEDTOP_TARGET_LOAD_BIAS_H

#include <stdint.h>
#include <sys/types.h>

/**
 * The bias of @pid, which runs the file @path: its entry point as the kernel gave it in the auxiliary vector, less the
 * one in the file. Not by /proc/PID/maps: internally linked Go PIE programs don't begin at 0, and maps tells other
 * device numbers than stat on overlayfs and btrfs. 0; -EAGAIN in the middle of an exec; -ENOEXEC, -ESRCH, -EACCES.
 */
int load_bias(pid_t pid, const char *path, uint64_t *ret);

#endif
