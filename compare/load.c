/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fault.h"

/* So that one that prints much isn't held up between two looks. */
#define PIPE_BYTES   (1 << 20)
#define DRAIN_ROUNDS 16

int loadgen_start(struct loadgen *l, const struct loadgen_opts *opts, struct fault *fault)
{
	const char *words[] = {"/bin/sh", "-c", opts->command, NULL};
	const struct launch_opts how = {
		.argv = (char *const *)words,
		.env_extra = opts->env_extra,
		.output = LAUNCH_TO_PIPE,
		.netns_fd = opts->netns_fd,
	};

	*l = (struct loadgen){.output.log_fd = -1};
	int err = launch_start_with(&l->launch, &how, fault);
	if (err == 0) {
		fcntl(l->launch.output_fd, F_SETPIPE_SZ, PIPE_BYTES);
		err = launch_go(&l->launch, fault);
	}
	if (err == 0)
		return 0;
	launch_done(&l->launch);
	*l = (struct loadgen){.output.log_fd = -1};
	return fault_set(fault, err, opts->what, "its command can't be started (%s)", strerror(-err));
}

bool loadgen_poll(struct loadgen *l)
{
	bool ended = launch_exited(&l->launch);

	if (l->launch.output_fd >= 0)
		output_drain(&l->output, l->launch.output_fd);
	return ended;
}

void loadgen_end(struct loadgen *l, unsigned grace_ms)
{
	if (l->launch.pid <= 0 || l->launch.reaped)
		return;
	loadgen_poll(l);
	l->stopped = !launch_exited(&l->launch);
	launch_end_group(&l->launch, grace_ms);
	/* Its last words, at most what the pipe holds: one that left the group may still write. */
	for (int i = 0; i < DRAIN_ROUNDS && output_drain(&l->output, l->launch.output_fd) > 0; i++)
		;
}

int loadgen_status(const struct loadgen *l)
{
	int status = l->launch.status;

	if (!l->launch.reaped || l->stopped)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

size_t loadgen_output(const struct loadgen *l, const char **ret_lines, size_t cap)
{
	return output_lines(&l->output, ret_lines, cap);
}

void loadgen_done(struct loadgen *l)
{
	if (l->launch.pid > 0) {
		loadgen_end(l, 0);
		launch_done(&l->launch);
		output_done(&l->output);
	}
	*l = (struct loadgen){.output.log_fd = -1};
}
