/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fault is what a stage tells its caller when it can't do its work: what failed, why, and what the user can do.
 * Stages fill one and return -errno; only the program's edge (cli, the screen) prints it, as
 * "schedtop: what: why. What to do."
 */
#ifndef SCHEDTOP_BASE_FAULT_H
#define SCHEDTOP_BASE_FAULT_H

#include <stdio.h>

struct fault {
	int err;        /* negative errno, 0 = no fault */
	char what[160]; /* the thing that failed: a path, a PID, an option; may hold foreign text */
	char why[256];
	char todo[320]; /* what to do about it; may be empty */
};

/**
 * Fills @f (NULL is allowed) and returns @err. @what names the subject and is copied; @why is a printf format.
 * An earlier todo is cleared; add one with fault_todo().
 */
int fault_set(struct fault *f, int err, const char *what, const char *why, ...)
	__attribute__((format(printf, 4, 5), nonnull(3, 4)));

/** Adds what the user can do, as a full sentence without the final full stop. Returns f->err, or 0 for a NULL @f. */
int fault_todo(struct fault *f, const char *todo, ...) __attribute__((format(printf, 2, 3)));

/** Prints "schedtop: what: why. todo." with foreign text escaped. */
void fault_print(const struct fault *f, FILE *out);

#endif
