/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "engine/load.h"

static void on_interrupt(int sig)
{
	(void)sig;
}

/*
 * In a pipe Ctrl-C reaches both sides. It ends the recording; here what comes until the pipe's end is still reported.
 * A second one ends this side, too.
 */
static void outlive_the_sender(void)
{
	const struct sigaction sa = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART};

	sigaction(SIGINT, &sa, NULL);
}

int cmd_report(const struct options *o, char **operands)
{
	const struct load_opts opts = {.model.undrawn = true, .until_ns = UINT64_MAX};
	const char *path = cli_one_file("report", operands);
	struct fault fault = {0};
	struct loaded l;

	if (!path)
		return EXIT_USAGE;
	if (strcmp(path, "-") == 0)
		outlive_the_sender();
	if (load_capture(path, &opts, &l, &fault) < 0)
		return cli_fail(&fault);
	int status = replay_print_report(o, &l);
	load_done(&l);
	return status;
}
