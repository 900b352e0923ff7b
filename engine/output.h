/* SPDX-License-Identifier: GPL-2.0-only */
/* The target's output: kept in a log file, its last lines in memory for the screen. Used by the engine's thread. */
#ifndef SCHEDTOP_ENGINE_OUTPUT_H
#define SCHEDTOP_ENGINE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_LINES     200
#define OUTPUT_LINE_SIZE 512

struct output {
	int fd;     /* the pipe's end, non-blocking; borrowed; -1 = none */
	int log_fd; /* -1 = no log */
	bool ended;
	char line[OUTPUT_LINE_SIZE]; /* not yet complete */
	size_t len;
	size_t first, n; /* ring of lines, escaped */
	char lines[OUTPUT_LINES][OUTPUT_LINE_SIZE];
};

/** @log_path NULL = no log. The log is made anew, 0600, owned by the invoking user. 0 or -errno. */
int output_init(struct output *o, int fd, const char *log_path);
void output_done(struct output *o);

/** Takes what is there, never blocks. The caller holds the engine's lock. */
void output_drain(struct output *o);

/** The last lines, oldest first, an incomplete last one included. Valid until the next drain. Returns how many. */
size_t output_lines(struct output *o, const char **ret, size_t cap);

#endif
