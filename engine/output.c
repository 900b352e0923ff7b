/* SPDX-License-Identifier: GPL-2.0-only */
#include "engine/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* What one round takes at most: a target that prints without end doesn't keep the engine from its ring. */
#define DRAIN_MAX (256U << 10)

int output_init(struct output *o, int fd, const char *log_path)
{
	memset(o, 0, sizeof(*o));
	o->fd = fd;
	o->log_fd = -1;
	o->ended = fd < 0;
	if (!log_path)
		return 0;
	/* A new file, never through a link that somebody laid in /tmp. */
	o->log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (o->log_fd < 0)
		return -errno;
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	if (geteuid() == 0 && uid && gid && fchown(o->log_fd, (uid_t)atol(uid), (gid_t)atol(gid)) < 0)
		return -errno;
	return 0;
}

void output_done(struct output *o)
{
	if (o->log_fd >= 0)
		close(o->log_fd);
	o->log_fd = -1;
}

static void end_line(struct output *o)
{
	size_t slot = (o->first + o->n) % OUTPUT_LINES;

	text_escape(o->lines[slot], OUTPUT_LINE_SIZE, o->line, o->len);
	if (o->n < OUTPUT_LINES)
		o->n++;
	else
		o->first = (o->first + 1) % OUTPUT_LINES;
	o->len = 0;
}

static void take(struct output *o, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i] == '\n') {
			end_line(o);
		} else if (buf[i] != '\r') {
			if (o->len == sizeof(o->line))
				end_line(o);
			o->line[o->len++] = buf[i];
		}
	}
}

static void write_log(struct output *o, const char *buf, size_t len)
{
	while (o->log_fd >= 0 && len > 0) {
		ssize_t n = write(o->log_fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) { /* a full disk: the screen goes on */
			close(o->log_fd);
			o->log_fd = -1;
			return;
		}
		buf += n;
		len -= (size_t)n;
	}
}

void output_drain(struct output *o)
{
	char buf[16384];

	for (size_t taken = 0; !o->ended && taken < DRAIN_MAX;) {
		ssize_t n = read(o->fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			o->ended = true;
			if (o->len)
				end_line(o);
			return;
		}
		write_log(o, buf, (size_t)n);
		take(o, buf, (size_t)n);
		taken += (size_t)n;
	}
}

size_t output_lines(struct output *o, const char **ret, size_t cap)
{
	size_t n = o->n < cap ? o->n : cap;

	for (size_t i = 0; i < n; i++)
		ret[i] = o->lines[(o->first + o->n - n + i) % OUTPUT_LINES];
	return n;
}
