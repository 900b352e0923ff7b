/* SPDX-License-Identifier: GPL-2.0-only */
/* What happened in the shown window, an event a line, in words. The one at the cursor is marked. */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "tui/draw.h"
#include "tui/event_list.h"
#include "tui/views.h"
#include "tui/views/timeline.h"

#define WHAT_COLS   15
#define LENGTH_COLS 9
#define PART_LEAST  4

struct line {
	const struct view_ctx *ctx;
	struct draw_line parts;
};

/* What, and for how long; @ns UINT64_MAX = it is a moment. */
static void head(struct line *line, uint8_t role, const char *what, uint64_t ns, bool about)
{
	struct draw_line *l = &line->parts;
	char len[32] = "~";
	int x = l->x;

	grid_text(l->g, x, l->y, l->end - x < WHAT_COLS ? l->end - x : WHAT_COLS, role, l->bg, 0, what);
	x += WHAT_COLS;
	if (ns != UINT64_MAX) {
		text_duration(len + about, sizeof(len) - 1, ns);
		int pad = LENGTH_COLS - (int)text_cols(len);

		pad = pad > 0 ? pad : 0;
		grid_text(l->g, x + pad, l->y, l->end - x - pad, role, l->bg, 0, len);
	}
	l->x = x + LENGTH_COLS + 2;
}

static void who(struct line *l, uint64_t goid, uint32_t func, uint32_t loc)
{
	char place[256];

	if (!func) /* where it ran isn't known: what it was started with */
		model_goroutine(l->ctx->model, goid, &func);
	if (goid)
		draw_part(&l->parts, draw_func_role(l->ctx->model, func), "G%llu %s", (unsigned long long)goid,
			  draw_place(place, sizeof(place), l->ctx->model, func, loc));
	else if (func)
		draw_part(&l->parts, draw_func_role(l->ctx->model, func), "%s",
			  draw_place(place, sizeof(place), l->ctx->model, func, loc));
}

static void say_gap(struct line *l, const struct gap *gap)
{
	uint64_t ns = gap_ns(gap, l->ctx->now_ns);
	bool pending = gap->end == GAP_PENDING || gap->taken_ns > l->ctx->now_ns;
	const char *why = gap_why_text(gap->why);

	head(l,
	     pending                ? ROLE_GAP_PENDING
	     : ns > 2 * GO_SLICE_NS ? ROLE_CRITICAL
				    : ROLE_TEXT,
	     "asked to yield", ns, gap->estimated);
	who(l, gap->goid, gap->func, gap->loc);
	if (pending)
		draw_part(&l->parts, ROLE_GAP_PENDING, "still runs");
	else if (gap->end != GAP_LEFT) /* how isn't known */
		draw_part(&l->parts, ROLE_TEXT, "left: %s", gap_end_name(gap->end));
	if (*why)
		draw_part(&l->parts, ROLE_DIM, "%s", why);
	draw_part(&l->parts, ROLE_DIM, "asked by %s", gap_cause_name(gap->cause));
}

static void say_stw(struct line *l, const struct stw_pause *p)
{
	uint64_t now = l->ctx->now_ns, end = p->end_ns && p->end_ns < now ? p->end_ns : now;
	char stopping[32];

	head(l, ROLE_STW_STOPPING, "stop the world", end - p->asked_ns, p->estimated);
	draw_part(&l->parts, ROLE_TEXT, "%s", stw_reason_name(p->reason));
	if (p->stopped_ns)
		draw_part(&l->parts, ROLE_TEXT, "%s to stop",
			  text_duration(stopping, sizeof(stopping), p->stopped_ns - p->asked_ns));
	else if (!p->end_ns)
		draw_part(&l->parts, ROLE_STW_STOPPING, "still stopping");
	if (p->waited_goid || p->waited_func) {
		draw_part(&l->parts, ROLE_DIM, "waited for");
		who(l, p->waited_goid, p->waited_func, p->waited_loc);
	}
}

static void say_kernel_gap(struct line *l, const struct kernel_gap *k)
{
	uint64_t now = l->ctx->now_ns, end = k->end_ns && k->end_ns < now ? k->end_ns : now;
	uint32_t func = 0;

	model_goroutine(l->ctx->model, k->goid, &func);
	head(l, ROLE_KERNEL_GAP, "had no CPU", end - k->start_ns, false);
	who(l, k->goid, func, EV_NO_LOC);
	if (k->other_tid)
		draw_part(&l->parts, ROLE_TEXT, "CPU%u went to %s thread %u %s", k->cpu,
			  k->other_is_target ? "its own" : "another's", k->other_tid,
			  model_comm(l->ctx->model, k->other_tid));
	draw_part(&l->parts, ROLE_DIM, "thread %u", k->tid);
}

static void say_detail(struct line *l, const struct detail_change *d)
{
	head(l, ROLE_TEXT, "detail", UINT64_MAX, false);
	if (d->before != d->level)
		draw_part(&l->parts, ROLE_TEXT, "%s -> %s", detail_name((enum detail_level)d->before),
			  detail_name((enum detail_level)d->level));
	else
		draw_part(&l->parts, ROLE_TEXT, "%s", detail_name((enum detail_level)d->level));
	if (d->why == EV_DETAIL_OVERHEAD)
		draw_part(&l->parts, ROLE_WARNING, "probes cost %.1f %%", d->overhead_bp / 100.0);
	else
		draw_part(&l->parts, ROLE_DIM, "%s", d->why == EV_DETAIL_CALM ? "rates have fallen" : "as asked for");
}

static void say_setting(struct line *l, const struct intervention *s)
{
	head(l, s->to ? ROLE_WARNING : ROLE_OK, "setting written", UINT64_MAX, false);
	draw_part(&l->parts, ROLE_TEXT, "%s %d -> %d", setting_name(s->setting), (int)s->from, (int)s->to);
	draw_part(&l->parts, ROLE_DIM, "by %s", s->ours ? "schedtop" : "somebody else");
}

static void say_span(struct line *l, const struct span *s)
{
	static const uint8_t roles[SPAN_CLASS_COUNT] = {[SPAN_RUN] = ROLE_TEXT,
							[SPAN_RUNTIME] = ROLE_RUNTIME,
							[SPAN_UNLABELLED] = ROLE_UNLABELLED,
							[SPAN_RUNNABLE] = ROLE_KERNEL_GAP,
							[SPAN_OTHER] = ROLE_DIM,
							[SPAN_SYSCALL] = ROLE_SYSCALL,
							[SPAN_WAITING_P] = ROLE_RUNNABLE};
	uint64_t now = l->ctx->now_ns, end = s->end_ns < now ? s->end_ns : now;
	enum row_kind rows = l->ctx->ui->rows;

	head(l, roles[s->klass], draw_span_words(s->klass), end - s->start_ns, false);
	who(l, s->goid, s->func, EV_NO_LOC);
	if (s->tid && rows != ROW_M)
		draw_part(&l->parts, s->klass == SPAN_OTHER ? ROLE_TEXT : ROLE_DIM, "thread %u %s", s->tid,
			  model_comm(l->ctx->model, s->tid));
	if (s->cpu != UINT16_MAX && rows != ROW_CPU)
		draw_part(&l->parts, ROLE_DIM, "CPU%u", s->cpu);
	if (s->p != EV_NO_P && rows != ROW_P)
		draw_part(&l->parts, ROLE_DIM, "P%u", s->p);
}

static void say(struct line *l, const struct listed *e)
{
	switch (e->kind) {
	case LISTED_GAP:
		say_gap(l, &e->gap);
		break;
	case LISTED_STW:
		say_stw(l, &e->stw);
		break;
	case LISTED_KERNEL_GAP:
		say_kernel_gap(l, &e->kernel_gap);
		break;
	case LISTED_DETAIL:
		say_detail(l, &e->detail);
		break;
	case LISTED_SETTING:
		say_setting(l, &e->setting);
		break;
	default:
		say_span(l, &e->span);
		break;
	}
}

/* The first line that is shown: the marked one in the middle, else the newest or the oldest end. */
static int first_line(const struct view_ctx *ctx, const struct event_list *list, int fit)
{
	int n = (int)list->n, first = list->marked >= 0 ? list->marked - fit / 2 : ctx->ui->follow ? n - fit : 0;

	first = first > n - fit ? n - fit : first;
	return first < 0 ? 0 : first;
}

static void events_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	static struct event_list list; /* large; one screen */
	const struct event_window w = {ctx->t0_ns, ctx->t1_ns, ctx->now_ns, timeline_time_cols(ctx->ui->rows, g->cols)};
	uint64_t start = model_start(ctx->model), col_ns = (w.t1_ns - w.t0_ns) / (unsigned)w.cols;
	int digits = col_ns >= NS_PER_MS ? 3 : col_ns >= NS_PER_US ? 6 : 9, time_cols = digits + 7;

	event_list_gather(ctx->ui, ctx->model, &w, &list);
	r = draw_title(g, r, "Events in the window (J K: one on, one back)", false);
	if (list.n == 0) {
		grid_text(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0,
			  *ctx->ui->filter || ctx->ui->followed ? "nothing in this window passes the filter"
								: "nothing happened in this window");
		return;
	}
	grid_printf(g, r.x, r.y, r.w, ROLE_DIM, ROLE_BACKGROUND, 0, "%*s  %-*s%*s  %s", time_cols - 2, "time",
		    WHAT_COLS, "what", LENGTH_COLS, "length", "who, where and why");
	int fit = r.h - 1, first = first_line(ctx, &list, fit);
	for (int i = first; i < (int)list.n && i - first < fit; i++) {
		bool marked = i == list.marked;
		struct line l = {.ctx = ctx,
				 .parts = {.g = g,
					   .x = r.x + time_cols,
					   .y = r.y + 1 + i - first,
					   .end = r.x + r.w,
					   .least = PART_LEAST,
					   .bg = marked ? ROLE_SELECTED_BG : ROLE_BACKGROUND}};
		int y = l.parts.y;

		grid_fill(g, (struct rect){r.x, y, r.w, 1}, ' ', ROLE_TEXT, l.parts.bg);
		grid_printf(g, r.x, y, time_cols, marked ? ROLE_CURSOR : ROLE_LABEL, l.parts.bg, marked ? CELL_BOLD : 0,
			    "%c%*.*fs", marked ? '>' : ' ', time_cols - 4, digits,
			    (double)(list.at[i].at_ns - start) / 1e9);
		say(&l, &list.at[i]);
	}
}

const struct view view_events = {
	.name = "events",
	.title = "Events",
	.help = "what happened in the shown window, in order of time",
	.min_rows = 3,
	.wide = true,
	.draw = events_draw,
};
