/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timeline: rows of CPUs, Ps, Ms or Gs over time. The height of a block is the share of its column that was busy,
 * its colour the goroutine's function; a hatch over it is a preemption gap; the lane below the axis shows
 * stop-the-world pauses, and the same columns are a band behind all rows. Cost a frame: one query of each visible row.
 */
#include "tui/views/timeline.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/draw.h"
#include "tui/marks.h"
#include "tui/rows.h"
#include "tui/views.h"
#include "tui/views/timeline_scene.h"

int timeline_label_cols(enum row_kind rows, int width)
{
	static const int want[] = {[ROW_CPU] = 7, [ROW_P] = 7, [ROW_M] = 18, [ROW_G] = 26};
	int cols = want[rows];

	return width < 100 && cols > 16 ? 16 : cols;
}

int timeline_time_cols(enum row_kind rows, int width)
{
	int cols = width - timeline_label_cols(rows, width);

	return cols < 1 ? 1 : cols > SCENE_COLS_MAX ? SCENE_COLS_MAX : cols;
}

int timeline_row_height(int height, int n_rows)
{
	int lines = n_rows > 0 ? (height - TIMELINE_EXTRA_ROWS) / n_rows : 1;

	return lines < 1 ? 1 : lines > TIMELINE_ROW_HEIGHT_MAX ? TIMELINE_ROW_HEIGHT_MAX : lines;
}

int timeline_row_count(int height, int n_rows)
{
	int n = (height - TIMELINE_EXTRA_ROWS) / timeline_row_height(height, n_rows);

	return n < 0 ? 0 : n > TIMELINE_ROWS_MAX ? TIMELINE_ROWS_MAX : n;
}

int timeline_col_of(uint64_t t0_ns, uint64_t t1_ns, int cols, uint64_t at_ns)
{
	if (at_ns < t0_ns || at_ns >= t1_ns || t1_ns <= t0_ns)
		return -1;
	int col = (int)((__uint128_t)(at_ns - t0_ns) * (unsigned)cols / (t1_ns - t0_ns));
	return col < cols ? col : cols - 1;
}

bool timeline_stretch(const struct timeline_scene *s, uint64_t from_ns, uint64_t to_ns, int *ret_a, int *ret_b)
{
	const struct view_ctx *c = s->ctx;

	if (to_ns <= c->t0_ns || from_ns >= c->t1_ns || to_ns <= from_ns)
		return false;
	*ret_a = from_ns <= c->t0_ns ? 0 : timeline_col_of(c->t0_ns, c->t1_ns, s->cols, from_ns);
	*ret_b = to_ns >= c->t1_ns ? s->cols : timeline_col_of(c->t0_ns, c->t1_ns, s->cols, to_ns - 1) + 1;
	return *ret_a >= 0 && *ret_b > *ret_a;
}

/* 1, 2 or 5 times a power of ten that leaves room for a label. */
static uint64_t nice_step(uint64_t min_ns)
{
	for (uint64_t p = 1; p < UINT64_MAX / 100; p *= 10) {
		for (int k = 1; k <= 5; k += k == 1 ? 1 : 3) {
			if (p * (unsigned)k >= min_ns)
				return p * (unsigned)k;
		}
	}
	return UINT64_MAX / 2;
}

static void tick_label(char *dst, size_t cap, uint64_t rel_ns, uint64_t step)
{
	if (step >= NS_PER_S)
		snprintf(dst, cap, "%llus", (unsigned long long)(rel_ns / NS_PER_S));
	else if (step >= 100 * NS_PER_MS)
		snprintf(dst, cap, "%.1fs", (double)rel_ns / 1e9);
	else if (step >= NS_PER_MS)
		snprintf(dst, cap, "%.3fs", (double)rel_ns / 1e9);
	else
		snprintf(dst, cap, "%.6fs", (double)rel_ns / 1e9);
}

static void draw_axis(struct timeline_scene *s, int y)
{
	const struct view_ctx *c = s->ctx;
	uint64_t start = model_start(c->model), window = c->t1_ns - c->t0_ns;
	uint64_t step = nice_step(window / (unsigned)s->cols * 12 + 1);
	uint32_t line = c->ui->ascii ? '-' : 0x2500, tick = c->ui->ascii ? '+' : 0x252c;

	grid_text(s->g, s->r.x, y, s->x - s->r.x, ROLE_DIM, ROLE_BACKGROUND, 0, "time");
	for (int i = 0; i < s->cols; i++)
		grid_put(s->g, s->x + i, y, line, ROLE_AXIS, ROLE_BACKGROUND, 0);
	uint64_t first = c->t0_ns > start ? c->t0_ns - start : 0;
	for (uint64_t rel = (first + step - 1) / step * step; start + rel < c->t1_ns; rel += step) {
		int col = timeline_col_of(c->t0_ns, c->t1_ns, s->cols, start + rel);
		char label[32];

		if (col < 0)
			continue;
		tick_label(label, sizeof(label), rel, step);
		grid_put(s->g, s->x + col, y, tick, ROLE_AXIS, ROLE_BACKGROUND, 0);
		grid_text(s->g, s->x + col + 1, y, s->cols - col - 1, ROLE_AXIS, ROLE_BACKGROUND, 0, label);
	}
}

static void add_legend(struct timeline_scene *s, uint32_t func, uint64_t ns)
{
	for (size_t i = 0; i < s->n_legend; i++) {
		if (s->legend[i].func == func) {
			s->legend[i].ns += ns;
			return;
		}
	}
	if (s->n_legend < SCENE_LEGEND_MAX) {
		s->legend[s->n_legend].func = func;
		s->legend[s->n_legend++].ns = ns;
	}
}

/* The class with the most time; idle only if there is nothing else. */
static int dominant(const struct column *c)
{
	int top = SPAN_IDLE;

	for (int k = SPAN_IDLE + 1; k < SPAN_CLASS_COUNT; k++) {
		if (c->ns[k] && (top == SPAN_IDLE || c->ns[k] > c->ns[top]))
			top = k;
	}
	return top;
}

/* A run of the target's, however short, from the row's bottom up; what the rest of the column mostly was is behind. */
static void draw_run(struct timeline_scene *s, int col, int y, int level, uint8_t fg, uint8_t bg)
{
	for (int k = s->row_height - 1; k >= 0; k--, level -= 8)
		grid_put(s->g, s->x + col, y + k, draw_level(level, s->ctx->ui->ascii), fg, bg, 0);
}

/* The same where it isn't what is asked for, with what is (@part_level of it) before it. */
static void draw_dimmed(struct timeline_scene *s, int col, int y, int level, int part_level, uint8_t fg, uint8_t bg)
{
	const struct ui_state *ui = s->ctx->ui;

	s->marks[MARK_DIMMED] = true;
	for (int k = s->row_height - 1; k >= 0; k--, level -= 8, part_level -= 8) {
		uint32_t dim = ui->ascii ? DIMMED_PLAIN : ui->no_shades ? DIMMED_CHAR : draw_level(level, false);

		if (part_level > 0)
			grid_put(s->g, s->x + col, y + k, draw_level(part_level, ui->ascii), fg,
				 level > part_level && !ui->no_shades ? ROLE_DIMMED : bg, 0);
		else
			grid_put(s->g, s->x + col, y + k, level > 0 ? dim : ' ', ROLE_DIMMED, bg, 0);
	}
}

/*
 * What a column is mostly, and how it looks. @part: of what would be dimmed, what goroutines ran for that keep their
 * colour; NULL = nothing.
 */
static void draw_column(struct timeline_scene *s, int col, int y, const struct column *c, uint64_t width_ns,
			const struct part *part)
{
	static const struct {
		uint32_t ch;
		char plain;
		uint8_t role;
	} looks[SPAN_CLASS_COUNT] = {
		/* where nothing of the target runs */
		[SPAN_IDLE] = {' ', ' ', ROLE_IDLE},
		[SPAN_RUNNABLE] = {0x2593, '?', ROLE_KERNEL_GAP},
		[SPAN_OTHER] = {0x2591, '-', ROLE_OTHER},
		[SPAN_SYSCALL] = {0x2581, '_', ROLE_SYSCALL},
		[SPAN_WAITING_P] = {0x2504, '~', ROLE_RUNNABLE},
		[SPAN_UNKNOWN] = {0xb7, '.', ROLE_DIM},
	};
	bool ascii = s->ctx->ui->ascii, kept = s->kept[col];
	uint64_t busy = c->ns[SPAN_RUN] + c->ns[SPAN_RUNTIME] + c->ns[SPAN_UNLABELLED];
	uint8_t band = s->band[col], bg = band == ROLE_BACKGROUND ? ROLE_IDLE : band;
	int top = dominant(c), lines = s->row_height;

	uint64_t part_ns = part ? (uint64_t)part->run_ns : 0;
	if (c->ns[SPAN_RUN] && (kept || part_ns))
		add_legend(s, kept ? c->func : part->func, kept ? c->ns[SPAN_RUN] : part_ns);
	s->marks[MARK_NO_CPU] |= top == SPAN_RUNNABLE;
	s->marks[MARK_OTHER] |= top == SPAN_OTHER;
	s->marks[MARK_UNKNOWN] |= top == SPAN_UNKNOWN;
	s->marks[MARK_SYSCALL] |= top == SPAN_SYSCALL;
	s->marks[MARK_WAITING_P] |= top == SPAN_WAITING_P;
	if (!busy) {
		uint32_t ch = ascii ? (uint32_t)looks[top].plain : looks[top].ch;
		uint8_t role = kept || (part && part->waited) ? looks[top].role : ROLE_DIMMED;

		for (int k = 0; k < lines; k++) {
			bool empty = top == SPAN_SYSCALL && k < lines - 1; /* a line at the bottom: it only waits */

			grid_put(s->g, s->x + col, y + k, empty ? ' ' : ch, role, bg, 0);
		}
		return;
	}
	if (band == ROLE_BACKGROUND && (top == SPAN_OTHER || top == SPAN_RUNNABLE))
		bg = kept ? looks[top].role : ROLE_DIMMED;
	/* Behind a run a band still shows at the row's top, so that it goes through all rows. */
	int steps = 8 * lines - (band == ROLE_BACKGROUND ? 0 : lines > 1 ? 4 : 2);
	int level = draw_share(busy, width_ns, steps);
	uint8_t fg = c->ns[SPAN_RUNTIME] >= c->ns[SPAN_UNLABELLED] ? ROLE_RUNTIME : ROLE_UNLABELLED;
	if (c->ns[SPAN_RUN] >= c->ns[SPAN_RUNTIME] && c->ns[SPAN_RUN] >= c->ns[SPAN_UNLABELLED])
		fg = draw_func_role(s->ctx->model, c->func);
	if (kept)
		draw_run(s, col, y, level, fg, bg);
	else
		draw_dimmed(s, col, y, level, part_ns ? draw_share(part_ns, width_ns, steps) : 0,
			    part_ns ? draw_func_role(s->ctx->model, part->func) : ROLE_DIMMED, bg);
}

static void row_label(const struct row *row, char *dst, size_t cap)
{
	switch (row->kind) {
	case ROW_CPU:
		snprintf(dst, cap, "CPU%llu", (unsigned long long)row->id);
		break;
	case ROW_P:
		snprintf(dst, cap, "P%llu", (unsigned long long)row->id);
		break;
	case ROW_M:
		snprintf(dst, cap, "M %llu %s", (unsigned long long)row->id, row->name);
		break;
	case ROW_G:
		snprintf(dst, cap, "G%llu %s", (unsigned long long)row->id, draw_short_func(row->name));
		break;
	}
}

static bool row_asked_for(struct timeline_scene *s, const struct row *row, uint32_t start_func)
{
	struct highlight *h = &s->highlight;

	return match_row(&h->find, row) && match_row(&h->filter, row) &&
	       (row->kind != ROW_G || highlight_followed(h, row->id, start_func));
}

/* Does a column keep its colour? What a goroutine's own row shows is about it, also where it doesn't run. */
static bool column_asked_for(struct timeline_scene *s, const struct row *row, uint32_t start_func,
			     const struct column *c)
{
	bool own = row->kind == ROW_G;

	return !s->highlight.on ||
	       highlight_on_row(&s->highlight, row, own ? row->id : c->goid, own ? start_func : c->func, c->tid);
}

/* @index: which of the rows that are shown. */
static void draw_row(struct timeline_scene *s, int y, const struct row *row, int index, bool selected)
{
	static struct column columns[SCENE_COLS_MAX];
	const struct view_ctx *c = s->ctx;
	char label[128];

	row_label(row, label, sizeof(label));
	uint32_t start_func = 0;
	if (row->kind == ROW_G)
		model_goroutine(c->model, row->id, &start_func);
	/* Where rows have names, those that aren't asked for are dimmed like what they did. */
	bool named = row->kind == ROW_M || row->kind == ROW_G;
	bool dim = !row->alive || (named && s->highlight.on && !row_asked_for(s, row, start_func));
	uint8_t bg = selected ? ROLE_SELECTED_BG : ROLE_BACKGROUND;
	grid_fill(s->g, (struct rect){s->r.x, y, s->x - s->r.x - 1, s->row_height}, ' ', ROLE_LABEL, bg);
	grid_text(s->g, s->r.x, y, s->x - s->r.x - 1, dim ? ROLE_DIM : ROLE_LABEL, bg, 0, label);
	track_columns(row->track, c->t0_ns, c->t1_ns, (size_t)s->cols, c->now_ns, columns);
	for (int i = 0; i < s->cols; i++) {
		uint64_t from = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i);
		uint64_t to = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i + 1);

		if (from >= c->now_ns) {
			continue; /* hasn't come yet */
		}
		const struct column *col = &columns[i];
		s->kept[i] = column_asked_for(s, row, start_func, col);
		/* The newest column isn't full yet: what is known of it counts as the whole. */
		draw_column(s, i, y, col, (to < c->now_ns ? to : c->now_ns) - from,
			    s->kept[i] ? NULL : timeline_part(index, i));
	}
	timeline_gaps(s, y, row, columns);
}

/* A line through the axis, the lane and @rows lines of rows; heavier on the row that it is about. */
static void draw_cursor(struct timeline_scene *s, int y0, int lines, int selected_y)
{
	const struct view_ctx *c = s->ctx;
	int col = c->ui->cursor_ns ? timeline_col_of(c->t0_ns, c->t1_ns, s->cols, c->ui->cursor_ns) : -1;

	for (int y = y0; col >= 0 && y < y0 + lines; y++) {
		struct cell *cell = grid_at(s->g, s->x + col, y);
		bool here = y >= selected_y && y < selected_y + s->row_height;

		if (!cell)
			continue;
		/* It keeps the colour of what it crosses: a block's is its foreground. */
		uint8_t under = cell->ch >= 0x2585 && cell->ch <= 0x2588 ? cell->fg : cell->bg;
		*cell = (struct cell){.ch = c->ui->ascii ? '|'
					    : here       ? 0x2503
							 : 0x2502,
				      .fg = ROLE_CURSOR,
				      .bg = under,
				      .attr = here ? CELL_BOLD : 0};
	}
}

static void timeline_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct timeline_scene scene; /* large; one screen draws at a time */
	static struct row rows[TIMELINE_ROWS_MAX];
	struct timeline_scene *s = &scene;
	int label = timeline_label_cols(ctx->ui->rows, r.w);
	size_t n = rows_shown(ctx->ui, ctx->model, rows, TIMELINE_ROWS_MAX);
	int have = n < TIMELINE_ROWS_MAX ? (int)n : TIMELINE_ROWS_MAX, fit = timeline_row_count(r.h, have);

	s->ctx = ctx;
	s->g = g;
	s->r = r;
	s->x = r.x + label;
	s->cols = timeline_time_cols(ctx->ui->rows, r.w);
	s->row_height = timeline_row_height(r.h, have);
	s->n_legend = 0;
	memset(s->marks, 0, sizeof(s->marks));
	highlight_init(&s->highlight, ctx->ui, ctx->model);
	timeline_take_gaps(s);
	int first = have - fit < ctx->ui->first_row ? have - fit : ctx->ui->first_row;
	first = first < 0 ? 0 : first;
	draw_axis(s, r.y);
	timeline_stw_lane(s, r.y + 1);
	int shown = have - first < fit ? have - first : fit;
	timeline_take_parts(s, &rows[first], shown);
	for (int i = 0; i < shown; i++)
		draw_row(s, r.y + 2 + i * s->row_height, &rows[first + i], i,
			 ctx->ui->cursor_ns && first + i == ctx->ui->cursor_row);
	int lines = shown * s->row_height;
	timeline_settings(s, r.y, lines + 2);
	draw_cursor(s, r.y, lines + 2, r.y + 2 + (ctx->ui->cursor_row - first) * s->row_height);
	if (have == 0)
		grid_text(g, s->x, r.y + 2, s->cols, ROLE_DIM, ROLE_BACKGROUND, 0,
			  *ctx->ui->filter ? "nothing matches the filter (f and Enter: show all)"
					   : "nothing has run yet");
	else if (ctx->ui->rows == ROW_CPU && !marks_any_span(ctx->model, ROW_CPU) && marks_any_span(ctx->model, ROW_P))
		grid_text(g, s->x, r.y + 2, s->cols, ROLE_DIM, ROLE_BACKGROUND, 0,
			  "this collector doesn't see what runs on the CPUs; p: rows of Ps");
	timeline_legend(s, r.y + 2 + lines);
	int at = ctx->ui->cursor_row;
	timeline_detail(s, r.y + 3 + lines, at >= 0 && at < have ? &rows[at] : NULL);
}

const struct view view_timeline = {
	.name = "timeline",
	.title = "Timeline",
	.help = "what each CPU, P, thread or goroutine did, pauses and gaps",
	.min_rows = TIMELINE_EXTRA_ROWS + 1,
	.draw = timeline_draw,
};
