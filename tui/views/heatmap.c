/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/views/heatmap.h"

#include <string.h>

#include "tui/marks.h"
#include "tui/views/timeline.h"

#define COLS_MAX   256
#define COLS_LEAST 8
#define FIRST_NS   100000ULL /* the lowest line ends here */

/* What lies between two times, by length. */
struct heatmap {
	const struct view_ctx *ctx;
	int cols;
	uint32_t count[HEATMAP_DECADES][COLS_MAX];
};

static int decade_of(uint64_t ns)
{
	int d = 0;

	for (uint64_t limit = FIRST_NS; d < HEATMAP_DECADES - 1 && ns >= limit; limit *= 10)
		d++;
	return d;
}

/* One that goes on lasts until now. */
static void add(struct heatmap *h, uint64_t from_ns, uint64_t to_ns)
{
	const struct view_ctx *c = h->ctx;

	to_ns = to_ns ? to_ns : c->now_ns;
	if (to_ns < from_ns || to_ns < c->t0_ns || from_ns >= c->t1_ns)
		return;
	int a = from_ns <= c->t0_ns ? 0 : timeline_col_of(c->t0_ns, c->t1_ns, h->cols, from_ns);
	int b = to_ns >= c->t1_ns ? h->cols - 1 : timeline_col_of(c->t0_ns, c->t1_ns, h->cols, to_ns);
	uint32_t *line = h->count[decade_of(to_ns - from_ns)];
	for (int i = a; i >= 0 && i <= b; i++)
		line[i]++;
}

static void see_gap(void *ctx, const struct gap *gap)
{
	add(ctx, gap->request_ns, gap->taken_ns);
}

static void see_stw(void *ctx, const struct stw_pause *p)
{
	add(ctx, p->asked_ns, p->end_ns);
}

/* How many there are, as a shade. */
static uint32_t shade(uint32_t n, bool ascii)
{
	static const uint32_t shades[] = {0x2591, 0x2593, 0x2588}, plain[] = {'.', 'o', '#'};
	int k = n < 2 ? 0 : n < 8 ? 1 : 2;

	return ascii ? plain[k] : shades[k];
}

static void draw_line(const struct heatmap *h, struct grid *g, struct rect r, int label_cols, int decade)
{
	static const struct {
		const char *name;
		uint8_t role;
	} lines[HEATMAP_DECADES] = {
		{"< 100 \u00b5s", ROLE_BAR}, {"100 \u00b5s", ROLE_BAR}, {"1 ms", ROLE_BAR},
		{"10 ms", ROLE_WARNING},     {"100 ms", ROLE_CRITICAL}, {"1 s", ROLE_CRITICAL},
	};
	const struct view_ctx *c = h->ctx;
	int cursor = c->ui->cursor_ns ? timeline_col_of(c->t0_ns, c->t1_ns, h->cols, c->ui->cursor_ns) : -1;

	grid_text(g, r.x, r.y, label_cols, ROLE_DIM, ROLE_BACKGROUND, 0, lines[decade].name);
	for (int i = 0; i < h->cols; i++) {
		uint32_t n = h->count[decade][i];

		/* One that is long is no faint matter, however alone it is. */
		n = n && decade >= 4 ? 8 : n;
		if (n)
			grid_put(g, r.x + label_cols + i, r.y, shade(n, c->ui->ascii), lines[decade].role,
				 ROLE_BACKGROUND, 0);
		else if (i == cursor)
			grid_put(g, r.x + label_cols + i, r.y, c->ui->ascii ? '|' : 0x2502, ROLE_CURSOR,
				 ROLE_BACKGROUND, 0);
	}
}

static void draw_map(const struct heatmap *h, struct grid *g, struct rect r, int label_cols, const char *title)
{
	grid_text(g, r.x, r.y, r.w, ROLE_LABEL, ROLE_BACKGROUND, 0, title);
	for (int d = HEATMAP_DECADES - 1; d >= 0; d--) {
		r.y++;
		draw_line(h, g, r, label_cols, d);
	}
}

void heatmap_draw(const struct view_ctx *ctx, struct grid *g, struct rect r, int label_cols)
{
	static struct heatmap h; /* large; one screen draws at a time */
	uint64_t resolution_ns;
	bool about = model_estimates(ctx->model, &resolution_ns);

	h = (struct heatmap){.ctx = ctx, .cols = r.w - label_cols < COLS_MAX ? r.w - label_cols : COLS_MAX};
	if (h.cols < COLS_LEAST || r.h < HEATMAP_ROWS)
		return;
	marks_each_gap(ctx->model, ctx->t0_ns, ctx->t1_ns, see_gap, &h);
	draw_map(&h, g, r, label_cols, about ? "~preempt, in the window above" : "preempt, in the window above");
	if (r.h < 2 * HEATMAP_ROWS)
		return;
	memset(h.count, 0, sizeof(h.count));
	marks_each_stw(ctx->model, ctx->t0_ns, ctx->t1_ns, see_stw, &h);
	r.y += HEATMAP_ROWS;
	draw_map(&h, g, r, label_cols, about ? "~STW" : "STW");
}
