/* SPDX-License-Identifier: GPL-2.0-only */
/* How a process was started is read from it, and a second one started so says the same of itself. */
#include "target/command.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "target/launch.h"

#define WORDS(...) ((char **)(const char *[]){__VA_ARGS__, NULL})
#define WAIT_MS    10000

static const char script[] = "echo \"$0|$1|$2|$SCHEDTOP_TEST|$(pwd)|$(id -u):$(id -g)\"; exec sleep 100";

/* Its first line. */
static void first_line(struct launch *l, char *buf, size_t cap)
{
	struct pollfd p = {.fd = l->output_fd, .events = POLLIN};

	memset(buf, 0, cap);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_true(read(l->output_fd, buf, cap - 1) > 0);
}

static void started_once_more(const struct launch_user *user)
{
	const struct launch_opts opts = {
		.argv = WORDS("sh", "-c", "exec sh -c \"$0\" name 'a b' ''", script),
		.env = WORDS("PATH=/usr/bin:/bin", "SCHEDTOP_TEST=x y=z"),
		.output = LAUNCH_TO_PIPE,
		.cwd = "/usr",
		.path = "/bin/sh",
		.user = user,
	};
	char one[256], two[256];
	struct fault fault = {0};
	struct launch a, b;
	struct command_line c;

	assert_int_equal(launch_start_with(&a, &opts, &fault), 0);
	assert_int_equal(launch_go(&a, &fault), 0);
	first_line(&a, one, sizeof(one));
	assert_non_null(strstr(one, "name|a b||x y=z|/usr|"));
	/* It is sleep now: what is read is that. */
	for (;;) {
		int err = command_line_read(a.pid, &c, &fault);

		if (err == 0 && strcmp(c.argv[0], "sleep") == 0)
			break;
		if (err == 0)
			command_line_done(&c);
		usleep(1000);
	}
	assert_string_equal(c.argv[1], "100");
	assert_null(c.argv[2]);
	assert_string_equal(c.cwd, "/usr");
	assert_non_null(strstr(c.path, "/sleep"));
	assert_int_equal(c.user.uid, user ? user->uid : geteuid());

	const struct launch_opts again = {.argv = WORDS("sh", "-c", script, "name", "a b", ""),
					  .env = c.env,
					  .env_extra = WORDS("MORE=1"),
					  .output = LAUNCH_TO_PIPE,
					  .path = "/bin/sh",
					  .cwd = c.cwd,
					  .user = &c.user};
	assert_int_equal(launch_start_with(&b, &again, &fault), 0);
	assert_int_equal(launch_go(&b, &fault), 0);
	first_line(&b, two, sizeof(two));
	assert_string_equal(one, two);
	command_line_done(&c);
	launch_end(&a, 0);
	launch_end(&b, 0);
	launch_done(&a);
	launch_done(&b);
}

static void as_it_was_started(void **state)
{
	(void)state;
	started_once_more(NULL);
}

static void by_the_same_user(void **state)
{
	const struct launch_user nobody = {.uid = 65534, .gid = 65534, .n_groups = 2, .groups = {65534, 100}};

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: not tried\n");
		return;
	}
	started_once_more(&nobody);
}

static void what_cannot_be_read(void **state)
{
	struct command_line c = {0};
	struct fault fault = {0};

	(void)state;
	assert_true(command_line_read(0x3fffffff, &c, &fault) < 0);
	assert_true(fault.err < 0 && *fault.why);
	command_line_done(&c);
}

/* A program that was replaced isn't started once more in its place. */
static void a_replaced_program(void **state)
{
	char dir[] = "/tmp/schedtop-command-XXXXXX", path[64], cmd[256];
	struct command_line c = {0};
	struct fault fault = {0};
	struct launch l;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/program", dir);
	snprintf(cmd, sizeof(cmd), "cp \"$(command -v sleep)\" %s", path);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(launch_start(&l, WORDS(path, "100"), NULL, LAUNCH_TO_STDERR, &fault), 0);
	assert_int_equal(launch_go(&l, &fault), 0);
	assert_int_equal(command_line_read(l.pid, &c, &fault), 0);
	assert_string_equal(c.path, path);
	command_line_done(&c);
	unlink(path);
	assert_int_equal(command_line_read(l.pid, &c, &fault), -ESTALE);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(command_line_read(l.pid, &c, &fault), -ESTALE);
	launch_end(&l, 0);
	launch_done(&l);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_was_started),
		cmocka_unit_test(by_the_same_user),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(a_replaced_program),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
