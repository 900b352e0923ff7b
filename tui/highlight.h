/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is shown in its colours: everything, or what is looked for, what passes the filter and what is followed, where
 * the user has chosen that. The rest is dimmed or left out.
 */
#ifndef SCHEDTOP_TUI_HIGHLIGHT_H
#define SCHEDTOP_TUI_HIGHLIGHT_H

#include "tui/match.h"

struct highlight {
	bool on; /* something is dimmed */
	struct match find, filter;
	struct match func; /* of who is followed, in another session than the goroutine's */
	uint64_t goid;     /* who is followed here; 0 = anybody, or by the function */
};

/** Prepares for a session, as the user has chosen. */
void highlight_init(struct highlight *h, const struct ui_state *ui, const struct model *m);

/** Does a goroutine, or what ran on a thread, keep its colour? Without regard to the row. */
bool highlight_goroutine(struct highlight *h, uint64_t goid, uint32_t start_func);
bool highlight_run(struct highlight *h, uint64_t goid, uint32_t start_func, uint32_t tid);

/** Does what ran on a row keep it? A row whose label matches keeps all that a text asks for. */
bool highlight_on_row(struct highlight *h, const struct row *row, uint64_t goid, uint32_t start_func, uint32_t tid);

/** Does a gap keep it? */
bool highlight_gap(struct highlight *h, const struct gap *gap);

/** Is it who is followed? True when nobody is. */
bool highlight_followed(struct highlight *h, uint64_t goid, uint32_t start_func);

#endif
