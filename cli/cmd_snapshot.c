/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "engine/load.h"
#include "tui/tui.h"

int cmd_snapshot(const struct options *o, char **operands)
{
	struct load_opts opts = {.until_ns = o->have_at ? o->at_ns : UINT64_MAX};
	const struct tui_snapshot frame = {
		.cols = o->cols,
		.rows = o->rows,
		.view = o->view,
		.window_ns = o->window_ns,
		.theme = o->theme,
		.no_color = o->no_color || getenv("NO_COLOR"),
		.ascii = o->ascii,
		.format = o->format,
	};
	const char *path = cli_one_file("snapshot", operands);
	struct fault fault = {0};
	struct loaded l;

	if (!path)
		return EXIT_USAGE;
	if (cli_open(path, &opts.fd, &fault) < 0)
		return cli_fail(&fault);
	cli_drop(SANDBOX_READ);
	if (load_capture(path, &opts, &l, &fault) < 0)
		return cli_fail(&fault);
	replay_say_damage(l.reader);
	int err = tui_draw_snapshot(&frame, l.model, stdout, &fault);
	load_done(&l);
	if (err < 0 && fault.err) {
		fault_print(&fault, stderr);
		return EXIT_USAGE;
	}
	return cli_stdout_status(err);
}
