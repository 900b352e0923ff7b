/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/layout.h"

#include "tui/views/timeline.h"

/* Below these the panels say nothing useful. */
#define PANEL_MIN_ROWS    4
#define PANEL_WANT_ROWS   9
#define LATENCY_MIN_COLS  36
#define LATENCY_MAX_COLS  64
#define SIDE_BY_SIDE      76
#define OUTPUT_ROWS       6
#define MINIMAP_ROWS      2
#define MINIMAP_FROM_ROWS 14

static struct rect take_top(struct rect *rest, int h)
{
	h = max(0, min(h, rest->h));
	struct rect r = {rest->x, rest->y, rest->w, h};

	rest->y += h;
	rest->h -= h;
	return r;
}

static struct rect take_bottom(struct rect *rest, int h)
{
	h = max(0, min(h, rest->h));
	rest->h -= h;
	return (struct rect){rest->x, rest->y + rest->h, rest->w, h};
}

struct layout layout_compute(int cols, int rows, int n_rows, bool output, bool replay)
{
	struct rect rest = {0, 0, cols, rows};
	struct layout l = {0};

	l.too_small = cols < LAYOUT_MIN_COLS || rows < LAYOUT_MIN_ROWS;
	if (l.too_small)
		return l;
	l.header = take_top(&rest, rows >= 14 ? 2 : 1);
	l.status = take_bottom(&rest, 1);
	l.verdict = take_top(&rest, rows >= 16 ? 2 : 1);
	if (replay && rows >= MINIMAP_FROM_ROWS)
		l.minimap = take_top(&rest, MINIMAP_ROWS);

	if (output)
		l.output = take_bottom(&rest, min(OUTPUT_ROWS, rest.h - TIMELINE_EXTRA_ROWS - 2));
	/* The timeline gets what its rows want, but leaves the panels their part as long as two rows remain. */
	n_rows = max(1, n_rows);
	int least = TIMELINE_EXTRA_ROWS + min(n_rows, 2);
	int panels = rest.h - least >= PANEL_MIN_ROWS ? min(max(PANEL_WANT_ROWS, rest.h / 3), rest.h - least) : 0;
	int want = TIMELINE_EXTRA_ROWS + n_rows;
	for (int h = TIMELINE_ROW_HEIGHT_MAX; h > 1; h--) {
		int higher = TIMELINE_EXTRA_ROWS + n_rows * h;

		if (rest.h - higher >= max(PANEL_WANT_ROWS, rest.h / 2)) {
			want = higher;
			break;
		}
	}
	l.timeline = take_top(&rest, min(want, rest.h - panels));
	if (rest.h < PANEL_MIN_ROWS) {
		l.timeline.h += rest.h;
		return l;
	}
	l.panel = rest;
	if (cols >= SIDE_BY_SIDE) {
		l.latency = rest;
		l.latency.w = max(LATENCY_MIN_COLS, min(LATENCY_MAX_COLS, cols * 2 / 5));
		l.panel.x += l.latency.w + 1;
		l.panel.w -= l.latency.w + 1;
	}
	return l;
}
