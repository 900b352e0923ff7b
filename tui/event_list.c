/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/event_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/highlight.h"
#include "tui/marks.h"
#include "tui/rows.h"

#define KERNEL_GAPS_MAX 128
#define SPAN_BATCH      256
#define POOL_MAX        (3 * EVENT_LIST_MAX + KERNEL_GAPS_MAX + INTERVENTIONS_KEPT + DETAIL_CHANGES_KEPT)

/* One source's events come in order: of those before the anchor the last are kept, of the others the first. */
struct gather {
	const struct event_window *w;
	const struct ui_state *ui;
	const struct model *m;
	struct highlight highlight; /* by filter and follow */
	uint64_t anchor_ns;
	struct listed before[EVENT_LIST_NEAR];
	size_t n_before; /* seen; number i is at i modulo EVENT_LIST_NEAR */
	size_t n_after;  /* kept: they went into the pool at once */
	struct listed pool[POOL_MAX];
	size_t n;
};

static bool in_window(const struct gather *g, uint64_t at_ns)
{
	return at_ns >= g->w->t0_ns && at_ns < g->w->t1_ns && at_ns <= g->w->now_ns;
}

static void add(struct gather *g, const struct listed *e)
{
	if (g->n < POOL_MAX)
		g->pool[g->n++] = *e;
}

static void offer(struct gather *g, const struct listed *e)
{
	if (!in_window(g, e->at_ns))
		return;
	if (e->at_ns < g->anchor_ns)
		g->before[g->n_before++ % EVENT_LIST_NEAR] = *e;
	else if (g->n_after++ < EVENT_LIST_NEAR)
		add(g, e);
}

/* A source is through. */
static void settle(struct gather *g)
{
	size_t n = g->n_before < EVENT_LIST_NEAR ? g->n_before : EVENT_LIST_NEAR;

	for (size_t i = 0; i < n; i++)
		add(g, &g->before[i]);
	g->n_before = g->n_after = 0;
}

static void see_gap(void *ctx, const struct gap *gap)
{
	struct gather *g = ctx;

	if (in_window(g, gap->request_ns) && (!g->highlight.on || highlight_gap(&g->highlight, gap)))
		offer(g, &(struct listed){.at_ns = gap->request_ns, .kind = LISTED_GAP, .gap = *gap});
}

/* A pause stops whoever is followed; of a filter it is where it waited for what matches. */
static void see_stw(void *ctx, const struct stw_pause *p)
{
	struct gather *g = ctx;

	if (match_run(&g->highlight.filter, p->waited_goid, p->waited_func, 0))
		offer(g, &(struct listed){.at_ns = p->asked_ns, .kind = LISTED_STW, .stw = *p});
}

static void take_kernel_gaps(struct gather *g)
{
	static struct kernel_gap all[KERNEL_GAPS_MAX];
	size_t n = model_worst_kernel_gaps(g->m, all, KERNEL_GAPS_MAX);

	for (size_t i = 0; i < n; i++) {
		uint32_t func = 0;

		model_goroutine(g->m, all[i].goid, &func);
		if (in_window(g, all[i].start_ns) && highlight_run(&g->highlight, all[i].goid, func, all[i].tid))
			add(g, &(struct listed){
				       .at_ns = all[i].start_ns, .kind = LISTED_KERNEL_GAP, .kernel_gap = all[i]});
	}
}

static void take_settings(struct gather *g)
{
	struct intervention settings[INTERVENTIONS_KEPT];
	struct detail_change changes[DETAIL_CHANGES_KEPT];
	size_t n = model_interventions(g->m, settings, INTERVENTIONS_KEPT);

	for (size_t i = 0; i < n; i++) {
		if (in_window(g, settings[i].at_ns))
			add(g, &(struct listed){
				       .at_ns = settings[i].at_ns, .kind = LISTED_SETTING, .setting = settings[i]});
	}
	n = model_detail_changes(g->m, changes, DETAIL_CHANGES_KEPT);
	for (size_t i = 0; i < n; i++) {
		if (in_window(g, changes[i].at_ns))
			add(g,
			    &(struct listed){.at_ns = changes[i].at_ns, .kind = LISTED_DETAIL, .detail = changes[i]});
	}
}

static void offer_span(struct gather *g, const struct row *row, const struct span *s)
{
	uint64_t end = s->end_ns < g->w->now_ns ? s->end_ns : g->w->now_ns;
	uint64_t col_ns = (g->w->t1_ns - g->w->t0_ns) / (unsigned)(g->w->cols > 0 ? g->w->cols : 1);

	if (s->klass == SPAN_IDLE || s->klass == SPAN_UNKNOWN || end < s->start_ns + col_ns)
		return;
	if (highlight_on_row(&g->highlight, row, s->goid, s->func, s->tid))
		offer(g, &(struct listed){.at_ns = s->start_ns, .kind = LISTED_SPAN, .span = *s});
}

/*
 * A goroutine's run is one to the eye though it is several spans (its P became known meanwhile): @held is what has been
 * seen of it. NULL: there is no more.
 */
static void take_span(struct gather *g, const struct row *row, struct span *held, const struct span *s)
{
	if (s && held->end_ns == s->start_ns && held->klass == s->klass && held->goid == s->goid &&
	    held->tid == s->tid && held->cpu == s->cpu) {
		held->end_ns = s->end_ns;
		held->p = s->p;
		return;
	}
	if (held->end_ns)
		offer_span(g, row, held);
	if (s)
		*held = *s;
}

/* Some before the anchor, then those behind it, in order of time. */
static void take_spans(struct gather *g, const struct row *row)
{
	static struct span spans[EVENT_SPANS_MAX];
	struct span held = {0};
	uint64_t from = g->anchor_ns;
	size_t n = track_read_back(row->track, from, spans, EVENT_SPANS_MAX), done = 0;

	for (size_t i = 0; i < n; i++)
		take_span(g, row, &held, &spans[i]);
	do {
		n = track_read(row->track, from, spans, SPAN_BATCH);
		for (size_t i = 0; i < n; i++) {
			if (spans[i].start_ns >= g->anchor_ns)
				take_span(g, row, &held, &spans[i]);
		}
		done += n;
		from = n ? spans[n - 1].end_ns : from;
	} while (n == SPAN_BATCH && from < g->w->t1_ns && done < EVENT_SPANS_MAX && g->n_after < EVENT_LIST_NEAR);
	take_span(g, row, &held, NULL);
}

static int by_time(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->kind == LISTED_GAP ? (int)x->gap.p - (int)y->gap.p : 0;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The nearest to the cursor; of several at its very time the one that was chosen. */
static int nearest(const struct ui_state *ui, const struct event_list *l)
{
	int best = -1;

	for (size_t i = 0; i < l->n; i++) {
		if (best < 0 || distance(l->at[i].at_ns, ui->cursor_ns) < distance(l->at[best].at_ns, ui->cursor_ns))
			best = (int)i;
	}
	for (unsigned k = 0; best >= 0 && k < ui->event_nth; k++) {
		if ((size_t)best + 1 < l->n && l->at[best + 1].at_ns == ui->cursor_ns)
			best++;
	}
	return best;
}

void event_list_gather(const struct ui_state *ui, const struct model *m, const struct event_window *w,
		       struct event_list *ret)
{
	static struct gather gather; /* large; one screen */
	struct gather *g = &gather;
	struct ui_state chosen = *ui;
	struct row row;

	chosen.find[0] = '\0'; /* what is looked for hides nothing */
	g->w = w;
	g->ui = ui;
	g->m = m;
	g->n = g->n_before = g->n_after = 0;
	g->anchor_ns = ui->cursor_ns ? ui->cursor_ns : ui->follow ? w->t1_ns : w->t0_ns;
	highlight_init(&g->highlight, &chosen, m);

	marks_each_gap(m, w->t0_ns, w->t1_ns, see_gap, g);
	settle(g);
	marks_each_stw(m, w->t0_ns, w->t1_ns, see_stw, g);
	settle(g);
	if (ui->cursor_ns && rows_at(ui, m, ui->cursor_row, &row))
		take_spans(g, &row);
	settle(g);
	take_kernel_gaps(g);
	take_settings(g);
	qsort(g->pool, g->n, sizeof(g->pool[0]), by_time);

	size_t split = 0;
	while (split < g->n && g->pool[split].at_ns < g->anchor_ns)
		split++;
	size_t first = split > EVENT_LIST_NEAR ? split - EVENT_LIST_NEAR : 0;
	size_t end = g->n - split > EVENT_LIST_NEAR ? split + EVENT_LIST_NEAR : g->n;
	ret->n = end - first;
	memcpy(ret->at, g->pool + first, ret->n * sizeof(ret->at[0]));
	ret->marked = ui->cursor_ns ? nearest(ui, ret) : -1;
}

int event_list_row(const struct ui_state *ui, const struct model *m, const struct listed *e)
{
	const struct kernel_gap *k = &e->kernel_gap;

	switch (e->kind) {
	case LISTED_GAP:
		return rows_of_gap(ui, m, &e->gap);
	case LISTED_KERNEL_GAP:
		return ui->rows == ROW_P ? -1
					 : rows_index(ui, m,
						      ui->rows == ROW_CPU ? k->cpu
						      : ui->rows == ROW_M ? k->tid
									  : k->goid);
	case LISTED_SPAN:
		return ui->cursor_row;
	default:
		return -1;
	}
}

/* The index of the event to go to; outside of the list: there is none. */
static int step_to(const struct ui_state *ui, const struct event_list *l, bool forward)
{
	int n = (int)l->n;

	if (l->marked < 0)
		return ui->follow ? n - 1 : 0;
	bool on_it = l->at[l->marked].at_ns == ui->cursor_ns, behind = l->at[l->marked].at_ns > ui->cursor_ns;
	if (on_it)
		return l->marked + (forward ? 1 : -1);
	return forward ? l->marked + !behind : l->marked - behind;
}

void event_list_step(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int visible_rows,
		     bool forward)
{
	static struct event_list list;
	struct event_window w = {.now_ns = now_ns, .cols = time_cols};

	ui_window(ui, m, now_ns, &w.t0_ns, &w.t1_ns);
	event_list_gather(ui, m, &w, &list);
	int to = step_to(ui, &list, forward), row;
	if (to < 0 || to >= (int)list.n) {
		snprintf(ui->message, sizeof(ui->message), "no %s event in the window; - shows more time",
			 forward ? "further" : "earlier");
		return;
	}
	uint64_t at = list.at[to].at_ns;
	unsigned nth = 0;
	while (to > (int)nth && list.at[to - 1 - (int)nth].at_ns == at)
		nth++;
	row = event_list_row(ui, m, &list.at[to]);
	ui_go_to(ui, m, now_ns, at);
	ui_to_row(ui, m, visible_rows, row >= 0 ? row : ui->cursor_row);
	ui->event_nth = nth;
}
