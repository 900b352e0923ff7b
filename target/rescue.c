/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "target/go_target.h"
#include "target/godebug.h"
#include "target/proc.h"

#define SETTING "asyncpreemptoff"
/* Larger than runtime.debug is in any version (84 bytes in Go 1.19, 140 in 1.26). */
#define DEBUG_BYTES_MAX 512

static int refuse(const struct go_target *t, struct fault *fault, int err, const char *why)
{
	char name[32];

	snprintf(name, sizeof(name), "process %d", (int)go_target_pid(t));
	return fault_set(fault, err, name, "%s", why);
}

/* Everything has been read from outside: where one thing contradicts another, nothing is written. */
static int not_sure(const struct go_target *t, struct fault *fault, const char *why)
{
	refuse(t, fault, -EINVAL, why);
	fault_todo(fault, "Nothing was written. Restart the process without asyncpreemptoff=1 instead");
	return -EINVAL;
}

static int check_layout(struct go_target *t, struct fault *fault)
{
	struct fault found = {0};
	char why[256];
	int err = go_target_selfcheck(t, &found);

	if (err == 0)
		return 0;
	if (err == -ESRCH)
		return refuse(t, fault, err, "it has ended");
	if (err == -EAGAIN) {
		snprintf(why, sizeof(why),
			 "its Go runtime isn't up yet, or its layout isn't what it should be (%.60s: %.120s)",
			 found.what, found.why);
		refuse(t, fault, err, why);
		return fault_todo(fault, "Nothing was written. Try again in a moment");
	}
	snprintf(why, sizeof(why), "the layout of its Go runtime isn't what it should be (%.60s %.120s)", found.what,
		 found.why);
	return not_sure(t, fault, why);
}

/* 1 is what everybody writes; anything else must stand in the environment that the runtime was started with. */
static bool explained(const struct go_target *t, int32_t value)
{
	cleanup_free char *list = NULL;
	int32_t said;

	if (value == 0 || value == 1)
		return true;
	list = proc_environ_get(go_target_pid(t), "GODEBUG");
	return list && godebug_in_list(list, SETTING, &said) && said == value;
}

static int find_variable(const struct go_target *t, struct rescue_plan *p, struct fault *fault)
{
	const struct go_binary *b = go_target_binary(t);
	uint64_t vaddr, debug;

	if (go_binary_godebug_knob(b, SETTING, &vaddr) < 0)
		return not_sure(t, fault, "its Go runtime has no setting asyncpreemptoff that could be found");
	p->address = vaddr + go_target_bias(t);
	p->have_symbol = go_binary_data(b, "runtime.debug", &debug) == 0;
	p->offset = p->have_symbol ? vaddr - debug : 0;
	if (p->have_symbol && p->offset > DEBUG_BYTES_MAX)
		return not_sure(t, fault, "the table of settings and the symbol table disagree on runtime.debug");
	p->reader = go_binary_preempt_reader(b, vaddr);
	if (!p->reader)
		return not_sure(t, fault,
				"no function that preempts reads the variable which the table of settings names");
	return 0;
}

static int make_plan(struct go_target *t, struct rescue_plan *p, struct fault *fault)
{
	int32_t procs;
	int err;

	if (!go_target_is_go(t))
		return refuse(t, fault, -EPROTO, "it isn't a Go program");
	err = check_layout(t, fault);
	if (err == 0)
		err = find_variable(t, p, fault);
	if (err < 0)
		return err;
	p->go_version = go_binary_version(go_target_binary(t));
	/* GODEBUG is parsed before the Ps are made (runtime/proc.go schedinit): until then 0 means nothing. */
	if (go_target_gomaxprocs(t, &procs) < 0) {
		refuse(t, fault, -EAGAIN, "its Go runtime isn't up yet");
		return fault_todo(fault, "Try again in a moment");
	}
	if (go_target_read(t, p->address, &p->from, sizeof(p->from)) < 0)
		return not_sure(t, fault, "the variable can't be read");
	if (!explained(t, p->from))
		return not_sure(t, fault, "the variable holds a value that nobody has set");
	return 0;
}

int rescue_plan(struct go_target *t, struct rescue_plan *ret, struct fault *fault)
{
	struct rescue_plan p = {.pidfd = -1};

	p.pidfd = (int)syscall(SYS_pidfd_open, go_target_pid(t), 0);
	int err = make_plan(t, &p, fault);
	if (err < 0)
		rescue_plan_done(&p);
	else
		*ret = p;
	return err;
}

void rescue_plan_done(struct rescue_plan *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
}

static void program_name(const struct go_target *t, char *dst, size_t cap)
{
	char link[64], exe[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)go_target_pid(t));
	ssize_t n = readlink(link, exe, sizeof(exe) - 1);
	text_escape(dst, cap, n > 0 ? exe : "?", n > 0 ? (size_t)n : 1);
}

size_t rescue_describe(const struct go_target *t, const struct rescue_plan *p, char ret[RESCUE_LINES][RESCUE_LINE_CAP])
{
	char name[96], version[32], where[40] = "";
	const char *v = p->go_version ? p->go_version : "?";
	size_t n = 0;

	program_name(t, name, sizeof(name));
	text_escape(version, sizeof(version), v, strlen(v));
	if (p->have_symbol)
		snprintf(where, sizeof(where), " (runtime.debug + %" PRIu64 ")", p->offset);
	snprintf(ret[n++], RESCUE_LINE_CAP, "process   %d, %s, %s", (int)go_target_pid(t), name, version);
	snprintf(ret[n++], RESCUE_LINE_CAP, "variable  runtime.debug.asyncpreemptoff, 4 bytes at 0x%" PRIx64 "%s",
		 p->address, where);
	snprintf(ret[n++], RESCUE_LINE_CAP, "found by  the runtime's table of settings; %s reads that address",
		 p->reader);
	snprintf(ret[n++], RESCUE_LINE_CAP, "checked   the runtime's layout, on the live process");
	if (p->from == 0) {
		snprintf(ret[n++], RESCUE_LINE_CAP, "value     0: asynchronous preemption is on already");
		return n;
	}
	snprintf(ret[n++], RESCUE_LINE_CAP, "value     %" PRId32 " now; 0 will be written: preemption by signal is on",
		 p->from);
	snprintf(ret[n++], RESCUE_LINE_CAP, "then      threads that lost their signal before get one SIGURG each");
	return n;
}

/* For kernels without process_vm_writev and containers whose seccomp filter refuses it. */
static int write_through_file(pid_t pid, uint64_t addr, const void *buf, size_t len)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -EPERM;
	ssize_t n = pwrite(fd, buf, len, (off_t)addr);
	if (n < 0)
		return errno == EPERM || errno == EACCES ? -EPERM : -EFAULT;
	return (size_t)n == len ? 0 : -EFAULT;
}

/* An aligned word is written in one piece, so that no thread sees half of it. */
static int write_word(pid_t pid, uint64_t addr, int32_t value)
{
	struct iovec local = {.iov_base = &value, .iov_len = sizeof(value)};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = sizeof(value)};
	ssize_t n = process_vm_writev(pid, &local, 1, &remote, 1, 0);

	if (n < 0 && (errno == ENOSYS || errno == EPERM))
		return write_through_file(pid, addr, &value, sizeof(value));
	if (n < 0)
		return errno == ESRCH ? -ESRCH : -EFAULT;
	return (size_t)n == sizeof(value) ? 0 : -EFAULT;
}

static bool ended(const struct rescue_plan *p)
{
	struct pollfd fd = {.fd = p->pidfd, .events = POLLIN};

	return p->pidfd >= 0 && poll(&fd, 1, 0) > 0;
}

/* Between the plan and the yes lies the time that a person takes. */
static int still_holds(struct go_target *t, const struct rescue_plan *p, struct fault *fault)
{
	struct rescue_plan now = {.pidfd = -1};

	if (ended(p))
		return refuse(t, fault, -ESRCH, "it has ended");
	int err = make_plan(t, &now, fault);
	if (err < 0)
		return err;
	if (now.address == p->address && now.from == p->from)
		return 0;
	refuse(t, fault, -ESTALE, "it has changed since the question was asked: nothing was written");
	return fault_todo(fault, "Look at what it says now, and try again");
}

int rescue_write(struct go_target *t, const struct rescue_plan *p, uint64_t *ret_at_ns, struct fault *fault)
{
	int err = still_holds(t, p, fault);
	int32_t back;

	if (err < 0)
		return err;
	uint64_t at_ns = clock_now_ns();
	err = write_word(go_target_pid(t), p->address, 0);
	log_write(LOG_TARGET, "asyncpreemptoff of %d: 0 written at 0x%" PRIx64 ": %d", (int)go_target_pid(t),
		  p->address, err);
	if (err == -EPERM) {
		refuse(t, fault, err, "writing into its memory isn't allowed");
		return fault_todo(fault, "Run schedtop as root; in a container it needs CAP_SYS_PTRACE");
	}
	if (err < 0)
		return refuse(t, fault, err, err == -ESRCH ? "it has ended" : "the variable can't be written");
	err = go_target_read(t, p->address, &back, sizeof(back));
	if (err < 0 || back != 0)
		return refuse(t, fault, -EIO, "0 was written, but something else is read back");
	*ret_at_ns = at_ns;
	return 0;
}
