/* SPDX-License-Identifier: GPL-2.0-only */
/* The last line: live or not, collector and detail, what was lost, what watching costs; and the target's output. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/prompt.h"
#include "tui/views.h"

/* Whether this is now, and if not, what it is. */
static void say_state(const struct view_ctx *ctx, const struct model_counts *counts, char *dst, size_t cap,
		      uint8_t *ret_role)
{
	const struct replay_state *r = ctx->replay;

	*ret_role = ROLE_KEY;
	if (r && r->following) {
		*ret_role = ROLE_OK;
		snprintf(dst, cap, "%s", ctx->ui->paused ? "PAUSED" : "STREAM");
	} else if (r && !r->loaded) {
		snprintf(dst, cap, "READING");
	} else if (r && r->playing) {
		*ret_role = ROLE_OK;
		snprintf(dst, cap, "PLAYING %gx", r->speed);
	} else if (r) {
		snprintf(dst, cap, "REPLAY %gx", r->speed);
	} else if (ctx->still) {
		snprintf(dst, cap, "SNAPSHOT");
	} else if (counts->exited) {
		*ret_role = ROLE_WARNING;
		snprintf(dst, cap, "ENDED");
	} else if (ctx->ui->paused) {
		snprintf(dst, cap, "PAUSED");
	} else if (ctx->ui->follow) {
		*ret_role = ROLE_OK;
		snprintf(dst, cap, "LIVE");
	} else {
		snprintf(dst, cap, "SCROLLED");
	}
}

/* What is left out or dimmed, so that nobody takes what is seen for all. Returns the columns used. */
static int say_chosen(const struct view_ctx *ctx, struct grid *g, int x0, struct rect r)
{
	const struct ui_state *ui = ctx->ui;
	int x = x0, end = r.x + r.w;

	if (*ui->filter)
		x += grid_printf(g, x, r.y, end - x, ROLE_WARNING, ROLE_STATUS_BG, CELL_BOLD, " filter: %s ",
				 ui->filter);
	if (ui->followed && ui->followed_in == model_session(ctx->model))
		x += grid_printf(g, x, r.y, end - x, ROLE_KEY, ROLE_STATUS_BG, 0, " following G%llu %s ",
				 (unsigned long long)ui->followed, draw_short_func(ui->followed_func));
	else if (ui->followed)
		x += grid_printf(g, x, r.y, end - x, ROLE_KEY, ROLE_STATUS_BG, 0, " following %s ",
				 draw_short_func(ui->followed_func));
	if (*ui->find)
		x += grid_printf(g, x, r.y, end - x, ROLE_KEY, ROLE_STATUS_BG, 0, " find: %s (n N) ", ui->find);
	return x - x0;
}

static void status_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	const struct session *s = model_session(ctx->model);
	struct model_counts counts;
	uint64_t lost = 0;
	char text[256], n[32], zoom[32];
	double pct = model_overhead_pct(ctx->model);

	model_counts(ctx->model, &counts);
	grid_fill(g, r, ' ', ROLE_STATUS, ROLE_STATUS_BG);
	struct detail_state detail;
	uint8_t role;
	char state[32];

	say_state(ctx, &counts, state, sizeof(state), &role);
	int x = r.x + grid_printf(g, r.x, r.y, r.w, role, ROLE_STATUS_BG, CELL_BOLD, " %s ", state);

	if (ctx->ui->prompt) {
		char asked[200];

		grid_text(g, x + 1, r.y, r.x + r.w - x - 1, ROLE_KEY, ROLE_STATUS_BG, 0,
			  prompt_text(ctx->ui, asked, sizeof(asked)));
		return;
	}
	x += say_chosen(ctx, g, x, r);
	if (*ctx->ui->message) {
		grid_text(g, x + 1, r.y, r.x + r.w - x - 1, ROLE_KEY, ROLE_STATUS_BG, 0, ctx->ui->message);
		return;
	}
	if (ctx->n_panes > 1) {
		x += grid_printf(g, x + 1, r.y, r.x + r.w - x - 1, ROLE_STATUS, ROLE_STATUS_BG, CELL_BOLD,
				 "pane %d of %d%s", ctx->pane + 1, ctx->n_panes,
				 ctx->panes_too_small ? ": too small for all" : "") +
		     1;
		if (ctx->still)
			return;
		grid_printf(g, x, r.y, r.x + r.w - x, ROLE_KEY, ROLE_STATUS_BG, 0,
			    "  1-4 go  z alone  L %s  X first  C close  %s? q", ctx->panes_free ? "link" : "free",
			    ctx->can_relaunch ? "G r  " : "");
		return;
	}
	/* A record that came late is in the picture; the others are not. */
	for (int i = 0; i < EV_LOST_CAUSE_COUNT; i++)
		lost += i == EV_LOST_LATE ? 0 : counts.lost[i];
	text_count(n, sizeof(n), counts.events);
	model_detail(ctx->model, &detail);
	uint64_t resolution_ns;
	bool about = model_estimates(ctx->model, &resolution_ns);
	snprintf(text, sizeof(text), " %s/%s%s  %s events", s->collector ? s->collector : "?",
		 detail_name((enum detail_level)detail.level), about ? " ~estimated" : "", n);
	x += grid_text(g, x, r.y, r.x + r.w - x, ROLE_STATUS, ROLE_STATUS_BG, 0, text);
	x += grid_printf(g, x, r.y, r.x + r.w - x, lost ? ROLE_CRITICAL : ROLE_STATUS, ROLE_STATUS_BG, 0, "  %llu lost",
			 (unsigned long long)lost);
	if (pct >= 0)
		x += grid_printf(g, x, r.y, r.x + r.w - x, ROLE_STATUS, ROLE_STATUS_BG, 0, "  overhead %.1f%%", pct);
	/* How to get help matters more than the zoom where there is no room for both. */
	const char *keys = ctx->can_relaunch ? "G settings  r again  ? help  q quit" : "? help  q quit";
	int want = (int)strlen(keys) + 1;
	snprintf(text, sizeof(text), "  window %s", text_duration(zoom, sizeof(zoom), ctx->t1_ns - ctx->t0_ns));
	if (x + (int)text_cols(text) + want < r.x + r.w)
		grid_text(g, x, r.y, r.x + r.w - x, ROLE_STATUS, ROLE_STATUS_BG, 0, text);
	if (x + want >= r.x + r.w && ctx->can_relaunch) {
		keys = "G r  ? help  q quit";
		want = (int)strlen(keys) + 1;
	}
	if (x + want < r.x + r.w)
		grid_text(g, r.x + r.w - want, r.y, want, ROLE_KEY, ROLE_STATUS_BG, 0, keys);
}

static void output_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	r = draw_title(g, r, "Output of the target", false);
	size_t fit = r.h > 0 ? (size_t)r.h : 0;
	size_t first = ctx->n_output > fit ? ctx->n_output - fit : 0;

	if (ctx->n_output == 0 && fit)
		grid_text(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0, "it has printed nothing, or was attached to");
	for (size_t i = first; i < ctx->n_output; i++)
		grid_text(g, r.x, r.y + (int)(i - first), r.w, ROLE_TEXT, ROLE_BACKGROUND, 0, ctx->output[i]);
}

const struct view view_status = {
	.name = "status",
	.title = "Status",
	.help = "live or paused, collector, losses, own overhead",
	.min_rows = 1,
	.draw = status_draw,
};

const struct view view_output = {
	.name = "output",
	.title = "Output",
	.help = "the target's last lines of output",
	.min_rows = 2,
	.draw = output_draw,
};
