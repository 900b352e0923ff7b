/* SPDX-License-Identifier: GPL-2.0-only */
/* The question before something is written into the target. */
#include "base/text.h"
#include "tui/views.h"

static void ask_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	const struct ui_state *ui = ctx->ui;
	int n = ui->n_asked < ASK_LINES ? (int)ui->n_asked : ASK_LINES, w = 60, h = n + 4;

	for (int i = 0; i < n; i++)
		w = (int)text_cols(ui->asked[i]) + 4 > w ? (int)text_cols(ui->asked[i]) + 4 : w;
	w = w < r.w ? w : r.w;
	h = h < r.h ? h : r.h;
	struct rect box = {r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};

	grid_fill(g, box, ' ', ROLE_TEXT, ROLE_SELECTED_BG);
	grid_text(g, box.x + 2, box.y, w - 4, ROLE_TITLE, ROLE_SELECTED_BG, CELL_BOLD,
		  "Switch asynchronous preemption on in the live process?");
	for (int i = 0; i < n && i < h - 3; i++)
		grid_text(g, box.x + 2, box.y + 2 + i, w - 4, ROLE_TEXT, ROLE_SELECTED_BG, 0, ui->asked[i]);
	grid_text(g, box.x + 2, box.y + h - 1, w - 4, ROLE_KEY, ROLE_SELECTED_BG, CELL_BOLD,
		  "y: write it   any other key: leave it");
}

const struct view view_ask = {
	.name = "ask",
	.title = "Question",
	.help = "what is about to be written",
	.min_rows = 1,
	.draw = ask_draw,
};
