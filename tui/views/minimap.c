/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A replay's whole capture in two lines: how much happened when, with the moments that are worth going to over it and
 * the playhead on it; below, the stretch that the timeline shows.
 */
#include <stdio.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/views.h"
#include "tui/views/timeline.h"

struct map {
	const struct view_ctx *ctx;
	struct grid *g;
	int x, y, cols;
	uint64_t t0_ns, t1_ns;
};

/* The part of the capture's events that falls into a column, against the busiest column's, in eighths. */
static void draw_density(const struct map *m)
{
	const uint32_t *density = m->ctx->replay->density;
	uint64_t most = 0, sums[TIMELINE_MAP_COLS_MAX] = {0};

	for (int i = 0; i < REPLAY_DENSITY; i++)
		sums[i * m->cols / REPLAY_DENSITY] += density[i];
	/* With more columns than parts each part fills several. */
	for (int col = 0; col < m->cols; col++) {
		if (m->cols > REPLAY_DENSITY)
			sums[col] = density[col * REPLAY_DENSITY / m->cols];
		most = sums[col] > most ? sums[col] : most;
	}
	for (int col = 0; col < m->cols; col++) {
		uint32_t ch = draw_level(draw_share(sums[col], most, 8), m->ctx->ui->ascii);

		grid_put(m->g, m->x + col, m->y, ch, ROLE_OTHER, ROLE_IDLE, 0);
	}
}

static void draw_moments(const struct map *m)
{
	static const struct {
		uint32_t ch;
		char plain;
		uint8_t role;
	} looks[] = {
		[MOMENT_GAP] = {0x25bc, 'v', ROLE_GAP},
		[MOMENT_STW] = {0x25a0, 'S', ROLE_STW_STOPPING},
		[MOMENT_VERDICT] = {'!', '!', ROLE_CRITICAL},
	};
	const struct replay_state *r = m->ctx->replay;

	/* By importance: what is drawn last is seen. */
	for (int kind = MOMENT_GAP; kind <= MOMENT_VERDICT; kind++) {
		for (size_t i = 0; i < r->n_moments; i++) {
			int col = r->moments[i].kind == kind
					  ? timeline_col_of(m->t0_ns, m->t1_ns, m->cols, r->moments[i].at_ns)
					  : -1;
			struct cell *cell = col >= 0 ? grid_at(m->g, m->x + col, m->y) : NULL;

			if (!cell)
				continue;
			cell->ch = m->ctx->ui->ascii ? (uint32_t)looks[kind].plain : looks[kind].ch;
			cell->fg = looks[kind].role;
			cell->attr = CELL_BOLD;
		}
	}
}

/* The stretch that the timeline shows, and the playhead. */
static void draw_window(const struct map *m)
{
	const struct view_ctx *c = m->ctx;
	uint64_t from = c->t0_ns > m->t0_ns ? c->t0_ns : m->t0_ns, to = c->t1_ns < m->t1_ns ? c->t1_ns : m->t1_ns;
	int a = timeline_col_of(m->t0_ns, m->t1_ns, m->cols, from), b = -1;
	int head = timeline_col_of(m->t0_ns, m->t1_ns, m->cols, c->replay->playhead_ns);

	if (to > from)
		b = timeline_col_of(m->t0_ns, m->t1_ns, m->cols, to - 1);
	for (int col = a; a >= 0 && col <= b; col++)
		grid_put(m->g, m->x + col, m->y + 1, c->ui->ascii ? '=' : 0x2501, ROLE_KEY, ROLE_BACKGROUND, 0);
	if (head >= 0)
		grid_put(m->g, m->x + head, m->y + 1, c->ui->ascii ? '^' : 0x25b2, ROLE_CURSOR, ROLE_BACKGROUND,
			 CELL_BOLD);
}

static void minimap_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	const struct replay_state *st = ctx->replay;
	int label = timeline_label_cols(ctx->ui->rows, r.w);
	struct map m = {.ctx = ctx, .g = g, .x = r.x + label, .y = r.y, .cols = r.w - label};
	char text[32], total[32];

	if (m.cols < 1 || st->last_ns <= st->first_ns)
		return;
	if (m.cols > TIMELINE_MAP_COLS_MAX)
		m.cols = TIMELINE_MAP_COLS_MAX;
	m.t0_ns = st->first_ns;
	m.t1_ns = st->last_ns + 1;
	grid_text(g, r.x, r.y, label - 1, ROLE_LABEL, ROLE_BACKGROUND, 0, "all");
	text_duration(total, sizeof(total), st->last_ns - st->first_ns);
	snprintf(text, sizeof(text), "%s", total);
	grid_text(g, r.x, r.y + 1, label - 1, ROLE_DIM, ROLE_BACKGROUND, 0, text);
	draw_density(&m);
	draw_moments(&m);
	draw_window(&m);
}

const struct view view_minimap = {
	.name = "minimap",
	.title = "Capture",
	.help = "the whole capture: how much happened when, gaps, pauses, verdicts, the playhead",
	.min_rows = 2,
	.draw = minimap_draw,
};
