/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the parts of the screen are: a pure function of its size and of what the user shows. */
#ifndef SCHEDTOP_TUI_LAYOUT_H
#define SCHEDTOP_TUI_LAYOUT_H

#include <stdbool.h>

#include "tui/grid.h"
#include "tui/view.h"

#define LAYOUT_MIN_COLS 40
#define LAYOUT_MIN_ROWS 10

static inline int min(int a, int b)
{
	return a < b ? a : b;
}

static inline int max(int a, int b)
{
	return a > b ? a : b;
}

struct layout {
	bool too_small;
	struct rect header, verdict, minimap, timeline, latency, panel, output, status; /* h 0 = not shown */
};

/** @n_rows: how many rows the timeline has to show (CPUs, Ps, ...); it gets as many as fit. A replay has a minimap. */
struct layout layout_compute(int cols, int rows, int n_rows, bool output, bool replay);

#endif
