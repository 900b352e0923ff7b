/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict in one sentence, and the panel with all of them: evidence and advice. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/views.h"

#define VERDICTS_MAX 16

static uint8_t severity_role(enum severity s)
{
	return s == SEVERITY_CRITICAL ? ROLE_CRITICAL : s == SEVERITY_WARNING ? ROLE_WARNING : ROLE_OK;
}

static void verdict_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct verdict v[VERDICTS_MAX];
	size_t n = model_verdicts(ctx->model, v, VERDICTS_MAX), more = 0;
	bool ascii = ctx->ui->ascii;

	if (n == 0)
		return;
	for (size_t i = 1; i < n; i++)
		more += v[i].severity != SEVERITY_INFO;
	uint8_t role = severity_role(v[0].severity);
	int x = r.x + 1;
	grid_put(g, r.x, r.y, ' ', role, ROLE_BACKGROUND, CELL_REVERSE);
	grid_put(g, x, r.y, v[0].severity == SEVERITY_INFO ? (ascii ? '*' : 0x2713) : '!', role, ROLE_BACKGROUND,
		 CELL_BOLD | CELL_REVERSE);
	grid_put(g, x + 1, r.y, ' ', role, ROLE_BACKGROUND, CELL_REVERSE);
	x += 3;
	int room = r.x + r.w - x - (more ? 18 : 0);
	grid_text(g, x, r.y, room, role, ROLE_BACKGROUND, CELL_BOLD, v[0].title);
	if (more)
		grid_printf(g, r.x + r.w - 17, r.y, 17, ROLE_DIM, ROLE_BACKGROUND, 0, "+%zu more (Tab)", more);
	if (r.h > 1 && v[0].n_evidence)
		grid_text(g, r.x + 4, r.y + 1, r.w - 4, ROLE_TEXT, ROLE_BACKGROUND, 0, v[0].evidence[0]);
}

static void verdicts_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct verdict v[VERDICTS_MAX];
	size_t n = model_verdicts(ctx->model, v, VERDICTS_MAX);
	size_t first = (size_t)(ctx->ui->panel_scroll < 0 ? 0 : ctx->ui->panel_scroll);

	r = draw_title(g, r, "Verdicts: evidence and advice", false);
	for (size_t i = first < n ? first : n - 1; i < n && r.h > 0; i++) {
		int used = draw_wrapped(g, r, 0, severity_role(v[i].severity), CELL_BOLD, v[i].title);

		r.y += used, r.h -= used;
		for (size_t k = 0; k < v[i].n_evidence && r.h > 0; k++) {
			used = draw_wrapped(g, r, 2, ROLE_TEXT, 0, v[i].evidence[k]);
			r.y += used, r.h -= used;
		}
		if (r.h > 0 && *v[i].advice) {
			used = draw_wrapped(g, r, 2, ROLE_KEY, 0, v[i].advice);
			r.y += used, r.h -= used;
		}
	}
}

const struct view view_verdict = {
	.name = "verdict",
	.title = "Verdict",
	.help = "what is wrong, in one sentence",
	.min_rows = 1,
	.draw = verdict_draw,
};

const struct view view_verdicts = {
	.name = "verdicts",
	.title = "Verdicts",
	.help = "every verdict with its evidence and advice",
	.min_rows = 2,
	.draw = verdicts_draw,
};
