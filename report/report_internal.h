/* SPDX-License-Identifier: GPL-2.0-only */
/* What the JSON and the text report read of a model in the same way. */
#ifndef SCHEDTOP_REPORT_INTERNAL_H
#define SCHEDTOP_REPORT_INTERNAL_H

#include "model/model.h"
#include "report/report.h"

#define REPORT_CPUS_MAX     4096
#define REPORT_VERDICTS_MAX 32

/**
 * What was seen of the runtime's signals, as a sentence: it confirms or contradicts what the settings say. "" when the
 * runtime wasn't watched. Returns @dst.
 */
char *report_signals(const struct model *m, char *dst, size_t cap);

/** Nanoseconds from the session's first event. */
static inline uint64_t report_since_start(const struct model *m, uint64_t at_ns)
{
	return at_ns > model_start(m) ? at_ns - model_start(m) : 0;
}

#endif
