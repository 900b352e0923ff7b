/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A comparison as one HTML file that needs nothing else: no script, no style sheet, font or picture from elsewhere, no
 * network (its content security policy forbids it). It is well-formed XML as well. Foreign text is escaped.
 */
#ifndef SCHEDTOP_COMPARE_HTML_H
#define SCHEDTOP_COMPARE_HTML_H

#include <stdio.h>

struct comparison;

/* What the document says of where it was made. All is foreign text; NULL = left out. */
struct html_facts {
	const char *version; /* of schedtop */
	const char *when;
	const char *kernel, *machine;
	char *const *command;       /* schedtop's own words, NULL-terminated */
	const char *const *figures; /* names of those in the table, NULL-terminated; NULL = those that matter most */
};

/** After comparison_judge(). 0, or -errno of the stream. */
int comparison_html(const struct comparison *c, const struct html_facts *facts, FILE *out);

/** This machine, for the facts: its kernel; its processor, CPUs and memory. Each is empty where it isn't known. */
void html_machine(char *ret_kernel, size_t kernel_cap, char *ret_machine, size_t machine_cap);

#endif
