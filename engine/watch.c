/* SPDX-License-Identifier: GPL-2.0-only */
/* The target as a Go program, as it changes: it execs, its runtime comes up, its settings are written to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/engine_internal.h"
#include "target/go_target.h"
#include "target/launch.h"
#include "target/proc.h"

/* The runtime is up within milliseconds; at first the check is made every round. */
#define CHECK_EAGER_NS (200 * NS_PER_MS)
#define CHECK_EVERY_NS (250 * NS_PER_MS)
/* A list that is being built can look wrong: only what stays wrong that long is refused. */
#define CHECK_GRACE_NS (2 * NS_PER_S)

/* A wrapper comes to its exec soon or not at all. */
#define WRAPPER_NS NS_PER_S

static const char not_go_note[] = "this program isn't Go: its threads are shown, but no goroutines, pauses or gaps";

static struct go_target *go_or_null(const struct engine *e)
{
	return e->go && go_target_is_go(e->go) ? e->go : NULL;
}

static void drop_missing(struct session *s, const char *text)
{
	char **from = s->missing, **to = s->missing;

	if (!from)
		return;
	for (; *from; from++) {
		if (strcmp(*from, text) == 0)
			free(*from);
		else
			*to++ = *from;
	}
	*to = NULL;
}

int watch_open(struct engine *e, struct fault *fault)
{
	const char *path = e->opts.launch ? e->opts.binary : NULL;
	int err = go_target_open(e->opts.pid, path, &e->go, fault);

	if (err == -ENOEXEC && e->opts.launch) {
		/* A script: what interprets it is known after the exec. */
		e->go = NULL;
		return 0;
	}
	return err;
}

void watch_close(struct engine *e)
{
	go_target_close(e->go);
	e->go = NULL;
}

/*
 * The memory of a runtime that hasn't read its environment says nothing yet (all zero means "on"), and a process that
 * has ended says nothing any more.
 */
static void forget_async(struct session *s)
{
	for (size_t i = 0; i < s->n_async_evidence; i++)
		free(s->async_evidence[i]);
	s->n_async_evidence = 0;
	s->async_enabled = -1;
	s->async_source = ASYNC_SOURCE_UNKNOWN;
}

static void copy_args(struct session *s, char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	char **args = calloc(n + 1, sizeof(*args));
	if (!args)
		return;
	for (size_t i = 0; i < n; i++) {
		args[i] = strdup(argv[i]);
		if (!args[i])
			break;
	}
	for (char **p = s->args; p && *p; p++)
		free(*p);
	free(s->args);
	s->args = args;
}

/* A target can end before it has been looked at; what it was started with is known all the same. */
static void fill_from_launch(struct engine *e)
{
	struct session *s = &e->session;

	if (!e->opts.launch)
		return;
	if (!s->exe && e->opts.launch->path)
		s->exe = strdup(e->opts.launch->path);
	if (e->opts.argv && (!s->args || !s->args[0]))
		copy_args(s, e->opts.argv);
}

/* Replaces the target's part of the session. */
static void take_over(struct session *s, struct session *fresh)
{
	fresh->launched = s->launched;
	fresh->collector = s->collector;
	fresh->detail = s->detail;
	fresh->n_cpus = s->n_cpus;
	fresh->start_ns = s->start_ns;
	fresh->start_wall_ns = s->start_wall_ns;
	fresh->missing = take_ptr(s->missing);
	fresh->why_not = take_ptr(s->why_not);
	fresh->no_pauses = s->no_pauses;
	session_done(s);
	*s = *fresh;
}

/*
 * Describes the target anew. A process that has ended meanwhile has no arguments, environment or memory any more: what
 * was known of it is better then.
 */
void watch_describe(struct engine *e)
{
	struct session *s = &e->session;
	struct session fresh;

	session_init(&fresh);
	if (e->go && go_target_describe(e->go, &fresh) < 0)
		session_missing(s, "the description of the target is incomplete: out of memory");
	bool alive = proc_alive(e->opts.pid) > 0;
	if (!alive)
		forget_async(&fresh);
	if (alive || !s->exe)
		take_over(s, &fresh);
	else
		session_done(&fresh);
	s->pid = (uint32_t)e->opts.pid;
	if (e->wrote_ns && alive)
		session_async_evidence(s,
				       "schedtop wrote 0 into it %.3f s after the session's start, as its user asked",
				       (double)(e->wrote_ns - s->start_ns) / 1e9);
	fill_from_launch(e);
	drop_missing(s, not_go_note);
	if (!go_or_null(e))
		session_missing(s, "%s", not_go_note);
	engine_session_changed(e);
}

void watch_begin(struct engine *e)
{
	e->runtime = (struct ev_runtime){.gomaxprocs = -1, .asyncpreemptoff = -1};
	e->check = go_or_null(e) ? CHECK_PENDING : CHECK_NONE;
	e->check_since_ns = clock_now_ns();
	e->check_next_ns = 0;
	rescue_forget(e);
	watch_describe(e);
	forget_async(&e->session);
}

bool watch_expects_exec(const struct engine *e, uint64_t now_ns)
{
	return e->opts.launch && e->check == CHECK_NONE && now_ns - e->session.start_ns < WRAPPER_NS;
}

/* Is what the process runs now the file that we know? */
static bool same_program(const struct engine *e)
{
	char exe[64];
	struct stat now, known;

	if (!e->go)
		return false;
	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)e->opts.pid);
	if (stat(exe, &now) < 0)
		return true; /* it has ended: nothing better is to be had */
	return stat(go_target_probe_path(e->go), &known) == 0 && now.st_dev == known.st_dev &&
	       now.st_ino == known.st_ino;
}

static void retarget(struct engine *e, struct go_target *go)
{
	struct fault fault = {0};

	if (e->ops->retarget(e->collector, go, &e->session, &fault) < 0)
		session_missing(&e->session, "the runtime probes of the new program: %s", fault.why);
}

/*
 * The target exec'ed the program that we know, where we know it: a restart in place, or an event that came when a later
 * exec had been followed already. Probes belong to the file: they are still there.
 */
static bool same_again(struct engine *e)
{
	if (!same_program(e))
		return false;
	uint64_t bias = go_target_bias(e->go);

	return !go_or_null(e) || (go_target_locate(e->go) == 0 && go_target_bias(e->go) == bias);
}

/* The target replaced its program: a wrapper script that ends in exec, or a restart in place. */
static void follow_exec(struct engine *e)
{
	/* The exec that launch_go() let happen was prepared for, unless it ran an interpreter. */
	bool prepared = e->first_exec && same_program(e);
	struct go_target *old = e->go;
	struct fault fault = {0};

	e->exec_seen = false;
	e->first_exec = false;
	if (prepared)
		return;
	if (same_again(e)) {
		watch_begin(e);
		return;
	}
	if (!same_program(e)) {
		e->go = NULL;
		if (go_target_open(e->opts.pid, NULL, &e->go, &fault) < 0)
			log_write(LOG_TARGET, "after exec: %s: %s", fault.what, fault.why);
	}
	if (go_or_null(e))
		go_target_locate(e->go);
	/* Placing probes takes tens of milliseconds, and the program may not live that long. */
	watch_begin(e);
	retarget(e, go_or_null(e));
	if (old != e->go)
		go_target_close(old);
}

static void tell_runtime(struct engine *e)
{
	struct event ev = {.head.kind = EV_RUNTIME, .runtime = {.gomaxprocs = -1, .asyncpreemptoff = -1}};
	int32_t n;

	if (go_target_gomaxprocs(e->go, &n) == 0)
		ev.runtime.gomaxprocs = n;
	if (go_target_asyncpreemptoff(e->go, &n) == 0)
		ev.runtime.asyncpreemptoff = n != 0;
	bool readable = ev.runtime.gomaxprocs >= 0 || ev.runtime.asyncpreemptoff >= 0;
	if (!readable || memcmp(&ev.runtime, &e->runtime, sizeof(e->runtime)) == 0)
		return;
	/* Who is to blame for a value that changed while the process ran is part of the description. */
	if (e->runtime.asyncpreemptoff >= 0 && e->runtime.asyncpreemptoff != ev.runtime.asyncpreemptoff) {
		rescue_seen(e, e->runtime.asyncpreemptoff, ev.runtime.asyncpreemptoff);
		watch_describe(e);
	}
	e->runtime = ev.runtime;
	engine_tell(e, ev);
}

/* allp is made after the debug variables have been parsed (runtime/proc.go schedinit): then both can be told. */
static void trust(struct engine *e)
{
	e->check = CHECK_TRUSTED;
	watch_describe(e);
}

static void refuse(struct engine *e, const struct fault *fault)
{
	e->check = CHECK_REFUSED;
	watch_describe(e);
	retarget(e, NULL);
	session_missing(&e->session,
			"goroutines, pauses and gaps: the Go runtime's layout could not be verified on this process "
			"(%s %s)",
			fault->what, fault->why);
}

/* Is the layout taken from another Go version? Then only a check that succeeded makes it good. */
static bool is_guess(const struct engine *e)
{
	struct go_offsets off;
	bool guess = true;

	return go_binary_offsets(go_target_binary(e->go), &off, &guess) < 0 || guess;
}

static void check_layout(struct engine *e)
{
	struct fault fault = {0};
	uint64_t now_ns = clock_now_ns(), age_ns = now_ns - e->check_since_ns;

	if (now_ns < e->check_next_ns)
		return;
	e->check_next_ns = age_ns < CHECK_EAGER_NS ? 0 : now_ns + CHECK_EVERY_NS;
	/* Where a PIE program is loaded is known once the kernel has mapped it. */
	go_target_locate(e->go);
	int err = go_target_selfcheck(e->go, &fault);
	if (err == 0) {
		trust(e);
	} else if (age_ns > CHECK_GRACE_NS && err == -EAGAIN && !is_guess(e)) {
		/* Nothing contradicts the layout, and each label is checked against its thread where it is read. */
		trust(e);
		session_missing(&e->session, "the Go runtime's layout could not be verified on this process (%s %s)",
				fault.what, fault.why);
	} else if (age_ns > CHECK_GRACE_NS) {
		refuse(e, &fault);
	}
}

void watch_round(struct engine *e)
{
	if (e->exec_seen)
		follow_exec(e);
	if (e->check == CHECK_PENDING)
		check_layout(e);
	/* Following an exec takes its time: only now is now. */
	uint64_t now_ns = clock_now_ns();
	rescue_round(e);
	if (e->check == CHECK_TRUSTED && now_ns >= e->check_next_ns) {
		e->check_next_ns = now_ns + CHECK_EVERY_NS;
		tell_runtime(e);
	}
}
