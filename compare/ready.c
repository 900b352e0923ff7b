/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/ready.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "base/values.h"
#include "compare/listener.h"
#include "compare/load.h"
#include "compare/netns.h"

#define PORT_MAX       65535
#define LOOK_FIRST_MS  5 /* then twice as long each time */
#define LOOK_LAST_MS   100
#define CONNECT_MS     500
#define CMD_GRACE_MS   200
#define LINE_MATCH_MAX 4096 /* of a line; REGEX could take long over more */

/* ---- what is asked for ---- */

static int bad_spec(struct fault *fault, const char *text, const char *why)
{
	char shown[160];

	text_escape(shown, sizeof(shown), text, strlen(text));
	fault_set(fault, -EINVAL, "--ready", "'%.100s': %s", shown, why);
	fault_todo(fault, "Write tcp:PORT, log:REGEX or cmd:COMMAND");
	return -EINVAL;
}

static int compile(const char *pattern, struct ready *r, const char *text, struct fault *fault)
{
	char why[120];
	int err = regcomp(&r->regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (err == 0)
		return 0;
	regerror(err, &r->regex, why, sizeof(why));
	return bad_spec(fault, text, why);
}

static int parse_into(const char *text, struct ready *r, struct fault *fault)
{
	const char *arg = strchr(text, ':');
	size_t len = arg ? (size_t)(arg - text) : 0;
	unsigned long port;

	if (!arg || len != 3)
		return bad_spec(fault, text, "it says neither tcp, log nor cmd");
	if (!*++arg)
		return bad_spec(fault, text, "nothing stands behind the colon");
	if (strncmp(text, "tcp", 3) == 0) {
		if (value_uint(arg, PORT_MAX, &port) < 0 || port == 0)
			return bad_spec(fault, text, "a port is a number from 1 to 65535");
		r->port = (uint16_t)port;
		r->kind = READY_TCP;
		return 0;
	}
	if (strncmp(text, "cmd", 3) == 0) {
		r->kind = READY_CMD;
		return 0;
	}
	if (strncmp(text, "log", 3) != 0)
		return bad_spec(fault, text, "it says neither tcp, log nor cmd");
	int err = compile(arg, r, text, fault);
	if (err == 0)
		r->kind = READY_LOG;
	return err;
}

int ready_parse(const char *text, struct ready *ret, struct fault *fault)
{
	struct ready r = {.kind = READY_AT_ONCE};
	int err = parse_into(text, &r, fault);

	if (err < 0)
		return err;
	r.text = strdup(text);
	if (!r.text) {
		ready_done(&r);
		return fault_set(fault, -ENOMEM, "--ready", "out of memory");
	}
	*ret = r;
	return 0;
}

void ready_done(struct ready *r)
{
	if (r->kind == READY_LOG)
		regfree(&r->regex);
	free(r->text);
	*r = (struct ready){.kind = READY_AT_ONCE};
}

void ready_line(struct ready *r, const char *line, size_t len)
{
	char text[LINE_MATCH_MAX + 1];

	if (r->kind != READY_LOG || atomic_load(&r->seen))
		return;
	len = len < LINE_MATCH_MAX ? len : LINE_MATCH_MAX;
	memcpy(text, line, len);
	text[len] = '\0';
	if (regexec(&r->regex, text, 0, NULL, 0) == 0)
		atomic_store(&r->seen, true);
}

/* ---- the wait ---- */

/* What one look has found out. */
struct look {
	char why_not[160];  /* it isn't ready */
	struct loadgen cmd; /* READY_CMD: the attempt that runs */
	bool cmd_runs;
};

static const char *argument(const struct ready *r)
{
	return r->text + strlen("tcp:"); /* all three are as long */
}

static int refuse(struct fault *fault, int err, const struct ready *r, const struct ready_target *t, const char *fmt,
		  ...) __attribute__((format(printf, 5, 6)));

static int refuse(struct fault *fault, int err, const struct ready *r, const struct ready_target *t, const char *fmt,
		  ...)
{
	char what[160], why[256];
	va_list ap;

	snprintf(what, sizeof(what), "%s%s--ready %s", t->name ? t->name : "", t->name ? ", " : "", r->text);
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return fault_set(fault, err, what, "%s", why);
}

/* Does anybody take a connection? 0 or -errno. */
static int try_address(const struct ready_target *t, const struct sockaddr *addr, socklen_t len)
{
	cleanup_close int fd = netns_socket(t->netns_fd, addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int err = 0;
	socklen_t err_len = sizeof(err);

	if (fd < 0)
		return fd;
	if (connect(fd, addr, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, CONNECT_MS) <= 0)
		return -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &err_len) < 0 ? -errno : -err;
}

static int try_port(const struct ready_target *t, uint16_t port)
{
	const struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int err = try_address(t, (const struct sockaddr *)&v4, sizeof(v4));

	if (err < 0 && try_address(t, (const struct sockaddr *)&v6, sizeof(v6)) == 0)
		return 0;
	return err;
}

static bool tcp_ready(const struct ready *r, const struct ready_target *t, struct look *look)
{
	int err = try_port(t, r->port);
	struct listener l;

	if (err < 0) {
		snprintf(look->why_not, sizeof(look->why_not), "a connection to it fails: %s", strerror(-err));
		return false;
	}
	listener_find(t->pid, r->port, &l);
	/* One whose process can't be seen is believed. */
	if (!l.found || l.ours)
		return true;
	snprintf(look->why_not, sizeof(look->why_not), "the port is held by another process, %s (pid %d)", l.name,
		 (int)l.pid);
	return false;
}

static bool log_ready(struct ready *r, struct look *look)
{
	snprintf(look->why_not, sizeof(look->why_not), "no line of its output matches");
	return atomic_load(&r->seen);
}

/* Keeps what the command said last. */
static void cmd_says(struct look *look)
{
	const char *line[1];
	int status = loadgen_status(&look->cmd);
	size_t n = loadgen_output(&look->cmd, line, 1);

	snprintf(look->why_not, sizeof(look->why_not), "the command's status is %d%s%s", status, n ? ": " : "",
		 n ? line[0] : "");
}

/* Starts the command, or looks whether it has ended. 1 ready, 0 not yet, -errno. */
static int cmd_ready(const struct ready *r, const struct ready_target *t, struct look *look, struct fault *fault)
{
	const struct loadgen_opts opts = {.command = argument(r), .netns_fd = t->netns_fd, .what = "--ready"};

	if (!look->cmd_runs) {
		int err = loadgen_start(&look->cmd, &opts, fault);

		if (err < 0)
			return err;
		look->cmd_runs = true;
		if (!look->why_not[0])
			snprintf(look->why_not, sizeof(look->why_not), "the command hasn't ended yet");
		return 0;
	}
	if (!loadgen_poll(&look->cmd))
		return 0;
	loadgen_end(&look->cmd, 0);
	cmd_says(look);
	bool ready = loadgen_status(&look->cmd) == 0;
	loadgen_done(&look->cmd);
	look->cmd_runs = false;
	return ready;
}

/* 1 ready, 0 not yet, -errno with @fault. */
static int look_once(struct ready *r, const struct ready_target *t, struct look *look, struct fault *fault)
{
	switch (r->kind) {
	case READY_TCP:
		return tcp_ready(r, t, look);
	case READY_LOG:
		return log_ready(r, look);
	case READY_CMD:
		return cmd_ready(r, t, look, fault);
	case READY_AT_ONCE:
		break;
	}
	return 1;
}

int ready_begin(struct ready *r, const struct ready_target *t, struct fault *fault)
{
	struct listener l;

	atomic_store(&r->seen, false);
	/* In a namespace that was made for it nobody can be. */
	if (r->kind != READY_TCP || t->netns_fd > 0 || try_port(t, r->port) < 0)
		return 0;
	listener_find(0, r->port, &l);
	if (l.found)
		refuse(fault, -EADDRINUSE, r, t, "the port is in use already, by %s (pid %d)", l.name, (int)l.pid);
	else
		refuse(fault, -EADDRINUSE, r, t, "the port is in use already");
	fault_todo(fault, "End that process, or give each variant its own network with --isolate net");
	return -EADDRINUSE;
}

static int wait_loop(struct ready *r, const struct ready_target *t, uint64_t limit_ns, struct look *look,
		     struct fault *fault)
{
	uint64_t start = clock_now_ns();
	int pause_ms = LOOK_FIRST_MS;
	char limit[32];

	for (;;) {
		struct pollfd fds[] = {{.fd = t->stop_fd, .events = POLLIN},
				       {.fd = t->ended_fd, .events = POLLIN},
				       {.fd = r->kind == READY_LOG ? t->output_fd : -1, .events = POLLIN}};

		if (t->drain)
			t->drain(t->drain_ctx);
		int ready = look_once(r, t, look, fault);
		if (ready < 0)
			return ready;
		poll(fds, ARRAY_SIZE(fds), ready ? 0 : pause_ms);
		if (fds[0].revents)
			return refuse(fault, -EINTR, r, t, "interrupted");
		/* What it printed last may have been what was waited for, but a dead server is no ready one. */
		if (fds[1].revents) {
			if (t->drain)
				t->drain(t->drain_ctx);
			refuse(fault, -ECHILD, r, t, "the target has ended before it was ready (%s)",
			       ready ? "then it was" : look->why_not);
			fault_todo(fault, "Its output is above");
			return -ECHILD;
		}
		if (ready)
			return 0;
		if (clock_now_ns() - start >= limit_ns) {
			refuse(fault, -ETIMEDOUT, r, t, "not ready after %s: %s",
			       text_duration(limit, sizeof(limit), limit_ns), look->why_not);
			fault_todo(fault, "Give it longer with --ready-timeout, or ask for something else");
			return -ETIMEDOUT;
		}
		pause_ms = pause_ms * 2 < LOOK_LAST_MS ? pause_ms * 2 : LOOK_LAST_MS;
	}
}

int ready_wait(struct ready *r, const struct ready_target *t, uint64_t limit_ns, struct fault *fault)
{
	struct look look = {.why_not = ""};
	int err = wait_loop(r, t, limit_ns, &look, fault);

	if (look.cmd_runs) {
		loadgen_end(&look.cmd, CMD_GRACE_MS);
		loadgen_done(&look.cmd);
	}
	return err;
}
