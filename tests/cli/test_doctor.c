/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor's rows, as they are for whoever runs the tests and for somebody without any capability. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/doctor_checks.h"

static struct finding row(const char *name)
{
	size_t n;
	const struct doctor_check *checks = doctor_checks(&n);
	struct finding f = {.ok = CHECK_UNKNOWN};

	for (size_t i = 0; i < n; i++) {
		if (strcmp(checks[i].name, name) == 0) {
			checks[i].look(&f);
			return f;
		}
	}
	fail_msg("no row is called %s", name);
	return f;
}

static void every_row_speaks(void **state)
{
	size_t n;
	const struct doctor_check *checks = doctor_checks(&n);

	(void)state;
	assert_true(n >= 19);
	for (size_t i = 0; i < n; i++) {
		struct finding f = {.ok = CHECK_UNKNOWN};

		checks[i].look(&f);
		assert_true(strlen(checks[i].needed_for) > 5);
		if (f.ok != CHECK_UNKNOWN)
			assert_true(strlen(f.found) > 2);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(checks[i].name, checks[j].name);
	}
}

/* In a process of its own, since capabilities don't come back. */
static int child(void (*look)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(77);
		look();
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(int ok, int number)
{
	if (!ok)
		_exit(number);
}

static void unprivileged(void)
{
	struct finding f = row("privileges");

	expect(f.ok == CHECK_MISSING, 1);
	expect(strstr(f.found, "CAP_BPF (no BPF program can be loaded)") != NULL, 2);
	expect(strstr(f.found, "CAP_PERFMON (no probe can be placed)") != NULL, 3);
	expect(strstr(f.found, "CAP_SYS_PTRACE (other users' processes can't be read)") != NULL, 4);
	expect(strstr(f.found, "CAP_DAC_READ_SEARCH") != NULL, 5);
	/* The line names this very file. */
	expect(strstr(f.fix, "test_cli_doctor") != NULL, 6);
	f = row("bpf");
	expect(f.ok == CHECK_MISSING && *f.fix, 7);
	f = row("perf_event_paranoid");
	expect(f.ok == CHECK_UNKNOWN || strstr(f.found, "without privileges") != NULL, 8);
	f = row("file capabilities");
	expect(f.ok == CHECK_MISSING && strncmp(f.found, "not given", 9) == 0, 9);
}

static void without_privileges(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(child(unprivileged), 0);
}

/* Where capabilities of files have no effect, doctor doesn't recommend them. */
static void no_new_privs(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	struct finding f = row("file capabilities");

	expect(f.ok == CHECK_MISSING && strstr(f.found, "no_new_privs") != NULL, 1);
	f = row("privileges");
	expect(strstr(f.fix, "setcap") == NULL, 2);
}

static void where_files_give_nothing(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(child(no_new_privs), 0);
}

static void go_versions(void **state)
{
	struct finding f = row("Go versions");

	(void)state;
	assert_int_equal(f.ok, CHECK_OK);
	assert_non_null(strstr(f.found, "1.19, 1.20, 1.21, 1.22, 1.23, 1.24, 1.25, 1.26;"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_speaks),
		cmocka_unit_test(without_privileges),
		cmocka_unit_test(where_files_give_nothing),
		cmocka_unit_test(go_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
