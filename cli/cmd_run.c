/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/cli.h"
#include "collectors/collector.h"
#include "collectors/schedtrace.h"
#include "target/launch.h"

/* The runtime is asked to print for the collector; what the user has set stays in force. */
static char *schedtrace_setting(void)
{
	cleanup_free char *value = schedtrace_godebug(getenv("GODEBUG"));
	char *setting = NULL;

	if (value && asprintf(&setting, "GODEBUG=%s", value) < 0)
		setting = NULL;
	return setting;
}

int watch_launched(const struct options *o, char **operands, bool record)
{
	struct fault fault = {0};
	struct launch launch;
	int target_status;
	bool by_lines = strcmp(o->collector, collector_schedtrace.name) == 0;
	bool screen = !record && watch_on_screen(o);
	bool to_pipe = screen || o->log || by_lines;
	cleanup_free char *godebug = by_lines ? schedtrace_setting() : NULL;
	char *const env_extra[] = {godebug, NULL};

	if (cli_begin_tracing(&fault) < 0)
		return cli_fail(&fault);
	/* On the screen a target may be launched once more, after the filter is there. */
	int err = screen ? launch_prepare() : 0;
	if (err < 0)
		log_write(LOG_TARGET, "no launcher: %s", strerror(-err));
	if (launch_start(&launch, operands, env_extra, to_pipe ? LAUNCH_TO_PIPE : LAUNCH_TO_STDERR, &fault) < 0) {
		launch_done(&launch);
		return cli_fail(&fault);
	}
	struct watch_opts w = {.options = o, .pid = launch.pid, .launch = &launch, .argv = operands, .record = record};
	int status = watch_session(&w, &target_status);
	launch_done(&launch);
	if (status == EXIT_SUCCESS && !o->ignore_status && target_status > 0)
		return target_status;
	return status;
}

int cmd_run(const struct options *o, char **operands)
{
	if (!operands[0])
		return cli_usage("run", "no program given", "Write schedtop run -- PROGRAM [ARG...]");
	if (o->pid)
		return cli_usage("--pid", "run launches a program of its own", "Use schedtop attach PID");
	return watch_launched(o, operands, false);
}
