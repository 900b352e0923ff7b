/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/cli.h"
#include "collectors/collector.h"
#include "target/launch.h"
#include "target/proc.h"

/* The process that a thread id belongs to; the id itself for a process, 0 = unknown. */
static pid_t process_of(pid_t tid)
{
	char path[64], line[256];
	int tgid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	cleanup_fclose FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	}
	return tgid;
}

int cli_check_process(pid_t pid, const char *command, struct fault *fault)
{
	char name[32];

	snprintf(name, sizeof(name), "process %d", (int)pid);
	if (pid == getpid()) {
		fault_set(fault, -EINVAL, name, "this is schedtop itself");
		return fault_todo(fault, "Give the PID of another process");
	}
	if (proc_alive(pid) <= 0) {
		fault_set(fault, -ESRCH, name, "there is no such process, or it has ended");
		return fault_todo(fault, "Check the PID; pgrep NAME finds it");
	}
	pid_t tgid = process_of(pid);
	if (tgid && tgid != pid) {
		fault_set(fault, -EINVAL, name, "this is a thread of process %d", (int)tgid);
		return fault_todo(fault, "Use schedtop %s %d", command, (int)tgid);
	}
	return 0;
}

int watch_attached(const struct options *o, pid_t pid, bool record)
{
	struct fault fault = {0};
	int target_status;

	if (strcmp(o->collector, collector_schedtrace.name) == 0)
		return cli_usage("--collector=schedtrace", "a process that runs already doesn't print for it",
				 "Use schedtop run, or --collector=proc");
	if (cli_begin_tracing(&fault) < 0)
		return cli_fail(&fault);
	if (cli_check_process(pid, "attach", &fault) < 0)
		return cli_fail(&fault);
	/* On the screen it may be started once more, after the filter is there. */
	int err = !record && watch_on_screen(o) ? launch_prepare() : 0;
	if (err < 0)
		log_write(LOG_TARGET, "no launcher: %s", strerror(-err));
	return watch_session(&(struct watch_opts){.options = o, .pid = pid, .record = record}, &target_status);
}

int cmd_attach(const struct options *o, char **operands)
{
	struct fault fault = {0};
	pid_t pid = o->pid;

	if (pid ? operands[0] != NULL : !operands[0] || operands[1])
		return cli_usage("attach", "one process id is needed", "Write schedtop attach PID");
	if (!pid && options_parse_pid(operands[0], &pid, &fault) < 0) {
		fault_print(&fault, stderr);
		return EXIT_USAGE;
	}
	return watch_attached(o, pid, false);
}
