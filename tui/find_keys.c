/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/find_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/find.h"
#include "tui/prompt.h"
#include "tui/rows.h"

static struct match match; /* large; one screen */

/* To the next stop of ui->find, or the one before. false: there is none anywhere. */
static bool go(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int visible, bool forward)
{
	uint64_t t0, t1;
	struct found to;

	ui_window(ui, m, now_ns, &t0, &t1);
	struct find_from from = {.at_ns = ui->cursor_ns ? ui->cursor_ns
					  : forward     ? t0
					  : t1 < now_ns ? t1
							: now_ns,
				 .row = ui->cursor_ns ? ui->cursor_row : -1,
				 .col_ns = (t1 - t0) / (unsigned)(time_cols > 0 ? time_cols : 1),
				 .now_ns = now_ns};
	match_init(&match, m, ui->find);
	if ((forward ? find_next : find_previous)(&match, ui, &from, &to)) {
		ui_go_to(ui, m, now_ns, to.at_ns);
		ui_to_row(ui, m, visible, to.row);
		ui->event_nth = 0;
		return true;
	}
	if ((forward ? find_previous : find_next)(&match, ui, &from, &to)) {
		snprintf(ui->message, sizeof(ui->message), "no %s match; %s", forward ? "further" : "earlier",
			 forward ? "N goes back" : "n goes on");
		return true;
	}
	/* What the cursor is on may be all that there is. */
	from.row = -1;
	from.at_ns = model_start(m);
	bool any = find_next(&match, ui, &from, &to);
	if (any)
		snprintf(ui->message, sizeof(ui->message), "this is the only match");
	else
		snprintf(ui->message, sizeof(ui->message), "nothing here is called '%s'", ui->find);
	return any;
}

static void find_again(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int visible,
		       bool forward)
{
	if (*ui->find)
		go(ui, m, now_ns, time_cols, visible, forward);
	else
		snprintf(ui->message, sizeof(ui->message), "nothing is looked for: / asks what");
}

static void find_text(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int visible)
{
	char before[PATTERN_CAP];

	if (!*ui->typed) { /* as in less: once more */
		find_again(ui, m, now_ns, time_cols, visible, true);
		return;
	}
	memcpy(before, ui->find, sizeof(before));
	memcpy(ui->find, ui->typed, sizeof(ui->find));
	if (!go(ui, m, now_ns, time_cols, visible, true))
		memcpy(ui->find, before, sizeof(ui->find));
}

/* The cursor stays on its row, where that is still shown. */
static void set_filter(struct ui_state *ui, const struct model *m, int visible, const char *text)
{
	struct row row;
	bool had = rows_at(ui, m, ui->cursor_row, &row);

	snprintf(ui->filter, sizeof(ui->filter), "%s", text);
	ui->first_row = 0;
	ui->panel_scroll = 0;
	ui_to_row(ui, m, visible, had ? rows_index(ui, m, row.id) : 0);
	if (*text && rows_shown(ui, m, NULL, 0) == 0)
		snprintf(ui->message, sizeof(ui->message), "no row matches the filter; f and Enter show all again");
}

static void follow(struct ui_state *ui, const struct model *m, int visible, uint64_t goid)
{
	uint32_t func = 0;

	if (!model_goroutine(m, goid, &func)) {
		snprintf(ui->message, sizeof(ui->message), "no goroutine %llu is known", (unsigned long long)goid);
		return;
	}
	const struct func_info *f = model_func(m, func);
	snprintf(ui->followed_func, sizeof(ui->followed_func), "%s", f ? f->name : "");
	ui->followed = goid;
	ui->followed_in = model_session(m);
	if (ui->rows == ROW_G && rows_index(ui, m, goid) >= 0)
		ui_to_row(ui, m, visible, rows_index(ui, m, goid));
}

/* The goroutine under the cursor; 0 = there is none. */
static uint64_t under_cursor(const struct ui_state *ui, const struct model *m, uint64_t now_ns)
{
	struct span span;
	struct row row;

	if (!ui->cursor_ns || !rows_at(ui, m, ui->cursor_row, &row))
		return 0;
	if (row.kind == ROW_G)
		return row.id;
	return track_at(row.track, ui->cursor_ns, now_ns, &span) ? span.goid : 0;
}

void find_action(enum action a, struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols,
		 int visible_rows)
{
	uint64_t goid;

	switch (a) {
	case ACTION_FIND:
		prompt_open(ui, PROMPT_FIND);
		break;
	case ACTION_MATCH_NEXT:
	case ACTION_MATCH_PREVIOUS:
		find_again(ui, m, now_ns, time_cols, visible_rows, a == ACTION_MATCH_NEXT);
		break;
	case ACTION_FILTER:
		prompt_open(ui, PROMPT_FILTER);
		break;
	case ACTION_FOLLOW:
		goid = under_cursor(ui, m, now_ns);
		if (ui->followed)
			ui->followed = 0;
		else if (goid)
			follow(ui, m, visible_rows, goid);
		else
			prompt_open(ui, PROMPT_FOLLOW);
		break;
	default:
		break;
	}
}

void find_typed(enum prompt what, struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols,
		int visible_rows)
{
	if (what == PROMPT_FIND)
		find_text(ui, m, now_ns, time_cols, visible_rows);
	else if (what == PROMPT_FILTER)
		set_filter(ui, m, visible_rows, ui->typed);
	else if (what == PROMPT_FOLLOW && *ui->typed)
		follow(ui, m, visible_rows, strtoull(ui->typed, NULL, 10));
}

bool find_back(struct ui_state *ui)
{
	bool any = *ui->find || ui->followed || *ui->filter;

	if (*ui->find)
		ui->find[0] = '\0';
	else if (ui->followed)
		ui->followed = 0;
	else
		ui->filter[0] = '\0';
	return any;
}
