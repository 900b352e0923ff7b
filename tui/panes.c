/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/panes.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/figures.h"
#include "tui/actions.h"
#include "tui/rows.h"

static const struct strip_figure strip[STRIP_FIGURES] = {
	{"preempt.latency_ns.mean", "preempt mean"},
	{"preempt.latency_ns.max", "preempt worst"},
	{"stw.total_ns.p99", "STW p99"},
	{"stw.total_ns.max", "STW max"},
	{"runqueue_ns.p99", "run queue p99"},
};

const struct strip_figure *strip_figure(size_t i)
{
	return i < STRIP_FIGURES ? &strip[i] : NULL;
}

/* ---- times ---- */

/* A time of one session as the same age of another; 0 stays "none". */
static uint64_t shift(uint64_t at_ns, const struct pane *from, const struct pane *to)
{
	if (!at_ns || !from->start_ns || !to->start_ns)
		return at_ns;
	uint64_t age = at_ns > from->start_ns ? at_ns - from->start_ns : 0;
	return to->start_ns + age;
}

static void copy_place(struct ui_state *to, const struct ui_state *from)
{
	to->span_ns = from->span_ns;
	to->end_ns = from->end_ns;
	to->follow = from->follow;
	to->cursor_ns = from->cursor_ns;
	to->cursor_row = from->cursor_row;
	to->first_row = from->first_row;
}

void panes_ui(const struct panes *p, const struct ui_state *ui, int i, struct ui_state *ret)
{
	*ret = *ui;
	if (i == p->clock)
		return;
	if (p->free) {
		copy_place(ret, &p->at[i]->ui);
	} else {
		ret->end_ns = shift(ui->end_ns, p->at[p->clock], p->at[i]);
		ret->cursor_ns = shift(ui->cursor_ns, p->at[p->clock], p->at[i]);
	}
}

void panes_window(const struct panes *p, const struct ui_state *ui, int i, uint64_t *ret_t0, uint64_t *ret_t1)
{
	const struct pane *clock = p->at[p->free ? i : p->clock], *to = p->at[i];
	struct ui_state its;
	uint64_t t0, t1;

	panes_ui(p, ui, p->free ? i : p->clock, &its);
	ui_window_at(&its, clock->start_ns, clock->now_ns, &t0, &t1);
	/* The window may begin before the session did: it is moved as it is. */
	*ret_t0 = to->start_ns + (t0 - clock->start_ns);
	*ret_t1 = to->start_ns + (t1 - clock->start_ns);
}

void panes_fit(const struct panes *p, struct ui_state *ui)
{
	uint64_t longest = 0;

	for (int i = 0; i < p->n; i++) {
		const struct pane *pane = p->at[i];
		uint64_t age = pane->now_ns > pane->start_ns ? pane->now_ns - pane->start_ns : 0;

		if (!p->free || i == p->clock)
			longest = age > longest ? age : longest;
	}
	const struct pane *clock = p->at[p->clock];
	ui->span_ns = ui_whole_ns(0, longest);
	/* The longest may be another's: then the right edge is not this one's now. */
	ui->follow = clock->start_ns + longest <= clock->now_ns;
	ui->end_ns = clock->start_ns + ui->span_ns;
}

/* ---- who is there ---- */

void panes_focus(struct panes *p, struct ui_state *ui, int i)
{
	if (i < 0 || i >= p->n || i == p->focus)
		return;
	p->focus = i;
	if (!pane_drawable(p->at[i]) || i == p->clock)
		return;
	struct ui_state its;
	panes_ui(p, ui, i, &its);
	copy_place(&p->at[p->clock]->ui, ui);
	copy_place(ui, &its);
	p->clock = i;
}

int panes_add(struct panes *p, struct ui_state *ui, const struct tui_feed *feed, const char *label, const char *error)
{
	if (p->n == PANES_MAX)
		return -ENOSPC;
	struct pane *pane = calloc(1, sizeof(*pane));
	if (!pane)
		return -ENOMEM;
	if (feed)
		pane->feed = *feed;
	snprintf(pane->label, sizeof(pane->label), "%s", label ? label : "");
	snprintf(pane->error, sizeof(pane->error), "%s", error ? error : "");
	pane->async_on = -1;
	copy_place(&pane->ui, ui);
	p->at[p->n++] = pane;
	panes_focus(p, ui, p->n - 1);
	return 0;
}

int panes_remove(struct panes *p, struct ui_state *ui, int i)
{
	int left = 0, next = -1;

	for (int k = 0; k < p->n; k++) {
		if (k == i || !pane_drawable(p->at[k]))
			continue;
		left++;
		if (next < 0 || k < i) /* the one before it, else the one behind */
			next = k;
	}
	if (!left)
		return -EBUSY;
	if (i == p->focus || i == p->clock)
		panes_focus(p, ui, next);
	if (i == p->clock) /* the focus is on one without a clock */
		panes_focus(p, ui, next);
	free(p->at[i]);
	p->n--;
	memmove(&p->at[i], &p->at[i + 1], sizeof(*p->at) * (size_t)(p->n - i));
	p->focus -= p->focus > i;
	p->clock -= p->clock > i;
	p->alone = p->alone && p->n > 1;
	return 0;
}

void panes_swap(struct panes *p)
{
	int with = p->focus ? p->focus : 1;

	if (p->n < 2)
		return;
	struct pane *first = p->at[0];
	p->at[0] = p->at[with];
	p->at[with] = first;
	int *ends[] = {&p->focus, &p->clock};
	for (int k = 0; k < 2; k++)
		*ends[k] = *ends[k] == 0 ? with : *ends[k] == with ? 0 : *ends[k];
}

void panes_set_free(struct panes *p, const struct ui_state *ui, bool free)
{
	if (free == p->free)
		return;
	for (int i = 0; free && i < p->n; i++) {
		struct ui_state its;

		panes_ui(p, ui, i, &its);
		copy_place(&p->at[i]->ui, &its);
	}
	p->free = free;
}

/* ---- what the frame needs of each ---- */

static void look_closer(struct pane *pane, const struct model *m)
{
	struct model_counts counts;
	struct verdict v;

	pane_facts_of(model_session(m), &pane->facts);
	model_counts(m, &counts);
	pane->exited = counts.exited;
	pane->exit_status = counts.exit_status;
	pane->async_on = counts.asyncpreemptoff >= 0 ? !counts.asyncpreemptoff : model_session(m)->async_enabled;
	for (size_t i = 0; i < STRIP_FIGURES; i++)
		pane->figures[i] = figure_of_model(figure_find(strip[i].name, strlen(strip[i].name)), m);
	pane->verdict[0] = '\0';
	if (model_verdicts(m, &v, 1)) {
		snprintf(pane->verdict, sizeof(pane->verdict), "%s", v.title);
		pane->severity = (uint8_t)v.severity;
	}
}

/* @beside: there are others, and what is measured against them is needed; one alone doesn't pay for that. */
static void look_at(struct pane *pane, const struct ui_state *ui, bool beside)
{
	const struct model *m = pane->feed.lock(pane->feed.ctx);

	pane->start_ns = model_start(m);
	if (!ui->paused || !pane->now_ns)
		pane->now_ns = model_now(m);
	pane->n_rows = rows_shown(ui, m, NULL, 0);
	if (beside)
		look_closer(pane, m);
	if (pane->feed.replay)
		pane->feed.replay->state(pane->feed.ctx, &pane->replay);
	pane->feed.unlock(pane->feed.ctx);
}

void panes_look(struct panes *p, const struct ui_state *ui)
{
	for (int i = 0; i < p->n; i++) {
		if (pane_drawable(p->at[i]))
			look_at(p->at[i], ui, p->n > 1);
	}
}

bool panes_share_cpus(const struct panes *p)
{
	int running = 0;

	for (int i = 0; i < p->n; i++)
		running +=
			pane_drawable(p->at[i]) && !p->at[i]->feed.replay && !p->at[i]->feed.still && !p->at[i]->exited;
	return running > 1;
}

char *panes_title(const struct panes *p, int i, char *dst, size_t cap)
{
	const struct pane *pane = p->at[i];

	dst[0] = '\0';
	if (i == 0)
		pane_facts_text(&pane->facts, dst, cap);
	else
		pane_facts_differ(&p->at[0]->facts, &pane->facts, dst, cap);
	/* Of one that has ended before it could be looked at, or never started, the choice is known. */
	if (!*dst && *pane->label)
		snprintf(dst, cap, "%s", pane->label);
	if (!*dst)
		snprintf(dst, cap, "%s", i && pane->facts.known ? "the same settings" : "");
	return dst;
}

void panes_done(struct panes *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->at[i]);
	*p = (struct panes){0};
}
