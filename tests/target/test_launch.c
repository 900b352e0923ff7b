/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/sandbox.h"
#include "target/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fault.h"
#include "target/proc.h"

#define WORDS(...) ((char **)(const char *[]){__VA_ARGS__, NULL})
#define SH(script) WORDS("sh", "-c", script)
#define WAIT_MS    10000

static void wait_ended(struct launch *l)
{
	struct pollfd p = {.fd = l->pidfd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_true(launch_ended(l));
}

/* Everything the target writes, until it closes its output. */
static void read_all(struct launch *l, char *buf, size_t cap)
{
	size_t len = 0;

	for (;;) {
		struct pollfd p = {.fd = l->output_fd, .events = POLLIN};

		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		ssize_t n = read(l->output_fd, buf + len, cap - 1 - len);
		assert_true(n >= 0);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
}

/* Runs a shell script to its end and returns its output. */
static const char *output_of(const char *script, char *const env[])
{
	static char out[4096];
	struct fault fault = {0};
	struct launch l;

	assert_int_equal(launch_start(&l, SH(script), env, LAUNCH_TO_PIPE, &fault), 0);
	assert_int_equal(launch_go(&l, &fault), 0);
	read_all(&l, out, sizeof(out));
	wait_ended(&l);
	assert_int_equal(l.status, 0);
	launch_done(&l);
	return out;
}

static bool has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

static void waits_at_the_gate(void **state)
{
	struct fault fault = {0};
	char path[64], exe[256] = {0}, own[256] = {0};
	struct launch l;

	(void)state;
	assert_int_equal(launch_start(&l, SH("exit 42"), NULL, LAUNCH_TO_STDERR, &fault), 0);
	assert_string_equal(strrchr(l.path, '/'), "/sh");
	assert_int_equal(l.output_fd, -1);
	usleep(50000);
	assert_false(launch_ended(&l));
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)l.pid);
	assert_true(readlink(path, exe, sizeof(exe) - 1) > 0);
	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	assert_string_equal(exe, own);
	assert_int_equal(getpgid(l.pid), l.pid);

	assert_int_equal(launch_go(&l, &fault), 0);
	wait_ended(&l);
	assert_true(WIFEXITED(l.status));
	assert_int_equal(WEXITSTATUS(l.status), 42);
	assert_int_equal(launch_go(&l, &fault), -EALREADY);
	launch_done(&l);
	assert_false(has_children());
}

static void output_comes_through_the_pipe(void **state)
{
	(void)state;
	assert_string_equal(output_of("echo out; echo err >&2; cat", NULL), "out\nerr\n");
}

static void stdout_joins_stderr(void **state)
{
	struct fault fault = {0};
	struct launch l;
	char buf[32] = {0};
	int fds[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	int err = launch_start(&l, SH("echo hello"), NULL, LAUNCH_TO_STDERR, &fault);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(err, 0);
	assert_int_equal(launch_go(&l, &fault), 0);
	assert_int_equal(read(fds[0], buf, sizeof(buf) - 1), 6);
	assert_string_equal(buf, "hello\n");
	wait_ended(&l);
	launch_done(&l);
	close(fds[0]);
}

static void environment_is_overridden(void **state)
{
	char **env = WORDS("SCHEDTOP_TEST_A=first", "SCHEDTOP_TEST_B=new", "SCHEDTOP_TEST_A=last");

	(void)state;
	setenv("SCHEDTOP_TEST_A", "old", 1);
	setenv("SCHEDTOP_TEST_AB", "kept", 1);
	assert_string_equal(output_of("env | grep ^SCHEDTOP_TEST | sort", env),
			    "SCHEDTOP_TEST_A=last\nSCHEDTOP_TEST_AB=kept\nSCHEDTOP_TEST_B=new\n");
	assert_string_equal(getenv("SCHEDTOP_TEST_A"), "old");
}

/* No descriptor, no blocked or ignored signal of schedtop's reaches the target. */
static void inherits_nothing(void **state)
{
	int leaked = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
	sigset_t block, before;

	(void)state;
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGURG);
	sigprocmask(SIG_BLOCK, &block, &before);
	signal(SIGPIPE, SIG_IGN);
	/* The directory itself is open too while it is read. */
	const char *out = output_of("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; readlink "
				    "/proc/self/fd/0",
				    NULL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(leaked);
	assert_string_equal(out, "4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n/dev/null\n");
}

static void unknown_programs_are_refused(void **state)
{
	struct fault fault = {0};
	struct launch l;
	char file[] = "/tmp/schedtop-test-XXXXXX";
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(launch_start(&l, WORDS("no-such-program-here"), NULL, LAUNCH_TO_PIPE, &fault), -ENOENT);
	assert_string_equal(fault.what, "no-such-program-here");
	assert_true(fault.todo[0]);
	launch_done(&l);
	assert_int_equal(launch_start(&l, WORDS("./no/such"), NULL, LAUNCH_TO_PIPE, &fault), -ENOENT);
	launch_done(&l);
	assert_int_equal(launch_start(&l, WORDS(""), NULL, LAUNCH_TO_PIPE, &fault), -ENOENT);
	launch_done(&l);
	assert_int_equal(launch_start(&l, (char *[]){NULL}, NULL, LAUNCH_TO_PIPE, &fault), -EINVAL);
	launch_done(&l);
	assert_int_equal(launch_start(&l, WORDS(file), NULL, LAUNCH_TO_PIPE, &fault), -EACCES);
	launch_done(&l);
	assert_int_equal(launch_start(&l, WORDS("/tmp"), NULL, LAUNCH_TO_PIPE, &fault), -EISDIR);
	launch_done(&l);

	/* Executable, but no program: only the exec itself can tell. */
	assert_int_equal(write(fd, "\177garbage", 8), 8);
	fchmod(fd, 0755);
	close(fd);
	assert_int_equal(launch_start(&l, WORDS(file), NULL, LAUNCH_TO_PIPE, &fault), 0);
	assert_int_equal(launch_go(&l, &fault), -ENOEXEC);
	assert_true(l.reaped);
	launch_done(&l);
	unlink(file);
	assert_false(has_children());
}

static void the_one_who_ignores_sigterm_is_killed(void **state)
{
	struct fault fault = {0};
	struct launch l;
	char buf[16];

	(void)state;
	assert_int_equal(launch_start(&l, SH("trap '' TERM; echo ready; while :; do sleep 0.05; done"), NULL,
				      LAUNCH_TO_PIPE, &fault),
			 0);
	assert_int_equal(launch_go(&l, &fault), 0);
	struct pollfd p = {.fd = l.output_fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(read(l.output_fd, buf, sizeof(buf)), 6);
	uint64_t before = clock_now_ns();
	launch_end(&l, 200);
	assert_in_range(clock_now_ns() - before, 150 * NS_PER_MS, 5 * NS_PER_S);
	assert_true(l.reaped);
	assert_true(WIFSIGNALED(l.status));
	assert_int_equal(WTERMSIG(l.status), SIGKILL);
	launch_done(&l);
}

static void ends_politely_and_once(void **state)
{
	struct fault fault = {0};
	struct launch l;
	char out[64];

	(void)state;
	/* The trap counts: each process gets SIGTERM once only. */
	assert_int_equal(
		launch_start(&l,
			     SH("n=0; trap 'n=$((n+1))' TERM; echo ready; i=0; while [ $i -lt 10 ] && [ $n -lt "
				"2 ]; do sleep 0.02; [ $n -gt 0 ] && i=$((i+1)); done; echo $n; exit 3"),
			     NULL, LAUNCH_TO_PIPE, &fault),
		0);
	assert_int_equal(launch_go(&l, &fault), 0);
	struct pollfd p = {.fd = l.output_fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	kill(l.pid, SIGSTOP); /* a stopped target has to be continued to end */
	launch_end(&l, WAIT_MS);
	assert_true(WIFEXITED(l.status));
	assert_int_equal(WEXITSTATUS(l.status), 3);
	read_all(&l, out, sizeof(out));
	assert_non_null(strstr(out, "\n1\n"));
	launch_done(&l);
}

static void done_kills_the_one_at_the_gate(void **state)
{
	struct fault fault = {0};
	struct launch a, b;

	(void)state;
	assert_int_equal(launch_start(&a, SH("exit 0"), NULL, LAUNCH_TO_PIPE, &fault), 0);
	assert_int_equal(launch_start(&b, SH("exit 0"), NULL, LAUNCH_TO_PIPE, &fault), 0);
	/* The second child doesn't hold the first one's gate open. */
	close(a.gate_fd);
	a.gate_fd = -1;
	wait_ended(&a);
	launch_done(&a);
	launch_done(&b);
	assert_false(has_children());
}

static void a_child_killed_at_the_gate_is_an_error(void **state)
{
	struct fault fault = {0};
	struct launch l;

	(void)state;
	assert_int_equal(launch_start(&l, SH("exit 0"), NULL, LAUNCH_TO_PIPE, &fault), 0);
	kill(l.pid, SIGKILL);
	struct pollfd p = {.fd = l.pidfd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(launch_go(&l, &fault), -ECHILD); /* and no SIGPIPE for us */
	assert_true(l.reaped);
	launch_done(&l);
	assert_false(has_children());
}

static void ends_when_its_launcher_is_killed(void **state)
{
	int fds[2];
	pid_t target = 0;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t launcher = fork();
	if (launcher == 0) {
		struct launch l;

		if (launch_start(&l, SH("exec sleep 60"), NULL, LAUNCH_TO_PIPE, NULL) < 0 || launch_go(&l, NULL) < 0 ||
		    write(fds[1], &l.pid, sizeof(l.pid)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &target, sizeof(target)), sizeof(target));
	close(fds[0]);
	kill(launcher, SIGKILL);
	assert_int_equal(waitpid(launcher, NULL, 0), launcher);
	uint64_t deadline = clock_now_ns() + WAIT_MS * NS_PER_MS;
	while (proc_alive(target) == 1 && clock_now_ns() < deadline)
		usleep(10000);
	assert_int_equal(proc_alive(target), 0);
}

static void runs_as_the_user_behind_sudo(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("not root: dropping privileges can't be tested\n");
		skip();
	}
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	setenv("HOME", "/kept", 1);
	char out[4096];
	snprintf(out, sizeof(out), "%s",
		 output_of("id -u; id -g; id -G; grep CapEff /proc/self/status; echo $HOME; echo reopened >/dev/stderr",
			   NULL));
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	assert_string_equal(out, "65534\n65534\n65534\nCapEff:\t0000000000000000\n/kept\nreopened\n");

	/* root calling sudo, and nonsense, leave it as it is. */
	setenv("SUDO_UID", "0", 1);
	assert_string_equal(output_of("id -u", NULL), "0\n");
	setenv("SUDO_UID", "12x", 1);
	assert_string_equal(output_of("id -u", NULL), "0\n");
	unsetenv("SUDO_UID");
}

/* Behind the filter: another folder, a whole environment, a path besides argv[0], and for root another user. */
static bool launches_as_another(struct launch *l)
{
	char name[] = "called", dash_c[] = "-c", var[] = "ONLY=1", text[128] = "", expected[128];
	char script[] = "echo $0 $PWD $ONLY $HOME $(id -u); : > /dev/stderr";
	char *const argv[] = {name, dash_c, script, name, NULL}, *const env[] = {var, NULL};
	const struct launch_user user = {.uid = geteuid() == 0 ? 65534 : geteuid(), .gid = getegid()};
	const struct launch_opts opts = {
		.argv = argv, .env = env, .output = LAUNCH_TO_PIPE, .path = "/bin/sh", .cwd = "/usr", .user = &user};

	if (launch_start_with(l, &opts, NULL) < 0 || launch_go(l, NULL) < 0)
		return false;
	while (!launch_ended(l))
		usleep(1000);
	snprintf(expected, sizeof(expected), "called /usr 1 %u\n", (unsigned)user.uid);
	bool same = read(l->output_fd, text, sizeof(text) - 1) > 0 && strcmp(text, expected) == 0 &&
		    WIFEXITED(l->status) && WEXITSTATUS(l->status) == 0;
	launch_done(l);
	return same;
}

/* Behind schedtop's filter a target is as free as it was, and still schedtop's own child. */
static int launch_behind_filter(void)
{
	char shell[] = "/bin/sh", c[] = "-c",
	     script[] = "test \"$V\" = 'a b' && grep -c -E '^(Seccomp|NoNewPrivs):.0$' "
			"/proc/self/status; exit 7";
	char var[] = "V=a b", *const argv[] = {shell, c, script, NULL}, *const env[] = {var, NULL};
	struct launch l;
	char text[16] = "";

	if (launch_prepare() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	int filter = sandbox_enter(SANDBOX_TRACE);
	if (filter < 0 && filter != -ENOSYS)
		return 2;
	for (int i = 0; i < 2; i++) {
		if (launch_start(&l, argv, env, LAUNCH_TO_PIPE, NULL) < 0)
			return 3;
		if (launch_go(&l, NULL) < 0)
			return 4;
		while (!launch_ended(&l))
			usleep(1000);
		if (!WIFEXITED(l.status) || WEXITSTATUS(l.status) != 7 ||
		    read(l.output_fd, text, sizeof(text) - 1) < 1 || text[0] != '2')
			return 5;
		launch_done(&l);
	}
	if (!launches_as_another(&l))
		return 7;
	char missing[] = "/dev/null/nothing", *const wrong[] = {missing, NULL};
	if (launch_start(&l, wrong, NULL, LAUNCH_TO_PIPE, NULL) >= 0)
		return 6;
	launch_done(&l);
	return 0;
}

static void behind_filter(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(launch_behind_filter());
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_at_the_gate),
		cmocka_unit_test(output_comes_through_the_pipe),
		cmocka_unit_test(stdout_joins_stderr),
		cmocka_unit_test(environment_is_overridden),
		cmocka_unit_test(inherits_nothing),
		cmocka_unit_test(unknown_programs_are_refused),
		cmocka_unit_test(the_one_who_ignores_sigterm_is_killed),
		cmocka_unit_test(ends_politely_and_once),
		cmocka_unit_test(done_kills_the_one_at_the_gate),
		cmocka_unit_test(a_child_killed_at_the_gate_is_an_error),
		cmocka_unit_test(ends_when_its_launcher_is_killed),
		cmocka_unit_test(runs_as_the_user_behind_sudo),
		cmocka_unit_test(behind_filter),
	};

	return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
