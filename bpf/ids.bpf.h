/* SPDX-License-Identifier: GPL-2.0-only */
/* Ids of threads as they are in one pid namespace. */
#ifndef SCHEDTOP_BPF_IDS_H
#define SCHEDTOP_BPF_IDS_H

#include "bpf/kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* What the thread is called in the namespace @level below the machine's own. false: nothing, it isn't that deep. */
static __always_inline bool id_at(struct task_struct *task, uint32_t level, struct upid *ret)
{
	struct pid *pid = task->thread_pid;

	if (!pid || pid->level < level)
		return false;
	/* The verifier follows no pointer that it can't check the offset of. */
	return bpf_probe_read_kernel(ret, sizeof(*ret),
				     (char *)pid + bpf_core_field_offset(struct pid, numbers) + level * sizeof(*ret)) ==
	       0;
}

#endif
