/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network namespaces of their own (--isolate net): a variant's program and its load generator see a loopback interface
 * that is theirs alone, so that two servers on one port don't collide. A namespace has no name and is no file: it is
 * gone when its descriptor is closed and its processes have ended.
 */
#ifndef SCHEDTOP_COMPARE_NETNS_H
#define SCHEDTOP_COMPARE_NETNS_H

struct fault;

/**
 * Makes one with its loopback interface up (127.0.0.1, and ::1 where the kernel has IPv6). The calling thread stays
 * where it is. 0 with a close-on-exec descriptor for launch_opts.netns_fd; -errno with @fault: -EPERM without
 * CAP_SYS_ADMIN, -ENOSYS where the kernel has no network namespaces.
 */
int netns_new(int *ret_fd, struct fault *fault);

/** socket(2) inside of the namespace; @netns_fd 0 and below = in schedtop's own. The socket, or -errno. */
int netns_socket(int netns_fd, int domain, int type);

#endif
