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
#include "tui/tui.h"

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

static int start(const char *path, int fd, struct player **ret, struct fault *fault)
{
	const struct model_opts model = {0};
	int err = player_start(path, fd, &model, ret, fault);

	if (err < 0)
		return err;
	/* Whoever sends it may ask or complain on the terminal first; and what isn't a capture needs no screen. */
	err = player_wait_begun(*ret);
	return err < 0 ? load_fault(path, err, fault) : 0;
}

int replay_on_screen(const struct options *o, const char *path, int fd, struct fault *fault)
{
	struct player *p = NULL;
	int err = start(path, fd, &p, fault);

	if (err == 0)
		err = replay_show(o, &p, 1, fault);
	player_free(p);
	return err;
}

int replay_files(const struct options *o, char *const *paths, const int *fds, size_t n, struct fault *fault)
{
	struct player *players[TUI_SESSIONS_MAX] = {0};
	int err = 0;

	for (size_t i = 0; i < n && i < TUI_SESSIONS_MAX && err == 0; i++)
		err = start(paths[i], fds[i], &players[i], fault);
	if (err == 0)
		err = replay_show(o, players, n, fault);
	for (size_t i = 0; i < TUI_SESSIONS_MAX; i++)
		player_free(players[i]);
	return err;
}

/* Several captures, side by side: files, and a screen. */
static int replay_several(const struct options *o, char **operands, size_t n)
{
	struct fault fault = {0};
	int fds[TUI_SESSIONS_MAX];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(operands[i], "-") == 0)
			return cli_usage("-", "a stream is shown alone", "Give files to see captures side by side");
	}
	if (!watch_on_screen(o))
		return cli_usage("replay",
				 "more than one file is given, and they are shown side by side on a screen only",
				 "Print each one's report with schedtop report FILE");
	int err = cli_open_files(operands, n, fds, &fault);
	if (err < 0)
		return cli_fail(&fault);
	cli_drop(SANDBOX_WRITE);
	err = replay_files(o, operands, fds, n, &fault);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	return err < 0 ? cli_fail(&fault) : EXIT_SUCCESS;
}

int cmd_replay(const struct options *o, char **operands)
{
	int n = cli_files("replay", operands, TUI_SESSIONS_MAX);
	const char *path = operands[0];
	struct fault fault = {0};
	cleanup_close int fd = -1;

	if (n < 0)
		return EXIT_USAGE;
	if (n > 1)
		return replay_several(o, operands, (size_t)n);
	if (!watch_on_screen(o))
		return cmd_report(o, operands);
	int err = strcmp(path, "-") == 0 ? part_from_keys(&fd, &fault) : cli_open(path, &fd, &fault);
	if (err == 0) {
		cli_drop(SANDBOX_WRITE);
		err = replay_on_screen(o, strcmp(path, "-") == 0 ? "standard input" : path, fd, &fault);
	}
	return err < 0 ? cli_fail(&fault) : EXIT_SUCCESS;
}
