/* SPDX-License-Identifier: GPL-2.0-only */
/* The help overlay, made from the table of actions. */
#include "tui/actions.h"
#include "tui/views.h"

#define KEY_COLS 11

static void help_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	int n = ACTION_COUNT - 1, w = r.w < 76 ? r.w : 76, cols = 1;
	int h = n + 3;

	/* Two columns where one doesn't fit. */
	if (h > r.h && r.w >= 100) {
		cols = 2;
		w = r.w < 150 ? r.w : 150;
		h = (n + 1) / 2 + 3;
	}
	h = h < r.h ? h : r.h;
	struct rect box = {r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};
	int per = (n + cols - 1) / cols, col_w = (w - 2) / cols;

	/* Where it doesn't all fit, it scrolls like a panel. */
	int fit = box.h - 3, first = ctx->ui->panel_scroll;
	first = cols > 1 || first < 0 || per <= fit ? 0 : first > per - fit ? per - fit : first;
	grid_fill(g, box, ' ', ROLE_TEXT, ROLE_SELECTED_BG);
	grid_text(g, box.x + 2, box.y, w - 4, ROLE_TITLE, ROLE_SELECTED_BG, CELL_BOLD,
		  per > fit ? "schedtop help: keys (J K: more, Esc: close)" : "schedtop help: keys (Esc: close)");
	for (int i = 0; i < n; i++) {
		const struct action_info *a = action_info((enum action)(i + 1));
		int x = box.x + 2 + i / per * col_w, y = box.y + 1 + i % per - first;

		if (y <= box.y || y > box.y + fit)
			continue;
		grid_text(g, x, y, KEY_COLS, ROLE_KEY, ROLE_SELECTED_BG, CELL_BOLD, a->keys);
		grid_text(g, x + KEY_COLS, y, col_w - KEY_COLS - 1, ROLE_TEXT, ROLE_SELECTED_BG, 0, a->help);
	}
	grid_text(g, box.x + 2, box.y + box.h - 1, w - 4, ROLE_DIM, ROLE_SELECTED_BG, 0,
		  "Height: share busy. Colour: function. Hatch: asked to yield, still runs.");
}

const struct view view_help = {
	.name = "help",
	.title = "Help",
	.help = "the keys",
	.min_rows = 1,
	.draw = help_draw,
};
