/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the text report that say what the Go scheduler did. Private to report/text*.c. */
#ifndef SCHEDTOP_REPORT_TEXT_SCHED_H
#define SCHEDTOP_REPORT_TEXT_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct model;

/** Functions that weren't interrupted, garbage collection, parks, run queues, starvation. 0 or -ENOMEM. */
int text_sched(const struct model *m, bool seen, FILE *out);

/** The table of goroutines, @max at most. 0 or -ENOMEM. */
int text_sched_goroutines(const struct model *m, size_t max, FILE *out);

#endif
