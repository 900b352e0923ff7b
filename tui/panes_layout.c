/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/panes_layout.h"

#include "tui/layout.h"
#include "tui/views/timeline.h"

#define STRIP_ROWS     (1 + STRIP_FIGURES)
#define STRIP_LEAST    2
#define PANE_GOOD_ROWS 8
#define PANE_WIDE_COLS 76 /* two columns are worth it from twice that on */
#define PANEL_LEAST    8
#define OUTPUT_ROWS    6
#define HEADING_ROWS   2

/* Side by side only where one above the other is too low, or much too many. */
static int columns(int cols, int body, int n)
{
	int down = (n + 1) / 2;

	if (n < 2 || cols < 2 * PANE_WIDE_COLS + 1 || (body - STRIP_ROWS) / n >= PANE_GOOD_ROWS)
		return 1;
	return body / down >= PANE_MIN_ROWS ? 2 : 1;
}

struct panes_layout panes_layout(int cols, int rows, int n, int n_rows, bool output)
{
	struct panes_layout l = {0};
	int body = rows - 2, across = columns(cols, body, n), down = (n + across - 1) / across;

	l.single = n < 2 || cols < max(PANE_MIN_COLS, LAYOUT_MIN_COLS) || rows < LAYOUT_MIN_ROWS ||
		   body / down < PANE_MIN_ROWS;
	if (l.single)
		return l;
	l.header = (struct rect){0, 0, cols, 1};
	l.status = (struct rect){0, rows - 1, cols, 1};
	int y = 1, left = body;

	if (output && left - down * PANE_MIN_ROWS >= 3) {
		int h = min(OUTPUT_ROWS, left - down * PANE_MIN_ROWS);

		l.output = (struct rect){0, rows - 1 - h, cols, h};
		left -= h;
	}
	int strip = min(STRIP_ROWS, left - down * PANE_MIN_ROWS);
	strip = strip < STRIP_LEAST ? 0 : strip;
	/* No higher than a timeline can use; what is left then is for a panel. */
	int want = HEADING_ROWS + TIMELINE_EXTRA_ROWS + max(1, n_rows) * TIMELINE_ROW_HEIGHT_MAX;
	int h = min((left - strip) / down, want), over = left - strip - h * down;
	for (int i = 0; i < n; i++) {
		int x = i % across * (cols / across);
		int w = i % across == across - 1 ? cols - x : cols / across - 1;

		/* Rows that don't go into equal parts are the first ones'. */
		int more = over < PANEL_LEAST && i / across < over ? 1 : 0;
		int before = over < PANEL_LEAST ? min(i / across, over) : 0;
		l.pane[i] = (struct rect){x, y + i / across * h + before, w, h + more};
	}
	y += h * down + (over < PANEL_LEAST ? min(over, down) : 0);
	if (strip)
		l.strip = (struct rect){0, y, cols, strip};
	y += strip;
	if (over >= PANEL_LEAST)
		l.panel = (struct rect){0, y, cols, over};
	return l;
}
