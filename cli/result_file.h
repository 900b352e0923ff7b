/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that is a command's result: it gets its name only when it is whole, and what was there before stays until
 * then.
 */
#ifndef SCHEDTOP_CLI_RESULT_FILE_H
#define SCHEDTOP_CLI_RESULT_FILE_H

struct fault;

struct result_file {
	char *path;      /* NULL = standard output */
	char *temporary; /* beside it; NULL = written in place (a device, a pipe) */
	int fd;
};

/**
 * Makes the temporary file beside @name: mode 0600, the invoking user's. A signal that ends the program removes it. One
 * at a time. 0 or -errno with @fault; call result_file_close() in any case.
 */
int result_file_open(struct result_file *t, const char *name, struct fault *fault);

/** Gives the file its name, or removes it after @err. Returns @err, or what went wrong. */
int result_file_close(struct result_file *t, int err, struct fault *fault);

#endif
