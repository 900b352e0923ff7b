/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/panes_draw.h"

#include "tui/layout.h"
#include "tui/panes_layout.h"
#include "tui/toggles.h"
#include "tui/views.h"
#include "tui/views/pane.h"

#define OUTPUT_MAX  200
#define ROWS_WANTED 64

/* How many rows the highest timeline has. */
static int rows_wanted(const struct panes *p)
{
	size_t most = 1;

	for (int i = 0; i < p->n; i++)
		most = p->at[i]->n_rows > most ? p->at[i]->n_rows : most;
	return most < ROWS_WANTED ? (int)most : ROWS_WANTED;
}

static struct panes_layout layout_of(const struct panes *p, const struct ui_state *ui, const struct grid *g)
{
	if (p->n < 2 || p->alone)
		return (struct panes_layout){.single = true};
	return panes_layout(g->cols, g->rows, p->n, rows_wanted(p), ui->output);
}

/* What a view sees of a pane; the model is locked. */
static struct view_ctx context(const struct panes *p, const struct ui_state *ui, int i, const struct model *m,
			       struct ui_state *its)
{
	static const char *lines[OUTPUT_MAX];
	const struct pane *pane = p->at[i];
	struct view_ctx ctx = {.model = m,
			       .ui = its,
			       .now_ns = pane->now_ns,
			       .output = lines,
			       .still = pane->feed.still,
			       .replay = pane->feed.replay ? &pane->replay : NULL,
			       .n_panes = p->n,
			       .pane = i,
			       .panes_free = p->free,
			       .focus = i == p->focus};

	panes_ui(p, ui, i, its);
	panes_window(p, ui, i, &ctx.t0_ns, &ctx.t1_ns);
	if (pane->feed.output)
		ctx.n_output = pane->feed.output(pane->feed.ctx, lines, OUTPUT_MAX);
	return ctx;
}

/* One pane as the whole screen. */
static void draw_single(const struct panes *p, const struct ui_state *ui, const struct panes_over *over, struct grid *g)
{
	const struct pane *pane = p->at[p->focus];
	struct ui_state its;

	if (!pane_drawable(pane)) {
		grid_clear(g);
		pane_draw_error(p, p->focus, g, (struct rect){0, 0, g->cols, g->rows});
		return;
	}
	const struct model *m = pane->feed.lock(pane->feed.ctx);
	struct view_ctx ctx = context(p, ui, p->focus, m, &its);

	ctx.can_relaunch = over->can_relaunch;
	ctx.panes_too_small = p->n > 1 && !p->alone;
	its.help = ui->help && !over->toggles && !over->ask;
	views_draw(&ctx, g);
	pane->feed.unlock(pane->feed.ctx);
}

static void draw_all(const struct panes *p, const struct ui_state *ui, const struct panes_over *over,
		     const struct panes_layout *l, struct grid *g)
{
	grid_clear(g);
	for (int i = 0; i < p->n; i++) {
		const struct pane *pane = p->at[i];
		struct ui_state its;

		if (!pane_drawable(pane)) {
			pane_draw_error(p, i, g, l->pane[i]);
			continue;
		}
		const struct model *m = pane->feed.lock(pane->feed.ctx);
		struct view_ctx ctx = context(p, ui, i, m, &its);
		pane_draw(p, &ctx, g, l->pane[i]);
		if (i == p->clock) {
			const struct view *panel = view_panels[(size_t)ui->panel % view_n_panels()];

			ctx.focus = true;
			ctx.can_relaunch = over->can_relaunch;
			view_in(&view_panes_header, &ctx, g, l->header);
			view_in(panel, &ctx, g, l->panel);
			view_in(&view_output, &ctx, g, l->output);
			view_in(&view_status, &ctx, g, l->status);
		}
		pane->feed.unlock(pane->feed.ctx);
	}
	panes_draw_notice(p, g, l->header);
	pane_draw_strip(p, ui->ascii, g, l->strip);
}

void panes_draw(const struct panes *p, const struct ui_state *ui, const struct panes_over *over, struct grid *g)
{
	const struct rect all = {0, 0, g->cols, g->rows};

	struct panes_layout l = layout_of(p, ui, g);
	if (l.single)
		draw_single(p, ui, over, g);
	else
		draw_all(p, ui, over, &l, g);
	if (ui->asking && !l.single)
		view_ask.draw(&(struct view_ctx){.ui = ui}, g, all);
	if (over->toggles)
		toggles_draw(over->toggles, g, all);
	if (over->ask)
		question_draw(over->ask, g, all);
	if (ui->help && !over->toggles && !over->ask && !l.single)
		view_help.draw(&(struct view_ctx){.ui = ui}, g, all);
	if (ui->ascii)
		views_to_ascii(g);
}

struct rect panes_timeline(const struct panes *p, const struct ui_state *ui, const struct grid *g)
{
	const struct pane *pane = p->at[p->focus];
	struct panes_layout l = layout_of(p, ui, g);

	if (!l.single)
		return pane_timeline(l.pane[p->focus]);
	int n_rows = pane->n_rows < ROWS_WANTED ? (int)pane->n_rows : ROWS_WANTED;
	return layout_compute(g->cols, g->rows, n_rows, ui->output, pane->feed.replay != NULL).timeline;
}

int panes_hit(const struct panes *p, const struct ui_state *ui, const struct grid *g, int x, int y)
{
	struct panes_layout l = layout_of(p, ui, g);

	for (int i = 0; !l.single && i < p->n; i++) {
		const struct rect *r = &l.pane[i];

		if (x >= r->x && x < r->x + r->w && y >= r->y && y < r->y + r->h)
			return i;
	}
	return -1;
}
