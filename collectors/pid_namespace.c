/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/pid_namespace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "nsfind.skel.h"

/* The machine's own namespace (include/linux/proc_ns.h PROC_PID_INIT_INO). */
#define INITIAL_INODE 0xEFFFFFFCU

static bool in_initial(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_INODE;
}

/* Reading the iterator to its end runs the program once for each task of the reader's namespace. */
static int run(struct nsfind_bpf *skel)
{
	char nothing[64];
	ssize_t n;

	struct bpf_link *link = bpf_program__attach_iter(skel->progs.find, NULL);
	if (!link)
		return -errno;
	cleanup_close int fd = bpf_iter_create(bpf_link__fd(link));
	int err = fd < 0 ? fd : 0;
	do {
		n = err < 0 ? 0 : read(fd, nothing, sizeof(nothing));
	} while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	if (n < 0)
		err = -errno;
	bpf_link__destroy(link);
	return err;
}

int pid_namespace_view(pid_t pid, struct pid_view *ret)
{
	if (in_initial()) {
		*ret = (struct pid_view){.tgid = pid};
		return 0;
	}
	struct nsfind_bpf *skel = nsfind_bpf__open();
	if (!skel)
		return -errno;
	skel->rodata->wanted = pid;
	int err = nsfind_bpf__load(skel);
	if (err == 0)
		err = run(skel);
	if (err == 0 && skel->bss->tgid == 0)
		err = -ESRCH;
	if (err == 0)
		*ret = (struct pid_view){.tgid = skel->bss->tgid, .level = skel->bss->level, .address = skel->bss->ns};
	nsfind_bpf__destroy(skel);
	return err;
}
