/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/views.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/layout.h"
#include "tui/rows.h"

const struct view *const view_panels[] = {&view_offenders,  &view_verdicts,  &view_threads,
					  &view_goroutines, &view_scheduler, &view_events};

size_t view_n_panels(void)
{
	return ARRAY_SIZE(view_panels);
}

int view_panel_index(const char *name)
{
	for (size_t i = 0; i < view_n_panels(); i++) {
		if (strcmp(view_panels[i]->name, name) == 0)
			return (int)i;
	}
	return -1;
}

void view_in(const struct view *v, const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	if (r.h >= v->min_rows && r.w > 0)
		v->draw(ctx, g, r);
}

void views_to_ascii(struct grid *g)
{
	for (int i = 0; i < g->cols * g->rows; i++) {
		uint32_t ch = g->cells[i].ch;

		if (ch >= 0x80)
			g->cells[i].ch = ch == 0xb5 ? 'u' : ch == 0x2026 ? '~' : '?';
	}
}

void views_draw(const struct view_ctx *ctx, struct grid *g)
{
	size_t n_rows = rows_shown(ctx->ui, ctx->model, NULL, 0);
	struct layout l =
		layout_compute(g->cols, g->rows, n_rows < 64 ? (int)n_rows : 64, ctx->ui->output, ctx->replay != NULL);

	grid_clear(g);
	if (l.too_small) {
		char text[64];

		snprintf(text, sizeof(text), "terminal too small: need %dx%d", LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS);
		grid_text(g, 0, 0, g->cols, ROLE_WARNING, ROLE_BACKGROUND, 0, text);
		if (ctx->ui->ascii)
			views_to_ascii(g);
		return;
	}
	view_in(&view_header, ctx, g, l.header);
	view_in(&view_verdict, ctx, g, l.verdict);
	view_in(&view_minimap, ctx, g, l.minimap);
	view_in(&view_timeline, ctx, g, l.timeline);
	const struct view *panel = view_panels[(size_t)ctx->ui->panel % view_n_panels()];
	if (panel->wide && l.panel.h > 0)
		l.panel = (struct rect){0, l.panel.y, g->cols, l.panel.h};
	else
		view_in(&view_latency, ctx, g, l.latency);
	view_in(panel, ctx, g, l.panel);
	view_in(&view_output, ctx, g, l.output);
	view_in(&view_status, ctx, g, l.status);
	if (ctx->ui->help)
		view_help.draw(ctx, g, (struct rect){0, 0, g->cols, g->rows});
	if (ctx->ui->asking)
		view_ask.draw(ctx, g, (struct rect){0, 0, g->cols, g->rows});
	if (ctx->ui->ascii)
		views_to_ascii(g);
}
