/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the panes are: a pure function of the screen's size and of how many there are. */
#ifndef SCHEDTOP_TUI_PANES_LAYOUT_H
#define SCHEDTOP_TUI_PANES_LAYOUT_H

#include <stdbool.h>

#include "tui/panes.h"

/* A heading, and a timeline of one row at least. */
#define PANE_MIN_ROWS 6
#define PANE_MIN_COLS 40

struct panes_layout {
	bool single; /* they don't all fit: one of them is shown alone */
	struct rect header, pane[PANES_MAX], strip, panel, output, status; /* h 0 = not shown */
};

/**
 * @n       panes: the one above the other, so that equal times are above each other; two columns where that is too low
 * @n_rows  rows that a timeline wants (the most of all panes)
 */
struct panes_layout panes_layout(int cols, int rows, int n, int n_rows, bool output);

#endif
