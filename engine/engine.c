/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/privileges.h"
#include "capture/capture.h"
#include "collectors/auto.h"
#include "engine/engine_internal.h"
#include "target/go_target.h"
#include "target/launch.h"
#include "target/proc.h"

#define POLL_MS_DEFAULT 10
#define POLL_MS_EAGER   1 /* while a wrapper may exec the program that is meant */
#define GAUGES_EVERY_NS (250 * NS_PER_MS)
/* So that a target that prints much is not held up between two rounds. */
#define OUTPUT_PIPE_BYTES (1 << 20)

static void feed(struct engine *e, const struct event *ev)
{
	model_feed(e->model, ev);
	if (e->opts.capture)
		capture_writer_event(e->opts.capture, ev);
}

void engine_session_changed(struct engine *e)
{
	if (e->opts.capture && capture_writer_session(e->opts.capture, &e->session) < 0)
		log_write(LOG_COLLECT, "the session can't be stored: out of memory");
}

static void on_event(void *ctx, const struct event *ev)
{
	struct engine *e = ctx;

	if (e->cut_ns && ev->head.time_ns > e->cut_ns)
		return;
	if (ev->head.time_ns > e->last_ns)
		e->last_ns = ev->head.time_ns;
	if (ev->head.kind == EV_EXEC)
		e->exec_seen = true;
	feed(e, ev);
}

/* The same where the lock isn't held. */
static void on_event_locking(void *ctx, const struct event *ev)
{
	struct engine *e = ctx;

	pthread_mutex_lock(&e->lock);
	on_event(e, ev);
	pthread_mutex_unlock(&e->lock);
}

void engine_tell(struct engine *e, struct event ev)
{
	ev.head.time_ns = e->last_ns;
	feed(e, &ev);
}

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		log_write(LOG_COLLECT, "eventfd: %s", strerror(errno));
}

/* Has the process ended? */
static bool target_gone(struct engine *e)
{
	struct pollfd p = {.fd = e->pidfd, .events = POLLIN};

	if (e->opts.launch)
		return launch_ended(e->opts.launch);
	if (e->pidfd >= 0)
		return poll(&p, 1, 0) > 0;
	return proc_alive(e->opts.pid) <= 0;
}

static bool is_collectors(void *ctx, const char *line, size_t len)
{
	struct engine *e = ctx;
	const struct event_sink sink = {.event = on_event, .ctx = e};

	return e->ops->line(e->collector, line, len, &sink);
}

static void drain_output(struct engine *e)
{
	if (e->opts.launch && e->opts.launch->output_fd >= 0)
		output_drain(&e->output, e->opts.launch->output_fd);
}

/* The flight recorder's triggers: a gap or pause, ended or not, that is longer than any that triggered it before. */
static void check_triggers(struct engine *e)
{
	struct gap gap;
	struct stw_pause stw;
	uint64_t now = model_now(e->model), ns;

	if (e->opts.trigger_gap_ns && model_worst_gaps(e->model, &gap, 1)) {
		ns = gap_ns(&gap, now);
		if (ns >= e->opts.trigger_gap_ns && gap.request_ns > e->triggered_gap_ns) {
			e->triggered_gap_ns = gap.request_ns;
			capture_writer_trigger(e->opts.capture);
		}
	}
	if (!e->opts.trigger_stw_ns)
		return;
	size_t n = model_stws(e->model, now > NS_PER_S ? now - NS_PER_S : 0, now + 1, &stw, 1);
	ns = n ? (stw.end_ns ? stw.end_ns : now) - stw.asked_ns : 0;
	if (n && ns >= e->opts.trigger_stw_ns && stw.asked_ns > e->triggered_stw_ns) {
		e->triggered_stw_ns = stw.asked_ns;
		capture_writer_trigger(e->opts.capture);
	}
}

static void round_once(struct engine *e, const struct event_sink *sink)
{
	uint64_t now_ns = clock_now_ns();

	pthread_mutex_lock(&e->lock);
	int n = e->ops->poll(e->collector, sink);
	if (n < 0)
		log_write(LOG_COLLECT, "poll: %s", strerror(-n));
	watch_round(e);
	if (now_ns >= e->gauges_next_ns) {
		e->gauges_next_ns = now_ns + GAUGES_EVERY_NS;
		gauges_tell(e);
	}
	if (e->opts.capture)
		check_triggers(e);
	drain_output(e);
	pthread_mutex_unlock(&e->lock);
}

/*
 * Removing the probes from a busy machine takes up to a second: the session ends before it, not after, and the screen
 * doesn't wait for it.
 */
static void finish(struct engine *e, bool gone)
{
	const struct event_sink sink = {.event = on_event_locking, .ctx = e};

	pthread_mutex_lock(&e->lock);
	gauges_tell(e);
	e->cut_ns = clock_now_ns();
	pthread_mutex_unlock(&e->lock);
	e->ops->stop(e->collector, &sink);
	pthread_mutex_lock(&e->lock);
	e->last_ns = e->cut_ns;
	engine_tell(e, (struct event){.head.kind = EV_TICK});
	drain_output(e);
	if (gone) {
		struct event ev = {.head = {.kind = EV_TARGET_EXIT, .tid = (uint32_t)e->opts.pid}, .exited.status = -1};

		if (e->opts.launch)
			ev.exited.status = e->opts.launch->status;
		engine_tell(e, ev);
		atomic_store(&e->ended, true);
	}
	engine_session_changed(e);
	pthread_mutex_unlock(&e->lock);
	if (gone)
		signal_fd(e->ended_fd);
}

static void *engine_thread(void *arg)
{
	struct engine *e = arg;
	const struct event_sink sink = {.event = on_event, .ctx = e};
	struct pollfd fds[] = {
		{.fd = e->stop_fd, .events = POLLIN},
		{.fd = e->opts.launch ? e->opts.launch->pidfd : e->pidfd, .events = POLLIN},
	};
	int timeout_ms = (int)(e->opts.poll_ms ? e->opts.poll_ms : POLL_MS_DEFAULT);
	bool gone = false;

	pthread_setname_np(pthread_self(), "schedtop-engine");
	/* A pidfd of -1 is ignored by poll(): then the end is noticed a round later. */
	for (;;) {
		round_once(e, &sink);
		int wait_ms = watch_expects_exec(e, clock_now_ns()) ? POLL_MS_EAGER : timeout_ms;

		if (poll(fds, ARRAY_SIZE(fds), wait_ms) > 0 && fds[0].revents)
			break;
		gone = target_gone(e);
		if (gone)
			break;
	}
	finish(e, gone);
	return NULL;
}

/* Signals are for who owns the session: this thread takes none. */
static int start_thread(struct engine *e)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&e->thread, NULL, engine_thread, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	e->thread_started = err == 0;
	return -err;
}

static int make_fds(struct engine *e)
{
	e->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->stop_fd < 0 || e->ended_fd < 0)
		return -errno;
	if (!e->opts.launch)
		e->pidfd = (int)syscall(SYS_pidfd_open, e->opts.pid, 0);
	else if (e->opts.launch->output_fd >= 0)
		fcntl(e->opts.launch->output_fd, F_SETPIPE_SZ, OUTPUT_PIPE_BYTES);
	return 0;
}

static void begin_session(struct engine *e)
{
	struct session *s = &e->session;

	s->pid = (uint32_t)e->opts.pid;
	s->launched = e->opts.launch != NULL;
	s->detail = e->opts.detail;
	s->n_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	s->start_ns = clock_now_ns();
	s->start_wall_ns = clock_ns_of(CLOCK_REALTIME);
	e->last_ns = s->start_ns;
}

static int start_collector(struct engine *e, struct fault *fault)
{
	struct collector_opts opts = {
		.size = sizeof(opts),
		.pid = (uint32_t)e->opts.pid,
		.detail = e->opts.detail,
		.sample_hz = e->opts.sample_hz,
		.ring_bytes = e->opts.ring_bytes,
		.go = e->go && go_target_is_go(e->go) ? e->go : NULL,
	};

	/* Where an attached PIE program lies must be known before its addresses are read. */
	if (opts.go && !e->opts.launch)
		go_target_locate(opts.go);
	begin_session(e);
	int err = collectors_start(e->opts.collectors, &opts, &e->session, &e->ops, &e->collector, fault);
	/* A collector that can't trace all that was asked for has said so. */
	if (err == 0)
		e->opts.detail = e->session.detail;
	return err;
}

static int start_all(struct engine *e, struct fault *fault)
{
	int err = output_init(&e->output, e->opts.log_path, fault);

	if (err < 0)
		return err;
	e->model = model_new(&e->opts.model, &e->session);
	err = e->model ? make_fds(e) : -ENOMEM;
	if (err < 0)
		return fault_set(fault, err, "the session", "it can't be set up (%s)", strerror(-err));
	err = watch_open(e, fault);
	if (err < 0)
		return err;
	err = start_collector(e, fault);
	if (err < 0)
		return err;
	if (e->ops->line) {
		e->output.filter = is_collectors;
		e->output.filter_ctx = e;
	}
	if (e->opts.output_fd > 0)
		e->output.pass_fd = e->opts.output_fd;
	e->first_exec = e->opts.launch != NULL;
	gauges_begin(e);
	err = e->opts.launch ? launch_go(e->opts.launch, fault) : 0;
	if (err < 0)
		return err;
	watch_begin(e);
	if (e->opts.settle)
		e->opts.settle(e->opts.settle_ctx);
	err = start_thread(e);
	return err < 0 ? fault_set(fault, err, "the session", "no thread can be started (%s)", strerror(-err)) : 0;
}

int engine_start(const struct engine_opts *opts, struct engine **ret, struct fault *fault)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		return fault_set(fault, -ENOMEM, "the session", "out of memory");
	e->opts = *opts;
	e->stop_fd = e->ended_fd = e->pidfd = -1;
	e->output.log_fd = -1;
	pthread_mutex_init(&e->lock, NULL);
	e->plan.pidfd = -1;
	session_init(&e->session);
	uint64_t effective = privileges_raise();
	int err = start_all(e, fault);
	privileges_restore(effective & privileges_permitted());
	if (err < 0) {
		engine_free(e);
		return err;
	}
	*ret = e;
	return 0;
}

const struct model *engine_lock(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	return e->model;
}

void engine_unlock(struct engine *e)
{
	pthread_mutex_unlock(&e->lock);
}

void engine_trigger(struct engine *e)
{
	if (e->opts.capture)
		capture_writer_trigger(e->opts.capture);
}

bool engine_target_ended(const struct engine *e)
{
	return atomic_load(&e->ended);
}

int engine_ended_fd(const struct engine *e)
{
	return e->ended_fd;
}

size_t engine_output(struct engine *e, const char **ret_lines, size_t cap)
{
	return output_lines(&e->output, ret_lines, cap);
}

void engine_ask_stop(struct engine *e)
{
	if (e->thread_started)
		signal_fd(e->stop_fd);
}

void engine_stop(struct engine *e)
{
	if (!e->thread_started)
		return;
	engine_ask_stop(e);
	pthread_join(e->thread, NULL);
	e->thread_started = false;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_stop(e);
	drain_output(e);
	if (e->collector)
		e->ops->close(e->collector);
	rescue_close(e);
	watch_close(e);
	model_free(e->model);
	session_done(&e->session);
	output_done(&e->output);
	int fds[] = {e->stop_fd, e->ended_fd, e->pidfd};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	pthread_mutex_destroy(&e->lock);
	free(e);
}
