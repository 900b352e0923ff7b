/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A namespace belongs to a thread: one of ours goes there for a moment, does what is to be done, and ends. What it
 * leaves (a descriptor, a socket) stays in that namespace, and the other threads stay in theirs.
 */
#include "compare/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"

struct errand {
	int netns_fd; /* where to go */
	int domain, type;
	const char *failed; /* netns_new: what couldn't be done */
	int result;         /* a descriptor or -errno */
};

static int loopback_up(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo"};

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static void *make(void *arg)
{
	struct errand *e = arg;

	e->failed = "unshare";
	if (unshare(CLONE_NEWNET) < 0) {
		e->result = -errno;
		return NULL;
	}
	e->failed = "its loopback interface";
	e->result = loopback_up();
	if (e->result < 0)
		return NULL;
	e->failed = "/proc/thread-self/ns/net";
	e->result = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (e->result < 0)
		e->result = -errno;
	return NULL;
}

static void *open_socket(void *arg)
{
	struct errand *e = arg;

	e->result = setns(e->netns_fd, CLONE_NEWNET) < 0 ? -1 : socket(e->domain, e->type, 0);
	if (e->result < 0)
		e->result = -errno;
	return NULL;
}

/* Signals are for the thread that waits. */
static int run(void *(*what)(void *), struct errand *e)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&thread, NULL, what, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return -err;
	pthread_join(thread, NULL);
	return e->result;
}

int netns_new(int *ret_fd, struct fault *fault)
{
	struct errand e = {.failed = "a thread"};
	int fd = run(make, &e);

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	if (fd == -EPERM || fd == -EACCES) {
		fault_set(fault, fd, "--isolate net", "no network namespace can be made without CAP_SYS_ADMIN (%s: %s)",
			  e.failed, strerror(-fd));
		fault_todo(fault, "Run as root, or leave --isolate away and give the variants different ports");
		return fd;
	}
	if (fd == -EINVAL || fd == -ENOSYS) {
		fault_set(fault, -ENOSYS, "--isolate net", "this kernel has no network namespaces (CONFIG_NET_NS)");
		fault_todo(fault, "Leave --isolate away and give the variants different ports");
		return -ENOSYS;
	}
	return fault_set(fault, fd, "--isolate net", "no network namespace can be made (%s: %s)", e.failed,
			 strerror(-fd));
}

int netns_socket(int netns_fd, int domain, int type)
{
	struct errand e = {.netns_fd = netns_fd, .domain = domain, .type = type};

	if (netns_fd > 0)
		return run(open_socket, &e);
	int fd = socket(domain, type, 0);
	return fd < 0 ? -errno : fd;
}
