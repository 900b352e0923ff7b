/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one frame of a capture costs, at every zoom and anywhere in it, drawn into the cells of a 200x60 screen.
 *
 *   redraw CAPTURE
 *
 * Prints key=value lines: the median and the worst of the frames in microseconds, for each kind of rows, for the list
 * of events, and while something is looked for or filtered; and what a search costs that finds nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "engine/load.h"
#include "tui/actions.h"
#include "tui/find_keys.h"
#include "tui/grid.h"
#include "tui/views.h"

#define COLS     200
#define ROWS     60
#define ZOOMS    24
#define PLACES   8
#define N_FRAMES (ZOOMS * PLACES)

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What is drawn: each kind of rows; and what costs more than that. */
static const struct {
	const char *name;
	enum row_kind rows;
	bool events; /* their list, with a cursor */
	const char *find, *filter;
} variants[] = {
	{"cpus", ROW_CPU, false, "", ""},      {"ps", ROW_P, false, "", ""},
	{"threads", ROW_M, false, "", ""},     {"goroutines", ROW_G, false, "", ""},
	{"events", ROW_CPU, true, "", ""},     {"find", ROW_CPU, false, "main.", ""},
	{"filter", ROW_G, false, "", "main."}, {"all_three", ROW_M, true, "main.", "runtime."},
};

/* A frame for each zoom, from all of it to its 2^24th part, at places all over it: no two windows are alike. */
static void draw_all(const struct model *m, size_t variant, struct grid *g, uint64_t ret_ns[N_FRAMES])
{
	uint64_t first = model_start(m), length = model_now(m) - first;
	struct ui_state ui;
	struct view_ctx ctx = {.model = m, .ui = &ui, .now_ns = model_now(m), .still = true};

	ui_state_init(&ui, false);
	ui.rows = variants[variant].rows;
	ui.follow = false;
	ui.panel = variants[variant].events ? view_panel_index("events") : 0;
	snprintf(ui.find, sizeof(ui.find), "%s", variants[variant].find);
	snprintf(ui.filter, sizeof(ui.filter), "%s", variants[variant].filter);
	for (unsigned i = 0; i < N_FRAMES; i++) {
		ui.span_ns = (length >> (i / PLACES)) + COLS;
		ui.end_ns = first + length * (i % PLACES + 1) / PLACES;
		ui.cursor_ns = variants[variant].events ? ui.end_ns - ui.span_ns / 2 : 0;
		uint64_t begin = clock_now_ns();

		ui_window(&ui, m, ctx.now_ns, &ctx.t0_ns, &ctx.t1_ns);
		views_draw(&ctx, g);
		ret_ns[i] = clock_now_ns() - begin;
	}
}

/* A search that goes through all that is kept and finds nothing. */
static uint64_t search_ns(const struct model *m)
{
	struct ui_state ui;
	uint64_t begin = clock_now_ns();

	ui_state_init(&ui, false);
	snprintf(ui.typed, sizeof(ui.typed), "nothing is called so");
	find_typed(PROMPT_FIND, &ui, m, model_now(m), COLS, ROWS);
	return clock_now_ns() - begin;
}

int main(int argc, char **argv)
{
	const struct load_opts opts = {.until_ns = UINT64_MAX};
	struct fault fault = {0};
	struct loaded l;
	struct grid g;

	if (argc != 2) {
		fputs("usage: redraw CAPTURE\n", stderr);
		return EXIT_FAILURE;
	}
	if (load_capture(argv[1], &opts, &l, &fault) < 0) {
		fault_print(&fault, stderr);
		return EXIT_FAILURE;
	}
	if (grid_init(&g, COLS, ROWS) < 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		uint64_t ns[N_FRAMES];

		draw_all(l.model, i, &g, ns);
		qsort(ns, N_FRAMES, sizeof(ns[0]), by_size);
		const size_t middle = N_FRAMES / 2;

		printf("%s_median_us=%.0f %s_worst_us=%.0f\n", variants[i].name, (double)ns[middle] / 1e3,
		       variants[i].name, (double)ns[N_FRAMES - 1] / 1e3);
	}
	printf("search_us=%.0f\n", (double)search_ns(l.model) / 1e3);
	grid_done(&g);
	load_done(&l);
	return EXIT_SUCCESS;
}
