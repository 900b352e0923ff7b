/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings for the next start of the target, and a question before it: boxes over the screen. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/toggles.h"
#include "tui/views/pane.h"

#define BOX_COLS   110
#define NAME_COLS  24
#define VALUE_COLS 10
#define FOOT_ROWS  3 /* about, keys, what is chosen */
#define ASK_COLS   76
#define BG         ROLE_SELECTED_BG

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void draw_row(const struct toggle *t, bool here, struct grid *g, int x, int y, int cols)
{
	uint8_t attr = here ? CELL_REVERSE : 0, role = t->is_chosen ? ROLE_WARNING : ROLE_TEXT;
	int end = x + cols;

	if (here)
		for (int i = x; i < end; i++)
			grid_put(g, i, y, ' ', role, BG, attr);
	grid_text(g, x, y, 2, role, BG, attr | CELL_BOLD, t->is_chosen ? "* " : "  ");
	grid_text(g, x + 2, y, NAME_COLS, role, BG, attr | (t->is_chosen ? CELL_BOLD : 0), t->name);
	x += 2 + NAME_COLS + 1;
	grid_text(g, x, y, VALUE_COLS - 1, role, BG, attr, or_dash(t->current));
	grid_text(g, x + VALUE_COLS, y, VALUE_COLS - 1, here ? role : ROLE_DIM, BG, attr, or_dash(t->initial));
	if (t->is_chosen)
		grid_text(g, x + 2 * VALUE_COLS, y, VALUE_COLS - 1, ROLE_WARNING, BG, attr | CELL_BOLD,
			  *t->chosen ? t->chosen : "not set");
	x += 3 * VALUE_COLS;
	grid_text(g, x, y, end - x, here ? role : ROLE_DIM, BG, attr, t->about);
}

static void draw_foot(const struct toggles *t, struct grid *g, int x, int y, int cols)
{
	const struct toggle *here = &t->at[t->row];
	char text[600];

	if (*t->error)
		grid_text(g, x, y, cols, ROLE_CRITICAL, BG, CELL_BOLD, t->error);
	else if (t->editing)
		grid_printf(g, x, y, cols, ROLE_KEY, BG, CELL_BOLD, "%s: %s_   (Enter, Esc; Ctrl-U empties: not set)",
			    here->name, t->typed);
	else if (t->n)
		grid_printf(g, x, y, cols, ROLE_TITLE, BG, 0, "%s  %s", here->name, here->about);
	grid_printf(g, x, y + 1, cols, toggles_chosen(t) ? ROLE_WARNING : ROLE_DIM, BG, 0, "next start: %s",
		    toggles_text(t, text, sizeof(text)));
	grid_text(g, x, y + 2, cols, ROLE_KEY, BG, 0,
		  "Space: set  e: type  x: clear  r: start beside  R: end the first, then start  Esc");
}

void toggles_draw(const struct toggles *t, struct grid *g, struct rect r)
{
	int w = r.w < BOX_COLS ? r.w : BOX_COLS, h = (int)t->n + 2 + FOOT_ROWS;

	h = h < r.h ? h : r.h;
	struct rect box = {r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};
	int x = box.x + 1, cols = box.w - 2, fit = box.h - 2 - FOOT_ROWS;

	if (fit < 1)
		return;
	/* The cursor stays in the middle where the list is longer than the box. */
	int n = (int)t->n, first = t->row - fit / 2;
	first = first > n - fit ? n - fit : first;
	first = first < 0 ? 0 : first;
	grid_fill(g, box, ' ', ROLE_TEXT, BG);
	grid_printf(g, x, box.y, cols, ROLE_TITLE, BG, CELL_BOLD, "Settings for another start of the target: %s%s",
		    t->of, n > fit ? " (more below)" : "");
	int at = x + 2 + NAME_COLS + 1;
	grid_text(g, at, box.y + 1, VALUE_COLS, ROLE_LABEL, BG, 0, "now");
	grid_text(g, at + VALUE_COLS, box.y + 1, VALUE_COLS, ROLE_LABEL, BG, 0, "default");
	grid_text(g, at + 2 * VALUE_COLS, box.y + 1, VALUE_COLS, ROLE_LABEL, BG, 0, "next");
	for (int i = 0; i < fit && first + i < n; i++)
		draw_row(&t->at[first + i], first + i == t->row, g, x, box.y + 2 + i, cols);
	draw_foot(t, g, x, box.y + box.h - FOOT_ROWS, cols);
}

void question_draw(const char *text, struct grid *g, struct rect r)
{
	int w = r.w < ASK_COLS ? r.w : ASK_COLS, lines = 3;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");

		lines += 1 + (int)len / (w > 8 ? w - 6 : 1);
		p += len + (p[len] == '\n');
	}
	int h = lines < r.h ? lines : r.h;
	struct rect box = {r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};
	grid_fill(g, box, ' ', ROLE_TEXT, BG);
	grid_text(g, box.x + 2, box.y, w - 4, ROLE_TITLE, BG, CELL_BOLD, "Start the target once more?");
	int y = box.y + 1;
	for (const char *p = text; *p && y < box.y + h - 1;) {
		size_t len = strcspn(p, "\n");
		char line[1024];

		snprintf(line, sizeof(line), "%.*s", (int)len, p);
		struct rect rest = {box.x + 2, y, w - 4, box.y + h - 1 - y};
		y += draw_wrapped(g, rest, 0, ROLE_TEXT, 0, line);
		p += len + (p[len] == '\n');
	}
	for (int row = box.y + 1; row < y; row++) {
		for (int col = box.x; col < box.x + w; col++) {
			struct cell *c = grid_at(g, col, row);

			if (c)
				c->bg = BG;
		}
	}
	grid_text(g, box.x + 2, box.y + h - 1, w - 4, ROLE_KEY, BG, CELL_BOLD,
		  "Enter or y: start it   any other key: no");
}
