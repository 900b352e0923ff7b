/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For a schedtop that runs in a pid namespace of its own: which process the kernel means by an id there. The iterator
 * visits every task once, before the session; it needs Linux 5.8, as the ring buffer does.
 */
#include "bpf/ids.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task {
	struct task_struct *task;
};
#pragma clang attribute pop

const volatile int wanted = 0; /* a process, by its id in our namespace */

/* Of our namespace, which is that of whoever reads the iterator. */
uint32_t level = 0;
uint64_t ns = 0;
int tgid = 0; /* of the process, in the machine's own namespace; 0 = not found */

SEC("iter/task")
int find(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *reader = bpf_get_current_task_btf();
	struct pid *own = reader->thread_pid;
	struct upid id;

	if (!task || !own)
		return 0;
	level = own->level;
	if (id_at(reader, own->level, &id))
		ns = (uint64_t)id.ns;
	if (id_at(task, own->level, &id) && (uint64_t)id.ns == ns && id.nr == wanted)
		tgid = task->tgid;
	return 0;
}
