/* SPDX-License-Identifier: GPL-2.0-only */
/* The two lines below the rows: what the colours mean, and what is under the cursor. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/draw.h"
#include "tui/marks.h"
#include "tui/views/timeline_scene.h"

#define PART_LEAST 8 /* columns */

void timeline_legend(struct timeline_scene *s, int y)
{
	const struct {
		const char *name;
		uint32_t ch;
		char plain;
		uint8_t role;
	} marks[MARKS] = {
		[MARK_GAP] = {"asked to yield, ran on", 0x2592, '%', ROLE_GAP},
		[MARK_PENDING] = {"still asked", 0x2592, '!', ROLE_GAP_PENDING},
		[MARK_NO_CPU] = {"wants a CPU", 0x2593, '?', ROLE_KERNEL_GAP},
		[MARK_STOPPING] = {"stopping", 0x2592, 's', ROLE_STW_STOPPING},
		[MARK_STOPPED] = {"stopped", 0x2588, 'S', ROLE_STW},
		[MARK_SYSCALL] = {"system call", 0x2581, '_', ROLE_SYSCALL},
		[MARK_WAITING_P] = {"waits for a P", 0x2504, '~', ROLE_RUNNABLE},
		[MARK_OTHER] = {"other process", 0x2591, '-', ROLE_OTHER},
		[MARK_SETTING] = {"setting written", 0x25bc, 'A', ROLE_OK},
		[MARK_DIMMED] = {"not asked for", s->ctx->ui->no_shades ? DIMMED_CHAR : 0x2588, DIMMED_PLAIN,
				 ROLE_DIMMED},
		[MARK_UNKNOWN] = {"others or idle: not known", 0xb7, '.', ROLE_DIM},
	};
	int x = s->r.x, end = s->r.x + s->r.w, reserve = 0;
	bool ascii = s->ctx->ui->ascii;

	for (size_t i = 0; i < MARKS; i++)
		reserve += s->marks[i] ? (int)text_cols(marks[i].name) + 4 : 0;
	/* Names of functions come first, but leave room for the marks, up to half the line. */
	int names_end = end - (reserve < s->r.w / 2 ? reserve : s->r.w / 2);
	for (;;) {
		size_t best = s->n_legend;

		for (size_t i = 0; i < s->n_legend; i++) {
			if (s->legend[i].ns && (best == s->n_legend || s->legend[i].ns > s->legend[best].ns))
				best = i;
		}
		if (best == s->n_legend || x + 8 > names_end)
			break;
		const struct func_info *f = model_func(s->ctx->model, s->legend[best].func);
		s->legend[best].ns = 0;
		if (!f)
			continue;
		grid_put(s->g, x, y, ascii ? '#' : 0x2588, draw_func_role(s->ctx->model, s->legend[best].func),
			 ROLE_BACKGROUND, 0);
		x += 2;
		x += grid_text(s->g, x, y, names_end - x, ROLE_TEXT, ROLE_BACKGROUND, 0, draw_short_func(f->name)) + 2;
	}
	for (size_t i = 0; i < MARKS; i++) {
		if (!s->marks[i] || x + 6 > end)
			continue;
		grid_put(s->g, x, y, ascii ? (uint32_t)marks[i].plain : marks[i].ch, marks[i].role, ROLE_BACKGROUND, 0);
		x += 2;
		x += grid_text(s->g, x, y, end - x, ROLE_DIM, ROLE_BACKGROUND, 0, marks[i].name) + 2;
	}
}

/* The longest gap and the longest pause that the cursor's column touches. */
struct under {
	const struct row *row;
	const struct span *span;
	uint64_t now_ns;
	struct gap gap;
	struct stw_pause stw;
};

static uint64_t stw_ns(const struct stw_pause *p, uint64_t now)
{
	uint64_t end = p->end_ns ? p->end_ns : now;

	return end > p->asked_ns ? end - p->asked_ns : 0;
}

static void see_gap(void *ctx, const struct gap *gap)
{
	struct under *u = ctx;

	if (!timeline_gap_on_row(gap, u->row) || (u->row->kind == ROW_CPU && gap->tid != u->span->tid))
		return;
	if (gap_ns(gap, u->now_ns) > gap_ns(&u->gap, u->now_ns) || !u->gap.request_ns)
		u->gap = *gap;
}

static void see_stw(void *ctx, const struct stw_pause *p)
{
	struct under *u = ctx;

	if (stw_ns(p, u->now_ns) > stw_ns(&u->stw, u->now_ns) || !u->stw.asked_ns)
		u->stw = *p;
}

static void say_gap(struct draw_line *l, const struct gap *gap, uint64_t now)
{
	char len[32];

	const char *why = gap_why_text(gap->why);

	text_duration(len, sizeof(len), gap_ns(gap, now));
	if (gap->end == GAP_PENDING)
		draw_part(l, ROLE_GAP_PENDING, "asked to yield %s ago (%s), still runs%s%s", len,
			  gap_cause_name(gap->cause), *why ? ": " : "", why);
	else
		draw_part(l, ROLE_GAP, "asked to yield (%s), left %s later: %s%s%s", gap_cause_name(gap->cause), len,
			  gap_end_name(gap->end), *why ? ", " : "", why);
}

static void say_stw(struct draw_line *l, const struct stw_pause *p, uint64_t now)
{
	char total[32], stopping[32];

	text_duration(total, sizeof(total), stw_ns(p, now));
	if (p->stopped_ns)
		draw_part(l, ROLE_STW_STOPPING, "STW %s %s, %s to stop", stw_reason_name(p->reason), total,
			  text_duration(stopping, sizeof(stopping), p->stopped_ns - p->asked_ns));
	else
		draw_part(l, ROLE_STW_STOPPING, "STW %s %s%s", stw_reason_name(p->reason), total,
			  p->end_ns ? "" : ", still stopping");
}

static void say_span(struct draw_line *l, const struct model *m, const struct span *span, uint64_t now,
		     uint32_t gap_loc, int digits)
{
	uint64_t end = span->end_ns < now ? span->end_ns : now;
	char len[32], place[256];

	if (span->goid)
		draw_part(l, draw_func_role(m, span->func), "G%llu %s", (unsigned long long)span->goid,
			  draw_place(place, sizeof(place), m, span->func, gap_loc));
	draw_part(l, ROLE_TEXT, "%s%s %s from %.*fs", span->klass == SPAN_UNLABELLED ? "goroutine unknown, " : "",
		  draw_span_words(span->klass),
		  text_duration(len, sizeof(len), end > span->start_ns ? end - span->start_ns : 0), digits,
		  (double)(span->start_ns - model_start(m)) / 1e9);
}

static void say_settings(struct draw_line *l, const struct model *m, uint64_t from_ns, uint64_t to_ns)
{
	struct intervention all[INTERVENTIONS_KEPT];
	size_t n = model_interventions(m, all, INTERVENTIONS_KEPT);

	for (size_t i = 0; i < n; i++) {
		if (all[i].at_ns >= from_ns && all[i].at_ns < to_ns)
			draw_part(l, all[i].to ? ROLE_WARNING : ROLE_OK, "%s %d -> %d, written by %s",
				  setting_name(all[i].setting), (int)all[i].from, (int)all[i].to,
				  all[i].ours ? "schedtop" : "somebody else");
	}
}

void timeline_detail(struct timeline_scene *s, int y, const struct row *row)
{
	const struct view_ctx *c = s->ctx;
	struct draw_line l = {
		.g = s->g, .x = s->r.x, .y = y, .end = s->r.x + s->r.w, .least = PART_LEAST, .bg = ROLE_BACKGROUND};
	struct span span = {.cpu = UINT16_MAX, .p = EV_NO_P};
	struct under u = {.row = row, .span = &span, .now_ns = c->now_ns};
	uint64_t col_ns = (c->t1_ns - c->t0_ns) / (unsigned)s->cols, at = c->ui->cursor_ns;
	int digits = col_ns >= NS_PER_MS ? 3 : 6;

	if ((!at || !row) && c->n_panes > 1 && !c->focus)
		return;
	if (!at || !row) {
		draw_part(&l, ROLE_DIM, "arrows: cursor   + -: zoom   [ ]: gaps and pauses   ?: help");
		return;
	}
	bool found = track_at(row->track, at, c->now_ns, &span) && span.klass != SPAN_IDLE;
	int col = timeline_col_of(c->t0_ns, c->t1_ns, s->cols, at);
	uint64_t from = col >= 0 ? timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, col) : at;
	uint64_t to = col >= 0 ? timeline_col_ns(c->t0_ns, c->t1_ns, s->cols, col + 1) : at + 1;
	marks_each_gap(c->model, from, to, see_gap, &u);
	marks_each_stw(c->model, from, to, see_stw, &u);

	draw_part(&l, ROLE_TITLE, "%.*fs", digits, (double)(at - model_start(c->model)) / 1e9);
	if (found)
		say_span(&l, c->model, &span, c->now_ns,
			 u.gap.request_ns && u.gap.func == span.func ? u.gap.loc : EV_NO_LOC, digits);
	else
		draw_part(&l, ROLE_DIM, "nothing of the target runs here");
	say_settings(&l, c->model, from, to);
	if (u.gap.request_ns)
		say_gap(&l, &u.gap, c->now_ns);
	if (u.stw.asked_ns)
		say_stw(&l, &u.stw, c->now_ns);
	if (span.cpu != UINT16_MAX && row->kind != ROW_CPU)
		draw_part(&l, ROLE_DIM, "CPU%u", span.cpu);
	if (span.p != EV_NO_P && row->kind != ROW_P)
		draw_part(&l, ROLE_DIM, "P%u", span.p);
	if (span.tid && row->kind != ROW_M)
		draw_part(&l, ROLE_DIM, "thread %u %s", span.tid, model_comm(c->model, span.tid));
}
