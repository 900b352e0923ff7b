/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "engine/load.h"
#include "engine/player.h"

/* The capture comes through standard input: the keys must come from the terminal itself. *ret_fd is the capture. */
static int part_from_keys(int *ret_fd, struct fault *fault)
{
	cleanup_close int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty < 0) {
		fault_set(fault, -errno, "/dev/tty", "%s", strerror(errno));
		return fault_todo(fault, "Without a terminal, print a report: schedtop replay --batch -");
	}
	*ret_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (*ret_fd < 0 || dup2(tty, STDIN_FILENO) < 0)
		return fault_set(fault, -errno, "standard input", "%s", strerror(errno));
	return 0;
}

int replay_on_screen(const struct options *o, const char *path, int fd, struct fault *fault)
{
	const struct model_opts model = {0};
	struct player *p;
	int err = player_start(path, fd, &model, &p, fault);

	if (err < 0)
		return err;
	/* Whoever sends it may ask or complain on the terminal first; and what isn't a capture needs no screen. */
	err = player_wait_begun(p);
	err = err < 0 ? load_fault(path, err, fault) : replay_show(o, p, fault);
	player_free(p);
	return err;
}

int cmd_replay(const struct options *o, char **operands)
{
	const char *path = cli_one_file("replay", operands);
	struct fault fault = {0};
	cleanup_close int fd = -1;

	if (!path)
		return EXIT_USAGE;
	if (!watch_on_screen(o))
		return cmd_report(o, operands);
	int err = strcmp(path, "-") == 0 ? part_from_keys(&fd, &fault) : cli_open(path, &fd, &fault);
	if (err == 0) {
		cli_drop(SANDBOX_WRITE);
		err = replay_on_screen(o, strcmp(path, "-") == 0 ? "standard input" : path, fd, &fault);
	}
	return err < 0 ? cli_fail(&fault) : EXIT_SUCCESS;
}
