/* SPDX-License-Identifier: GPL-2.0-only */
/* The worst preemption gaps: who held a P, where, for how long. */
#include <stdio.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/match.h"
#include "tui/views.h"

#define GAPS_MAX 64
#define WHY_COLS 90 /* from here on there is room for the reason */

static void offenders_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct gap gaps[GAPS_MAX];
	static struct match filter;
	size_t n_all = model_worst_gaps(ctx->model, gaps, GAPS_MAX), n = 0;
	size_t first = (size_t)(ctx->ui->panel_scroll < 0 ? 0 : ctx->ui->panel_scroll);

	match_init(&filter, ctx->model, ctx->ui->filter);
	for (size_t i = 0; i < n_all; i++) {
		if (match_gap(&filter, &gaps[i]))
			gaps[n++] = gaps[i];
	}
	r = draw_title(g, r, "Worst preemption gaps", false);
	if (n == 0) {
		grid_text(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0,
			  n_all ? "none of the worst gaps matches the filter"
				: "no goroutine has been asked to yield yet");
		return;
	}
	bool wide = r.w >= 64, why = r.w >= WHY_COLS;
	grid_printf(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0, "%8s  %-11s %-7s %s%s", "length", "ended", "G",
		    wide ? "asked by         " : "", "function");
	for (size_t i = first; i < n && (int)(i - first) + 1 < r.h; i++) {
		const struct gap *gap = &gaps[i];
		uint64_t len = gap_ns(gap, ctx->now_ns);
		char dur[32], goid[24], place[256];
		int y = r.y + 1 + (int)(i - first), x = r.x;
		bool pending = gap->end == GAP_PENDING;

		dur[0] = '~';
		text_duration(dur + gap->estimated, sizeof(dur) - 1, len);
		int pad = 8 - (int)text_cols(dur);
		x += pad > 0 ? pad : 0;
		x += grid_text(g, x, y, r.w,
			       pending                 ? ROLE_GAP_PENDING
			       : len > 2 * GO_SLICE_NS ? ROLE_CRITICAL
						       : ROLE_TEXT,
			       ROLE_BACKGROUND, pending ? CELL_BOLD : 0, dur);
		snprintf(goid, sizeof(goid), gap->goid ? "%llu" : "-", (unsigned long long)gap->goid);
		grid_printf(g, x, y, r.x + r.w - x, pending ? ROLE_GAP_PENDING : ROLE_TEXT, ROLE_BACKGROUND, 0,
			    "  %-11s %-7s ", gap_end_name(gap->end), goid);
		x += 22;
		if (wide) {
			grid_printf(g, x, y, 16, ROLE_DIM, ROLE_BACKGROUND, 0, "%s", gap_cause_name(gap->cause));
			x += 17;
		}
		x += grid_text(g, x, y, r.x + r.w - x, draw_func_role(ctx->model, gap->func), ROLE_BACKGROUND, 0,
			       draw_place(place, sizeof(place), ctx->model, gap->func, gap->loc));
		if (why && gap->why != GAP_WHY_NONE)
			grid_text(g, x + 2, y, r.x + r.w - x - 2, ROLE_DIM, ROLE_BACKGROUND, 0, gap_why_text(gap->why));
	}
}

const struct view view_offenders = {
	.name = "offenders",
	.title = "Offenders",
	.help = "the longest preemption gaps: who, where, how long",
	.min_rows = 3,
	.draw = offenders_draw,
};
