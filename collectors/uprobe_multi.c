/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/uprobe_multi.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The part of union bpf_attr that BPF_LINK_CREATE reads for this link (include/uapi/linux/bpf.h, Linux 6.6). */
struct link_create_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t cnt;
	uint32_t multi_flags;
	uint32_t pid;
	uint32_t reserved;
};

static int link_create(int prog_fd, pid_t pid, const char *path, const struct uprobe_places *at)
{
	struct link_create_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = UPROBE_MULTI_ATTACH_TYPE,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)at->offsets,
		.cookies = (uintptr_t)at->cookies,
		.cnt = (uint32_t)at->n,
		.pid = (uint32_t)pid,
	};
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

int uprobe_multi_attach(int prog_fd, pid_t pid, const char *path, const struct uprobe_places *at)
{
	return link_create(prog_fd, pid, path, at);
}

int uprobe_multi_empty_program(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = (enum bpf_attach_type)UPROBE_MULTI_ATTACH_TYPE);
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "empty", "GPL", insns, ARRAY_SIZE(insns), &opts);
}

bool uprobe_multi_supported(void)
{
	const struct uprobe_places one = {.n = 1};
	cleanup_close int prog = uprobe_multi_empty_program();

	if (prog < 0)
		return false;
	/* "/" isn't a regular file: a kernel that knows the link says so, others refuse the attach type. */
	int fd = link_create(prog, 0, "/", &one);
	if (fd >= 0)
		close(fd);
	if (fd != -EBADF)
		return false;
	/* Until 6.10 @pid meant one thread. The kernels that mean the process refuse -1 before they look at the path.
	 */
	fd = link_create(prog, -1, "/", &one);
	if (fd >= 0)
		close(fd);
	return fd == -EINVAL;
}
