/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "compare/netns.h"
#include "target/launch.h"

#define LOAD_GRACE_MS 1000
#define DRAIN_ROUNDS  16

int service_begin(struct service *s, const struct service_opts *opts, const char *variant, struct fault *fault)
{
	int err = 0;

	*s = (struct service){.opts = opts, .variant = variant, .output_fd = -1, .netns_fd = -1, .output.log_fd = -1};
	if (opts->ready)
		err = ready_parse(opts->ready, &s->ready, fault);
	if (err == 0 && opts->isolate_net)
		err = netns_new(&s->netns_fd, fault);
	if (err < 0)
		return err;
	const struct ready_target t = {.name = variant, .netns_fd = s->netns_fd};
	return ready_begin(&s->ready, &t, fault);
}

struct launch_opts service_launch_opts(const struct service *s, char *const argv[], char *const env[])
{
	return (struct launch_opts){
		.argv = argv,
		.env_extra = env,
		.output = service_waits(s->opts) ? LAUNCH_TO_PIPE : LAUNCH_TO_STDERR,
		.netns_fd = s->netns_fd,
	};
}

static void on_line(void *ctx, const char *text, size_t len)
{
	struct service *s = ctx;

	ready_line(&s->ready, text, len);
}

static void drain(void *ctx)
{
	struct service *s = ctx;

	for (int i = 0; s->output_fd >= 0 && i < DRAIN_ROUNDS && output_drain(&s->output, s->output_fd) > 0; i++)
		;
}

/* What waits for the output has to read it; to the user it goes all the same. */
static void take_output(struct service *s, const struct launch *target)
{
	if (target->output_fd < 0)
		return;
	s->output.log_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	s->output.line_seen = on_line;
	s->output.line_ctx = s;
	s->output_fd = target->output_fd;
}

int service_ready(struct service *s, const struct launch *target, struct fault *fault)
{
	const struct ready_target t = {
		.name = s->variant,
		.pid = target->pid,
		.netns_fd = s->netns_fd,
		.ended_fd = target->pidfd,
		.stop_fd = s->opts->stop_fd,
		.output_fd = target->output_fd,
		.drain = drain,
		.drain_ctx = s,
	};
	const char *last[1];

	take_output(s, target);
	int err = ready_wait(&s->ready, &t, s->opts->ready_limit_ns, fault);
	if ((err == -ETIMEDOUT || err == -ECHILD) && output_lines(&s->output, last, 1)) {
		size_t len = strlen(fault->why);

		snprintf(fault->why + len, sizeof(fault->why) - len, "; its last line is: %s", last[0]);
	}
	return err;
}

int service_load(struct service *s, struct fault *fault)
{
	char *env[] = {s->variant_env, NULL};
	const struct loadgen_opts opts = {
		.command = s->opts->load, .what = "--load", .env_extra = env, .netns_fd = s->netns_fd};

	if (!s->opts->load)
		return 0;
	snprintf(s->variant_env, sizeof(s->variant_env), "SCHEDTOP_VARIANT=%s", s->variant);
	int err = loadgen_start(&s->load, &opts, fault);
	s->load_runs = err == 0;
	return err;
}

bool service_round(struct service *s)
{
	drain(s);
	return s->load_runs && loadgen_poll(&s->load);
}

int service_unload(struct service *s, struct fault *fault, const char **ret_lines, size_t cap, size_t *ret_n)
{
	const char *last[1];

	*ret_n = 0;
	if (!s->load_runs)
		return -1;
	loadgen_end(&s->load, LOAD_GRACE_MS);
	int status = loadgen_status(&s->load);
	if (status <= 0)
		return status;
	size_t n = loadgen_output(&s->load, last, 1);
	fault_set(fault, -ECHILD, "--load", "it ended with status %d%s%.160s", status, n ? ": " : "", n ? last[0] : "");
	fault_todo(fault, "Try the command by itself; it is run by /bin/sh, with SCHEDTOP_VARIANT=%s", s->variant);
	if (ret_lines)
		*ret_n = loadgen_output(&s->load, ret_lines, cap);
	return status;
}

void service_done(struct service *s)
{
	if (s->load_runs)
		loadgen_done(&s->load);
	s->load_runs = false;
	drain(s);
	s->output_fd = -1;
	output_done(&s->output);
	ready_done(&s->ready);
	if (s->netns_fd > 0)
		close(s->netns_fd);
	s->netns_fd = -1;
}
