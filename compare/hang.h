/* SPDX-License-Identifier: GPL-2.0-only */
/* Who keeps a program from getting on. */
#ifndef SCHEDTOP_COMPARE_HANG_H
#define SCHEDTOP_COMPARE_HANG_H

#include "compare/comparison.h"

struct model;

/**
 * The goroutine that a stop of the world, or else a preemption request, waits for as @m has it now. after_ns is left
 * to the caller. Strings are copies: hang_done().
 */
void hang_of_model(const struct model *m, struct hang *ret);
void hang_done(struct hang *h);

/** "the world couldn't be stopped for GC ...: goroutine 7, main.spin (main.go:42), held its P", escaped. Returns @dst.
 */
char *hang_text(const struct hang *h, char *dst, size_t cap);

#endif
