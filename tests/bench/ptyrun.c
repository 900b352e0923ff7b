/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a command in a pseudo-terminal and measures it as a user's terminal sees it: the time to its first frame, the
 * bytes it sends, the CPU time that it takes itself (its children not included).
 *
 *   ptyrun [--size COLSxROWS] [--seconds S] [--settle S] [--until TEXT] [--keys KEYS] -- COMMAND [ARG...]
 *
 * Prints key=value lines. The first frame is there when TEXT has been printed. CPU and bytes are counted for S seconds
 * after the settling time; KEYS are then typed, and the command has 5 s to end before it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define WINDOW (1 << 16)

struct run {
	int fd;
	pid_t pid;
	uint64_t bytes;
	uint64_t writes;
	char seen[WINDOW]; /* the start of the output, for --until */
	size_t n_seen;
};

/* utime + stime of a process in ns, -1 when it is gone (proc(5), fields 14 and 15 in clock ticks). */
static int64_t cpu_ns(pid_t pid)
{
	char path[64], line[1024];
	unsigned long long utime, stime;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return -1;
	size_t n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = '\0';
	char *rest = strrchr(line, ')');
	if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &utime, &stime) != 2)
		return -1;
	return (int64_t)((utime + stime) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)));
}

/* Reads what the command prints until @deadline_ns or until @text is there. false = the command has ended. */
static bool pump(struct run *r, uint64_t deadline_ns, const char *text)
{
	for (;;) {
		uint64_t now = clock_now_ns();
		struct pollfd p = {.fd = r->fd, .events = POLLIN};

		if (now >= deadline_ns)
			return true;
		int n = poll(&p, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
		if (n < 0 && errno != EINTR)
			return false;
		if (n <= 0)
			continue;
		char buf[8192];
		ssize_t got = read(r->fd, buf, sizeof(buf));
		if (got <= 0)
			return false;
		r->bytes += (uint64_t)got;
		r->writes++;
		size_t room = WINDOW - 1 - r->n_seen;
		size_t take = (size_t)got < room ? (size_t)got : room;
		memcpy(r->seen + r->n_seen, buf, take);
		r->n_seen += take;
		if (text && memmem(r->seen, r->n_seen, text, strlen(text)))
			return true;
	}
}

static void end_command(struct run *r, const char *keys)
{
	if (keys && write(r->fd, keys, strlen(keys)) < 0)
		perror("ptyrun: write");
	uint64_t deadline = clock_now_ns() + 5 * NS_PER_S;
	int status = 0;
	pid_t done;

	while ((done = waitpid(r->pid, &status, WNOHANG)) == 0 && clock_now_ns() < deadline)
		pump(r, clock_now_ns() + 20 * NS_PER_MS, NULL);
	if (done == 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, &status, 0);
		printf("ended=killed\n");
	} else {
		printf("ended=%s status=%d\n", WIFEXITED(status) ? "exit" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	}
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{"size", required_argument, NULL, 'z'},   {"seconds", required_argument, NULL, 's'},
		{"settle", required_argument, NULL, 'e'}, {"until", required_argument, NULL, 'u'},
		{"keys", required_argument, NULL, 'k'},   {NULL, 0, NULL, 0},
	};
	struct winsize ws = {.ws_col = 120, .ws_row = 40};
	double seconds = 5, settle = 1;
	const char *until = NULL, *keys = "q";
	int c;

	while ((c = getopt_long(argc, argv, "+", longopts, NULL)) != -1) {
		switch (c) {
		case 'z':
			if (sscanf(optarg, "%hux%hu", &ws.ws_col, &ws.ws_row) != 2)
				return 2;
			break;
		case 's':
			seconds = strtod(optarg, NULL);
			break;
		case 'e':
			settle = strtod(optarg, NULL);
			break;
		case 'u':
			until = optarg;
			break;
		case 'k':
			keys = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind >= argc)
		return 2;

	static struct run r;
	uint64_t start = clock_now_ns();
	r.pid = forkpty(&r.fd, NULL, NULL, &ws);
	if (r.pid < 0) {
		perror("ptyrun: forkpty");
		return 1;
	}
	if (r.pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[optind], argv + optind);
		perror("ptyrun: exec");
		_exit(127);
	}

	bool alive = pump(&r, start + 10 * NS_PER_S, until);
	bool shown = until && memmem(r.seen, r.n_seen, until, strlen(until));
	if (shown)
		printf("first_frame_ms=%.1f\n", (double)(clock_now_ns() - start) / 1e6);
	else
		printf("first_frame_ms=none\n");
	if (alive && shown)
		alive = pump(&r, clock_now_ns() + (uint64_t)(settle * 1e9), NULL);
	if (alive && shown) {
		uint64_t t0 = clock_now_ns(), b0 = r.bytes, w0 = r.writes;
		int64_t c0 = cpu_ns(r.pid);

		pump(&r, t0 + (uint64_t)(seconds * 1e9), NULL);
		int64_t c1 = cpu_ns(r.pid);
		double wall = (double)(clock_now_ns() - t0);
		if (c0 >= 0 && c1 >= 0)
			printf("cpu_pct=%.2f\n", 100.0 * (double)(c1 - c0) / wall);
		printf("bytes_per_s=%.0f\nwrites_per_s=%.1f\n", (double)(r.bytes - b0) / wall * 1e9,
		       (double)(r.writes - w0) / wall * 1e9);
	}
	end_command(&r, keys);
	if (!shown) {
		fwrite(r.seen, 1, r.n_seen > 2000 ? 2000 : r.n_seen, stderr);
		return 1;
	}
	return 0;
}
