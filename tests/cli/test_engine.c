/* SPDX-License-Identifier: GPL-2.0-only */
/* The engine with a scripted collector: order of calls, faults on the way, the end of the target, its output. */
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fault.h"
#include "target/launch.h"

#define END_MS 10000

/* What the collector was asked, one letter a call: o open, s start, p poll (once in a row), r retarget, x stop, c
 * close. */
static char calls[64];
static size_t n_calls;
static int open_answer, start_answer;
static bool send_exec;

static void note(char c)
{
	if (n_calls + 1 < sizeof(calls) && !(n_calls && c == 'p' && calls[n_calls - 1] == 'p'))
		calls[n_calls++] = c;
	calls[n_calls] = '\0';
}

static int fake_open(const struct collector_opts *opts, struct collector **ret, struct fault *fault)
{
	assert_true(opts->pid > 0);
	note('o');
	if (open_answer < 0)
		return fault_set(fault, open_answer, "fake", "doesn't open");
	*ret = (struct collector *)calls;
	return 0;
}

static int fake_start(struct collector *c, struct session *session, struct fault *fault)
{
	assert_ptr_equal(c, calls);
	assert_non_null(session);
	note('s');
	return start_answer < 0 ? fault_set(fault, start_answer, "fake", "doesn't start") : 0;
}

static int fake_poll(struct collector *c, const struct event_sink *sink)
{
	struct event ev = {.head = {.kind = EV_TICK, .time_ns = clock_now_ns()}};

	(void)c;
	note('p');
	if (send_exec) {
		struct event exec = {.head = {.kind = EV_EXEC, .time_ns = ev.head.time_ns}};

		event_deliver(sink, &exec);
		send_exec = false;
	}
	event_deliver(sink, &ev);
	return 1;
}

static void fake_stop(struct collector *c, const struct event_sink *sink)
{
	struct event ev = {.head = {.kind = EV_TICK, .time_ns = clock_now_ns()}};

	(void)c;
	note('x');
	event_deliver(sink, &ev);
}

static int fake_retarget(struct collector *c, struct go_target *go, struct session *session, struct fault *fault)
{
	(void)c, (void)session, (void)fault;
	assert_null(go); /* the programs of these tests aren't Go */
	note('r');
	return 0;
}

static void fake_stats(const struct collector *c, struct collector_stats *ret)
{
	(void)c;
	*ret = (struct collector_stats){.probe_hits = 5, .probe_ns = 1000};
}

static void fake_close(struct collector *c)
{
	(void)c;
	note('c');
}

static const struct collector_ops fake = {
	.name = "fake",
	.open = fake_open,
	.start = fake_start,
	.poll = fake_poll,
	.stop = fake_stop,
	.retarget = fake_retarget,
	.stats = fake_stats,
	.close = fake_close,
};

static const struct collector_ops *const fakes[] = {&fake, NULL};

static int reset(void **state)
{
	(void)state;
	n_calls = 0;
	calls[0] = '\0';
	open_answer = start_answer = 0;
	send_exec = false;
	return 0;
}

/* execve() leaves the strings as they are, whatever its prototype says. */
static void launch(struct launch *l, struct engine_opts *o, const char **words)
{
	char *const *argv = (char *const *)words;

	assert_int_equal(launch_start(l, argv, NULL, LAUNCH_TO_PIPE, NULL), 0);
	*o = (struct engine_opts){
		.size = sizeof(*o),
		.collectors = fakes,
		.detail = DETAIL_SCHED,
		.pid = l->pid,
		.launch = l,
		.binary = l->path,
		.argv = argv,
	};
}

static void wait_end(struct engine *e)
{
	struct pollfd p = {.fd = engine_ended_fd(e), .events = POLLIN};

	assert_int_equal(poll(&p, 1, END_MS), 1);
	assert_true(engine_target_ended(e));
}

static void target_ends(void **state)
{
	const char *argv[] = {"sh", "-c", "printf 'one\\n\\033[2Jtwo\\nlast'; exit 7", NULL};
	struct launch l;
	struct engine_opts o;
	struct engine *e;
	struct model_counts c;
	const char *lines[8];

	(void)state;
	launch(&l, &o, argv);
	assert_int_equal(engine_start(&o, &e, NULL), 0);
	wait_end(e);
	engine_stop(e);
	engine_stop(e); /* once more does no harm */
	const struct model *m = engine_lock(e);
	model_counts(m, &c);
	assert_true(c.exited);
	assert_int_equal(WEXITSTATUS(c.exit_status), 7);
	assert_int_equal(c.overhead_hits, 5);
	assert_int_equal(c.invalid, 0); /* the engine's own events keep the order */
	assert_string_equal(model_session(m)->args[0], "sh");
	assert_null(model_session(m)->go_version);
	assert_non_null(model_session(m)->missing);
	assert_int_equal(engine_output(e, lines, 8), 3);
	assert_string_equal(lines[0], "one");
	assert_string_equal(lines[1], "\\x1b[2Jtwo");
	assert_string_equal(lines[2], "last");
	assert_int_equal(engine_output(e, lines, 1), 1);
	assert_string_equal(lines[0], "last");
	engine_unlock(e);
	engine_free(e);
	assert_string_equal(calls, "ospxc");
	launch_done(&l);
}

static void stopped_before_the_end(void **state)
{
	const char *argv[] = {"sleep", "60", NULL};
	struct launch l;
	struct engine_opts o;
	struct engine *e;
	struct model_counts c;

	(void)state;
	launch(&l, &o, argv);
	assert_int_equal(engine_start(&o, &e, NULL), 0);
	engine_stop(e);
	assert_false(engine_target_ended(e));
	model_counts(engine_lock(e), &c);
	engine_unlock(e);
	assert_false(c.exited);
	/* The target is its owner's: alive, and to be ended by it. */
	assert_int_equal(kill(l.pid, 0), 0);
	launch_end(&l, 1000);
	assert_true(l.reaped);
	engine_free(e);
	assert_string_equal(calls, "ospxc");
	launch_done(&l);
}

static void attached_is_left_alone(void **state)
{
	struct engine_opts o = {.size = sizeof(o), .collectors = fakes, .detail = DETAIL_THREADS};
	struct engine *e;
	int status;

	(void)state;
	o.pid = fork();
	if (o.pid == 0) {
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(127);
	}
	assert_true(o.pid > 0);
	assert_int_equal(engine_start(&o, &e, NULL), 0);
	engine_stop(e);
	engine_free(e);
	assert_int_equal(waitpid(o.pid, &status, WNOHANG), 0);

	/* A second session sees it end. */
	assert_int_equal(engine_start(&o, &e, NULL), 0);
	kill(o.pid, SIGKILL);
	wait_end(e);
	engine_free(e);
	assert_int_equal(waitpid(o.pid, &status, 0), o.pid);
}

/* Whatever step fails, nothing is left behind and the fault says what it was. */
static void faults(void **state)
{
	const char *argv[] = {"sleep", "60", NULL};
	const char log[] = "/nonexistent/log";
	struct launch l;
	struct engine_opts o;
	struct engine *e = NULL;
	struct fault fault = {0};

	(void)state;
	launch(&l, &o, argv);
	open_answer = -EPERM;
	assert_int_equal(engine_start(&o, &e, &fault), -EPERM);
	assert_string_equal(fault.why, "doesn't open");
	assert_string_equal(calls, "o");

	reset(state);
	start_answer = -ENOSYS;
	assert_int_equal(engine_start(&o, &e, &fault), -ENOSYS);
	assert_string_equal(calls, "osc");

	reset(state);
	o.log_path = log;
	assert_int_equal(engine_start(&o, &e, &fault), -ENOENT);
	assert_string_equal(fault.what, log);
	assert_string_equal(calls, "");
	launch_done(&l);

	o = (struct engine_opts){.size = sizeof(o), .collectors = fakes, .pid = INT32_MAX};
	assert_int_equal(engine_start(&o, &e, &fault), -ESRCH);
	assert_null(e);
}

static void exec_is_followed(void **state)
{
	const char *argv[] = {"sh", "-c", "exec sleep 60", NULL};
	struct launch l;
	struct engine_opts o;
	struct engine *e;

	(void)state;
	launch(&l, &o, argv);
	assert_int_equal(engine_start(&o, &e, NULL), 0);
	for (int i = 0; i < END_MS / 10; i++) {
		const struct model *m = engine_lock(e);
		const struct session *now = model_session(m);
		/* The kernel would tell when the exec is over; here the script does, again and again, also amid it. */
		bool followed = now->exe && strstr(now->exe, "sleep") && now->args && now->args[0] &&
				strcmp(now->args[0], "sleep") == 0;

		send_exec = true;
		engine_unlock(e);
		if (followed)
			break;
		usleep(10000);
	}
	engine_stop(e);
	const struct model *m = engine_lock(e);
	assert_non_null(strstr(model_session(m)->exe, "sleep"));
	assert_string_equal(model_session(m)->args[0], "sleep");
	/* What is missing is said once, however often it was looked at. */
	assert_non_null(model_session(m)->missing[0]);
	assert_null(model_session(m)->missing[1]);
	engine_unlock(e);
	assert_non_null(strchr(calls, 'r'));
	engine_free(e);
	launch_end(&l, 1000);
	launch_done(&l);
}

static void log_is_private_and_complete(void **state)
{
	const char *argv[] = {"sh", "-c", "i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done", NULL};
	char path[] = "/tmp/schedtop-test-XXXXXX";
	struct launch l;
	struct engine_opts o;
	struct engine *e;
	struct stat st;
	const char *lines[300];

	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	launch(&l, &o, argv);
	o.log_path = path;
	assert_int_equal(engine_start(&o, &e, NULL), 0);
	wait_end(e);
	engine_stop(e);
	engine_lock(e);
	assert_int_equal(engine_output(e, lines, 300), 200);
	assert_string_equal(lines[0], "line 300");
	assert_string_equal(lines[199], "line 499");
	engine_unlock(e);
	engine_free(e);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 10 * 7 + 90 * 8 + 400 * 9);
	unlink(path);
	launch_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(target_ends, reset),
		cmocka_unit_test_setup(stopped_before_the_end, reset),
		cmocka_unit_test_setup(attached_is_left_alone, reset),
		cmocka_unit_test_setup(faults, reset),
		cmocka_unit_test_setup(exec_is_followed, reset),
		cmocka_unit_test_setup(log_is_private_and_complete, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
