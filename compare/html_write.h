/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the HTML report share. Internal to compare/html*.c. All of it is well-formed XML too. */
#ifndef SCHEDTOP_COMPARE_HTML_WRITE_H
#define SCHEDTOP_COMPARE_HTML_WRITE_H

#include <stdint.h>
#include <stdio.h>

struct comparison;
struct html_facts;

/** Foreign text, for an element or a quoted attribute: control characters and what is invisible become \xNN. */
void html_text(const char *text, FILE *out);

/** The same as a word of a shell's command line, quoted where it must be. */
void html_shell_word(const char *word, FILE *out);

/** "14.1 ms". */
void html_duration(uint64_t ns, FILE *out);

/** A ratio: "47.3", "1.04", "∞", "-" for NaN. */
void html_ratio(double ratio, FILE *out);

/** The style sheet. */
void html_style(FILE *out);

/* The drawings; each is one <svg>, or nothing where there is nothing to show. */

/** A ratio with its interval on a logarithmic axis from 1/@reach to @reach. @class: "worse", "better", "same". */
void html_draw_ratio(double ratio, double lo, double hi, double reach, const char *class, FILE *out);

/** The histograms (enum tally_hist) of all variants over one another, on a logarithmic axis of time. */
void html_draw_histogram(const struct comparison *c, int hist, FILE *out);

/** The timelines of all variants on one axis, with what the colours mean. */
void html_draw_timelines(const struct comparison *c, FILE *out);

/* The sections. */
void html_section_table(const struct comparison *c, const struct html_facts *f, FILE *out);
void html_section_rounds(const struct comparison *c, FILE *out);
void html_section_verdicts(const struct comparison *c, FILE *out);
void html_section_method(const struct comparison *c, const struct html_facts *f, FILE *out);

#endif
