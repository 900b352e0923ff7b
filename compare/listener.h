/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who listens on a TCP port: told from /proc, so that a server that answers can be told from another one that has the
 * port already. What the kernel writes there is parsed as foreign input.
 */
#ifndef SCHEDTOP_COMPARE_LISTENER_H
#define SCHEDTOP_COMPARE_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LISTENER_INODES_MAX 64

/** The inodes of the sockets that listen on @port in the text of /proc/PID/net/tcp or tcp6. Returns how many. */
size_t listener_parse(const char *text, uint16_t port, uint64_t *ret_inodes, size_t cap);

struct listener {
	bool found;    /* somebody listens there whose process could be seen */
	bool ours;     /* it is of @leader's process group or descends from it */
	pid_t pid;     /* a process that holds the socket; @leader's where there is one */
	char name[80]; /* of that process, escaped */
};

/**
 * Looks in the network namespace of process @leader (0: of schedtop) for who listens on @port. The processes of other
 * users can be seen as root only.
 */
void listener_find(pid_t leader, uint16_t port, struct listener *ret);

#endif
