/* SPDX-License-Identifier: GPL-2.0-only */
/* Panels of totals: threads and goroutines. */
#include <stdio.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/match.h"
#include "tui/views.h"

#define TOTALS_MAX 256
/* With a filter, who is asked for may have run least of all. */
#define TOTALS_FILTERED_MAX 4096
#define EXACT_COLS          68 /* six columns of times and a name */

static size_t n_totals(const struct view_ctx *ctx)
{
	return *ctx->ui->filter ? TOTALS_FILTERED_MAX : TOTALS_MAX;
}

/* What a filter left of a panel: nothing? Then it says so. */
static void say_empty(const struct view_ctx *ctx, struct grid *g, struct rect r, size_t n)
{
	if (n == 0 && *ctx->ui->filter)
		grid_text(g, r.x, r.y + 1, r.w, ROLE_DIM, ROLE_BACKGROUND, 0, "nothing matches the filter");
}

static size_t scrolled(const struct view_ctx *ctx, size_t n)
{
	size_t first = (size_t)(ctx->ui->panel_scroll < 0 ? 0 : ctx->ui->panel_scroll);

	return first < n ? first : n ? n - 1 : 0;
}

/* A duration, right-aligned in 9 columns (µ takes two bytes: printf's width doesn't know). */
static int put_ns(struct grid *g, int x, int y, int end, uint8_t role, uint64_t ns)
{
	char buf[32];
	int pad = 8 - (int)text_cols(text_duration(buf, sizeof(buf), ns));

	grid_text(g, x + (pad > 0 ? pad : 0), y, end - x - (pad > 0 ? pad : 0), role, ROLE_BACKGROUND, 0, buf);
	return x + 9;
}

static void threads_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct thread_total t[TOTALS_FILTERED_MAX];
	static struct match filter;
	size_t n_all = model_threads(ctx->model, t, n_totals(ctx)), n = 0;
	int end = r.x + r.w;

	match_init(&filter, ctx->model, ctx->ui->filter);
	for (size_t i = 0; i < n_all; i++) {
		if (match_thread(&filter, t[i].tid))
			t[n++] = t[i];
	}

	r = draw_title(g, r, "Threads", false);
	grid_text(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0, "     run     wait    sleep  invol  migr  thread");
	say_empty(ctx, g, r, n);
	for (size_t i = scrolled(ctx, n), k = 1; i < n && (int)k < r.h; i++, k++) {
		int y = r.y + (int)k, x = r.x;

		x = put_ns(g, x, y, end, ROLE_TEXT, t[i].run_ns);
		x = put_ns(g, x, y, end, t[i].wait_ns > t[i].run_ns ? ROLE_WARNING : ROLE_TEXT, t[i].wait_ns);
		x = put_ns(g, x, y, end, ROLE_DIM, t[i].sleep_ns);
		grid_printf(g, x, y, end - x, t[i].alive ? ROLE_TEXT : ROLE_DIM, ROLE_BACKGROUND, 0,
			    "%6llu %5llu  %u %s", (unsigned long long)t[i].involuntary,
			    (unsigned long long)t[i].migrations, t[i].tid, t[i].comm);
	}
}

static void goroutines_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct g_total t[TOTALS_FILTERED_MAX];
	static struct match filter;
	size_t n_all = model_goroutines(ctx->model, t, n_totals(ctx)), n = 0;
	int end = r.x + r.w;

	match_init(&filter, ctx->model, ctx->ui->filter);
	for (size_t i = 0; i < n_all; i++) {
		if (match_goroutine(&filter, t[i].goid, t[i].start_func))
			t[n++] = t[i];
	}
	bool wide = model_exact_seen(ctx->model) && r.w >= EXACT_COLS;

	r = draw_title(g, r, "Goroutines, by run time", false);
	grid_printf(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0, "     run  longest  overrun %sgoroutine",
		    wide ? "    wait  syscall   assist " : " ");
	say_empty(ctx, g, r, n);
	for (size_t i = scrolled(ctx, n), k = 1; i < n && (int)k < r.h; i++, k++) {
		const struct func_info *f = model_func(ctx->model, t[i].start_func);
		int y = r.y + (int)k, x = r.x;

		x = put_ns(g, x, y, end, ROLE_TEXT, t[i].run_ns);
		x = put_ns(g, x, y, end, t[i].max_slice_ns > 2 * GO_SLICE_NS ? ROLE_CRITICAL : ROLE_TEXT,
			   t[i].max_slice_ns);
		x = put_ns(g, x, y, end, t[i].overrun_ns ? ROLE_WARNING : ROLE_DIM, t[i].overrun_ns);
		if (wide) {
			x = put_ns(g, x, y, end, t[i].max_wait_ns > GO_SLICE_NS ? ROLE_WARNING : ROLE_TEXT,
				   t[i].wait_ns);
			x = put_ns(g, x, y, end, t[i].syscall_ns ? ROLE_TEXT : ROLE_DIM, t[i].syscall_ns);
			x = put_ns(g, x, y, end, t[i].assist_ns ? ROLE_WARNING : ROLE_DIM, t[i].assist_ns);
		}
		x += 1 + grid_printf(g, x, y, end - x, t[i].ended ? ROLE_DIM : ROLE_TEXT, ROLE_BACKGROUND, 0, "%llu",
				     (unsigned long long)t[i].goid);
		grid_text(g, x, y, end - x, draw_func_role(ctx->model, t[i].start_func), ROLE_BACKGROUND, 0,
			  f ? draw_short_func(f->name) : "-");
	}
}

const struct view view_threads = {
	.name = "threads",
	.title = "Threads",
	.help = "run, wait and sleep time of each thread",
	.min_rows = 3,
	.draw = threads_draw,
};

const struct view view_goroutines = {
	.name = "goroutines",
	.title = "Goroutines",
	.help = "run time, longest slice and overrun of each goroutine",
	.min_rows = 3,
	.draw = goroutines_draw,
};
