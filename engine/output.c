/* SPDX-License-Identifier: GPL-2.0-only */
#include "engine/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/invoker.h"
#include "base/privileges.h"
#include "base/text.h"

#define READ_BYTES     65536
#define DRAIN_MAX      (4U * READ_BYTES) /* per call: a target that floods must not hold up collecting */
#define TAB            "    "
#define ESCAPED_FACTOR 4 /* one byte becomes \xNN at most */

int output_init(struct output *o, const char *log_path, struct fault *fault)
{
	*o = (struct output){.log_fd = -1, .pass_fd = -1};
	if (!log_path)
		return 0;
	uint64_t effective = privileges_lower();
	/* Never through a link that somebody laid in a shared directory. */
	o->log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	int err = o->log_fd < 0 ? -errno : 0;
	privileges_restore(effective);
	if (err < 0) {
		fault_set(fault, err, log_path, "the log can't be written (%s)", strerror(-err));
		fault_todo(fault, "Give another file with --log");
		return err;
	}
	invoker_give(o->log_fd);
	return 0;
}

static void keep_line(struct output *o)
{
	char text[sizeof(o->partial) * 2], escaped[OUTPUT_LINE_BYTES * ESCAPED_FACTOR];
	size_t len = 0, end = o->partial_len;

	if (end && o->partial[end - 1] == '\r')
		end--;
	if (o->line_seen)
		o->line_seen(o->line_ctx, o->partial, end);
	for (size_t i = 0; i < end && len + sizeof(TAB) < sizeof(text); i++) {
		if (o->partial[i] == '\t') {
			memcpy(text + len, TAB, sizeof(TAB) - 1);
			len += sizeof(TAB) - 1;
		} else {
			text[len++] = o->partial[i];
		}
	}
	text_escape(escaped, sizeof(escaped), text, len);
	o->partial_len = 0;

	char *line = strdup(escaped);
	if (!line)
		return;
	if (o->n == OUTPUT_LINES) {
		free(o->line[o->first]);
		o->line[o->first] = line;
		o->first = (o->first + 1) % OUTPUT_LINES;
	} else {
		o->line[(o->first + o->n++) % OUTPUT_LINES] = line;
	}
}

void output_add(struct output *o, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			keep_line(o);
			continue;
		}
		if (o->partial_len == sizeof(o->partial))
			keep_line(o);
		o->partial[o->partial_len++] = text[i];
	}
}

/* A full disk ends the log, not the session. */
static void write_log(struct output *o, const char *text, size_t len)
{
	while (o->log_fd >= 0 && len) {
		ssize_t n = write(o->log_fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			static const char note[] = "the log could not be written any further";

			close(o->log_fd);
			o->log_fd = -1;
			output_add(o, note, sizeof(note) - 1);
			output_add(o, "\n", 1);
			return;
		}
		text += n;
		len -= (size_t)n;
	}
}

static void pass(struct output *o, const char *text, size_t len)
{
	write_log(o, text, len);
	output_add(o, text, len);
	while (o->pass_fd >= 0 && len) {
		ssize_t n = write(o->pass_fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void pass_pending(struct output *o)
{
	if (o->pending_len)
		pass(o, o->pending, o->pending_len);
	o->pending_len = 0;
}

/* Whole lines to the filter first; one that is longer than any that it may want goes on at once. */
static void pass_filtered(struct output *o, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (o->pending_len == sizeof(o->pending))
			pass_pending(o);
		o->pending[o->pending_len++] = text[i];
		if (text[i] != '\n')
			continue;
		if (o->filter(o->filter_ctx, o->pending, o->pending_len - 1))
			o->pending_len = 0;
		pass_pending(o);
	}
}

size_t output_drain(struct output *o, int fd)
{
	char buf[READ_BYTES];
	size_t total = 0;

	while (total < DRAIN_MAX) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			pass_pending(o);
		if (n == 0 && o->partial_len)
			keep_line(o);
		if (n <= 0)
			break;
		if (o->filter)
			pass_filtered(o, buf, (size_t)n);
		else
			pass(o, buf, (size_t)n);
		total += (size_t)n;
	}
	return total;
}

size_t output_lines(const struct output *o, const char **ret_lines, size_t cap)
{
	size_t n = o->n < cap ? o->n : cap;

	for (size_t i = 0; i < n; i++)
		ret_lines[i] = o->line[(o->first + o->n - n + i) % OUTPUT_LINES];
	return n;
}

void output_done(struct output *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->line[(o->first + i) % OUTPUT_LINES]);
	if (o->log_fd >= 0)
		close(o->log_fd);
	*o = (struct output){.log_fd = -1, .pass_fd = -1};
}
