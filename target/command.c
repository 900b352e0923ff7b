/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "target/read_file.h"

#define CMDLINE_BYTES_MAX (2U << 20) /* the kernel allows a quarter of the stack's limit, 2 MiB by default */
#define ENVIRON_BYTES_MAX (2U << 20)
#define STATUS_BYTES_MAX  (64U << 10)

static void path_of(char dst[64], pid_t pid, const char *name)
{
	snprintf(dst, 64, "/proc/%d/%s", (int)pid, name);
}

static void free_strings(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

/* Strings that end in NUL, one behind the other. 0, -errno. */
static int read_strings(pid_t pid, const char *name, size_t max, char ***ret)
{
	char path[64];
	size_t len, n = 0, at = 0;

	path_of(path, pid, name);
	cleanup_free char *text = read_file_text(path, max, &len);
	if (!text)
		return errno > 0 ? -errno : -EIO;
	if (len == max)
		return -E2BIG;
	for (size_t i = 0; i < len; i += strlen(text + i) + 1)
		n++;
	char **list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < len && at < n; i += strlen(text + i) + 1) {
		list[at] = strdup(text + i);
		if (!list[at++]) {
			free_strings(list);
			return -ENOMEM;
		}
	}
	*ret = list;
	return 0;
}

static int read_link(pid_t pid, const char *name, char **ret)
{
	char path[64], to[PATH_MAX + 16];

	path_of(path, pid, name);
	ssize_t n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return errno > 0 ? -errno : -EIO;
	to[n] = '\0';
	*ret = strdup(to);
	return *ret ? 0 : -ENOMEM;
}

/* The effective ids and the groups, by the lines of /proc/PID/status. */
static int read_user(pid_t pid, struct launch_user *u)
{
	unsigned uid, gid;
	char path[64];
	int used;

	path_of(path, pid, "status");
	cleanup_free char *text = read_file_text(path, STATUS_BYTES_MAX, NULL);
	if (!text)
		return errno > 0 ? -errno : -EIO;
	const char *uids = strstr(text, "\nUid:"), *gids = strstr(text, "\nGid:"), *groups = strstr(text, "\nGroups:");
	if (!uids || !gids || !groups || sscanf(uids, "\nUid: %*u %u", &uid) != 1 ||
	    sscanf(gids, "\nGid: %*u %u", &gid) != 1)
		return -EPROTO;
	*u = (struct launch_user){.uid = uid, .gid = gid};
	for (const char *p = groups + strlen("\nGroups:"); u->n_groups < LAUNCH_GROUPS_MAX; p += used) {
		p += strspn(p, " \t");
		if (sscanf(p, "%u%n", &gid, &used) != 1)
			break;
		u->groups[u->n_groups++] = gid;
	}
	return 0;
}

/* Is what the link in /proc names the same for the process and for us? */
static bool shared(pid_t pid, const char *name)
{
	char theirs[64], ours[64];
	struct stat a, b;

	path_of(theirs, pid, name);
	snprintf(ours, sizeof(ours), "/proc/self/%s", name);
	return stat(theirs, &a) == 0 && stat(ours, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int check(pid_t pid, const char *what, const struct command_line *c, struct fault *fault)
{
	char exe[64];
	struct stat runs, there;

	if (!c->path || !c->argv || !c->argv[0])
		return fault_set(fault, -ENODATA, what, "it has no command line any more");
	if (!shared(pid, "root") || !shared(pid, "ns/mnt") || !shared(pid, "ns/net")) {
		fault_set(fault, -EXDEV, what, "it lives in a container, where schedtop can't start a program");
		return fault_todo(fault, "Start schedtop run there, or on a copy of the program here");
	}
	path_of(exe, pid, "exe");
	if (stat(exe, &runs) < 0 || stat(c->path, &there) < 0 || runs.st_dev != there.st_dev ||
	    runs.st_ino != there.st_ino) {
		fault_set(fault, -ESTALE, what,
			  "its program file isn't there any more, or another has taken its place");
		return fault_todo(fault, "Start it anew, or give another binary");
	}
	if (geteuid() != 0 && c->user.uid != geteuid()) {
		fault_set(fault, -EPERM, what, "it runs as user %u", (unsigned)c->user.uid);
		return fault_todo(fault, "Start schedtop as that user, or as root");
	}
	return 0;
}

int command_line_read(pid_t pid, struct command_line *ret, struct fault *fault)
{
	cleanup_with(command_line_done) struct command_line c = {0};
	char what[32];

	snprintf(what, sizeof(what), "process %d", (int)pid);
	int err = read_link(pid, "exe", &c.path);
	if (err == 0)
		err = read_link(pid, "cwd", &c.cwd);
	if (err == 0)
		err = read_strings(pid, "cmdline", CMDLINE_BYTES_MAX, &c.argv);
	if (err == 0)
		err = read_strings(pid, "environ", ENVIRON_BYTES_MAX, &c.env);
	if (err == 0)
		err = read_user(pid, &c.user);
	if (err < 0)
		return fault_set(fault, err, what, "how it was started can't be read (%s)", strerror(-err));
	err = check(pid, what, &c, fault);
	if (err < 0)
		return err;
	*ret = c;
	c = (struct command_line){0};
	return 0;
}

void command_line_done(struct command_line *c)
{
	free(c->path);
	free_strings(c->argv);
	free_strings(c->env);
	free(c->cwd);
	*c = (struct command_line){0};
}
