/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "target/read_file.h"

static void stat_of_cpus(void **state)
{
	static const char text[] = "cpu  9 9 9 9 9 9 9 9 9 9\n"
				   "cpu0 1 2 3 40 5 6 7 8 100 100\n"
				   "cpu12 10 0 0 50 5\n"
				   "cpux 1 2 3 4 5\n"
				   "cpu3 1 2 3\n"
				   "cpu99999 1 2 3 4 5\n"
				   "intr 1 2 3\n"
				   "cpu4 1 2 3 4 5 6 7 8";
	struct proc_cpu cpu[8];

	(void)state;
	uint64_t tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	assert_int_equal(proc_parse_stat(text, cpu, 8), 2); /* the last line is cut off */
	assert_int_equal(cpu[0].cpu, 0);
	assert_int_equal(cpu[0].stat.idle_ns, 45 * tick);
	assert_int_equal(cpu[0].stat.busy_ns, 27 * tick);
	assert_int_equal(cpu[1].cpu, 12);
	assert_int_equal(cpu[1].stat.idle_ns, 55 * tick);
	assert_int_equal(cpu[1].stat.busy_ns, 10 * tick);
	assert_int_equal(proc_parse_stat(text, cpu, 1), 1);
	assert_int_equal(proc_parse_stat("", cpu, 8), 0);
	assert_int_equal(proc_parse_stat("c\ncp\ncpu\n", cpu, 8), 0);
}

static void impossible_numbers_saturate(void **state)
{
	struct proc_cpu cpu[1];

	(void)state;
	assert_int_equal(proc_parse_stat("cpu0 18446744073709551615 1 0 999999999999999999999999 0\n", cpu, 1), 1);
	assert_true(cpu[0].stat.idle_ns == UINT64_MAX);
	assert_true(cpu[0].stat.busy_ns == UINT64_MAX);
}

static void names_cannot_confuse_the_state(void **state)
{
	(void)state;
	assert_int_equal(proc_parse_alive("12 (sleep) S 1 12 12 0"), 1);
	assert_int_equal(proc_parse_alive("12 (a) Z 1 (b) R 1 12"), 1);
	assert_int_equal(proc_parse_alive("12 (a\n) R 1) Z 1 12"), 0);
	assert_int_equal(proc_parse_alive("12 (x) X 1"), 0);
	assert_int_equal(proc_parse_alive(""), -EPROTO);
	assert_int_equal(proc_parse_alive("12 (x)"), -EPROTO);
	assert_int_equal(proc_parse_alive("12 (x) "), -EPROTO);
}

static void ids_of_pid_namespaces(void **state)
{
	uint32_t id = 0;

	(void)state;
	assert_int_equal(proc_parse_ns_id("Name:\tx\nPid:\t7\nNSpid:\t4711\t7\nNSpgid:\t1\n", &id), 0);
	assert_int_equal(id, 7);
	assert_int_equal(proc_parse_ns_id("Name:\tNSpid: 9\nNSpid:\t4711\n", &id), 0);
	assert_int_equal(id, 4711);
	assert_int_equal(proc_parse_ns_id("Name:\tx\n", &id), -ENODATA);
	assert_int_equal(proc_parse_ns_id("Name:\tx\nNSpid:\t\n", &id), -EPROTO);
	assert_int_equal(proc_parse_ns_id("Name:\tx\nNSpid:\t12", &id), -EPROTO);
	assert_int_equal(proc_parse_ns_id("Name:\tx\nNSpid:\t-3\n", &id), -EPROTO);
	assert_int_equal(proc_parse_ns_id("Name:\tx\nNSpid:\t99999999999999999999\n", &id), -EPROTO);
	assert_int_equal(id, 4711);
}

static void pending_signals(void **state)
{
	(void)state;
	assert_int_equal(
		proc_parse_signal_pending("Name:\tx\nSigPnd:\t0000000000400000\nShdPnd:\t0000000000000000\n", 23), 1);
	assert_int_equal(
		proc_parse_signal_pending("Name:\tx\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000400000\n", 23), 1);
	assert_int_equal(
		proc_parse_signal_pending("Name:\tx\nSigPnd:\t0000000000200000\nShdPnd:\t0000000000800000\n", 23), 0);
	assert_int_equal(
		proc_parse_signal_pending("Name:\tx\nSigPnd:\t8000000000000000\nShdPnd:\t0000000000000000\n", 64), 1);
	assert_int_equal(proc_parse_signal_pending("Name:\tx\nSigPnd:\t0000000000400000\n", 23), -EPROTO);
	assert_int_equal(proc_parse_signal_pending("Name:\tx\nSigPnd:\t\nShdPnd:\t0\n", 23), -EPROTO);
	assert_int_equal(proc_parse_signal_pending("Name:\tx\nSigPnd:\t0x1\nShdPnd:\t0\n", 23), -EPROTO);
	assert_int_equal(proc_parse_signal_pending("Name:\tx\nSigPnd:\t00000000000000001\nShdPnd:\t0\n", 23), -EPROTO);
	assert_int_equal(proc_parse_signal_pending("Name:\tx\nSigPnd:\t0\nShdPnd:\t0\n", 0), -EPROTO);
	assert_int_equal(proc_parse_signal_pending("Name:\tx\nSigPnd:\t0\nShdPnd:\t0\n", 65), -EPROTO);

	/* A signal that is blocked stays with the thread. */
	sigset_t urg;
	sigemptyset(&urg);
	sigaddset(&urg, SIGURG);
	sigprocmask(SIG_BLOCK, &urg, NULL);
	assert_int_equal(proc_signal_pending(getpid(), (uint32_t)getpid(), SIGURG), 0);
	raise(SIGURG);
	assert_int_equal(proc_signal_pending(getpid(), (uint32_t)getpid(), SIGURG), 1);
	sigprocmask(SIG_UNBLOCK, &urg, NULL);
	assert_int_equal(proc_signal_pending(getpid(), 4194304, SIGURG), -ESRCH);
}

static void the_machine_has_cpus(void **state)
{
	static struct proc_cpu cpu[4096];
	int n = proc_cpus(cpu, 4096);

	(void)state;
	assert_int_equal(n, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(cpu[0].stat.idle_ns + cpu[0].stat.busy_ns > 0);
}

struct seen {
	uint32_t tid[64];
	char comm[64][EV_COMM_SIZE];
	int n, stop_after;
};

static int see(void *ctx, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	struct seen *s = ctx;

	if (s->n < 64) {
		s->tid[s->n] = tid;
		memcpy(s->comm[s->n], comm, EV_COMM_SIZE);
	}
	return ++s->n == s->stop_after;
}

static void *named_thread(void *arg)
{
	pthread_barrier_t *b = arg;

	prctl(PR_SET_NAME, "evil) R\n\033[2J");
	pthread_barrier_wait(b);
	pthread_barrier_wait(b);
	return NULL;
}

static void threads_and_their_names(void **state)
{
	pthread_barrier_t b;
	pthread_t t;
	struct seen s = {0};
	char comm[EV_COMM_SIZE];

	(void)state;
	pthread_barrier_init(&b, NULL, 2);
	assert_int_equal(pthread_create(&t, NULL, named_thread, &b), 0);
	pthread_barrier_wait(&b);
	int n = proc_each_thread(getpid(), see, &s);
	assert_int_equal(n, s.n);
	assert_true(n >= 2);
	assert_int_equal(s.tid[0], getpid());
	bool found = false;
	for (int i = 0; i < s.n; i++)
		found |= memcmp(s.comm[i], "evil) R\n\033[2J\0\0\0\0", EV_COMM_SIZE) == 0;
	assert_true(found);
	s = (struct seen){.stop_after = 1};
	assert_int_equal(proc_each_thread(getpid(), see, &s), 1);
	pthread_barrier_wait(&b);
	pthread_join(t, NULL);
	pthread_barrier_destroy(&b);

	prctl(PR_SET_NAME, "exactly15chars!");
	assert_int_equal(proc_comm(getpid(), comm), 0);
	assert_string_equal(comm, "exactly15chars!");
	assert_int_equal(proc_each_thread(INT32_MAX, see, &s), -ESRCH);
	assert_true(proc_comm(INT32_MAX, comm) < 0);
}

static void alive_and_not(void **state)
{
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(proc_alive(child), 1);
	kill(child, SIGKILL);
	siginfo_t si;
	assert_int_equal(waitid(P_PID, (id_t)child, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_alive(child), 0); /* a zombie */
	waitpid(child, NULL, 0);
	assert_int_equal(proc_alive(child), 0);
}

static void the_first_setting_of_a_name_counts(void **state)
{
	int fds[2];
	char none_comes;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		const char *const argv[] = {"sleep", "60", NULL};
		const char *const env[] = {"GODEBUGX=no", "GODEBUG=gctrace=1", "GODEBUG=asyncpreemptoff=1",
					   "EMPTY=", NULL};

		execve("/bin/sleep", (char **)argv, (char **)env);
		_exit(127);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &none_comes, 1), 0); /* closed by the exec */
	close(fds[0]);
	char *godebug = proc_environ_get(child, "GODEBUG"), *empty = proc_environ_get(child, "EMPTY");
	char *none = proc_environ_get(child, "ODEBUG");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_non_null(godebug);
	assert_string_equal(godebug, "gctrace=1");
	assert_non_null(empty);
	assert_string_equal(empty, "");
	assert_null(none);
	assert_null(proc_environ_get(INT32_MAX, "GODEBUG"));
	free(godebug);
	free(empty);
}

static void thread_ids_in_a_container(void **state)
{
	uint32_t id = 0;

	(void)state;
	assert_int_equal(proc_ns_tid(getpid(), (uint32_t)getpid(), &id), 0);
	assert_int_equal(id, getpid());
	assert_int_equal(proc_ns_tid(getpid(), INT32_MAX, &id), -ESRCH);

	/* The new namespace holds the children of who unshares: two forks. */
	int up[2], down[2];
	pid_t child = -1;
	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	pid_t middle = fork();
	if (middle == 0) {
		char c;

		close(down[1]);
		pid_t first = unshare(CLONE_NEWPID) < 0 ? -1 : fork();
		if (first == 0) {
			if (read(down[0], &c, 1) < 0)
				_exit(1);
			_exit(0);
		}
		if (write(up[1], &first, sizeof(first)) < 0)
			_exit(1);
		if (first > 0)
			waitpid(first, NULL, 0);
		_exit(0);
	}
	close(down[0]);
	assert_int_equal(read(up[0], &child, sizeof(child)), sizeof(child));
	int err = child > 0 ? proc_ns_tid(child, (uint32_t)child, &id) : 0;
	close(down[1]);
	close(up[0]);
	close(up[1]);
	waitpid(middle, NULL, 0);
	if (child < 0) {
		print_message("no permission to make a pid namespace\n");
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(id, 1);
}

static void files_are_read_within_their_bound(void **state)
{
	char path[] = "/tmp/schedtop-test-XXXXXX";
	size_t len = 0;
	int fd = mkstemp(path);

	(void)state;
	for (int i = 0; i < 2000; i++)
		assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	static const size_t bounds[] = {1, 64, 4095, 4096, 4097, 8192, 10000, 19999, 20000};
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		char *text = read_file_text(path, bounds[i], &len);

		assert_non_null(text);
		assert_int_equal(len, bounds[i]);
		assert_int_equal(strlen(text), bounds[i]);
		assert_int_equal(text[len - 1], '0' + (int)((len - 1) % 10));
		free(text);
	}
	char *text = read_file_text(path, 1 << 20, &len);
	assert_int_equal(len, 20000);
	free(text);
	unlink(path);
	assert_null(read_file_text(path, 100, NULL));
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_of_cpus),
		cmocka_unit_test(impossible_numbers_saturate),
		cmocka_unit_test(names_cannot_confuse_the_state),
		cmocka_unit_test(ids_of_pid_namespaces),
		cmocka_unit_test(pending_signals),
		cmocka_unit_test(the_machine_has_cpus),
		cmocka_unit_test(threads_and_their_names),
		cmocka_unit_test(alive_and_not),
		cmocka_unit_test(the_first_setting_of_a_name_counts),
		cmocka_unit_test(thread_ids_in_a_container),
		cmocka_unit_test(files_are_read_within_their_bound),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
