/* SPDX-License-Identifier: GPL-2.0-only */
/* What doctor looks at: one row of the table, one function. */
#ifndef SCHEDTOP_CLI_DOCTOR_CHECKS_H
#define SCHEDTOP_CLI_DOCTOR_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

enum check_result { CHECK_MISSING = 0, CHECK_OK = 1, CHECK_UNKNOWN = -1 };

struct finding {
	enum check_result ok;
	char found[320]; /* what is there */
	char fix[4608];  /* the one command that grants it; "" = none. It may hold a path */
};

struct doctor_check {
	const char *name;
	const char *needed_for; /* what is lost without it */
	bool required;          /* without it schedtop can't watch anything */
	void (*look)(struct finding *ret);
};

/** The table; @ret_n rows. */
const struct doctor_check *doctor_checks(size_t *ret_n);

#endif
