/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/find.h"

#include "tui/marks.h"
#include "tui/rows.h"
#include "tui/views/timeline.h"

#define BATCH 256
/* How far back the beginning of a stretch is looked for among spans of others: with each run of a goroutine a thread
 * has a few. */
#define BEFORE 64

struct search {
	struct match *mt;
	const struct ui_state *ui;
	const struct find_from *from;
	struct found best; /* row -1 = none */
};

static bool of_target(const struct span *s)
{
	return s->klass != SPAN_IDLE && s->klass != SPAN_OTHER && s->klass != SPAN_UNKNOWN;
}

static bool matches(struct search *s, const struct span *span, bool whole_row)
{
	return (whole_row && of_target(span)) || match_run(s->mt, span->goid, span->func, span->tid);
}

/* Do two spans of a row belong to one stretch? @a is the earlier one. */
static bool together(const struct search *s, const struct span *a, const struct span *b)
{
	return a->goid == b->goid && (a->goid || a->tid == b->tid) &&
	       (b->start_ns <= a->end_ns || b->start_ns - a->end_ns <= s->from->col_ns);
}

/* ---- forward ---- */

/* The span that matches and is the last before the search begins, or goes on there. */
static bool before(struct search *s, const struct row *row, bool whole_row, struct span *ret)
{
	struct span spans[BEFORE];
	size_t n = track_read_back(row->track, s->from->at_ns + 1, spans, BEFORE);

	while (n-- > 0) {
		if (matches(s, &spans[n], whole_row)) {
			*ret = spans[n];
			return true;
		}
	}
	return false;
}

static bool too_near(const struct search *s, int row, uint64_t at_ns)
{
	uint64_t from = s->from->at_ns, far = at_ns > from ? at_ns - from : from - at_ns;

	return row == s->from->row && far < s->from->col_ns;
}

/* Is a stop behind the beginning, and nearer than the best so far? Rows are asked from the top. */
static bool is_next(const struct search *s, int row, uint64_t at_ns)
{
	const struct find_from *f = s->from;

	if (at_ns > f->now_ns || at_ns < f->at_ns || (at_ns == f->at_ns && row <= f->row) || too_near(s, row, at_ns))
		return false;
	return s->best.row < 0 || at_ns < s->best.at_ns;
}

static void next_on_row(struct search *s, const struct row *row, int index)
{
	static struct span spans[BATCH];
	bool whole_row = match_row(s->mt, row), have;
	struct span last;
	uint64_t from = s->from->at_ns;
	size_t n;

	have = before(s, row, whole_row, &last);
	if (have && s->from->row < 0 && last.end_ns > from) { /* it goes on where the search begins */
		s->best = s->best.row < 0 || from < s->best.at_ns ? (struct found){from, index} : s->best;
		return;
	}
	do {
		n = track_read(row->track, from, spans, BATCH);
		for (size_t i = 0; i < n; i++) {
			const struct span *span = &spans[i];
			uint64_t at = span->start_ns;

			if (at > s->from->now_ns || (s->best.row >= 0 && at >= s->best.at_ns))
				return;
			if (at < s->from->at_ns || !matches(s, span, whole_row))
				continue;
			if (!(have && last.start_ns < at && together(s, &last, span)) && is_next(s, index, at)) {
				s->best = (struct found){at, index};
				return;
			}
			last = *span;
			have = true;
		}
		from = n ? spans[n - 1].end_ns : from;
	} while (n == BATCH && from < UINT64_MAX);
}

/* A gap whose function matches, where the goroutine wasn't started with it. */
static bool gap_is_stop(struct search *s, const struct gap *gap, int *ret_row)
{
	uint32_t start_func = 0;

	if (!match_func(s->mt, gap->func))
		return false;
	model_goroutine(s->mt->model, gap->goid, &start_func);
	if (match_run(s->mt, gap->goid, start_func, gap->tid))
		return false;
	*ret_row = rows_of_gap(s->ui, s->mt->model, gap);
	return *ret_row >= 0;
}

static void next_gap(void *ctx, const struct gap *gap)
{
	struct search *s = ctx;
	int row;

	if ((s->best.row < 0 || gap->request_ns < s->best.at_ns) && gap_is_stop(s, gap, &row) &&
	    is_next(s, row, gap->request_ns))
		s->best = (struct found){gap->request_ns, row};
}

/* ---- backward ---- */

static bool is_previous(const struct search *s, int row, uint64_t at_ns)
{
	const struct find_from *f = s->from;

	if (at_ns > f->at_ns || (at_ns == f->at_ns && row >= f->row) || too_near(s, row, at_ns))
		return false;
	return s->best.row < 0 || at_ns >= s->best.at_ns;
}

static void previous_on_row(struct search *s, const struct row *row, int index)
{
	static struct span spans[BATCH];
	bool whole_row = match_row(s->mt, row), have = false;
	uint64_t from = s->from->at_ns + 1;
	struct span first = {0}; /* of the stretch that is being gone back through */
	size_t n;

	do {
		n = track_read_back(row->track, from, spans, BATCH);
		for (size_t i = n; i-- > 0;) {
			const struct span *span = &spans[i];

			if (!matches(s, span, whole_row))
				continue;
			if (have && !together(s, span, &first)) {
				if (is_previous(s, index, first.start_ns)) {
					s->best = (struct found){first.start_ns, index};
					return;
				}
			}
			/* A stretch begins here or earlier: not later than the best. */
			if (s->best.row >= 0 && span->start_ns < s->best.at_ns)
				return;
			first = *span;
			have = true;
		}
		from = n ? spans[0].start_ns : 0;
	} while (n == BATCH && from > 0);
	if (have && is_previous(s, index, first.start_ns))
		s->best = (struct found){first.start_ns, index};
}

static void previous_gap(void *ctx, const struct gap *gap)
{
	struct search *s = ctx;
	int row;

	if ((s->best.row < 0 || gap->request_ns >= s->best.at_ns) && gap_is_stop(s, gap, &row) &&
	    is_previous(s, row, gap->request_ns))
		s->best = (struct found){gap->request_ns, row};
}

/* ---- both ---- */

static bool find(struct match *mt, const struct ui_state *ui, const struct find_from *from, bool forward,
		 struct found *ret)
{
	static struct row rows[TIMELINE_ROWS_MAX];
	struct search s = {.mt = mt, .ui = ui, .from = from, .best.row = -1};
	size_t n = rows_shown(ui, mt->model, rows, TIMELINE_ROWS_MAX);

	for (size_t i = 0; i < n && i < TIMELINE_ROWS_MAX; i++)
		(forward ? next_on_row : previous_on_row)(&s, &rows[i], (int)i);
	if (forward)
		marks_each_gap(mt->model, from->at_ns, from->now_ns, next_gap, &s);
	else
		marks_each_gap(mt->model, model_start(mt->model), from->at_ns + 1, previous_gap, &s);
	if (s.best.row >= 0)
		*ret = s.best;
	return s.best.row >= 0;
}

bool find_next(struct match *mt, const struct ui_state *ui, const struct find_from *from, struct found *ret)
{
	return find(mt, ui, from, true, ret);
}

bool find_previous(struct match *mt, const struct ui_state *ui, const struct find_from *from, struct found *ret)
{
	return find(mt, ui, from, false, ret);
}
