/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/listener.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "target/proc.h"
#include "target/read_file.h"

#define NET_TCP_MAX    (16U << 20) /* a line a socket, 150 bytes each */
#define STAT_MAX       4096
#define TCP_LISTEN_HEX "0A" /* include/net/tcp_states.h TCP_LISTEN, Linux 6.18 */
#define ANCESTORS_MAX  64

/* "sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...": net/ipv4/tcp_ipv4.c get_tcp4_sock(), Linux 6.18. */
static bool parse_line(const char *line, uint16_t port, uint64_t *ret_inode)
{
	unsigned local_port;
	char state[3];
	uint64_t inode;

	if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*4x %2s %*s %*s %*s %*u %*u %" SCNu64, &local_port,
		   state, &inode) != 3)
		return false;
	if (local_port != port || strcmp(state, TCP_LISTEN_HEX) != 0 || inode == 0)
		return false;
	*ret_inode = inode;
	return true;
}

size_t listener_parse(const char *text, uint16_t port, uint64_t *ret_inodes, size_t cap)
{
	size_t n = 0;

	while (*text && n < cap) {
		size_t len = strcspn(text, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : sizeof(line) - 1), text);
		if (parse_line(line, port, &ret_inodes[n]))
			n++;
		text += len + (text[len] == '\n');
	}
	return n;
}

struct search {
	const uint64_t *inodes;
	size_t n;
	pid_t leader;
	struct listener *ret;
};

/* Parent and process group of a process. */
static bool family(pid_t pid, pid_t *ret_parent, pid_t *ret_group)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	cleanup_free char *text = read_file_text(path, STAT_MAX, NULL);
	/* The name stands in brackets and may hold any character. */
	const char *behind = text ? strrchr(text, ')') : NULL;

	return behind && sscanf(behind, ") %*c %d %d", ret_parent, ret_group) == 2;
}

static bool is_of(pid_t pid, pid_t leader)
{
	pid_t parent, group;

	for (int i = 0; leader > 0 && pid > 1 && i < ANCESTORS_MAX; i++) {
		if (pid == leader)
			return true;
		if (!family(pid, &parent, &group))
			return false;
		if (group == leader)
			return true;
		pid = parent;
	}
	return false;
}

static bool holds(const struct search *s, int proc_fd_dir, const char *name)
{
	char link[64];
	uint64_t inode;
	ssize_t len = readlinkat(proc_fd_dir, name, link, sizeof(link) - 1);

	if (len <= 0)
		return false;
	link[len] = '\0';
	if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->inodes[i] == inode)
			return true;
	}
	return false;
}

/* true: the search is over. */
static bool look_at(const struct search *s, pid_t pid)
{
	char path[64], comm[EV_COMM_SIZE + 1] = {0};
	bool held = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	if (!d)
		return false;
	for (const struct dirent *e = readdir(d); e && !held; e = readdir(d))
		held = holds(s, dirfd(d), e->d_name);
	closedir(d);
	if (!held)
		return false;
	bool ours = is_of(pid, s->leader);
	if (s->ret->found && !ours)
		return false;
	*s->ret = (struct listener){.found = true, .ours = ours, .pid = pid};
	if (proc_comm(pid, comm) == 0)
		text_escape(s->ret->name, sizeof(s->ret->name), comm, strlen(comm));
	return ours;
}

static size_t sockets_of(pid_t leader, uint16_t port, uint64_t *ret, size_t cap)
{
	static const char *const files[] = {"tcp", "tcp6"};
	char path[64];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (leader > 0)
			snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)leader, files[i]);
		else
			snprintf(path, sizeof(path), "/proc/self/net/%s", files[i]);
		cleanup_free char *text = read_file_text(path, NET_TCP_MAX, NULL);
		if (text)
			n += listener_parse(text, port, ret + n, cap - n);
	}
	return n;
}

void listener_find(pid_t leader, uint16_t port, struct listener *ret)
{
	uint64_t inodes[LISTENER_INODES_MAX];
	struct search s = {.inodes = inodes, .leader = leader, .ret = ret};

	*ret = (struct listener){0};
	s.n = sockets_of(leader, port, inodes, ARRAY_SIZE(inodes));
	if (s.n == 0)
		return;
	DIR *d = opendir("/proc");
	if (!d)
		return;
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (isdigit((unsigned char)e->d_name[0]) && look_at(&s, (pid_t)strtol(e->d_name, NULL, 10)))
			break;
	}
	closedir(d);
}
