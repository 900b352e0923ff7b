/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/ready.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "compare/listener.h"

#define LONG_NS  (20 * NS_PER_S)
#define SHORT_NS (150 * NS_PER_MS)

static const struct ready_target nobody = {
	.name = "on", .pid = 1 << 30, .ended_fd = -1, .stop_fd = -1, .output_fd = -1};

static void good_specs_are_parsed(void **state)
{
	struct fault fault = {0};
	struct ready r = {0};

	(void)state;
	assert_int_equal(ready_parse("tcp:8080", &r, &fault), 0);
	assert_int_equal(r.kind, READY_TCP);
	assert_int_equal(r.port, 8080);
	ready_done(&r);
	assert_int_equal(ready_parse("tcp:65535", &r, &fault), 0);
	assert_int_equal(r.port, 65535);
	ready_done(&r);
	assert_int_equal(ready_parse("log:listening on .*:(80|443)$", &r, &fault), 0);
	assert_int_equal(r.kind, READY_LOG);
	ready_done(&r);
	assert_int_equal(ready_parse("cmd:curl -s http://localhost:1/", &r, &fault), 0);
	assert_int_equal(r.kind, READY_CMD);
	ready_done(&r);
	ready_done(&r);
}

static void bad_specs_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"tcp",
		"tcp:",
		"tcp:0",
		"tcp:65536",
		"tcp:-1",
		"tcp:+80",
		"tcp: 80",
		"tcp:80 ",
		"tcp:80x",
		"tcp:0x50",
		"tcp:http",
		"tcp:99999999999999999999",
		"tcp:127.0.0.1:80",
		"TCP:80",
		"udp:80",
		"log:",
		"log:(",
		"log:[",
		"log:*{",
		"log:a{2,1}",
		"log:\\",
		"cmd:",
		"cmdx:true",
		"cm:true",
		"8080",
		":8080",
		"tcp\xff:80",
		"\x1b[2J:1",
		"logs:x",
		"t\ncp:80",
		"tcp::80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fault fault = {0};
		struct ready r = {0};

		if (ready_parse(bad[i], &r, &fault) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(fault.err, -EINVAL);
		assert_true(fault.why[0] && fault.todo[0]);
		assert_null(strchr(fault.why, '\x1b'));
		ready_done(&r);
	}
}

/* Each byte of a good one changed to each other: either refused or parsed, never a crash or a port of 0. */
static void every_change_of_a_byte_is_survived(void **state)
{
	static const char *const good[] = {"tcp:8080", "log:a[b-c]+(d|e){1,3}$", "cmd:true"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		for (size_t at = 0; at < strlen(good[i]); at++) {
			for (int byte = 0; byte < 256; byte++) {
				char text[64];
				struct ready r = {0};

				snprintf(text, sizeof(text), "%s", good[i]);
				text[at] = (char)byte;
				if (ready_parse(text, &r, NULL) == 0) {
					assert_string_equal(r.text, text);
					assert_true(r.kind != READY_TCP || r.port > 0);
					ready_line(&r, text, sizeof(text));
				}
				ready_done(&r);
			}
		}
	}
}

static void lines_match_a_log(void **state)
{
	struct ready r = {0};

	(void)state;
	assert_int_equal(ready_parse("log:^listening on [0-9]+$", &r, NULL), 0);
	assert_int_equal(ready_begin(&r, &nobody, NULL), 0);
	ready_line(&r, "not listening on 80", 19);
	ready_line(&r, "", 0);
	ready_line(&r, "listening on 80 and more", 24);
	assert_int_equal(ready_wait(&r, &nobody, SHORT_NS, NULL), -ETIMEDOUT);
	/* The line ends where it says, not where its buffer does. */
	ready_line(&r, "listening on 80 and more", 15);
	assert_int_equal(ready_wait(&r, &nobody, SHORT_NS, NULL), 0);
	assert_int_equal(ready_begin(&r, &nobody, NULL), 0);
	assert_int_equal(ready_wait(&r, &nobody, SHORT_NS, NULL), -ETIMEDOUT);
	ready_done(&r);
}

static void a_command_says_so(void **state)
{
	char dir[] = "/tmp/schedtop-ready-XXXXXX", spec[192], file[64];
	struct fault fault = {0};
	struct ready r = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/n", dir);
	/* Ready at the third attempt. */
	snprintf(spec, sizeof(spec), "cmd:echo x >>%s; test $(wc -l <%s) -ge 3", file, file);
	assert_int_equal(ready_parse(spec, &r, NULL), 0);
	assert_int_equal(ready_wait(&r, &nobody, LONG_NS, &fault), 0);
	ready_done(&r);
	unlink(file);
	rmdir(dir);

	assert_int_equal(ready_parse("cmd:echo nobody is there; exit 3", &r, NULL), 0);
	assert_int_equal(ready_wait(&r, &nobody, 2 * NS_PER_S, &fault), -ETIMEDOUT);
	assert_non_null(strstr(fault.why, "status is 3: nobody is there"));
	assert_non_null(strstr(fault.what, "on, --ready cmd:"));
	ready_done(&r);

	/* One that hangs is ended with the wait, and with all that it has started. */
	assert_int_equal(ready_parse("cmd:sleep 3600 & sleep 3600", &r, NULL), 0);
	uint64_t start = clock_now_ns();
	assert_int_equal(ready_wait(&r, &nobody, SHORT_NS, &fault), -ETIMEDOUT);
	assert_true(clock_now_ns() - start < 10 * NS_PER_S);
	assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	ready_done(&r);
}

static int listen_on(uint16_t *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void a_port_answers(void **state)
{
	struct ready_target t = {.pid = getpid(), .ended_fd = -1, .stop_fd = -1, .output_fd = -1};
	struct fault fault = {0};
	struct ready r = {0};
	char spec[32], who[64];
	uint16_t port;
	int fd = listen_on(&port);

	(void)state;
	snprintf(spec, sizeof(spec), "tcp:%u", port);
	assert_int_equal(ready_parse(spec, &r, NULL), 0);

	/* Somebody else has it, before and during the wait: this process, which isn't of group 1 << 30. */
	snprintf(who, sizeof(who), "(pid %d)", (int)getpid());
	assert_int_equal(ready_begin(&r, &nobody, &fault), -EADDRINUSE);
	assert_non_null(strstr(fault.why, who));
	assert_non_null(strstr(fault.why, "test_compare"));
	/* A process of ours that waits, as one that didn't get the port would. */
	pid_t other = fork();
	if (other == 0) {
		close(fd);
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	t.pid = other;
	setpgid(other, other);
	assert_int_equal(ready_wait(&r, &t, SHORT_NS, &fault), -ETIMEDOUT);
	assert_non_null(strstr(fault.why, "held by another process, test_compare"));
	assert_non_null(strstr(fault.why, who));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);

	t.pid = getpid();
	assert_int_equal(ready_wait(&r, &t, LONG_NS, &fault), 0);
	close(fd);
	assert_int_equal(ready_begin(&r, &t, &fault), 0);
	assert_int_equal(ready_wait(&r, &t, SHORT_NS, &fault), -ETIMEDOUT);
	assert_non_null(strstr(fault.why, "Connection refused"));
	ready_done(&r);
}

static void the_wait_ends_early(void **state)
{
	struct ready_target t = nobody;
	struct fault fault = {0};
	struct ready r = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(ready_parse("log:never", &r, NULL), 0);
	t.ended_fd = fds[0];
	assert_int_equal(ready_wait(&r, &t, LONG_NS, &fault), -ECHILD);
	assert_non_null(strstr(fault.why, "ended before it was ready"));
	t.ended_fd = -1;
	t.stop_fd = fds[0];
	assert_int_equal(ready_wait(&r, &t, LONG_NS, &fault), -EINTR);
	close(fds[0]);
	close(fds[1]);
	ready_done(&r);
}

static void nothing_asked_holds_at_once(void **state)
{
	struct ready r = {0};

	(void)state;
	assert_int_equal(ready_begin(&r, &nobody, NULL), 0);
	assert_int_equal(ready_wait(&r, &nobody, 0, NULL), 0);
}

static void listeners_are_parsed(void **state)
{
	static const char text[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n"
		"   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0\n"
		"   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0\n"
		"   3: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000     0        0 4714 1 0 0 100\n"
		"   4: 0100007F:1F90 00000000:0000 0A\n"
		"   5: garbage\n"
		"   6: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4715";
	uint64_t inodes[4] = {0};

	(void)state;
	assert_int_equal(listener_parse(text, 8080, inodes, 4), 3);
	assert_int_equal(inodes[0], 4711);
	assert_int_equal(inodes[1], 4714);
	assert_int_equal(inodes[2], 4715);
	assert_int_equal(listener_parse(text, 8080, inodes, 1), 1);
	assert_int_equal(listener_parse(text, 8082, inodes, 4), 0);
	assert_int_equal(listener_parse("", 8080, inodes, 4), 0);
	/* Cut off anywhere: never more than there were. */
	for (size_t len = 0; len < sizeof(text); len++) {
		char part[sizeof(text)];

		memcpy(part, text, len);
		part[len] = '\0';
		assert_true(listener_parse(part, 8080, inodes, 4) <= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_specs_are_parsed),
		cmocka_unit_test(bad_specs_are_refused),
		cmocka_unit_test(every_change_of_a_byte_is_survived),
		cmocka_unit_test(lines_match_a_log),
		cmocka_unit_test(a_command_says_so),
		cmocka_unit_test(a_port_answers),
		cmocka_unit_test(the_wait_ends_early),
		cmocka_unit_test(nothing_asked_holds_at_once),
		cmocka_unit_test(listeners_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
