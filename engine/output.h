/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the target prints: kept as it is in a log, and its last lines, escaped and bounded, for the screen. Not locked:
 * the engine's lock covers the lines.
 */
#ifndef SCHEDTOP_ENGINE_OUTPUT_H
#define SCHEDTOP_ENGINE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_LINES      200
#define OUTPUT_LINE_BYTES 512 /* of a line as kept; a longer one goes on in the next */

struct fault;

struct output {
	int log_fd; /* -1 = no log */
	char *line[OUTPUT_LINES];
	size_t first, n; /* ring: oldest line, how many */
	char partial[OUTPUT_LINE_BYTES];
	size_t partial_len;
	/* Set by the owner, if at all: lines for which it says true are nobody's output. */
	bool (*filter)(void *ctx, const char *line, size_t len);
	void *filter_ctx;
	int pass_fd;                         /* what isn't filtered goes here too; -1 = nowhere */
	char pending[2 * OUTPUT_LINE_BYTES]; /* a line that the filter hasn't seen the end of */
	size_t pending_len;
	/* Is told of each line as it is, before it is escaped; may be NULL. */
	void (*line_seen)(void *ctx, const char *text, size_t len);
	void *line_ctx;
};

/**
 * Opens the log (created with mode 0600, owned by the invoking user under sudo). @log_path NULL = none.
 * 0 or -errno with @fault.
 */
int output_init(struct output *o, const char *log_path, struct fault *fault);

/** Reads what a non-blocking @fd has, up to a bound per call. Returns the bytes read, 0 if none or at the end. */
size_t output_drain(struct output *o, int fd);

/** Takes text as if it had been read. */
void output_add(struct output *o, const char *text, size_t len);

/** The last lines, oldest first, an unfinished one only once it has ended. Returns how many; valid until the next add.
 */
size_t output_lines(const struct output *o, const char **ret_lines, size_t cap);

void output_done(struct output *o);

#endif
