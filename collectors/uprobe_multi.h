/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uprobes through a BPF link of their own (BPF_TRACE_UPROBE_MULTI, Linux 6.6): no perf event belongs to the target's
 * threads. Eight perf-event uprobes on a process made each context switch of its first thread 2 µs dearer, because the
 * kernel schedules them in and out with it (`./dev bench --only goswitch`). libbpf 1.1 doesn't know this link yet.
 */
#ifndef SCHEDTOP_COLLECTORS_UPROBE_MULTI_H
#define SCHEDTOP_COLLECTORS_UPROBE_MULTI_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* include/uapi/linux/bpf.h, Linux 6.6 to 6.18: programs for this link are loaded with it as expected attach type. */
#define UPROBE_MULTI_ATTACH_TYPE 48

/** Does this kernel have it? Tries with a program of two instructions. */
bool uprobe_multi_supported(void);

/**
 * Places a probe in the processes' memory of @pid (its thread group) only, also after an exec.
 * @path names the file, @offset the place in it, @cookie is what bpf_get_attach_cookie() answers.
 * Returns the link's descriptor (closing it removes the probe), or -errno.
 */
int uprobe_multi_attach(int prog_fd, pid_t pid, const char *path, uint64_t offset, uint64_t cookie);

#endif
