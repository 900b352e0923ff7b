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
#include "base/text.h"
#include "tui/draw.h"
#include "tui/views.h"

#define COLS_MAX   1024
#define GAPS_MAX   2048
#define STWS_MAX   2048
#define LEGEND_MAX 12

struct scene {
	const struct view_ctx *ctx;
	struct grid *g;
	struct rect r;
	int x, cols;            /* of time */
	int row_height;         /* lines of a row */
	uint8_t band[COLS_MAX]; /* role of the background: ROLE_BACKGROUND, STW or STW_STOPPING */
	struct gap gaps[GAPS_MAX];
	size_t n_gaps;
	struct {
		uint32_t func;
		uint64_t ns;
	} legend[LEGEND_MAX];
	size_t n_legend;
};

int timeline_label_cols(enum row_kind rows, int width)
{
	static const int want[] = {[ROW_CPU] = 7, [ROW_P] = 7, [ROW_M] = 18, [ROW_G] = 26};
	int cols = want[rows];

	return width < 100 && cols > 16 ? 16 : cols;
}

int timeline_time_cols(enum row_kind rows, int width)
{
	int cols = width - timeline_label_cols(rows, width);

	return cols < 1 ? 1 : cols > COLS_MAX ? COLS_MAX : cols;
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

/* First and one past the last column of a stretch of time inside the window; false when it is outside. */
static bool stretch(const struct scene *s, uint64_t from, uint64_t to, int *ret_a, int *ret_b)
{
	const struct view_ctx *c = s->ctx;

	if (to <= c->t0_ns || from >= c->t1_ns)
		return false;
	*ret_a = from <= c->t0_ns ? 0 : timeline_col_of(c->t0_ns, c->t1_ns, s->cols, from);
	*ret_b = to >= c->t1_ns ? s->cols : timeline_col_of(c->t0_ns, c->t1_ns, s->cols, to - 1) + 1;
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

static void draw_axis(struct scene *s, int y)
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

/* Fills the bands, and draws the lane that says what they are. */
static void draw_stw_lane(struct scene *s, int y)
{
	static struct stw_pause stws[STWS_MAX];
	const struct view_ctx *c = s->ctx;
	size_t n = model_stws(c->model, c->t0_ns, c->t1_ns, stws, STWS_MAX);
	bool ascii = c->ui->ascii;
	int a, b;

	memset(s->band, ROLE_BACKGROUND, sizeof(s->band));
	grid_text(s->g, s->r.x, y, s->x - s->r.x, ROLE_LABEL, ROLE_BACKGROUND, 0, "STW");
	for (size_t i = 0; i < n; i++) {
		uint64_t end = stws[i].end_ns ? stws[i].end_ns : c->now_ns;
		uint64_t stopped = stws[i].stopped_ns ? stws[i].stopped_ns : end;

		if (stretch(s, stws[i].asked_ns, end > stws[i].asked_ns ? end : stws[i].asked_ns + 1, &a, &b))
			memset(s->band + a, ROLE_STW, (size_t)(b - a));
		if (stopped > stws[i].asked_ns && stretch(s, stws[i].asked_ns, stopped, &a, &b))
			memset(s->band + a, ROLE_STW_STOPPING, (size_t)(b - a));
	}
	for (int i = 0; i < s->cols; i++) {
		if (s->band[i] == ROLE_STW_STOPPING)
			grid_put(s->g, s->x + i, y, ascii ? 's' : 0x2592, ROLE_STW_STOPPING, ROLE_BACKGROUND, 0);
		else if (s->band[i] == ROLE_STW)
			grid_put(s->g, s->x + i, y, ascii ? 'S' : 0x2588, ROLE_STW, ROLE_BACKGROUND, 0);
	}
}

static void add_legend(struct scene *s, uint32_t func, uint64_t ns)
{
	for (size_t i = 0; i < s->n_legend; i++) {
		if (s->legend[i].func == func) {
			s->legend[i].ns += ns;
			return;
		}
	}
	if (s->n_legend < LEGEND_MAX) {
		s->legend[s->n_legend].func = func;
		s->legend[s->n_legend++].ns = ns;
	}
}

/* What a column is mostly, and how it looks. */
static void draw_column(struct scene *s, int col, int y, const struct column *c, uint64_t width_ns)
{
	static const uint8_t roles[SPAN_CLASS_COUNT] = {
		[SPAN_IDLE] = ROLE_IDLE,           [SPAN_RUNTIME] = ROLE_RUNTIME, [SPAN_UNLABELLED] = ROLE_UNLABELLED,
		[SPAN_RUNNABLE] = ROLE_KERNEL_GAP, [SPAN_OTHER] = ROLE_OTHER,     [SPAN_SYSCALL] = ROLE_SYSCALL,
	};
	bool ascii = s->ctx->ui->ascii;
	uint64_t busy = c->ns[SPAN_RUN] + c->ns[SPAN_RUNTIME] + c->ns[SPAN_UNLABELLED];
	uint8_t band = s->band[col], bg = band == ROLE_BACKGROUND ? ROLE_IDLE : band;
	int top = SPAN_IDLE;

	for (int k = SPAN_IDLE + 1; k < SPAN_CLASS_COUNT; k++) {
		if (c->ns[k] > c->ns[top] || top == SPAN_IDLE)
			top = c->ns[k] ? k : top;
	}
	if (c->ns[SPAN_RUN])
		add_legend(s, c->func, c->ns[SPAN_RUN]);
	static const uint32_t marks[SPAN_CLASS_COUNT] = {
		[SPAN_IDLE] = ' ', [SPAN_OTHER] = 0x2591, [SPAN_RUNNABLE] = 0x2593, [SPAN_SYSCALL] = 0x2581};
	static const char plain[SPAN_CLASS_COUNT] = {
		[SPAN_IDLE] = ' ', [SPAN_OTHER] = '-', [SPAN_RUNNABLE] = '?', [SPAN_SYSCALL] = '_'};
	int lines = s->row_height;
	if (marks[top]) {
		for (int k = 0; k < lines; k++) {
			bool empty = top == SPAN_SYSCALL && k < lines - 1; /* a line at the bottom: it only waits */
			uint32_t ch = ascii ? (uint32_t)plain[top] : marks[top];

			grid_put(s->g, s->x + col, y + k, empty ? ' ' : ch, roles[top], bg, 0);
		}
		return;
	}
	int level = (int)((busy * 8 * (unsigned)lines + width_ns - 1) / (width_ns ? width_ns : 1));
	uint8_t fg = c->ns[SPAN_RUN] >= c->ns[SPAN_RUNTIME] && c->ns[SPAN_RUN] >= c->ns[SPAN_UNLABELLED]
			     ? draw_func_role(s->ctx->model, c->func)
			     : roles[top];
	level = level < 1 ? 1 : level;
	for (int k = lines - 1; k >= 0; k--, level -= 8)
		grid_put(s->g, s->x + col, y + k, draw_level(level, ascii), fg, bg, 0);
}

/* A thread may change its CPU while a gap lasts: on a row of CPUs the columns tell whether it ran there. */
static bool gap_on_row(const struct gap *gap, const struct row *row)
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

/* Hatches the run that a request waits for. */
static void draw_gaps(struct scene *s, int y, const struct row *row, const struct column *columns)
{
	bool ascii = s->ctx->ui->ascii;
	int a, b;

	for (size_t i = 0; i < s->n_gaps; i++) {
		const struct gap *gap = &s->gaps[i];
		bool pending = gap->end == GAP_PENDING;

		if (!gap_on_row(gap, row) ||
		    !stretch(s, gap->request_ns, gap->taken_ns ? gap->taken_ns : s->ctx->now_ns, &a, &b))
			continue;
		uint64_t col_ns = (s->ctx->t1_ns - s->ctx->t0_ns) / (unsigned)s->cols;
		if (gap_ns(gap, s->ctx->now_ns) * 2 < col_ns)
			continue; /* shorter than half a column: a hatch would exaggerate it */
		for (int col = a; col < b; col++) {
			if (row->kind == ROW_CPU && columns[col].tid != gap->tid)
				continue;
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

static void row_label(const struct scene *s, const struct row *row, char *dst, size_t cap)
{
	(void)s;
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

static void draw_row(struct scene *s, int y, const struct row *row, bool selected)
{
	static struct column columns[COLS_MAX];
	const struct view_ctx *c = s->ctx;
	char label[128];

	row_label(s, row, label, sizeof(label));
	uint8_t bg = selected ? ROLE_SELECTED_BG : ROLE_BACKGROUND;
	grid_fill(s->g, (struct rect){s->r.x, y, s->x - s->r.x - 1, s->row_height}, ' ', ROLE_LABEL, bg);
	grid_text(s->g, s->r.x, y, s->x - s->r.x - 1, row->alive ? ROLE_LABEL : ROLE_DIM, bg, 0, label);
	track_columns(row->track, c->t0_ns, c->t1_ns, (size_t)s->cols, c->now_ns, columns);
	for (int i = 0; i < s->cols; i++) {
		uint64_t from = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i);
		uint64_t to = timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, i + 1);

		if (from >= c->now_ns) {
			continue; /* hasn't come yet */
		}
		/* The newest column isn't full yet: what is known of it counts as the whole. */
		draw_column(s, i, y, &columns[i], (to < c->now_ns ? to : c->now_ns) - from);
	}
	draw_gaps(s, y, row, columns);
}

static void draw_legend(struct scene *s, int y)
{
	int x = s->r.x, end = s->r.x + s->r.w;
	bool ascii = s->ctx->ui->ascii;
	const struct {
		const char *name;
		uint32_t ch;
		char plain;
		uint8_t role;
	} marks[] = {{"gap", 0x2592, '%', ROLE_GAP},
		     {"no CPU", 0x2593, '?', ROLE_KERNEL_GAP},
		     {"other process", 0x2591, '-', ROLE_OTHER}};

	for (size_t k = 0; k < 6 && s->n_legend; k++) {
		size_t best = s->n_legend;

		for (size_t i = 0; i < s->n_legend; i++) {
			if (s->legend[i].ns && (best == s->n_legend || s->legend[i].ns > s->legend[best].ns))
				best = i;
		}
		if (best == s->n_legend || x + 8 > end - 30)
			break;
		const struct func_info *f = model_func(s->ctx->model, s->legend[best].func);
		s->legend[best].ns = 0;
		if (!f)
			continue;
		grid_put(s->g, x, y, ascii ? '#' : 0x2588, draw_func_role(s->ctx->model, s->legend[best].func),
			 ROLE_BACKGROUND, 0);
		x += 2;
		x += grid_text(s->g, x, y, end - 30 - x, ROLE_TEXT, ROLE_BACKGROUND, 0, draw_short_func(f->name)) + 2;
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && x + 4 < end; i++) {
		grid_put(s->g, x, y, ascii ? (uint32_t)marks[i].plain : marks[i].ch, marks[i].role, ROLE_BACKGROUND, 0);
		x += 2;
		x += grid_text(s->g, x, y, end - x, ROLE_DIM, ROLE_BACKGROUND, 0, marks[i].name) + 2;
	}
}

/* What is under the cursor, in one line. */
static void draw_detail(struct scene *s, int y, const struct row *row)
{
	const struct view_ctx *c = s->ctx;
	char text[512], len[32], place[256];
	struct span span;

	if (!c->ui->cursor_ns || !row) {
		grid_text(s->g, s->r.x, y, s->r.w, ROLE_DIM, ROLE_BACKGROUND, 0,
			  "arrows: cursor   + -: zoom   [ ]: gaps and pauses   ?: help");
		return;
	}
	double at = (double)(c->ui->cursor_ns - model_start(c->model)) / 1e9;
	if (!track_at(row->track, c->ui->cursor_ns, c->now_ns, &span) || span.klass == SPAN_IDLE) {
		grid_printf(s->g, s->r.x, y, s->r.w, ROLE_TEXT, ROLE_BACKGROUND, 0,
			    "%.6fs  nothing of the target runs here", at);
		return;
	}
	static const char *const what[SPAN_CLASS_COUNT] = {[SPAN_RUN] = "runs",
							   [SPAN_RUNTIME] = "runtime, no goroutine",
							   [SPAN_UNLABELLED] = "runs (goroutine unknown)",
							   [SPAN_RUNNABLE] = "wants a CPU",
							   [SPAN_OTHER] = "another process",
							   [SPAN_SYSCALL] = "in a system call"};
	uint64_t end = span.end_ns < c->now_ns ? span.end_ns : c->now_ns;
	text_duration(len, sizeof(len), end - span.start_ns);
	snprintf(text, sizeof(text), "%.6fs  %s", at, what[span.klass]);
	if (span.goid)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  G%llu %s", (unsigned long long)span.goid,
			 draw_place(place, sizeof(place), c->model, span.func, 0));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "  for %s", len);
	if (span.cpu != UINT16_MAX)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  CPU%u", span.cpu);
	if (span.p != EV_NO_P)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  P%u", span.p);
	if (span.tid)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  thread %u %s", span.tid,
			 model_comm(c->model, span.tid));
	grid_text(s->g, s->r.x, y, s->r.w, ROLE_TEXT, ROLE_BACKGROUND, 0, text);
}

static void draw_cursor(struct scene *s, int y0, int rows)
{
	const struct view_ctx *c = s->ctx;
	int col = c->ui->cursor_ns ? timeline_col_of(c->t0_ns, c->t1_ns, s->cols, c->ui->cursor_ns) : -1;

	for (int y = y0; col >= 0 && y < y0 + rows; y++) {
		struct cell *cell = grid_at(s->g, s->x + col, y);

		if (cell)
			cell->attr ^= CELL_REVERSE;
	}
}

static void timeline_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct scene scene; /* large; one screen draws at a time */
	static struct row rows[TIMELINE_ROWS_MAX];
	struct scene *s = &scene;
	int label = timeline_label_cols(ctx->ui->rows, r.w);
	size_t n = model_rows(ctx->model, ctx->ui->rows, rows, TIMELINE_ROWS_MAX);
	int have = n < TIMELINE_ROWS_MAX ? (int)n : TIMELINE_ROWS_MAX, fit = timeline_row_count(r.h, have);

	*s = (struct scene){.ctx = ctx,
			    .g = g,
			    .r = r,
			    .x = r.x + label,
			    .cols = timeline_time_cols(ctx->ui->rows, r.w),
			    .row_height = timeline_row_height(r.h, have)};
	s->n_gaps = model_gaps(ctx->model, ctx->t0_ns, ctx->t1_ns, s->gaps, GAPS_MAX);
	int first = have - fit < ctx->ui->first_row ? have - fit : ctx->ui->first_row;
	first = first < 0 ? 0 : first;
	draw_axis(s, r.y);
	draw_stw_lane(s, r.y + 1);
	int shown = have - first < fit ? have - first : fit;
	for (int i = 0; i < shown; i++)
		draw_row(s, r.y + 2 + i * s->row_height, &rows[first + i],
			 ctx->ui->cursor_ns && first + i == ctx->ui->cursor_row);
	int lines = shown * s->row_height;
	draw_cursor(s, r.y, lines + 2);
	if (have == 0)
		grid_text(g, s->x, r.y + 2, s->cols, ROLE_DIM, ROLE_BACKGROUND, 0, "nothing has run yet");
	draw_legend(s, r.y + 2 + lines);
	int at = ctx->ui->cursor_row;
	draw_detail(s, r.y + 3 + lines, at >= 0 && at < have ? &rows[at] : NULL);
}

const struct view view_timeline = {
	.name = "timeline",
	.title = "Timeline",
	.help = "what each CPU, P, thread or goroutine did, pauses and gaps",
	.min_rows = TIMELINE_EXTRA_ROWS + 1,
	.draw = timeline_draw,
};
