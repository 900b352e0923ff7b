/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a script asks of a comparison: FIGURE [VARIANT] ratio|value OP NUMBER[UNIT].
 *
 *   preempt.latency_ns.p99 ratio<2            every variant against the baseline
 *   stw.total_ns.max gogc50 value <= 500us    one variant
 *
 * OP is <, <=, > or >=. A value without a unit is in the figure's own: ns, a count, percent. Units are ns, us, ms, s
 * for times, % for percentages. What isn't known fulfils no assertion.
 */
#ifndef SCHEDTOP_COMPARE_ASSERTION_H
#define SCHEDTOP_COMPARE_ASSERTION_H

#include "compare/comparison.h"
#include "compare/variant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fault;

enum assertion_op { OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL };

struct assertion {
	const char *text; /* as given; borrowed */
	const struct figure *figure;
	char variant[VARIANT_NAME_MAX + 1]; /* "" = all */
	bool ratio;
	enum assertion_op op;
	double number; /* in the figure's unit, or the ratio */
};

/** 0; or -EINVAL with @fault, and in *ret_at the byte at which @text is wrong. @text must outlive @ret. */
int assertion_parse(const char *text, struct assertion *ret, size_t *ret_at, struct fault *fault);

/**
 * Does it hold? Prints one line to @out for each variant for which it doesn't: what was asked for and what was
 * measured. A variant that the comparison doesn't have must have been refused before (assertion_check).
 */
bool assertion_holds(const struct assertion *a, const struct comparison *c, FILE *out);

/** Is its variant one of the comparison, and a ratio not asked of the baseline? 0 or -EINVAL with @fault. */
int assertion_check(const struct assertion *a, const struct comparison *c, size_t *ret_at, struct fault *fault);

#endif
