/* SPDX-License-Identifier: GPL-2.0-only */
/* What is given up is gone, and what the filter allows works. Each case is a process, since nothing comes back. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/privileges.h"
#include "base/sandbox.h"

#define NO_FILTER 100

static void expect(int ok, int number)
{
	if (!ok)
		_exit(number);
}

static void enter(enum sandbox s)
{
	int err = sandbox_enter(s);

	if (err == -ENOSYS)
		_exit(NO_FILTER);
	expect(err == 0, 99);
}

static int child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status)); /* never killed */
	if (WEXITSTATUS(status) == NO_FILTER)
		skip();
	return WEXITSTATUS(status);
}

static void *thread(void *arg)
{
	return (void *)(intptr_t)(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? arg != NULL : 0);
}

static void never_allowed(void)
{
	char name[] = "true", *const argv[] = {name, NULL}, *const envp[] = {NULL};
	int ends[2];
	char c = 'x';

	expect(execve("/bin/true", argv, envp) < 0 && errno == EPERM, 1);
	expect(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM, 2);
	expect(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 && errno == EPERM, 3);
	expect(ioctl(STDIN_FILENO, TIOCSTI, &c) < 0 && errno == EPERM, 4);
	expect(ioctl(STDIN_FILENO, TIOCLINUX, &c) < 0 && errno == EPERM, 5);
	expect(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, 6);
	expect(pipe(ends) == 0 && write(ends[1], &c, 1) == 1 && read(ends[0], &c, 1) == 1, 7);
	expect(ioctl(ends[0], FIONREAD, &(int){0}) == 0, 8);
}

static void reads(void)
{
	void *ret = NULL;
	pthread_t t;
	char yes;

	enter(SANDBOX_READ);
	never_allowed();
	expect(open("/tmp/schedtop-test-file", O_WRONLY | O_CREAT, 0600) < 0 && errno == EPERM, 20);
	expect(open("/dev/null", O_RDWR) < 0 && errno == EPERM, 21);
	expect(unlink("/tmp/schedtop-no-such-file") < 0 && errno == EPERM, 22);
	expect(open("/dev/null", O_RDONLY) >= 0, 23);
	expect(pthread_create(&t, NULL, thread, &yes) == 0 && pthread_join(t, &ret) == 0 && ret, 24);
}

static void writes(void)
{
	char path[] = "/tmp/schedtop-test-XXXXXX";

	enter(SANDBOX_WRITE);
	never_allowed();
	int fd = mkstemp(path);
	expect(fd >= 0 && write(fd, "x", 1) == 1 && fchmod(fd, 0600) == 0 && unlink(path) == 0, 20);
	expect(kill(getpid(), 0) == 0, 21);
}

static int wait_to_start[2];

static void *early_thread(void *arg)
{
	char c;

	return read(wait_to_start[0], &c, 1) == 1 ? thread(arg) : NULL;
}

/* A thread that was there before is under the filter too. */
static void covers_threads(void)
{
	void *ret = NULL;
	pthread_t t;
	char yes;

	expect(pipe(wait_to_start) == 0 && pthread_create(&t, NULL, early_thread, &yes) == 0, 1);
	enter(SANDBOX_TRACE);
	expect(write(wait_to_start[1], "x", 1) == 1 && pthread_join(t, &ret) == 0 && ret, 2);
	never_allowed();
}

static void reading(void **state)
{
	(void)state;
	assert_int_equal(child(reads), 0);
}

static void writing(void **state)
{
	(void)state;
	assert_int_equal(child(writes), 0);
}

static void threads(void **state)
{
	(void)state;
	assert_int_equal(child(covers_threads), 0);
}

static void settles(void)
{
	const uint64_t keep = PRIVILEGE(CAP_SYS_PTRACE);

	expect(privileges_settle(keep) == 0, 1);
	/* Root called by nobody keeps what it writes files with. */
	uint64_t now = privileges_permitted();
	expect((now & keep) == keep && (now & PRIVILEGE(CAP_DAC_OVERRIDE)), 2);
	expect(!(now & ~(keep | PRIVILEGE(CAP_DAC_OVERRIDE) | PRIVILEGE(CAP_FOWNER) | PRIVILEGE(CAP_KILL))), 3);
	uint64_t was = privileges_lower();
	expect(was == now && !(privileges_effective() & keep) && privileges_permitted() == now, 4);
	privileges_restore(was);
	expect(privileges_effective() == now, 5);
	expect(privileges_drop() == 0 && privileges_permitted() == 0, 6);
	privileges_restore(now);
	expect(privileges_effective() == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, 7);
}

static void becomes_invoker(void)
{
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	expect(privileges_begin() == 0 && getuid() == 65534 && geteuid() == 65534 && getegid() == 65534, 1);
	expect(seteuid(0) < 0 && setuid(0) < 0, 2);
	uint64_t now = privileges_effective();
	expect((now & PRIVILEGES_PROBES) == PRIVILEGES_PROBES && (now & PRIVILEGES_FOREIGN) == PRIVILEGES_FOREIGN, 3);
	expect(!(now & (PRIVILEGE(CAP_SYS_ADMIN) | PRIVILEGE(CAP_DAC_OVERRIDE) | PRIVILEGE(CAP_SETUID))), 4);
	/* Writing is the user's, reading is root's until it is given up. */
	expect(open("/root/schedtop-test-file", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES, 5);
	expect(open("/etc/shadow", O_RDONLY) >= 0, 6);
	expect(privileges_drop() == 0 && open("/etc/shadow", O_RDONLY) < 0, 7);
}

static void settling(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(child(settles), 0);
}

static void under_sudo(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(child(becomes_invoker), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),  cmocka_unit_test(writing),    cmocka_unit_test(threads),
		cmocka_unit_test(settling), cmocka_unit_test(under_sudo),
	};

	unsetenv("SUDO_UID");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
