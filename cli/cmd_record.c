/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int cmd_record(const struct options *o, char **operands)
{
	if (!o->output)
		return cli_usage("record", "no file given", "Write schedtop record -o FILE (-p PID | -- COMMAND...)");
	if (strcmp(o->output, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_usage("-o -", "standard output is a terminal, and a capture isn't for reading",
				 "Give a file, or pipe it: schedtop record -o - ... | schedtop replay -");
	if (o->pid && operands[0])
		return cli_usage("record", "both a process and a program are given", "Give one of them");
	if (o->pid)
		return watch_attached(o, o->pid, true);
	if (!operands[0])
		return cli_usage("record", "neither a process nor a program is given",
				 "Write schedtop record -o FILE -p PID, or -- COMMAND [ARG...]");
	return watch_launched(o, operands, true);
}
