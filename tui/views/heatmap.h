/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SCHEDTOP_TUI_VIEWS_HEATMAP_H
#define SCHEDTOP_TUI_VIEWS_HEATMAP_H

#include "tui/view.h"

/* A line for each power of ten from 10 µs to seconds, and one that says what it is. */
#define HEATMAP_DECADES 6
#define HEATMAP_ROWS    (HEATMAP_DECADES + 1)

/**
 * Preemption gaps, and where there is room pauses, through the time that the timeline shows: a line for each power of
 * ten of their length, filled where one of that length went on, the denser the more there were. @r is @label_cols wide
 * for the lines' names and the rest for time; lower than HEATMAP_ROWS, nothing is drawn.
 */
void heatmap_draw(const struct view_ctx *ctx, struct grid *g, struct rect r, int label_cols);

#endif
