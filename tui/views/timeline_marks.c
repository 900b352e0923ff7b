/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies over the rows: stop-the-world pauses and preemption gaps. What is shorter than half a column would look
 * longer than it is as a band or a hatch; pauses then still have their mark in the lane, with the height of their
 * share. Cost a frame: one walk over the gaps and pauses of the window.
 */
#include <string.h>

#include "tui/draw.h"
#include "tui/marks.h"
#include "tui/views/timeline_scene.h"

/* How long each column was stopped, or stopping. */
struct stopped {
	const struct timeline_scene *s;
	uint64_t total_ns[SCENE_COLS_MAX], stopping_ns[SCENE_COLS_MAX];
};

static void add_covered(const struct timeline_scene *s, uint64_t *columns, uint64_t from, uint64_t to)
{
	const struct view_ctx *c = s->ctx;
	int a, b;

	if (!timeline_stretch(s, from, to > from ? to : from + 1, &a, &b))
		return;
	for (int i = a; i < b; i++) {
		uint64_t lo = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i);
		uint64_t hi = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i + 1);

		lo = from > lo ? from : lo;
		hi = to < hi ? to : hi;
		columns[i] += hi > lo ? hi - lo : 1; /* however short: it was there */
	}
}

static void add_pause(void *ctx, const struct stw_pause *p)
{
	struct stopped *st = ctx;
	uint64_t now = st->s->ctx->now_ns;

	if (p->asked_ns >= now) /* after the moment that the picture was paused at */
		return;
	uint64_t end = p->end_ns && p->end_ns < now ? p->end_ns : now;
	uint64_t stopped = p->stopped_ns && p->stopped_ns < end ? p->stopped_ns : end;

	add_covered(st->s, st->total_ns, p->asked_ns, end);
	if (stopped > p->asked_ns && (p->stopped_ns || !p->end_ns))
		add_covered(st->s, st->stopping_ns, p->asked_ns, stopped);
}

void timeline_stw_lane(struct timeline_scene *s, int y)
{
	static struct stopped st;
	const struct view_ctx *c = s->ctx;
	bool ascii = c->ui->ascii;

	st = (struct stopped){.s = s};
	marks_each_stw(c->model, c->t0_ns, c->t1_ns, add_pause, &st);
	memset(s->band, ROLE_BACKGROUND, sizeof(s->band));
	grid_text(s->g, s->r.x, y, s->x - s->r.x, ROLE_LABEL, ROLE_BACKGROUND, 0, "STW");
	for (int i = 0; i < s->cols; i++) {
		uint64_t from = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i);
		uint64_t to = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i + 1);
		uint64_t width = (to < c->now_ns ? to : c->now_ns > from ? c->now_ns : from + 1) - from;

		if (!st.total_ns[i])
			continue;
		bool stopping = st.stopping_ns[i] * 2 > st.total_ns[i];
		uint8_t role = stopping ? ROLE_STW_STOPPING : ROLE_STW;
		s->marks[stopping ? MARK_STOPPING : MARK_STOPPED] = true;
		int level = draw_share(st.total_ns[i], width, 8);
		uint32_t ch = draw_level(level, ascii);
		if (level == 8)
			ch = stopping ? (ascii ? 's' : 0x2592) : (ascii ? 'S' : 0x2588);
		grid_put(s->g, s->x + i, y, ch, role, ROLE_BACKGROUND, 0);
		if (st.total_ns[i] * 2 >= width)
			s->band[i] = role;
	}
}

static void take_gap(void *ctx, const struct gap *gap)
{
	struct timeline_scene *s = ctx;
	uint64_t col_ns = (s->ctx->t1_ns - s->ctx->t0_ns) / (unsigned)s->cols;

	if (s->n_gaps < SCENE_GAPS_MAX && gap_ns(gap, s->ctx->now_ns) * 2 >= col_ns)
		s->gaps[s->n_gaps++] = *gap;
}

void timeline_take_gaps(struct timeline_scene *s)
{
	s->n_gaps = 0;
	marks_each_gap(s->ctx->model, s->ctx->t0_ns, s->ctx->t1_ns, take_gap, s);
}

bool timeline_gap_on_row(const struct gap *gap, const struct row *row)
{
	switch (row->kind) {
	case ROW_CPU:
		return gap->tid != 0;
	case ROW_P:
		return gap->p == row->id;
	case ROW_M:
		return gap->tid == row->id;
	case ROW_G:
		return gap->goid && gap->goid == row->id;
	}
	return false;
}

void timeline_gaps(struct timeline_scene *s, int y, const struct row *row, const struct column *columns)
{
	bool ascii = s->ctx->ui->ascii;
	int a, b;

	for (size_t i = 0; i < s->n_gaps; i++) {
		const struct gap *gap = &s->gaps[i];
		/* In a picture that was paused before the G left, the gap still lasts. */
		bool pending = gap->end == GAP_PENDING || gap->taken_ns > s->ctx->now_ns;
		uint64_t end = pending ? s->ctx->now_ns : gap->taken_ns;

		bool kept = !s->highlight.on || highlight_gap(&s->highlight, gap);
		if (!timeline_gap_on_row(gap, row) || !timeline_stretch(s, gap->request_ns, end, &a, &b))
			continue;
		for (int col = a; col < b; col++) {
			if ((row->kind == ROW_CPU && columns[col].tid != gap->tid) || (!kept && !s->kept[col]))
				continue;
			s->marks[pending ? MARK_PENDING : MARK_GAP] = true;
			for (int k = 0; k < s->row_height; k++) {
				struct cell *cell = grid_at(s->g, s->x + col, y + k);

				if (!cell)
					continue;
				*cell = (struct cell){.ch = ascii ? (pending ? '!' : '%') : 0x2592,
						      .fg = pending ? ROLE_GAP_PENDING : ROLE_GAP,
						      .bg = cell->fg >= ROLE_FUNC ? cell->fg : cell->bg};
			}
		}
	}
}

void timeline_settings(struct timeline_scene *s, int y, int lines)
{
	const struct view_ctx *c = s->ctx;
	struct intervention all[INTERVENTIONS_KEPT];
	size_t n = model_interventions(c->model, all, INTERVENTIONS_KEPT);

	for (size_t i = 0; i < n; i++) {
		int col = timeline_col_of(c->t0_ns, c->t1_ns, s->cols, all[i].at_ns);
		uint8_t role = all[i].to ? ROLE_WARNING : ROLE_OK;

		if (col < 0 || all[i].at_ns > c->now_ns)
			continue;
		s->marks[MARK_SETTING] = true;
		grid_put(s->g, s->x + col, y, c->ui->ascii ? 'A' : 0x25bc, role, ROLE_BACKGROUND, CELL_BOLD);
		grid_printf(s->g, s->x + col + 1, y, s->cols - col - 1, role, ROLE_BACKGROUND, CELL_BOLD, "%s=%d",
			    setting_name(all[i].setting), (int)all[i].to);
		for (int k = 1; k < lines; k++) {
			struct cell *cell = grid_at(s->g, s->x + col, y + k);

			if (cell && cell->ch == ' ')
				*cell = (struct cell){.ch = c->ui->ascii ? ':' : 0x250a, .fg = role, .bg = cell->bg};
		}
	}
}
