/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "engine/load.h"
#include "tui/tui.h"

static int draw(const struct tui_snapshot *frame, const struct model *const *models, size_t n)
{
	struct fault fault = {0};
	int err = tui_draw_snapshot(frame, models, n, stdout, &fault);

	if (err < 0 && fault.err) {
		fault_print(&fault, stderr);
		return EXIT_USAGE;
	}
	return cli_stdout_status(err);
}

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
		.find = o->find,
		.filter = o->filter,
		.follow = o->follow,
	};
	struct loaded l[TUI_SESSIONS_MAX] = {0};
	const struct model *models[TUI_SESSIONS_MAX];
	int fds[TUI_SESSIONS_MAX];
	struct fault fault = {0};
	int n = cli_files("snapshot", operands, TUI_SESSIONS_MAX), err = 0;

	if (n < 0)
		return EXIT_USAGE;
	if (n > 1 && (!o->view || strncmp(o->view, "compare", strlen("compare")) != 0))
		return cli_usage("snapshot", "more than one file is given",
				 "Give one capture, or see them side by side with --view compare");
	if (cli_open_files(operands, (size_t)n, fds, &fault) < 0)
		return cli_fail(&fault);
	cli_drop(SANDBOX_READ);
	for (int i = 0; i < n && err == 0; i++) {
		opts.fd = fds[i];
		err = load_capture(operands[i], &opts, &l[i], &fault);
		if (err == 0) {
			replay_say_damage(l[i].reader);
			models[i] = l[i].model;
		}
	}
	int status = err < 0 ? cli_fail(&fault) : draw(&frame, models, (size_t)n);
	for (int i = 0; i < n; i++) {
		load_done(&l[i]);
		close(fds[i]);
	}
	return status;
}
