/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "target/proc.h"
#include "target/read_file.h"

#define MAPS_BYTES_MAX (16U << 20)
/* Ms that a self-check looks at: enough to trust the layout, bounded whatever the list says. */
#define CHECK_MS_MAX 10000
/* runtime/proc.go: sched.maxmcount is 10000 by default; GOMAXPROCS is limited by the machine. */
#define PS_MAX 65536

struct go_target {
	pid_t pid;
	char *path; /* what a uprobe must name */
	struct go_binary *binary;
	uint64_t bias;
};

int go_target_open(pid_t pid, const char *path, struct go_target **ret, struct fault *fault)
{
	struct go_target *t = calloc(1, sizeof(*t));
	char name[32];
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	t->pid = pid;
	/* /proc/PID/exe opens the file itself, whatever the mount namespace and also when it has been replaced on disk.
	 */
	if ((path ? asprintf(&t->path, "%s", path) : asprintf(&t->path, "/proc/%d/exe", (int)pid)) < 0) {
		t->path = NULL;
		goto fail;
	}
	if (!path && access(t->path, F_OK) < 0) {
		err = errno == EACCES || errno == EPERM ? -EACCES : -ESRCH;
		snprintf(name, sizeof(name), "process %d", (int)pid);
		fault_set(fault, err, name, err == -EACCES ? "it belongs to another user" : "there is no such process");
		fault_todo(fault, err == -EACCES ? "Run schedtop as root" : "Check the PID, for example with pgrep");
		goto fail;
	}
	err = go_binary_open(t->path, &t->binary, fault);
	if (err < 0)
		goto fail;
	*ret = t;
	return 0;
fail:
	go_target_close(t);
	return err;
}

void go_target_close(struct go_target *t)
{
	if (!t)
		return;
	go_binary_close(t->binary);
	free(t->path);
	free(t);
}

pid_t go_target_pid(const struct go_target *t)
{
	return t->pid;
}

bool go_target_is_go(const struct go_target *t)
{
	return go_binary_is_go(t->binary);
}

const struct go_binary *go_target_binary(const struct go_target *t)
{
	return t->binary;
}

const char *go_target_probe_path(const struct go_target *t)
{
	return t->path;
}

int go_target_locate(struct go_target *t)
{
	char path[64];
	struct stat st;

	if (!go_binary_is_pie(t->binary)) {
		t->bias = 0;
		return 0;
	}
	if (stat(t->path, &st) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
	cleanup_free char *maps = read_file_text(path, MAPS_BYTES_MAX, NULL);
	if (!maps)
		return -errno;
	/* "start-end perms offset major:minor inode path"; the mapping with offset 0 is where link-time address 0 is.
	 */
	for (const char *line = maps; line && *line;) {
		unsigned long long start, offset, inode;
		unsigned major, minor;

		if (sscanf(line, "%llx-%*x %*s %llx %x:%x %llu", &start, &offset, &major, &minor, &inode) == 5 &&
		    offset == 0 && inode == st.st_ino && makedev(major, minor) == st.st_dev) {
			t->bias = start;
			return 0;
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return -EAGAIN;
}

uint64_t go_target_bias(const struct go_target *t)
{
	return t->bias;
}

int go_target_read(const struct go_target *t, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = {.iov_base = buf, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};
	ssize_t n = process_vm_readv(t->pid, &local, 1, &remote, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EFAULT;
}

static int read_ptr(const struct go_target *t, uint64_t addr, uint64_t *ret)
{
	return go_target_read(t, addr, ret, sizeof(*ret));
}

/* Reads a runtime variable by its name. */
static int read_var(const struct go_target *t, const char *name, void *buf, size_t len)
{
	uint64_t vaddr;
	int err = go_binary_data(t->binary, name, &vaddr);

	return err < 0 ? err : go_target_read(t, vaddr + t->bias, buf, len);
}

int go_target_resolve(const struct go_target *t, uint64_t pc, struct go_loc *ret)
{
	if (pc < t->bias)
		return -ENOENT;
	return go_binary_resolve(t->binary, pc - t->bias, ret);
}

static bool is_thread(pid_t pid, uint64_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%llu", (int)pid, (unsigned long long)tid);
	return tid <= INT32_MAX && access(path, F_OK) == 0;
}

/* The Ms: each m.procid is a thread of the process and m.g0 points back. 0, -EAGAIN, -EINVAL. */
static int check_ms(const struct go_target *t, const struct go_offsets *off, struct fault *fault)
{
	uint64_t m = 0;
	int checked = 0, err = read_var(t, "runtime.allm", &m, sizeof(m));

	if (err < 0)
		return fault_set(fault, -EINVAL, "runtime.allm", "can't be found or read (%s)", strerror(-err));
	for (int n = 0; m && n < CHECK_MS_MAX; n++) {
		uint64_t procid, g0, back;

		if (read_ptr(t, m + off->m_procid, &procid) < 0 || read_ptr(t, m + off->m_g0, &g0) < 0)
			return fault_set(fault, -EINVAL, "runtime.allm", "the list of Ms leads to unmapped memory");
		/* An M that is being made has neither yet; a cgo program's spare M has no thread. */
		if (procid && g0) {
			if (read_ptr(t, g0 + off->g_m, &back) < 0 || back != m)
				return fault_set(fault, -EINVAL, "m.g0",
						 "doesn't point back to its M: offsets are wrong");
			if (is_thread(t->pid, procid))
				checked++;
		}
		if (read_ptr(t, m + off->m_alllink, &m) < 0)
			return fault_set(fault, -EINVAL, "m.alllink", "leads to unmapped memory: offsets are wrong");
	}
	if (checked > 0)
		return 0;
	return fault_set(fault, -EAGAIN, "runtime.allm", "no M has a thread of the process yet");
}

/* The Ps: allp[i].id is i. */
static int check_ps(const struct go_target *t, const struct go_offsets *off, struct fault *fault)
{
	struct {
		uint64_t data, len, cap;
	} allp;
	int err = read_var(t, "runtime.allp", &allp, sizeof(allp));

	if (err < 0)
		return fault_set(fault, -EINVAL, "runtime.allp", "can't be found or read (%s)", strerror(-err));
	if (allp.len == 0)
		return fault_set(fault, -EAGAIN, "runtime.allp", "no P has been made yet");
	if (allp.len > PS_MAX || allp.len > allp.cap)
		return fault_set(fault, -EINVAL, "runtime.allp", "has an impossible length");
	for (uint64_t i = 0; i < allp.len; i++) {
		uint64_t p;
		int32_t id;

		if (read_ptr(t, allp.data + 8 * i, &p) < 0)
			return fault_set(fault, -EINVAL, "runtime.allp", "leads to unmapped memory");
		if (!p)
			return fault_set(fault, -EAGAIN, "runtime.allp", "the Ps are being made");
		if (go_target_read(t, p + off->p_id, &id, sizeof(id)) < 0 || id != (int32_t)i)
			return fault_set(fault, -EINVAL, "p.id", "isn't its index in allp: offsets are wrong");
	}
	return 0;
}

int go_target_selfcheck(struct go_target *t, struct fault *fault)
{
	struct go_offsets off;
	bool guess;
	int err = go_binary_offsets(t->binary, &off, &guess);

	if (err < 0)
		return fault_set(fault, -EINVAL, "runtime layout", "not known for this version of Go");
	if (go_target_locate(t) < 0)
		return fault_set(fault, -EAGAIN, "program", "isn't mapped yet");
	err = check_ms(t, &off, fault);
	if (err == 0)
		err = check_ps(t, &off, fault);
	log_write(LOG_TARGET, "self-check of %d: %d", (int)t->pid, err);
	return err;
}

int go_target_gomaxprocs(const struct go_target *t, int32_t *ret)
{
	int32_t n;
	int err = read_var(t, "runtime.gomaxprocs", &n, sizeof(n));

	if (err < 0)
		return err;
	if (n <= 0 || n > PS_MAX)
		return -EAGAIN; /* schedinit hasn't come to procresize yet */
	*ret = n;
	return 0;
}

int go_target_asyncpreemptoff(const struct go_target *t, int32_t *ret)
{
	uint64_t vaddr;
	int err = go_binary_godebug_knob(t->binary, "asyncpreemptoff", &vaddr);

	return err < 0 ? err : go_target_read(t, vaddr + t->bias, ret, sizeof(*ret));
}
