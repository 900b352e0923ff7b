/* SPDX-License-Identifier: GPL-2.0-only */
/* How long things take: percentiles, and where there is room the distribution from 1 µs to 10 s, and a heat map. */
#include <stdio.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/views.h"
#include "tui/views/heatmap.h"

#define NAME_COLS  10
#define VALUE_COLS 9
#define DECADE_MIN 1000ULL /* 1 µs */
#define DECADES    7       /* to 10 s */

struct line {
	const char *name;
	const struct hist *hist;
	struct hist_summary sum;
};

/* Buckets of equal ratio: the upper bound of step @i of @n over all decades. */
static uint64_t edge(int i, int n)
{
	uint64_t v = DECADE_MIN;
	int whole = i * DECADES / n;
	/* 10^(k/8) x 1000, k 0..7 */
	static const unsigned part[] = {1000, 1334, 1778, 2371, 3162, 4217, 5623, 7499};

	for (int k = 0; k < whole; k++)
		v *= 10;
	return v * part[(i * DECADES % n) * 8 / n] / 1000;
}

static void draw_bars(struct grid *g, int x, int y, int cols, const struct hist *h, bool ascii)
{
	uint64_t max = 0, lo = 0;

	for (int pass = 0; pass < 2; pass++) {
		lo = 0;
		for (int i = 0; i < cols; i++) {
			uint64_t hi = i == cols - 1 ? UINT64_MAX : edge(i + 1, cols);
			uint64_t n = hist_count_between(h, lo, hi);

			if (pass == 0) {
				max = n > max ? n : max;
			} else {
				int level = max ? (int)((n * 8 + max - 1) / max) : 0;

				grid_put(g, x + i, y, draw_level(level, ascii), ROLE_BAR, ROLE_BAR_BG, 0);
			}
			lo = hi;
		}
	}
}

static void latency_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	struct model_hists h;
	struct hist_summary gap, stw, stopping, wait = {0};
	bool exact = model_g_wait_summary(ctx->model, &wait);

	model_hists(ctx->model, &h);
	model_gap_summary(ctx->model, &gap);
	model_stw_summary(ctx->model, &stw, &stopping);
	uint64_t resolution_ns;
	bool about = model_estimates(ctx->model, &resolution_ns);
	struct line lines[] = {
		{about ? "~preempt" : "preempt", h.gap, gap},
		{about ? "~STW" : "STW", h.stw_total, stw},
		{about ? "~ stopping" : "  stopping", h.stw_stopping, stopping},
		{"run queue", h.runqueue, {0}},
		{"kernel gap", h.kernel_gap, {0}},
		{"G wait", h.goroutine_wait, wait},
	};
	int n_lines = exact ? 6 : 5; /* a goroutine's wait is known at detail exact only */

	hist_summarize(h.runqueue, &lines[3].sum);
	hist_summarize(h.kernel_gap, &lines[4].sum);

	r = draw_title(g, r, "Latency", false);
	int bars = r.w - NAME_COLS - 3 * VALUE_COLS - 8;
	int x = r.x + NAME_COLS;
	const char *const heads[] = {"p50", "p99", "max"};
	for (int k = 0; k < 3 && r.h > 0; k++)
		grid_printf(g, x + k * VALUE_COLS, r.y, VALUE_COLS, ROLE_DIM, ROLE_BACKGROUND, 0, "%8s", heads[k]);
	if (bars >= 14) {
		grid_printf(g, x + 3 * VALUE_COLS, r.y, 7, ROLE_DIM, ROLE_BACKGROUND, 0, "%6s", "n");
		grid_text(g, x + 3 * VALUE_COLS + 7, r.y, bars, ROLE_DIM, ROLE_BACKGROUND, 0, "1\u00b5s");
		grid_text(g, x + 3 * VALUE_COLS + 7 + bars / 2 - 1, r.y, 4, ROLE_DIM, ROLE_BACKGROUND, 0, "3ms");
		grid_text(g, x + 3 * VALUE_COLS + 7 + bars - 3, r.y, 3, ROLE_DIM, ROLE_BACKGROUND, 0, "10s");
	}
	for (int i = 0; i < n_lines && i + 1 < r.h; i++) {
		const struct line *l = &lines[i];
		uint64_t values[] = {l->sum.p50, l->sum.p99, l->sum.max};
		char buf[32];
		int y = r.y + 1 + i;

		grid_text(g, r.x, y, NAME_COLS, ROLE_LABEL, ROLE_BACKGROUND, 0, l->name);
		for (int k = 0; k < 3; k++) {
			int w = 8;

			if (l->sum.count)
				text_duration(buf, sizeof(buf), values[k]);
			else
				snprintf(buf, sizeof(buf), "-");
			int pad = w - (int)text_cols(buf);
			bool bad = l->sum.count && (i < 3 || i == 5) && values[k] > 2 * GO_SLICE_NS;
			grid_text(g, x + k * VALUE_COLS + (pad > 0 ? pad : 0), y, VALUE_COLS,
				  bad ? ROLE_CRITICAL : ROLE_TEXT, ROLE_BACKGROUND, 0, buf);
		}
		if (bars < 14)
			continue;
		text_count(buf, sizeof(buf), l->sum.count);
		grid_printf(g, x + 3 * VALUE_COLS, y, 7, ROLE_DIM, ROLE_BACKGROUND, 0, "%6s", buf);
		draw_bars(g, x + 3 * VALUE_COLS + 7, y, bars, l->hist, ctx->ui->ascii);
	}
	int used = n_lines + 2; /* with the heads, and an empty line below */
	heatmap_draw(ctx, g, (struct rect){r.x, r.y + used, r.w, r.h - used}, NAME_COLS);
}

const struct view view_latency = {
	.name = "latency",
	.title = "Latency",
	.help = "percentiles, distributions, and when it was",
	.min_rows = 3,
	.draw = latency_draw,
};
