/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the goroutines ran that keep their colour while the rest is dimmed. A column is named by the goroutine with the
 * most time in it; one that runs for microseconds among others would vanish just when it is looked for. So its own
 * spans are gone through and put where they belong. Cost a frame: PARTS_SPANS_MAX spans at most, shared by all of them;
 * what lies beyond is seen where it has the most time.
 */
#include <string.h>

#include "base/cleanup.h"
#include "tui/views/timeline_scene.h"

#define PARTS_SPANS_MAX 16384U
#define PARTS_ROWS_MAX  256
#define PARTS_LEAST     256U /* spans of each goroutine, however many there are */
#define BATCH           256
#define SLOTS           1024U /* power of two, more than twice PARTS_ROWS_MAX */

static struct part parts[PARTS_ROWS_MAX][SCENE_COLS_MAX];
static int n_parts; /* rows */

/* The row of an id: open addressing. */
static struct {
	uint64_t id;
	int row; /* + 1; 0 = empty */
} slots[SLOTS];

static void put_row(uint64_t id, int row)
{
	uint64_t i = id;

	while (slots[i % SLOTS].row)
		i++;
	slots[i % SLOTS].id = id;
	slots[i % SLOTS].row = row + 1;
}

static int row_of(uint64_t id)
{
	uint64_t i = id;

	while (slots[i % SLOTS].row && slots[i % SLOTS].id != id)
		i++;
	return slots[i % SLOTS].row - 1;
}

static int row_of_span(const struct span *s, enum row_kind rows)
{
	if (rows == ROW_CPU) /* who waits for a CPU has none */
		return s->cpu == UINT16_MAX || s->klass != SPAN_RUN ? -1 : row_of(s->cpu);
	if (rows == ROW_P)
		return s->p == EV_NO_P ? -1 : row_of(s->p);
	return s->tid ? row_of(s->tid) : -1;
}

/* Adds a span to the columns that it touches. Doubles: 128-bit divisions would be most of the cost. */
static void put_span(const struct timeline_scene *s, const struct span *span, int row)
{
	const struct view_ctx *c = s->ctx;
	double col_ns = (double)(c->t1_ns - c->t0_ns) / s->cols;
	double from = span->start_ns > c->t0_ns ? (double)(span->start_ns - c->t0_ns) / col_ns : 0;
	uint64_t end = span->end_ns < c->now_ns ? span->end_ns : c->now_ns;
	double to = end > c->t0_ns ? (double)(end - c->t0_ns) / col_ns : 0;

	to = to < s->cols ? to : s->cols;
	for (int col = (int)from; col < to; col++) {
		double lo = from > col ? from : col, hi = to < col + 1 ? to : col + 1;
		struct part *p = &parts[row][col];

		if (span->klass != SPAN_RUN) {
			p->waited = true;
			continue;
		}
		p->run_ns += (float)((hi - lo) * col_ns);
		p->func = span->func;
	}
}

static void put_goroutine(const struct timeline_scene *s, const struct row *g, unsigned budget)
{
	struct span spans[BATCH];
	uint64_t from = s->ctx->t0_ns;
	size_t n;

	do {
		n = track_read(g->track, from, spans, BATCH);
		for (size_t i = 0; i < n && spans[i].start_ns < s->ctx->t1_ns; i++) {
			int row = row_of_span(&spans[i], s->ctx->ui->rows);

			if (row >= 0)
				put_span(s, &spans[i], row);
		}
		budget -= n < budget ? (unsigned)n : budget;
		from = n ? spans[n - 1].end_ns : from;
	} while (n == BATCH && budget && from < s->ctx->t1_ns);
}

void timeline_take_parts(struct timeline_scene *s, const struct row *rows, int n)
{
	static struct row all[TIMELINE_ROWS_MAX], chosen[TIMELINE_ROWS_MAX];
	size_t n_all, n_chosen = 0;

	n_parts = 0;
	if (!s->highlight.on || s->ctx->ui->rows == ROW_G)
		return;
	n_parts = n < PARTS_ROWS_MAX ? n : PARTS_ROWS_MAX;
	memset(slots, 0, sizeof(slots));
	for (int i = 0; i < n_parts; i++) {
		memset(parts[i], 0, sizeof(parts[i][0]) * (size_t)s->cols);
		put_row(rows[i].id, i);
	}
	n_all = model_rows(s->ctx->model, ROW_G, all, ARRAY_SIZE(all));
	for (size_t i = 0; i < n_all && i < ARRAY_SIZE(all); i++) {
		uint32_t func = 0;

		model_goroutine(s->ctx->model, all[i].id, &func);
		if (highlight_goroutine(&s->highlight, all[i].id, func))
			chosen[n_chosen++] = all[i];
	}
	for (size_t i = 0; i < n_chosen; i++) {
		unsigned budget = PARTS_SPANS_MAX / (unsigned)n_chosen;

		put_goroutine(s, &chosen[i], budget > PARTS_LEAST ? budget : PARTS_LEAST);
	}
}

const struct part *timeline_part(int row, int col)
{
	const struct part *p = row < n_parts ? &parts[row][col] : NULL;

	return p && (p->run_ns > 0 || p->waited) ? p : NULL;
}
