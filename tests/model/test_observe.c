/* SPDX-License-Identifier: GPL-2.0-only */
/* An observer is told what the rows show: the same spans, in order, and every gap and pause once. */
#include "model/observe.h"
#include "tests/capture/generate.h"
#include "tests/model/stream.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 4096

struct seen {
	struct row_seen {
		enum row_kind kind;
		uint64_t id, end_ns;
		struct span *spans;
		size_t n, cap;
	} rows[ROWS_MAX];
	size_t n_rows;
	uint64_t spans, gaps, pending, stws, open_stws;
};

static struct row_seen *row_of(struct seen *s, enum row_kind kind, uint64_t id)
{
	for (size_t i = 0; i < s->n_rows; i++) {
		if (s->rows[i].kind == kind && s->rows[i].id == id)
			return &s->rows[i];
	}
	assert_true(s->n_rows < ROWS_MAX);
	s->rows[s->n_rows] = (struct row_seen){.kind = kind, .id = id};
	return &s->rows[s->n_rows++];
}

static void on_span(void *ctx, enum row_kind kind, uint64_t id, const struct span *span)
{
	struct seen *s = ctx;
	struct row_seen *r = row_of(s, kind, id);

	s->spans++;
	assert_true(span->end_ns > span->start_ns);
	assert_true(span->start_ns >= r->end_ns);
	assert_int_not_equal(span->klass, SPAN_IDLE);
	r->end_ns = span->end_ns;
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->spans = realloc(r->spans, r->cap * sizeof(*r->spans));
		assert_non_null(r->spans);
	}
	r->spans[r->n++] = *span;
}

static void on_gap(void *ctx, const struct gap *g)
{
	struct seen *s = ctx;

	s->gaps++;
	s->pending += g->end == GAP_PENDING;
	assert_int_equal(g->end == GAP_PENDING, g->taken_ns == 0);
}

static void on_stw(void *ctx, const struct stw_pause *p)
{
	struct seen *s = ctx;

	s->stws++;
	s->open_stws += p->end_ns == 0;
}

static struct model_observer observer_of(struct seen *s)
{
	return (struct model_observer){.span = on_span, .gap = on_gap, .stw = on_stw, .ctx = s};
}

static void done(struct seen *s, struct model *m)
{
	model_free(m);
	for (size_t i = 0; i < s->n_rows; i++)
		free(s->rows[i].spans);
	free(s);
}

static void feed(void *ctx, const struct event *ev)
{
	model_feed(ctx, ev);
}

/* The track's spans against what the observer was told of that row. */
static void same_row(const struct model *m, struct seen *s, const struct row *row)
{
	const struct row_seen *r = row_of(s, row->kind, row->id);
	struct span span;
	uint64_t t = 0;
	size_t i = 0;

	while (i < r->n && r->spans[i].end_ns <= track_exact_from(row->track))
		i++; /* faded on the row */
	while (track_next(row->track, t, &span) && span.end_ns != UINT64_MAX) {
		assert_true(i < r->n);
		assert_int_equal(r->spans[i].start_ns, span.start_ns);
		assert_int_equal(r->spans[i].klass, span.klass);
		assert_int_equal(r->spans[i].goid, span.goid);
		/* The last one may have grown by what was open, or been shortened. */
		if (span.end_ns != track_end(row->track))
			assert_int_equal(r->spans[i].end_ns, span.end_ns);
		t = span.end_ns;
		i++;
	}
	if (track_open(row->track) && track_open(row->track)->start_ns < model_now(m))
		assert_int_equal(r->end_ns, model_now(m));
}

static void same_rows(struct model *m, struct seen *s)
{
	static struct row rows[ROWS_MAX];

	for (unsigned kind = ROW_CPU; kind <= ROW_G; kind++) {
		size_t n = model_rows(m, kind, rows, ROWS_MAX);

		assert_true(n > 0);
		for (size_t i = 0; i < n; i++)
			same_row(m, s, &rows[i]);
	}
}

static void told_what_rows_show(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 9; seed++) {
		const struct generate_opts opts = {
			.n_events = 20000, .seed = seed, .start_ns = T0, .n_goroutines = 40, .exact = seed % 2};
		struct seen *s = calloc(1, sizeof(*s));
		struct model *m = model_new(NULL, NULL);
		const struct event_sink sink = {.event = feed, .ctx = m};
		struct model_counts counts;

		if (!s || !m) {
			fail();
			return;
		}
		const struct model_observer o = observer_of(s);
		model_observe(m, &o);
		generate(&opts, &sink);
		assert_int_equal(model_observe_end(m), 0);
		assert_true(s->spans > 5000);
		same_rows(m, s);
		model_counts(m, &counts);
		assert_int_equal(s->gaps, counts.requests);
		assert_int_equal(s->pending, counts.pending);
		assert_int_equal(s->stws, counts.stw_count);
		done(s, m);
	}
}

/* More goroutines than the table holds, none with a row: each is told, and in order. */
static void without_rows(void **state)
{
	struct model *m = model_new(&(struct model_opts){.max_rows_g = 1}, NULL);
	struct seen *s = calloc(1, sizeof(*s));

	(void)state;
	assert_true(s && m);
	const struct model_observer o = observer_of(s);
	model_observe(m, &o);
	comes(m, 0, 0, 100);
	for (uint64_t i = 1; i <= 500; i++) {
		g_event(m, 10 * i, EV_G_READY, 100, i, 0, 0);
		g_event(m, 10 * i + 2, EV_G_RUN, 100, i, 0, 0);
		g_event(m, 10 * i + 7, EV_G_EXIT, 100, i, 0, 0);
	}
	assert_int_equal(model_observe_end(m), 0);
	for (uint64_t i = 1; i <= 500; i++) {
		const struct row_seen *r = row_of(s, ROW_G, i);

		assert_int_equal(r->n, 2);
		assert_int_equal(r->spans[0].klass, SPAN_WAITING_P);
		assert_int_equal(r->spans[1].klass, SPAN_RUN);
		assert_int_equal(r->spans[1].start_ns, AT_US(10 * i + 2));
		assert_int_equal(r->spans[1].end_ns, AT_US(10 * i + 7));
	}
	done(s, m);
}

/* An exec throws the goroutines away: what was held back of them is told before. What is still open at the end, too. */
static void exec_and_end(void **state)
{
	struct model *m = model_new(NULL, NULL);
	struct seen *s = calloc(1, sizeof(*s));

	(void)state;
	assert_true(s && m);
	const struct model_observer o = observer_of(s);
	model_observe(m, &o);
	comes(m, 0, 0, 100);
	sample(m, 1000, 0, 100, 7, 0, 1);
	request(m, 2000, 100, 7, 0, EV_REQ_PREEMPTONE);
	plain(m, 3000, EV_EXEC, 100);
	assert_int_equal(row_of(s, ROW_G, 7)->n, 1);
	assert_int_equal(s->gaps, 1);
	assert_int_equal(s->pending, 0);
	sample(m, 4000, 0, 100, 1, 0, 1);
	stw_stop(m, 5000, 100, EV_STW_GOMAXPROCS);
	request(m, 5000, 100, 1, 0, EV_REQ_PREEMPTONE);
	tick(m, 6000);
	assert_int_equal(model_observe_end(m), 0);
	assert_int_equal(row_of(s, ROW_G, 1)->end_ns, AT_US(6000));
	assert_int_equal(row_of(s, ROW_CPU, 0)->end_ns, AT_US(6000));
	assert_int_equal(s->pending, 1);
	assert_int_equal(s->open_stws, 1);
	done(s, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_what_rows_show),
		cmocka_unit_test(without_rows),
		cmocka_unit_test(exec_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
