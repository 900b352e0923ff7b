/* SPDX-License-Identifier: GPL-2.0-only */
/* Moments of a session that are worth going to: long gaps and pauses, when a verdict came to be the
 * first one, and when a setting was written. */
#ifndef SCHEDTOP_MODEL_MOMENTS_H
#define SCHEDTOP_MODEL_MOMENTS_H

#include "model/model.h"

enum moment_kind { MOMENT_GAP, MOMENT_STW, MOMENT_VERDICT, MOMENT_SETTING };

struct moment {
	uint64_t at_ns;
	uint64_t ns;      /* length of the gap or pause so far; 0 for a verdict and a setting */
	const char *code; /* of the verdict, or the name of the setting; static */
	uint8_t kind;     /* enum moment_kind */
};

/* Shorter ones are too many to be moments: a tenth of a slice. */
#define MOMENT_NS (GO_SLICE_NS / 10)

#define MOMENTS_MAX 4096

struct moments {
	struct moment at[MOMENTS_MAX]; /* in order of time after moments_gather() */
	size_t n;
	uint64_t verdict_next_ns;
	const char *verdict;
};

/** While a session is fed: notes when another verdict has become the first one. Cheap when called often. */
void moments_watch(struct moments *ms, const struct model *m);

/** Adds the session's gaps and pauses, and brings all into order. Once, at its end. */
void moments_gather(struct moments *ms, const struct model *m);

#endif
