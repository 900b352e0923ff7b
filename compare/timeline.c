/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/model.h"

#define PART_NS   NS_PER_S
#define PART_OF   4     /* or so much of the whole, if that is less */
#define MARKS_SEE 65536 /* of a session, as many as the model keeps one by one */
#define SHARE_MAX 255

/* While it is being made. */
struct maker {
	const struct model *m;
	struct timeline *t;
	const struct track *track[TIMELINE_ROWS_MAX];
	uint32_t func[TIMELINE_FUNCS_MAX]; /* the model's id of each */
	uint64_t start_ns, now_ns;
};

static uint8_t func_index(struct maker *k, uint32_t func, uint64_t ns)
{
	struct timeline *t = k->t;
	const struct func_info *info = model_func(k->m, func);
	size_t i = 0;

	if (!info)
		return 0;
	while (i < t->n_funcs && k->func[i] != func)
		i++;
	if (i == TIMELINE_FUNCS_MAX)
		return 0;
	if (i == t->n_funcs) {
		t->funcs[i] = (struct timeline_func){.name = strdup(info->name), .hash = info->hash};
		if (!t->funcs[i].name)
			return 0;
		k->func[t->n_funcs++] = func;
	}
	t->funcs[i].ns += ns;
	return (uint8_t)(i + 1);
}

/* What is there at all shows, however short. */
static uint8_t share(uint64_t ns, uint64_t of_ns)
{
	if (ns == 0 || of_ns == 0)
		return 0;
	if (ns >= of_ns)
		return SHARE_MAX;
	uint8_t s = (uint8_t)((double)ns / (double)of_ns * SHARE_MAX);
	return s ? s : 1;
}

static int make_view(struct maker *k, struct timeline_view *v, uint64_t from_ns, uint64_t to_ns, bool count)
{
	struct column cols[TIMELINE_COLS];
	uint64_t col_ns = (to_ns - from_ns) / TIMELINE_COLS;

	v->from_ns = from_ns;
	v->to_ns = to_ns;
	v->cells = calloc(k->t->n_rows ? k->t->n_rows * TIMELINE_COLS : 1, sizeof(*v->cells));
	if (!v->cells)
		return -1;
	for (size_t row = 0; col_ns && row < k->t->n_rows; row++) {
		struct timeline_cell *cell = v->cells + row * TIMELINE_COLS;

		track_columns(k->track[row], k->start_ns + from_ns, k->start_ns + to_ns, TIMELINE_COLS, k->now_ns,
			      cols);
		for (size_t i = 0; i < TIMELINE_COLS; i++) {
			uint64_t run_ns = cols[i].ns[SPAN_RUN] + cols[i].ns[SPAN_SYSCALL];

			cell[i].run = share(run_ns, col_ns);
			cell[i].runnable = share(cols[i].ns[SPAN_RUNNABLE], col_ns);
			cell[i].runtime = share(cols[i].ns[SPAN_RUNTIME] + cols[i].ns[SPAN_UNLABELLED], col_ns);
			if (cell[i].run)
				cell[i].func = func_index(k, cols[i].func, count ? run_ns : 0);
		}
	}
	return 0;
}

static int make_rows(struct maker *k)
{
	struct timeline *t = k->t;
	size_t n = model_rows(k->m, ROW_P, NULL, 0);
	cleanup_free struct row *rows = calloc(n ? n : 1, sizeof(*rows));

	if (!rows)
		return -1;
	size_t filled = model_rows(k->m, ROW_P, rows, n);
	n = n < filled ? n : filled;
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].track || track_from(rows[i].track) == 0)
			continue; /* never used */
		if (t->n_rows == TIMELINE_ROWS_MAX) {
			t->rows_left_out++;
			continue;
		}
		k->track[t->n_rows] = rows[i].track;
		t->row_id[t->n_rows++] = rows[i].id;
	}
	return 0;
}

static int row_of(const struct timeline *t, uint16_t p)
{
	for (size_t i = 0; i < t->n_rows; i++) {
		if (t->row_id[i] == p)
			return (int)i;
	}
	return -1;
}

static int longer_first(const void *a, const void *b)
{
	const struct timeline_mark *x = a, *y = b;
	uint64_t nx = x->to_ns - x->from_ns, ny = y->to_ns - y->from_ns;

	return (nx < ny) - (nx > ny);
}

static int earlier_first(const void *a, const void *b)
{
	const struct timeline_mark *x = a, *y = b;

	return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

/* Keeps the longest. Takes over @marks. */
static void keep_longest(struct timeline_mark *marks, size_t n, struct timeline_mark **ret, size_t *ret_n,
			 uint64_t *ret_left_out)
{
	size_t kept = n < TIMELINE_MARKS_MAX ? n : TIMELINE_MARKS_MAX;

	qsort(marks, n, sizeof(*marks), longer_first);
	qsort(marks, kept, sizeof(*marks), earlier_first);
	*ret = marks;
	*ret_n = kept;
	*ret_left_out = n - kept;
}

static struct timeline_mark mark_of(const struct maker *k, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t end = to_ns ? to_ns : k->now_ns;
	uint64_t from = from_ns > k->start_ns ? from_ns - k->start_ns : 0;
	uint64_t to = end > k->start_ns ? end - k->start_ns : 0;

	return (struct timeline_mark){.from_ns = from, .to_ns = to > from ? to : from, .open = !to_ns, .row = -1};
}

static char *place_of(const struct maker *k, uint32_t func, uint32_t loc_id)
{
	const struct func_info *f = model_func(k->m, func);
	struct loc_info loc;
	char *text = NULL;

	if (!f)
		return NULL;
	const char *file = model_loc(k->m, loc_id, &loc) && loc.file ? loc.file : NULL;
	const char *slash = file ? strrchr(file, '/') : NULL;
	int n = file ? asprintf(&text, "%s (%s:%u)", f->name, slash ? slash + 1 : file, loc.line)
		     : asprintf(&text, "%s", f->name);
	return n < 0 ? NULL : text;
}

static int make_gaps(struct maker *k)
{
	cleanup_free struct gap *gaps = calloc(MARKS_SEE, sizeof(*gaps));
	size_t n = gaps ? model_gaps(k->m, k->start_ns, k->now_ns + 1, gaps, MARKS_SEE) : 0;
	struct timeline_mark *marks = calloc(n ? n : 1, sizeof(*marks));

	if (!gaps || !marks) {
		free(marks);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		marks[i] = mark_of(k, gaps[i].request_ns, gaps[i].taken_ns);
		marks[i].row = row_of(k->t, gaps[i].p);
		marks[i].goid = gaps[i].goid;
		marks[i].func = gaps[i].func;
		marks[i].loc = gaps[i].loc;
		marks[i].reason = gap_end_name(gaps[i].end);
	}
	keep_longest(marks, n, &k->t->gaps, &k->t->n_gaps, &k->t->gaps_left_out);
	for (size_t i = 0; i < k->t->n_gaps; i++)
		k->t->gaps[i].place = place_of(k, k->t->gaps[i].func, k->t->gaps[i].loc);
	return 0;
}

static int make_stws(struct maker *k)
{
	cleanup_free struct stw_pause *stws = calloc(MARKS_SEE, sizeof(*stws));
	size_t n = stws ? model_stws(k->m, k->start_ns, k->now_ns + 1, stws, MARKS_SEE) : 0;
	struct timeline_mark *marks = calloc(n ? n : 1, sizeof(*marks));

	if (!stws || !marks) {
		free(marks);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		marks[i] = mark_of(k, stws[i].asked_ns, stws[i].end_ns);
		marks[i].reason = stw_reason_name(stws[i].reason);
	}
	keep_longest(marks, n, &k->t->stws, &k->t->n_stws, &k->t->stws_left_out);
	return 0;
}

struct timeline *timeline_new(const struct model *m)
{
	struct maker k = {.m = m, .start_ns = model_start(m), .now_ns = model_now(m)};
	uint64_t span_ns = k.now_ns > k.start_ns ? k.now_ns - k.start_ns : 0;
	uint64_t part_ns = span_ns / PART_OF < PART_NS ? span_ns / PART_OF : PART_NS,
		 part_from_ns = (span_ns - part_ns) / 2;

	k.t = calloc(1, sizeof(*k.t));
	if (!k.t)
		return NULL;
	if (make_rows(&k) < 0 || make_view(&k, &k.t->whole, 0, span_ns, true) < 0 ||
	    make_view(&k, &k.t->part, part_from_ns, part_from_ns + part_ns, false) < 0 || make_gaps(&k) < 0 ||
	    make_stws(&k) < 0) {
		timeline_free(k.t);
		return NULL;
	}
	return k.t;
}

void timeline_free(struct timeline *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_funcs; i++)
		free(t->funcs[i].name);
	for (size_t i = 0; i < t->n_gaps; i++)
		free(t->gaps[i].place);
	free(t->gaps);
	free(t->stws);
	free(t->whole.cells);
	free(t->part.cells);
	free(t);
}
