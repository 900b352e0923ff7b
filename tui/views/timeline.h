/* SPDX-License-Identifier: GPL-2.0-only */
/* The geometry of the timeline, shared by its view, the layout and the mouse. */
#ifndef SCHEDTOP_TUI_VIEWS_TIMELINE_H
#define SCHEDTOP_TUI_VIEWS_TIMELINE_H

#include <stdint.h>

#include "tui/view.h"

/* Axis, stop-the-world lane, legend, detail. */
#define TIMELINE_EXTRA_ROWS 4
#define TIMELINE_ROWS_MAX   512

/** Columns taken by the labels of the rows at this width. */
int timeline_label_cols(enum row_kind rows, int width);

/** Columns of time at this width. */
int timeline_time_cols(enum row_kind rows, int width);

/* A minimap has at most so many columns. */
#define TIMELINE_MAP_COLS_MAX 1024

/* A row is drawn this high where there is room: the share of time busy is then seen in finer steps. */
#define TIMELINE_ROW_HEIGHT_MAX 5

/** How many lines each of @n_rows rows (CPUs, Ps, ...) gets in a view of this height: 1 to TIMELINE_ROW_HEIGHT_MAX. */
int timeline_row_height(int height, int n_rows);

/** Rows that fit into a view of this height, of @n_rows that there are. */
int timeline_row_count(int height, int n_rows);

/** The start of a time column. */
static inline uint64_t timeline_col_ns(uint64_t t0_ns, uint64_t t1_ns, int cols, int col)
{
	return t0_ns + (uint64_t)((__uint128_t)(t1_ns - t0_ns) * (unsigned)col / (unsigned)(cols > 0 ? cols : 1));
}

/** The column of a time, clamped to [0, cols - 1]; -1 when it is outside of the window. */
int timeline_col_of(uint64_t t0_ns, uint64_t t1_ns, int cols, uint64_t at_ns);

/**
 * Whether a gap is drawn on a row. A thread may change its CPU while a gap lasts: on a row of CPUs the columns tell
 * whether it ran there.
 */
bool timeline_gap_on_row(const struct gap *gap, const struct row *row);

#endif
