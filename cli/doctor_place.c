/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/doctor_rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "collectors/pid_namespace.h"
#include "target/go_binary.h"

/* From inside, the first user namespace is known by its fixed inode (include/linux/proc_ns.h PROC_USER_INIT_INO). */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDU
#define FIRST_PID_NAMESPACE  0xEFFFFFFCU

static bool is_inode(const char *path, ino_t inode)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == inode;
}

void look_container(struct finding *f)
{
	bool file = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
	bool user = !is_inode("/proc/self/ns/user", FIRST_USER_NAMESPACE);
	bool filter = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;

	f->ok = user ? CHECK_MISSING : CHECK_OK;
	SAY(f, "%s%s%s", file ? "in a container" : "no container engine's mark",
	    user ? "; in a user namespace, where capabilities don't count for BPF" : "",
	    filter ? "; under a seccomp filter" : "");
	if (user)
		FIX(f, "run schedtop on the host, or in a container without a user namespace, with --cap-add BPF "
		       "--cap-add PERFMON --cap-add SYS_PTRACE");
}

void look_pid_namespace(struct finding *f)
{
	char link[32] = "";
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);
	struct pid_view view;

	if (n <= 0 || strtol(link, NULL, 10) != getpid()) {
		f->ok = CHECK_MISSING;
		SAY(f, "/proc is that of another pid namespace: no process can be found in it");
		FIX(f, "mount -t proc proc /proc");
		return;
	}
	if (is_inode("/proc/self/ns/pid", FIRST_PID_NAMESPACE)) {
		f->ok = CHECK_OK;
		SAY(f, "the machine's own");
		return;
	}
	int err = pid_namespace_view(getpid(), &view);
	f->ok = CHECK_MISSING;
	SAY(f, "one of its own: %s%s", err ? "ids can't be translated: " : "only processes in it are seen",
	    err ? strerror(-err) : "");
	FIX(f, "run schedtop on the host, or in a container started with --pid=host");
}

void look_go_versions(struct finding *f)
{
	size_t n = (size_t)SAY(f, "layouts known of");

	for (size_t i = 0; go_offsets_minor(i) && n < sizeof(f->found); i++)
		n += (size_t)snprintf(f->found + n, sizeof(f->found) - n, "%s 1.%d", i ? "," : "", go_offsets_minor(i));
	f->ok = CHECK_OK;
	if (n < sizeof(f->found))
		snprintf(f->found + n, sizeof(f->found) - n, "; of others by DWARF, or checked on the live process");
}
