/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command says when it fails. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/privileges.h"

int cli_fail(const struct fault *fault)
{
	fault_print(fault, stderr);
	return EXIT_FAILURE;
}

int cli_usage(const char *what, const char *why, const char *todo)
{
	struct fault fault;

	fault_set(&fault, -EINVAL, what, "%s", why);
	fault_todo(&fault, "%s", todo);
	fault_print(&fault, stderr);
	return EXIT_USAGE;
}

int cli_stdout_status(int err)
{
	struct fault fault;

	if (err == 0 && fflush(stdout) != 0)
		err = -errno;
	if (err == 0)
		return EXIT_SUCCESS;
	fault_set(&fault, err, "standard output", "it can't be written (%s)", strerror(-err));
	return cli_fail(&fault);
}

int cli_files(const char *command, char **operands, int max)
{
	int n = 0;

	while (operands[n])
		n++;
	if (n >= 1 && n <= max)
		return n;
	cli_usage(command, n ? "too many files are given" : "no file given",
		  n ? "Give up to four captures" : "Give a capture; schedtop record makes them");
	return -EINVAL;
}

const char *cli_one_file(const char *command, char **operands)
{
	if (operands[0] && !operands[1])
		return operands[0];
	cli_usage(command, operands[0] ? "more than one file is given" : "no file given",
		  "Give one capture; schedtop record makes them");
	return NULL;
}

static int become_invoker(struct fault *fault)
{
	int err = privileges_begin();

	if (err == 0)
		return 0;
	fault_set(fault, err, "sudo", "schedtop can't go on as the user who called it (%s)", strerror(-err));
	return fault_todo(fault, "As root, unset SUDO_UID: then all is root's");
}

/* A container that is entered by halves: ids from one pid namespace, /proc from another. */
static bool proc_is_ours(void)
{
	char link[32], own[32];
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);

	snprintf(own, sizeof(own), "%d", (int)getpid());
	return n > 0 && (size_t)n == strlen(own) && memcmp(link, own, (size_t)n) == 0;
}

int cli_begin_tracing(struct fault *fault)
{
	if (!proc_is_ours()) {
		fault_set(fault, -EXDEV, "/proc", "it isn't that of the pid namespace that schedtop runs in");
		return fault_todo(fault, "Mount it (mount -t proc proc /proc), or start the namespace with unshare "
					 "--pid --fork --mount-proc");
	}
	return become_invoker(fault);
}

void cli_drop(enum sandbox s)
{
	int err = s == SANDBOX_READ ? privileges_drop() : privileges_settle(0);

	if (err < 0)
		log_write(LOG_TARGET, "privileges can't be given up: %s", strerror(-err));
	sandbox_enter(s);
}

int cli_open_files(char *const *paths, size_t n, int *ret_fds, struct fault *fault)
{
	bool root = geteuid() == 0;
	int err = become_invoker(fault);

	if (err < 0)
		return err;
	/* What the file schedtop was given isn't meant for reading other users' captures. */
	if (!root)
		privileges_lower();
	for (size_t i = 0; i < n; i++) {
		/* O_NONBLOCK: a FIFO without a writer must not hold the screen. */
		int fd = strcmp(paths[i], "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
						    : open(paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0) {
			fault_set(fault, -errno, paths[i], "it can't be opened (%s)", strerror(errno));
			while (i-- > 0)
				close(ret_fds[i]);
			return fault->err;
		}
		ret_fds[i] = fd;
	}
	privileges_lower();
	return 0;
}

int cli_open(const char *path, int *ret_fd, struct fault *fault)
{
	char *const paths[] = {(char *)path};

	return cli_open_files(paths, 1, ret_fd, fault);
}
