/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "target/load_bias.h"
#include "target/proc.h"

/* runtime/runtime2.go: GOMAXPROCS has no limit of its own since 1.10; no machine has more CPUs. */
#define PS_MAX 65536

/*
 * Addresses that were looked for: without a symbol table that takes decoding code, and the engine asks four times a
 * second.
 */
#define FOUND_MAX 16
struct found_vars {
	struct {
		const char *name; /* the caller's literal */
		int (*find)(const struct go_binary *b, const char *name, uint64_t *ret);
		uint64_t vaddr;
		int err;
	} at[FOUND_MAX];
	size_t n;
};

struct go_target {
	pid_t pid;
	char *path; /* what a uprobe must name */
	struct go_binary *binary;
	dev_t dev; /* the file that was read, to tell whether the process runs it */
	ino_t ino;
	bool located;
	uint64_t bias;
	struct found_vars *found;
};

/* Why there is no program to read behind /proc/PID/exe. */
static int no_program(pid_t pid, int err, struct fault *fault)
{
	char name[32], comm[EV_COMM_SIZE];

	snprintf(name, sizeof(name), "process %d", (int)pid);
	if (err == -EACCES || err == -EPERM) {
		if (geteuid() == 0) {
			fault_set(fault, -EACCES, name, "it may not be read, not even by root here");
			fault_todo(fault, "It has capabilities that schedtop lacks (a container's init from outside, "
					  "say): run schedtop where it was started");
			return -EACCES;
		}
		fault_set(fault, -EACCES, name, "it belongs to another user");
		fault_todo(fault, "Run schedtop as root or as that user");
		return -EACCES;
	}
	if (proc_comm(pid, comm) < 0) {
		fault_set(fault, -ESRCH, name, "there is no such process");
		fault_todo(fault, "Check the PID, for example with pgrep");
		return -ESRCH;
	}
	if (proc_alive(pid) == 0)
		return fault_set(fault, -ESRCH, name, "it has ended and waits for its parent (a zombie)");
	return fault_set(fault, -ENOEXEC, name, "it is a thread of the kernel and runs no program");
}

int go_target_open(pid_t pid, const char *path, struct go_target **ret, struct fault *fault)
{
	struct go_target *t = calloc(1, sizeof(*t));
	struct stat st;
	int err = -ENOMEM;

	if (!t)
		return fault_set(fault, -ENOMEM, "target", "%s", strerror(ENOMEM));
	if (pid < 0 || (pid == 0 && !path)) {
		err = no_program(pid, -ESRCH, fault);
		goto fail;
	}
	t->found = calloc(1, sizeof(*t->found));
	if (!t->found) {
		fault_set(fault, err, "target", "%s", strerror(ENOMEM));
		goto fail;
	}
	t->pid = pid;
	/* /proc/PID/exe is the file itself, whatever the mount namespace and also when it has been replaced on disk. */
	if ((path ? asprintf(&t->path, "%s", path) : asprintf(&t->path, "/proc/%d/exe", (int)pid)) < 0) {
		t->path = NULL;
		fault_set(fault, err, "target", "%s", strerror(ENOMEM));
		goto fail;
	}
	if (pid && kill(pid, 0) < 0 && errno == ESRCH) {
		err = no_program(pid, -ESRCH, fault);
		goto fail;
	}
	if (stat(t->path, &st) < 0) {
		err = path ? fault_set(fault, -errno, path, "%s", strerror(errno)) : no_program(pid, -errno, fault);
		goto fail;
	}
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	err = go_binary_open(t->path, &t->binary, fault);
	if (err < 0)
		goto fail;
	*ret = t;
	return 0;
fail:
	go_target_close(t);
	return err;
}

int go_target_open_file(int fd, const char *path, struct go_target **ret, struct fault *fault)
{
	struct go_target *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (t) {
		t->found = calloc(1, sizeof(*t->found));
		t->path = strdup(path);
	}
	if (!t || !t->found || !t->path)
		fault_set(fault, err, "target", "%s", strerror(ENOMEM));
	else
		err = go_binary_open_fd(fd, path, &t->binary, fault);
	if (err < 0)
		go_target_close(t);
	else
		*ret = t;
	return err;
}

void go_target_close(struct go_target *t)
{
	if (!t)
		return;
	go_binary_close(t->binary);
	free(t->path);
	free(t->found);
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

	t->located = false;
	if (!t->pid)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)t->pid);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (st.st_dev != t->dev || st.st_ino != t->ino)
		return -EAGAIN;
	uint64_t bias = 0;
	int err = go_binary_is_pie(t->binary) ? load_bias(t->pid, t->path, &bias) : 0;
	if (err < 0)
		return err;
	t->bias = bias;
	t->located = true;
	return 0;
}

uint64_t go_target_bias(const struct go_target *t)
{
	return t->bias;
}

/* For kernels without process_vm_readv and containers whose seccomp filter refuses it. */
static int read_through_file(pid_t pid, uint64_t addr, void *buf, size_t len)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -EPERM;
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

int go_target_read(const struct go_target *t, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = {.iov_base = buf, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};
	ssize_t n = process_vm_readv(t->pid, &local, 1, &remote, 1, 0);

	if (n < 0 && (errno == ENOSYS || errno == EPERM))
		return read_through_file(t->pid, addr, buf, len);
	if (n < 0)
		return errno == ESRCH ? -ESRCH : -EFAULT;
	return (size_t)n == len ? 0 : -EFAULT;
}

static int find_once(const struct go_target *t, const char *name,
		     int (*find)(const struct go_binary *b, const char *name, uint64_t *ret), uint64_t *ret)
{
	struct found_vars *f = t->found;
	size_t i = 0;

	while (i < f->n && (f->at[i].find != find || strcmp(f->at[i].name, name) != 0))
		i++;
	if (i == FOUND_MAX)
		return find(t->binary, name, ret);
	if (i == f->n) {
		f->at[i].name = name;
		f->at[i].find = find;
		f->at[i].err = find(t->binary, name, &f->at[i].vaddr);
		f->n++;
	}
	if (f->at[i].err == 0)
		*ret = f->at[i].vaddr;
	return f->at[i].err;
}

int go_target_var(const struct go_target *t, const char *name, uint64_t *ret_addr)
{
	uint64_t vaddr = 0;

	if (!t->located)
		return -EAGAIN;
	int err = find_once(t, name, go_binary_data, &vaddr);
	if (err == 0)
		*ret_addr = vaddr + t->bias;
	return err;
}

int go_target_read_var_at(const struct go_target *t, const char *name, uint64_t offset, void *buf, size_t len)
{
	uint64_t addr = 0;
	int err = go_target_var(t, name, &addr);

	return err < 0 ? err : go_target_read(t, addr + offset, buf, len);
}

int go_target_read_var(const struct go_target *t, const char *name, void *buf, size_t len)
{
	return go_target_read_var_at(t, name, 0, buf, len);
}

int go_target_resolve(const struct go_target *t, uint64_t pc, struct go_loc *ret)
{
	if (pc < t->bias)
		return -ENOENT;
	return go_binary_resolve(t->binary, pc - t->bias, ret);
}

int go_target_resolve_start(const struct go_target *t, uint64_t pc, struct go_loc *ret)
{
	if (pc < t->bias)
		return -ENOENT;
	return go_binary_resolve_start(t->binary, pc - t->bias, ret);
}

int go_target_gomaxprocs(const struct go_target *t, int32_t *ret)
{
	int32_t n;
	int err = go_target_read_var(t, "runtime.gomaxprocs", &n, sizeof(n));

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
	int32_t procs, value;

	/* schedinit reads GODEBUG before it makes the Ps: until then 0 means nothing. */
	if (!t->located || go_target_gomaxprocs(t, &procs) == -EAGAIN)
		return -EAGAIN;
	int err = find_once(t, "asyncpreemptoff", go_binary_godebug_knob, &vaddr);
	if (err == 0)
		err = go_target_read(t, vaddr + t->bias, &value, sizeof(value));
	if (err == 0)
		*ret = value;
	return err;
}
