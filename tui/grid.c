/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"

#define SIDE_MAX 1024

static int clamp_side(int n)
{
	return n < 1 ? 1 : n > SIDE_MAX ? SIDE_MAX : n;
}

int grid_init(struct grid *g, int cols, int rows)
{
	*g = (struct grid){0};
	return grid_resize(g, cols, rows);
}

void grid_done(struct grid *g)
{
	free(g->cells);
	*g = (struct grid){0};
}

int grid_resize(struct grid *g, int cols, int rows)
{
	cols = clamp_side(cols);
	rows = clamp_side(rows);
	struct cell *cells = calloc((size_t)cols * (size_t)rows, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	free(g->cells);
	*g = (struct grid){.cols = cols, .rows = rows, .cells = cells};
	grid_clear(g);
	return 0;
}

void grid_clear(struct grid *g)
{
	grid_fill(g, (struct rect){0, 0, g->cols, g->rows}, ' ', ROLE_TEXT, ROLE_BACKGROUND);
}

struct cell *grid_at(struct grid *g, int x, int y)
{
	if (x < 0 || y < 0 || x >= g->cols || y >= g->rows)
		return NULL;
	return &g->cells[y * g->cols + x];
}

void grid_put(struct grid *g, int x, int y, uint32_t ch, uint8_t fg, uint8_t bg, uint8_t attr)
{
	struct cell *c = grid_at(g, x, y);

	if (c)
		*c = (struct cell){.ch = ch, .fg = fg, .bg = bg, .attr = attr};
}

/* Puts as much of escaped text as fits; returns the columns used. */
static int put_text(struct grid *g, int x, int y, int max_cols, uint8_t fg, uint8_t bg, uint8_t attr, const char *s)
{
	bool cut = text_cols(s) > (size_t)max_cols;
	int room = cut ? max_cols - 1 : max_cols, used = 0;
	uint32_t cp;
	size_t n;

	for (; (n = text_decode(s, &cp)) > 0; s += n) {
		int w = utf8proc_charwidth((utf8proc_int32_t)cp);

		if (w == 0) /* a combining mark: the cell has no place for it */
			continue;
		if (used + w > room)
			break;
		grid_put(g, x + used, y, cp, fg, bg, attr);
		if (w == 2)
			grid_put(g, x + used + 1, y, 0, fg, bg, attr);
		used += w;
	}
	if (cut && used < max_cols)
		grid_put(g, x + used++, y, 0x2026, fg, bg, attr);
	return used;
}

int grid_text(struct grid *g, int x, int y, int max_cols, uint8_t fg, uint8_t bg, uint8_t attr, const char *text)
{
	char safe[4096];

	if (max_cols <= 0)
		return 0;
	text_escape(safe, sizeof(safe), text, strlen(text));
	return put_text(g, x, y, max_cols, fg, bg, attr, safe);
}

int grid_printf(struct grid *g, int x, int y, int max_cols, uint8_t fg, uint8_t bg, uint8_t attr, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return grid_text(g, x, y, max_cols, fg, bg, attr, buf);
}

void grid_fill(struct grid *g, struct rect r, uint32_t ch, uint8_t fg, uint8_t bg)
{
	for (int y = r.y; y < r.y + r.h; y++) {
		for (int x = r.x; x < r.x + r.w; x++)
			grid_put(g, x, y, ch, fg, bg, 0);
	}
}
