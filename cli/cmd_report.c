/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "engine/load.h"

int cmd_report(const struct options *o, char **operands)
{
	const struct load_opts opts = {.model.undrawn = true, .until_ns = UINT64_MAX};
	const char *path = cli_one_file("report", operands);
	struct fault fault = {0};
	struct loaded l;

	if (!path)
		return EXIT_USAGE;
	if (load_capture(path, &opts, &l, &fault) < 0)
		return cli_fail(&fault);
	int status = replay_print_report(o, &l);
	load_done(&l);
	return status;
}
