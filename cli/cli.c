/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command says when it fails. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

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
