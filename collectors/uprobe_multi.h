/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many uprobes as one BPF link (BPF_TRACE_UPROBE_MULTI, Linux 6.6): no perf event belongs to the target's threads.
 * Eight perf-event uprobes on a process made each context switch of its first thread 2 µs dearer, because the kernel
 * schedules them in and out with it (`./dev bench --only goswitch`). libbpf 1.1 doesn't know this link yet.
 */
#ifndef SCHEDTOP_COLLECTORS_UPROBE_MULTI_H
#define SCHEDTOP_COLLECTORS_UPROBE_MULTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* include/uapi/linux/bpf.h, Linux 6.6 to 6.18: programs for this link are loaded with it as expected attach type. */
#define UPROBE_MULTI_ATTACH_TYPE 48

/** Does this kernel have it? Tries with a program of two instructions. */
bool uprobe_multi_supported(void);

/** A program that does nothing, for such a link. Its descriptor, which the caller closes, or -errno. */
int uprobe_multi_empty_program(void);

#define UPROBE_PLACES_MAX 64

struct uprobe_places {
	uint64_t offsets[UPROBE_PLACES_MAX]; /* in the file */
	uint64_t cookies[UPROBE_PLACES_MAX]; /* what bpf_get_attach_cookie() answers there */
	size_t n;
	bool exact; /* they are detail exact's */
};

/**
 * Places probes in the memory of @pid's thread group only, also after an exec. @path names the file. All or none.
 * Returns the link's descriptor (closing it removes them all at once), or -errno.
 */
int uprobe_multi_attach(int prog_fd, pid_t pid, const char *path, const struct uprobe_places *at);

#endif
