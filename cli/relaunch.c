/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/relaunch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/privileges.h"
#include "capture/capture.h"
#include "cli/recording.h"
#include "cli/relaunch_settings.h"
#include "collectors/schedtrace.h"
#include "target/command.h"
#include "target/launch.h"
#include "target/proc.h"
#include "target/rescue.h"
#include "tui/toggles.h"
#include "tui/view.h"

#define LOG_PATH_BYTES 256

/* A session that was started beside the first; it is kept until the end, for its capture and its log. */
struct beside {
	struct beside *next;
	struct options o; /* with the names of its own files */
	struct engine *engine;
	struct launch launch;
	struct capture_writer *capture;
	char *output;
	char log[LOG_PATH_BYTES];
	bool own_log;
};

struct relaunch {
	const struct options *o;
	struct engine *first;
	struct engine_opts like;
	bool attached;
	struct command_line command; /* of an attached process */
	struct fault unknown;        /* why that couldn't be read */
	struct beside *list;
	unsigned n; /* started so far */
	struct tui_relaunch ops;
};

char *relaunch_beside(const char *file, unsigned n)
{
	const char *name = strrchr(file, '/'), *dot = strrchr(name ? name : file, '.');
	char *ret = NULL;

	/* A hidden file's name is no suffix. */
	if (!dot || dot == (name ? name + 1 : file))
		dot = file + strlen(file);
	if (asprintf(&ret, "%.*s-%u%s", (int)(dot - file), file, n, dot) < 0)
		return NULL;
	return ret;
}

int relaunch_make_log(char *ret, size_t cap, struct fault *fault)
{
	const char *dir = getenv("TMPDIR");

	snprintf(ret, cap, "%s/schedtop-XXXXXX.log", dir && *dir == '/' ? dir : "/tmp");
	cleanup_close int fd = mkostemps(ret, 4, O_CLOEXEC);
	if (fd < 0) {
		int err = -errno;

		fault_set(fault, err, ret, "the log can't be made (%s)", strerror(-err));
		return fault_todo(fault, "Give a file with --log");
	}
	return 0;
}

void relaunch_settle_log(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_size == 0)
		unlink(path);
	else
		fprintf(stderr, "schedtop: the target's output is in %s\n", path);
}

/* ---- the screen's view of an engine ---- */

static const struct model *feed_lock(void *ctx)
{
	return engine_lock(ctx);
}

static void feed_unlock(void *ctx)
{
	engine_unlock(ctx);
}

static size_t feed_output(void *ctx, const char **ret_lines, size_t cap)
{
	return engine_output(ctx, ret_lines, cap);
}

static bool feed_ended(void *ctx)
{
	return engine_target_ended(ctx);
}

static void feed_trigger(void *ctx)
{
	engine_trigger(ctx);
}

static int feed_plan(void *ctx, char lines[][ASK_CAP], size_t *ret_n, struct fault *fault)
{
	return engine_rescue_plan(ctx, lines, ret_n, fault);
}

static int feed_write(void *ctx, struct fault *fault)
{
	return engine_rescue(ctx, fault);
}

static bool feed_news(void *ctx, char *dst, size_t cap)
{
	return engine_rescue_news(ctx, dst, cap);
}

_Static_assert(ASK_LINES == RESCUE_LINES && ASK_CAP == RESCUE_LINE_CAP, "the question shows all of a plan");

struct tui_feed relaunch_feed(const struct options *o, struct engine *e)
{
	static const struct tui_rescue rescue = {.plan = feed_plan, .write = feed_write, .news = feed_news};

	return (struct tui_feed){
		.rescue = &rescue,
		.lock = feed_lock,
		.unlock = feed_unlock,
		.output = feed_output,
		.ended = feed_ended,
		.trigger = o->flight_ns ? feed_trigger : NULL,
		.ctx = e,
	};
}

/* ---- starting ---- */

/* The launched target waits at its gate; its files are made, and it is let go. */
static int watch_beside(const struct relaunch *r, struct beside *b, char *const *argv, struct fault *fault)
{
	struct engine_opts opts = r->like;

	opts.pid = b->launch.pid;
	opts.launch = &b->launch;
	opts.binary = b->launch.path;
	opts.argv = argv;
	opts.log_path = b->log;
	if (r->o->log) {
		cleanup_free char *name = relaunch_beside(r->o->log, r->n);

		snprintf(b->log, sizeof(b->log), "%s", name ? name : "");
	} else {
		int err = relaunch_make_log(b->log, sizeof(b->log), fault);

		if (err < 0)
			return err;
		b->own_log = true;
	}
	if (r->o->output) {
		b->output = relaunch_beside(r->o->output, r->n);
		b->o.output = b->output;
		int err = b->output ? recording_start(&b->o, false, &b->capture, fault) : -ENOMEM;

		if (err < 0)
			return err;
	}
	opts.capture = b->capture;
	return engine_start(&opts, &b->engine, fault);
}

static int launch_beside(const struct relaunch *r, const struct toggles *chosen, struct beside *b, struct fault *fault)
{
	const struct relaunch_base base = {.argv = r->attached ? r->command.argv : r->like.argv,
					   .env = r->attached ? r->command.env : environ,
					   .by_lines = strcmp(r->o->collector, collector_schedtrace.name) == 0};
	cleanup_with(relaunch_settings_done) struct relaunch_settings s = {0};
	int err = relaunch_settings_make(&base, chosen, &s);

	if (err < 0)
		return fault_set(fault, err, "the target", "%s", strerror(-err));
	const struct launch_opts opts = {.argv = s.argv,
					 .env = s.env,
					 .output = LAUNCH_TO_PIPE,
					 .path = s.binary      ? s.binary
						 : r->attached ? r->command.path
							       : NULL,
					 .cwd = r->attached ? r->command.cwd : NULL,
					 .user = r->attached ? &r->command.user : NULL};
	err = launch_start_with(&b->launch, &opts, fault);
	return err < 0 ? err : watch_beside(r, b, s.argv, fault);
}

/* Nothing is watched: its files hold nothing. */
static void drop_beside(struct beside *b)
{
	launch_end(&b->launch, 0);
	launch_done(&b->launch);
	if (b->capture) {
		recording_drop(b->capture);
		unlink(b->output);
	}
	if (b->own_log)
		unlink(b->log);
	free(b->output);
	free(b);
}

static int do_launch(void *ctx, const struct toggles *chosen, struct tui_feed *ret, struct fault *fault)
{
	struct relaunch *r = ctx;
	struct beside *b = calloc(1, sizeof(*b));

	if (!b)
		return fault_set(fault, -ENOMEM, "the session", "out of memory");
	b->o = *r->o;
	b->o.output = NULL;
	r->n++;
	int err = launch_beside(r, chosen, b, fault);
	if (err < 0) {
		drop_beside(b);
		return err;
	}
	b->next = r->list;
	r->list = b;
	*ret = relaunch_feed(r->o, b->engine);
	return 0;
}

/* ---- ending ---- */

/* The launch of a session that still goes on; NULL = it was attached to, or isn't known. */
static struct launch *launch_of(struct relaunch *r, const struct engine *e)
{
	if (e == r->first)
		return r->like.launch;
	for (struct beside *b = r->list; b; b = b->next) {
		if (b->engine == e)
			return &b->launch;
	}
	return NULL;
}

static bool wait_ended(struct engine *e)
{
	struct pollfd p = {.fd = engine_ended_fd(e), .events = POLLIN};

	return poll(&p, 1, END_GRACE_MS) > 0;
}

/* The engine reaps it and tells its end, so that the pane shows it. */
static bool do_end(void *ctx, void *feed_ctx)
{
	struct engine *e = feed_ctx;
	struct launch *l = launch_of(ctx, e);

	if (engine_target_ended(e))
		return true;
	if (!l)
		return false;
	launch_signal(l, SIGTERM);
	launch_signal(l, SIGCONT);
	if (!wait_ended(e)) {
		launch_signal(l, SIGKILL);
		wait_ended(e);
	}
	return true;
}

static void do_close(void *ctx, void *feed_ctx)
{
	struct relaunch *r = ctx;
	struct engine *e = feed_ctx;
	struct launch *l = launch_of(r, e);

	engine_stop(e);
	if (l)
		launch_end(l, END_GRACE_MS);
	if (e == r->first) /* its owner's */
		return;
	for (struct beside *b = r->list; b; b = b->next) {
		if (b->engine == e)
			b->engine = NULL;
	}
	engine_free(e);
}

/* ---- settings and question ---- */

/*
 * To read root's targets root needs what it has put out of effect. Other users read their own targets without: what
 * schedtop was given to trace with isn't meant for this.
 */
static uint64_t raise_roots(void)
{
	return geteuid() == 0 ? privileges_raise() : privileges_effective();
}

static bool target_runs(const struct relaunch *r)
{
	return !engine_target_ended(r->first) && proc_alive(r->like.pid) > 0;
}

static int do_toggles(void *ctx, struct toggles *ret, struct fault *fault)
{
	const struct relaunch *r = ctx;

	if (r->attached && r->unknown.err < 0) {
		*fault = r->unknown;
		return fault->err;
	}
	const struct relaunch_target t = {.pid = target_runs(r) ? r->like.pid : 0,
					  .path = r->attached ? r->command.path : r->like.binary,
					  .env = r->attached ? r->command.env : environ};
	uint64_t effective = raise_roots();
	int err = relaunch_toggles(&t, ret, fault);
	privileges_restore(effective);
	return err;
}

static char *do_ask(void *ctx, const struct toggles *chosen, char *dst, size_t cap)
{
	const struct relaunch *r = ctx;
	char settings[300], command[300] = "";

	dst[0] = '\0';
	if (!r->attached)
		return dst;
	for (char *const *p = r->command.argv; *p && strlen(command) + 2 < sizeof(command); p++)
		snprintf(command + strlen(command), sizeof(command) - strlen(command), "%s%s", *command ? " " : "", *p);
	const char *old = target_runs(r) ? "The process that is watched goes on running: schedtop doesn't end it."
					 : "The process that was watched has ended.";
	snprintf(
		dst, cap,
		"%s\nin %s, as user %u, with %s\n%s The new one shares the CPUs with whatever runs here, and files and "
		"ports, if it uses any. It ends with schedtop.",
		command, r->command.cwd, (unsigned)r->command.user.uid,
		toggles_text(chosen, settings, sizeof(settings)), old);
	return dst;
}

/* ---- life ---- */

struct relaunch *relaunch_new(const struct options *o, struct engine *first, const struct engine_opts *like)
{
	struct relaunch *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->o = o;
	r->first = first;
	r->like = *like;
	r->like.settle = NULL; /* that has been done, for good */
	r->attached = !like->launch;
	r->n = 1;
	uint64_t effective = raise_roots();
	if (r->attached && command_line_read(like->pid, &r->command, &r->unknown) == 0)
		r->unknown.err = 0;
	privileges_restore(effective);
	r->ops = (struct tui_relaunch){
		.toggles = do_toggles, .ask = do_ask, .launch = do_launch, .end = do_end, .close = do_close, .ctx = r};
	return r;
}

const struct tui_relaunch *relaunch_ops(const struct relaunch *r)
{
	return &r->ops;
}

static void free_beside(struct beside *b)
{
	struct fault fault = {0};

	if (b->engine)
		engine_stop(b->engine);
	launch_end(&b->launch, END_GRACE_MS);
	engine_free(b->engine);
	launch_done(&b->launch);
	if (recording_end(&b->o, b->capture, &fault) < 0)
		fault_print(&fault, stderr);
	if (b->own_log)
		relaunch_settle_log(b->log);
	free(b->output);
	free(b);
}

void relaunch_free(struct relaunch *r)
{
	if (!r)
		return;
	/* In the order in which they were started. */
	struct beside *in_order = NULL;
	while (r->list) {
		struct beside *b = r->list;

		r->list = b->next;
		b->next = in_order;
		in_order = b;
	}
	while (in_order) {
		struct beside *b = in_order;

		in_order = b->next;
		free_beside(b);
	}
	command_line_done(&r->command);
	free(r);
}
