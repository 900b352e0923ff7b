/* SPDX-License-Identifier: GPL-2.0-only */
/* One session: the engine, and in front of it the screen or a wait for the report. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/sandbox.h"
#include "cli/cli.h"
#include "cli/recording.h"
#include "cli/relaunch.h"
#include "collectors/auto.h"
#include "engine/engine.h"
#include "report/report.h"
#include "target/launch.h"
#include "target/proc.h"
#include "tui/tui.h"

#define LOOK_EVERY_NS (250 * NS_PER_MS)

struct watch {
	const struct watch_opts *w;
	struct engine *engine;
	struct relaunch *relaunch; /* of the screen; NULL = none */
	struct capture_writer *capture;
	int signal_fd; /* batch: SIGINT, SIGTERM and SIGHUP come here; else -1 */
	char log_path[256];
	bool own_log; /* log_path is a temporary file of ours */
};

static bool on_screen(const struct watch *s)
{
	return !s->w->record && watch_on_screen(s->w->options);
}

bool watch_on_screen(const struct options *o)
{
	return !o->batch && isatty(STDOUT_FILENO);
}

static void signals_of_batch(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
}

/* From here on the signals wait for us; one that comes while the probes are placed too. */
static int take_signals(struct watch *s)
{
	sigset_t set;

	signals_of_batch(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? -errno : 0;
}

/* The first signal asks for the end and the report; a second one shall end schedtop at once. */
static void release_signals(struct watch *s)
{
	struct signalfd_siginfo info;
	sigset_t set;

	/* Those that have come already were the first. */
	while (s->signal_fd >= 0 && read(s->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	signals_of_batch(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Until the target has ended, the time is over, or a signal. */
static void wait_for_end(struct watch *s)
{
	double seconds = s->w->options->duration_s;
	uint64_t end_ns = seconds > 0 ? clock_now_ns() + (uint64_t)(seconds * (double)NS_PER_S) : UINT64_MAX;
	struct pollfd fds[] = {
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = engine_ended_fd(s->engine), .events = POLLIN},
	};

	for (;;) {
		uint64_t now_ns = clock_now_ns(), wait_ns = end_ns - now_ns;

		if (now_ns >= end_ns || (s->w->record && recording_failed(s->capture)))
			return;
		/* Whether the capture can still be written is looked at now and then. */
		if (s->capture && wait_ns > LOOK_EVERY_NS)
			wait_ns = LOOK_EVERY_NS;
		const struct timespec left = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
					      .tv_nsec = (long)(wait_ns % NS_PER_S)};
		int n = ppoll(fds, ARRAY_SIZE(fds), wait_ns < UINT32_MAX * NS_PER_S ? &left : NULL, NULL);
		if (n > 0 || (n < 0 && errno != EINTR))
			return;
	}
}

static int show_screen(struct watch *s, struct fault *fault)
{
	const struct options *o = s->w->options;
	const struct tui_opts opts = {
		.size = sizeof(opts),
		.theme = o->theme,
		.no_color = o->no_color,
		.ascii = o->ascii,
		.duration_s = o->duration_s,
		.mouse = !o->no_mouse,
		.relaunch = s->relaunch ? relaunch_ops(s->relaunch) : NULL,
	};
	const struct tui_feed feed = relaunch_feed(o, s->engine);

	return tui_run(&opts, &feed, 1, fault);
}

/*
 * Everything is placed. What later calls need stays: probes are placed anew when the target execs and when the governor
 * raises the detail; a process that isn't the user's own can't be read without privileges.
 */
static void give_up_privileges(void *ctx)
{
	const struct watch *s = ctx;
	/* From the screen further sessions may be started. */
	bool all = on_screen(s);
	uint64_t keep = s->w->options->detail == DETAIL_THREADS && !all ? 0 : PRIVILEGES_PROBES;
	uint64_t effective = privileges_lower();

	if (all || !proc_readable(s->w->pid))
		keep |= PRIVILEGES_FOREIGN;
	privileges_restore(effective);
	int err = privileges_settle(keep);
	if (err < 0)
		log_write(LOG_TARGET, "privileges can't be given up: %s", strerror(-err));
	sandbox_enter(SANDBOX_TRACE);
}

static int start(struct watch *s, struct fault *fault)
{
	const struct options *o = s->w->options;
	bool screen = on_screen(s);
	struct engine_opts opts = {
		.size = sizeof(opts),
		.collectors = collectors_named(o->collector),
		.detail = o->detail,
		.sample_hz = o->sample_hz,
		.max_overhead_pct = o->max_overhead_pct,
		.pid = s->w->pid,
		.launch = s->w->launch,
		.binary = s->w->launch ? s->w->launch->path : NULL,
		.argv = s->w->argv,
		.log_path = o->log,
		.output_fd = !screen && !o->log ? STDERR_FILENO : 0,
		.trigger_gap_ns = o->trigger_gap_ns,
		.trigger_stw_ns = o->trigger_stw_ns,
		.model.undrawn = !screen,
		.settle = give_up_privileges,
		.settle_ctx = s,
	};

	/* Files are written with the user's own rights; the engine takes back what it needs. */
	privileges_lower();
	int failed = recording_start(o, s->w->record, &s->capture, fault);
	if (failed < 0)
		return failed;
	opts.capture = s->capture;
	if (!screen) {
		int err = take_signals(s);

		if (err < 0)
			return fault_set(fault, err, "signals", "they can't be waited for (%s)", strerror(-err));
	} else if (s->w->launch && !o->log) {
		int err = relaunch_make_log(s->log_path, sizeof(s->log_path), fault);

		if (err < 0)
			return err;
		s->own_log = true;
		opts.log_path = s->log_path;
	}
	int err = engine_start(&opts, &s->engine, fault);
	if (err == 0 && screen)
		s->relaunch = relaunch_new(o, s->engine, &opts);
	return err;
}

static int print_report(struct watch *s)
{
	const struct model *m = engine_lock(s->engine);
	int err = s->w->options->json ? report_json(m, NULL, stdout) : report_text(m, NULL, stdout);

	engine_unlock(s->engine);
	return cli_stdout_status(err);
}

/* As a shell gives it; -1 = it didn't end by itself. */
static int status_of(const struct launch *l)
{
	if (WIFEXITED(l->status))
		return WEXITSTATUS(l->status);
	return WIFSIGNALED(l->status) ? 128 + WTERMSIG(l->status) : -1;
}

int watch_session(const struct watch_opts *w, int *ret_target_status)
{
	struct watch s = {.w = w, .signal_fd = -1};
	struct fault fault = {0};
	bool screen = on_screen(&s);
	int status = EXIT_SUCCESS;

	*ret_target_status = -1;
	int err = start(&s, &fault);
	if (err == 0 && screen)
		err = show_screen(&s, &fault);
	else if (err == 0)
		wait_for_end(&s);
	if (s.engine) {
		engine_stop(s.engine);
		if (w->launch && engine_target_ended(s.engine))
			*ret_target_status = status_of(w->launch);
	}
	release_signals(&s);
	if (w->launch)
		launch_end(w->launch, END_GRACE_MS);
	if (err < 0)
		status = cli_fail(&fault);
	else if (!screen && !w->record)
		status = print_report(&s);
	engine_free(s.engine);
	relaunch_free(s.relaunch);
	if (recording_end(w->options, s.capture, &fault) < 0 && err == 0)
		status = cli_fail(&fault);
	if (s.signal_fd >= 0)
		close(s.signal_fd);
	if (s.own_log)
		relaunch_settle_log(s.log_path);
	return status;
}
