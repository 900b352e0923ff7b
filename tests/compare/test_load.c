/* SPDX-License-Identifier: GPL-2.0-only */
/* Load generators, and the network namespaces that they and the variants run in. */
#include "compare/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fault.h"
#include "compare/netns.h"

#define WAIT_MS 10000

static void start(struct loadgen *l, const char *command, int netns_fd)
{
	static const char *const env[] = {"SCHEDTOP_VARIANT=on", NULL};
	const struct loadgen_opts opts = {
		.command = command, .what = "--load", .env_extra = (char *const *)env, .netns_fd = netns_fd};
	struct fault fault = {0};

	assert_int_equal(loadgen_start(l, &opts, &fault), 0);
}

static void wait_end(struct loadgen *l)
{
	struct pollfd p = {.fd = loadgen_ended_fd(l), .events = POLLIN};

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_true(loadgen_poll(l));
}

static bool no_children(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void status_and_output_are_kept(void **state)
{
	const char *lines[4];
	struct loadgen l;

	(void)state;
	start(&l, "echo \"for $SCHEDTOP_VARIANT\"; printf 'a\\033[2Jb\\n' >&2; exit 3", 0);
	wait_end(&l);
	loadgen_end(&l, 0);
	assert_int_equal(loadgen_status(&l), 3);
	assert_int_equal(loadgen_output(&l, lines, 4), 2);
	assert_string_equal(lines[0], "for on");
	assert_string_equal(lines[1], "a\\x1b[2Jb");
	loadgen_end(&l, 0);
	loadgen_done(&l);
	loadgen_done(&l);
	assert_true(no_children());
}

static void a_running_one_is_stopped_with_its_group(void **state)
{
	char dir[] = "/tmp/schedtop-load-XXXXXX", command[256], file[64];
	struct loadgen l;
	int pid = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/pid", dir);
	/* The shell goes at SIGTERM, its child ignores it. */
	snprintf(command, sizeof(command), "(trap '' TERM; exec sleep 3600) & echo $! >%s.new; mv %s.new %s; wait",
		 file, file, file);
	start(&l, command, 0);
	for (int i = 0; i < WAIT_MS / 10 && access(file, F_OK) < 0; i++)
		usleep(10000);
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	usleep(50000);
	assert_int_equal(kill(pid, 0), 0);
	assert_false(loadgen_poll(&l));
	loadgen_end(&l, 100);
	assert_int_equal(loadgen_status(&l), -1);
	/* It has been sent SIGKILL and isn't ours: whoever inherited it reaps it. */
	snprintf(command, sizeof(command), "/proc/%d/cmdline", pid);
	bool gone = false;
	for (int i = 0; i < WAIT_MS / 10 && !gone; i++) {
		char first;
		int fd = open(command, O_RDONLY);

		gone = fd < 0 || read(fd, &first, 1) <= 0;
		if (fd >= 0)
			close(fd);
		usleep(10000);
	}
	assert_true(gone);
	loadgen_done(&l);
	assert_true(no_children());
	unlink(file);
	rmdir(dir);
}

static void children_of_an_ended_one_are_ended(void **state)
{
	struct loadgen l;

	(void)state;
	start(&l, "sleep 3600 & exit 0", 0);
	wait_end(&l);
	loadgen_end(&l, 0);
	assert_int_equal(loadgen_status(&l), 0);
	/* Its output's other end is closed when nobody is left. */
	struct pollfd p = {.fd = l.launch.output_fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_true(p.revents & POLLHUP);
	loadgen_done(&l);
}

static void much_output_doesnt_hold_it_up(void **state)
{
	const char *lines[1];
	struct loadgen l;

	(void)state;
	start(&l, "yes 0123456789012345678901234567890123456789 | head -n 100000; echo last", 0);
	uint64_t end = clock_now_ns() + WAIT_MS * NS_PER_MS;
	while (!loadgen_poll(&l) && clock_now_ns() < end)
		usleep(1000);
	loadgen_end(&l, 0);
	assert_int_equal(loadgen_status(&l), 0);
	assert_int_equal(loadgen_output(&l, lines, 1), 1);
	assert_string_equal(lines[0], "last");
	loadgen_done(&l);
}

static int listen_in(int netns_fd, uint16_t port)
{
	const struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = netns_socket(netns_fd, AF_INET, SOCK_STREAM | SOCK_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static bool may_make_namespaces(void)
{
	struct fault fault = {0};
	int fd = -1, err = netns_new(&fd, &fault);

	if (err == 0)
		close(fd);
	return err == 0;
}

static void namespaces_are_apart(void **state)
{
	struct stat own, before, made;
	struct fault fault = {0};
	const char *lines[2];
	struct loadgen l;
	int a, b;

	(void)state;
	if (!may_make_namespaces()) {
		print_message("# not checked: no network namespace can be made here\n");
		return;
	}
	assert_int_equal(stat("/proc/thread-self/ns/net", &before), 0);
	assert_int_equal(netns_new(&a, &fault), 0);
	assert_int_equal(netns_new(&b, &fault), 0);
	assert_int_equal(stat("/proc/thread-self/ns/net", &own), 0);
	assert_int_equal(own.st_ino, before.st_ino);
	assert_int_equal(fstat(a, &made), 0);
	assert_int_not_equal(made.st_ino, own.st_ino);

	/* One port twice, and thrice with ours. */
	int la = listen_in(a, 4711), lb = listen_in(b, 4711);

	/* What is launched there sees its loopback interface, and only that. */
	start(&l, "cat /proc/net/dev | tail -n +3 | cut -d: -f1; grep -c ' 0100007F:1267 .* 0A ' /proc/net/tcp", a);
	wait_end(&l);
	loadgen_end(&l, 0);
	assert_int_equal(loadgen_output(&l, lines, 2), 2);
	assert_non_null(strstr(lines[0], "lo"));
	assert_string_equal(lines[1], "1");
	loadgen_done(&l);
	close(la);
	close(lb);
	close(a);
	close(b);
}

/* Without the capability it is refused in words. */
static void refused_without_the_capability(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct fault fault = {0};
		int fd;

		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(1);
		_exit(netns_new(&fd, &fault) == -EPERM && strstr(fault.why, "CAP_SYS_ADMIN") && fault.todo[0] ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_output_are_kept),
		cmocka_unit_test(a_running_one_is_stopped_with_its_group),
		cmocka_unit_test(children_of_an_ended_one_are_ended),
		cmocka_unit_test(much_output_doesnt_hold_it_up),
		cmocka_unit_test(namespaces_are_apart),
		cmocka_unit_test(refused_without_the_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
