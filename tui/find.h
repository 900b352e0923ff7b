/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the history something is that matches a text. A stop is a stretch of spans of one goroutine on one row with
 * no hole between them that is wider than a column, or a preemption gap of a function that matches. From stop to stop
 * the cursor moves by a column at least, or to another row. Cost: once over the exact history of the rows at most.
 */
#ifndef SCHEDTOP_TUI_FIND_H
#define SCHEDTOP_TUI_FIND_H

#include "tui/match.h"
#include "tui/view.h"

struct find_from {
	uint64_t at_ns;
	int row; /* it is looked for from there on; -1 = from that time on on every row, what goes on there too */
	uint64_t col_ns; /* the width of a column */
	uint64_t now_ns; /* what begins later isn't there yet */
};

struct found {
	uint64_t at_ns;
	int row; /* index of what rows_shown() gives */
};

/** The next stop, in order of time, then of rows / the one before. false: there is none. */
bool find_next(struct match *mt, const struct ui_state *ui, const struct find_from *from, struct found *ret);
bool find_previous(struct match *mt, const struct ui_state *ui, const struct find_from *from, struct found *ret);

#endif
