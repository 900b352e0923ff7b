/* SPDX-License-Identifier: GPL-2.0-only */
/* The capture of a session that is being watched: from the options to a writer, and what is said at its end. */
#ifndef SCHEDTOP_CLI_RECORDING_H
#define SCHEDTOP_CLI_RECORDING_H

#include "cli/options.h"

#include <stdbool.h>

struct capture_writer;
struct fault;

/**
 * Opens the writer that the options ask for; *ret is NULL when they ask for none. From then on SIGUSR1 triggers its
 * flight recorder. @alone: nothing but the capture is written to standard output. 0 or -errno with @fault.
 */
int recording_start(const struct options *o, bool alone, struct capture_writer **ret, struct fault *fault);

/** Has writing failed? Then it is over: a recording that nobody watches may end. */
bool recording_failed(const struct capture_writer *w);

/** Writes the rest and says on stderr what was recorded. Accepts NULL. 0, or -errno with @fault. */
int recording_end(const struct options *o, struct capture_writer *w, struct fault *fault);

/** Ends one that nobody will read, without a word. */
void recording_drop(struct capture_writer *w);

#endif
