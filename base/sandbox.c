/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/sandbox.h"

#include <errno.h>

#ifdef SCHEDTOP_SECCOMP

#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Names, because not every architecture has every call; libc's fallbacks for older kernels are among them. */
static const char *const reading[] = {
	/* what is open */
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"preadv",
	"pwritev",
	"preadv2",
	"pwritev2",
	"lseek",
	"close",
	"close_range",
	"fstat",
	"fcntl",
	"dup",
	"dup2",
	"dup3",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"eventfd2",
	"signalfd4",
	"timerfd_create",
	"timerfd_settime",
	"timerfd_gettime",
	"pipe",
	"pipe2",
	"fsync",
	"fdatasync",
	"fadvise64",
	"ftruncate",
	"getdents64",
	"memfd_create",
	"sendfile",
	"copy_file_range",
	"splice",
	/* by name */
	"stat",
	"lstat",
	"newfstatat",
	"statx",
	"statfs",
	"fstatfs",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getcwd",
	"chdir",
	"umask",
	/* memory and threads */
	"mmap",
	"munmap",
	"mremap",
	"mprotect",
	"madvise",
	"msync",
	"mincore",
	"mlock",
	"munlock",
	"brk",
	"futex",
	"futex_waitv",
	"set_robust_list",
	"get_robust_list",
	"rseq",
	"clone",
	"clone3",
	"fork",
	"vfork",
	"exit",
	"exit_group",
	"set_tid_address",
	"arch_prctl",
	"membarrier",
	"sched_yield",
	"sched_getaffinity",
	"sched_setaffinity",
	"sched_getparam",
	"sched_getscheduler",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"getcpu",
	"prctl",
	"capget",
	"capset",
	"wait4",
	"waitid",
	"restart_syscall",
	/* signals; kill is also how a terminal program stops itself */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigpending",
	"rt_sigtimedwait",
	"rt_sigsuspend",
	"sigaltstack",
	"tgkill",
	"tkill",
	"kill",
	"pause",
	"alarm",
	"setitimer",
	"getitimer",
	/* time, limits, who and where we are */
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"times",
	"getrusage",
	"sysinfo",
	"uname",
	"getrandom",
	"prlimit64",
	"getrlimit",
	"setrlimit",
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getresuid",
	"getresgid",
	"getgroups",
	"getpgrp",
	"getpgid",
	"setpgid",
	"getsid",
	"getpriority",
	"setpriority",
	/* sockets that are there already: a stream of a capture, the launcher */
	"socketpair",
	"sendto",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"getsockopt",
	"getsockname",
	"shutdown",
};

static const char *const writing[] = {
	"truncate", "rename",    "renameat",  "renameat2", "unlink",    "unlinkat", "link",  "linkat",
	"mkdir",    "mkdirat",   "rmdir",     "chmod",     "fchmod",    "fchmodat", "chown", "fchown",
	"fchownat", "fallocate", "utimensat", "symlink",   "symlinkat", "flock",
};

static const char *const tracing[] = {
	"bpf",        "perf_event_open",   "process_vm_readv", "process_vm_writev",
	"pidfd_open", "pidfd_send_signal", "pidfd_getfd",
};

static int allow(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int err = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);

		/* A call that this architecture lacks can't be made either. */
		if (err < 0 && err != -EDOM)
			return err;
	}
	return 0;
}

/* Argument @arg of @name must have none of the bits of @refused. */
static int allow_without(scmp_filter_ctx ctx, const char *name, unsigned arg, uint64_t refused)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		return 0;
	int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, refused, 0));
	return err == -EDOM ? 0 : err;
}

static int allow_opening(scmp_filter_ctx ctx, enum sandbox s)
{
	const uint64_t refused = s & SANDBOX_WRITE ? 0 : O_ACCMODE | O_CREAT | O_TRUNC;
	int err = allow_without(ctx, "open", 1, refused);

	return err < 0 ? err : allow_without(ctx, "openat", 2, refused);
}

/* All of them, but for those with which characters can be put before the user's shell. */
static int allow_ioctl(scmp_filter_ctx ctx)
{
	const uint32_t refused[] = {TIOCSTI, TIOCLINUX}; /* ascending */
	int nr = SCMP_SYS(ioctl);
	int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A1_32(SCMP_CMP_LT, refused[0]));

	/* The rules of one call are alternatives, and a rule compares an argument once: the few between singly. */
	_Static_assert(TIOCSTI < TIOCLINUX && TIOCLINUX - TIOCSTI < 32, "few, in this order");
	for (uint32_t request = refused[0] + 1; err == 0 && request < refused[1]; request++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A1_32(SCMP_CMP_EQ, request));
	if (err == 0)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A1_32(SCMP_CMP_GT, refused[1]));
	return err;
}

static int fill(scmp_filter_ctx ctx, enum sandbox s)
{
	int err = allow(ctx, reading, ARRAY_SIZE(reading));

	if (err == 0)
		err = allow_opening(ctx, s);
	if (err == 0)
		err = allow_ioctl(ctx);
	if (err == 0 && (s & SANDBOX_WRITE))
		err = allow(ctx, writing, ARRAY_SIZE(writing));
	if (err == 0 && s == SANDBOX_TRACE)
		err = allow(ctx, tracing, ARRAY_SIZE(tracing));
	return err;
}

int sandbox_enter(enum sandbox s)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!ctx)
		return -ENOMEM;
	/* All threads; a refusal is logged; a tree instead of a list, where the library can. */
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (err == 0)
		err = fill(ctx, s);
	if (err == 0)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	if (err < 0)
		log_write(LOG_TARGET, "no seccomp filter: %d", err);
	return err;
}

#else

int sandbox_enter(enum sandbox s)
{
	(void)s;
	return -ENOSYS;
}

#endif
