/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/actions.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "tui/event_list.h"
#include "tui/find_keys.h"
#include "tui/marks.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/views.h"
#include "tui/views/timeline.h"

static const struct action_info infos[ACTION_COUNT] = {
#define ACTION_INFO(id, k1, k2, keys, help) [ACTION_##id] = {keys, help},
	ACTIONS(ACTION_INFO)
#undef ACTION_INFO
};

static const struct {
	uint32_t key;
	enum action action;
} keymap[] = {
#define ACTION_KEYS(id, k1, k2, keys, help) {(k1), ACTION_##id}, {(k2), ACTION_##id},
	ACTIONS(ACTION_KEYS)
#undef ACTION_KEYS
};

const struct action_info *action_info(enum action a)
{
	return a > ACTION_NONE && a < ACTION_COUNT ? &infos[a] : NULL;
}

enum action action_of_key(uint32_t key)
{
	for (size_t i = 0; key && i < ARRAY_SIZE(keymap); i++) {
		if (keymap[i].key == key)
			return keymap[i].action;
	}
	if (key == '3' || key == '4') /* an action has two keys in the table */
		return ACTION_PANE;
	return key == KEY_WHEEL_UP_ ? ACTION_ZOOM_IN : key == KEY_WHEEL_DOWN_ ? ACTION_ZOOM_OUT : ACTION_NONE;
}

void ui_state_init(struct ui_state *ui, bool ascii)
{
	*ui = (struct ui_state){.span_ns = SPAN_DEFAULT_NS, .follow = true, .rows = ROW_CPU, .ascii = ascii};
}

static uint64_t clamp_ns(uint64_t v, uint64_t lo, uint64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

void ui_window(const struct ui_state *ui, const struct model *m, uint64_t now_ns, uint64_t *ret_t0, uint64_t *ret_t1)
{
	ui_window_at(ui, model_start(m), now_ns, ret_t0, ret_t1);
}

/* A whole number of the steps in which the window moves, or it would have moved one too far already. */
uint64_t ui_whole_ns(uint64_t start_ns, uint64_t now_ns)
{
	return clamp_ns((now_ns - start_ns + 9) / 10 * 10, SPAN_MIN_NS, SPAN_MAX_NS);
}

void ui_window_at(const struct ui_state *ui, uint64_t start, uint64_t now_ns, uint64_t *ret_t0, uint64_t *ret_t1)
{
	uint64_t span = ui->span_ns ? ui->span_ns : SPAN_DEFAULT_NS;
	uint64_t end = ui->end_ns;

	/*
	 * Following, the picture stands still while its right tenth fills and then jumps: a person can read it, and a
	 * slow link carries what is new instead of every cell at every frame (measured: a fifth of the bytes).
	 */
	if (ui->follow) {
		uint64_t step = span / 10;

		end = now_ns > start ? start + (now_ns - start + step - 1) / step * step : start;
	}

	/* A young session starts at the left edge. */
	if (end < start + span)
		end = start + span;
	*ret_t0 = end - span;
	*ret_t1 = end;
}

/* Shows a time: the window moves so that it isn't at the very edge. */
static void reveal(struct ui_state *ui, const struct model *m, uint64_t now_ns, uint64_t at_ns)
{
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	uint64_t margin = (t1 - t0) / 10;
	if (at_ns >= t0 + margin && at_ns + margin < t1)
		return;
	ui->follow = false;
	ui->end_ns = at_ns + (t1 - t0) / 2;
	if (ui->end_ns > now_ns)
		ui->end_ns = now_ns;
}

static void move_cursor(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int cols)
{
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	uint64_t col_ns = (t1 - t0) / (unsigned)(time_cols > 0 ? time_cols : 1);
	if (!ui->cursor_ns) {
		ui->cursor_ns = (now_ns < t1 ? now_ns : t1) - col_ns / 2;
	} else if (cols < 0) {
		uint64_t d = (uint64_t)-cols * col_ns;
		ui->cursor_ns = ui->cursor_ns > model_start(m) + d ? ui->cursor_ns - d : model_start(m);
	} else {
		ui->cursor_ns = clamp_ns(ui->cursor_ns + (uint64_t)cols * col_ns, 1, now_ns);
	}
	ui->follow = false; /* what one looks at stands still */
	ui->end_ns = t1;
	if (ui->cursor_ns < t0 || ui->cursor_ns >= t1)
		reveal(ui, m, now_ns, ui->cursor_ns);
}

void ui_to_row(struct ui_state *ui, const struct model *m, int visible, int row)
{
	int n = (int)rows_shown(ui, m, NULL, 0);

	ui->cursor_row = row >= n ? n - 1 : row;
	if (ui->cursor_row < 0)
		ui->cursor_row = 0;
	if (ui->cursor_row < ui->first_row)
		ui->first_row = ui->cursor_row;
	if (visible > 0 && ui->cursor_row >= ui->first_row + visible)
		ui->first_row = ui->cursor_row - visible + 1;
}

static void move_row(struct ui_state *ui, const struct model *m, uint64_t now_ns, int visible, int by)
{
	if (!ui->cursor_ns)
		move_cursor(ui, m, now_ns, 100, 0);
	ui_to_row(ui, m, visible, ui->cursor_row + by);
}

static void zoom(struct ui_state *ui, const struct model *m, uint64_t now_ns, bool in)
{
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	uint64_t span = clamp_ns(in ? ui->span_ns / 2 : ui->span_ns * 2, SPAN_MIN_NS, SPAN_MAX_NS);
	if (!ui->follow || ui->cursor_ns) {
		/* The point of interest keeps its place on the screen. */
		uint64_t at = ui->cursor_ns >= t0 && ui->cursor_ns < t1 ? ui->cursor_ns : t0 + (t1 - t0) / 2;
		uint64_t right = (uint64_t)((__uint128_t)(t1 - at) * span / (t1 - t0));

		ui->end_ns = at + right;
		ui->follow = false;
	}
	ui->span_ns = span;
}

static void scroll(struct ui_state *ui, const struct model *m, uint64_t now_ns, bool back)
{
	uint64_t t0, t1, step = ui->span_ns / 4 * 3, start = model_start(m);

	ui_window(ui, m, now_ns, &t0, &t1);
	if (back) {
		ui->follow = false;
		ui->end_ns = t1 > start + ui->span_ns + step ? t1 - step : start + ui->span_ns;
	} else if (!ui->follow) {
		ui->end_ns = t1 + step;
		if (ui->end_ns >= now_ns)
			ui->follow = true;
	}
}

/* The nearest beginning of a gap (long enough to be looked for) or pause after or before a time. */
struct jump {
	uint64_t from_ns, now_ns, best_ns; /* best 0 = none */
	struct gap gap;                    /* request 0 = the best is a pause */
	bool forward;
};

static bool nearer(struct jump *j, uint64_t at)
{
	bool better =
		j->forward ? at > j->from_ns && (!j->best_ns || at < j->best_ns) : at < j->from_ns && at > j->best_ns;

	if (better)
		j->best_ns = at;
	return better;
}

static void see_gap(void *ctx, const struct gap *gap)
{
	struct jump *j = ctx;

	if (gap_ns(gap, j->now_ns) >= GO_SLICE_NS / 10 && nearer(j, gap->request_ns))
		j->gap = *gap;
}

static void see_stw(void *ctx, const struct stw_pause *p)
{
	struct jump *j = ctx;

	if (nearer(j, p->asked_ns))
		j->gap.request_ns = 0;
}

static void jump(struct ui_state *ui, const struct model *m, uint64_t now_ns, int visible, bool forward)
{
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	struct jump j = {.now_ns = now_ns, .forward = forward};
	j.from_ns = ui->cursor_ns ? ui->cursor_ns : t1 < now_ns ? t1 : now_ns;
	uint64_t lo = forward ? j.from_ns + 1 : model_start(m), hi = forward ? now_ns : j.from_ns;
	marks_each_gap(m, lo, hi, see_gap, &j);
	marks_each_stw(m, lo, hi, see_stw, &j);
	if (!j.best_ns) {
		snprintf(ui->message, sizeof(ui->message), "no %s gap or pause", forward ? "further" : "earlier");
		return;
	}
	ui->cursor_ns = j.best_ns;
	ui->end_ns = t1;
	ui->follow = false;
	reveal(ui, m, now_ns, j.best_ns);
	int row = j.gap.request_ns ? rows_of_gap(ui, m, &j.gap) : -1;
	ui_to_row(ui, m, visible, row >= 0 ? row : ui->cursor_row);
}

/* Who is followed has a row of its own: the cursor is put there. */
static void rows_of(struct ui_state *ui, const struct model *m, int visible, enum row_kind kind)
{
	ui->rows = kind;
	ui->rows_chosen = true;
	ui->first_row = 0;
	ui->cursor_row = 0;
	if (kind == ROW_G && ui->followed && ui->followed_in == model_session(m))
		ui_to_row(ui, m, visible, rows_index(ui, m, ui->followed));
}

static void scroll_panel(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int visible,
			 bool down)
{
	if (!ui->help && view_panels[(size_t)ui->panel % view_n_panels()] == &view_events)
		event_list_step(ui, m, now_ns, time_cols, visible, down);
	else if (down)
		ui->panel_scroll++;
	else
		ui->panel_scroll -= ui->panel_scroll > 0;
}

void ui_suit_rows(struct ui_state *ui, const struct model *m)
{
	if (!ui->rows_chosen && ui->rows == ROW_CPU && !marks_any_span(m, ROW_CPU) && marks_any_span(m, ROW_P))
		ui->rows = ROW_P;
}

static void panel(struct ui_state *ui, int by)
{
	int n = (int)view_n_panels();

	ui->panel = (ui->panel + by + n) % n;
	ui->panel_scroll = 0;
}

static void back(struct ui_state *ui)
{
	if (ui->help) {
		ui->help = false;
	} else if (ui->cursor_ns) {
		ui->cursor_ns = 0;
	} else if (!find_back(ui)) {
		ui->follow = true;
		ui->paused = false;
	}
}

void ui_go_to(struct ui_state *ui, const struct model *m, uint64_t now_ns, uint64_t at_ns)
{
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	at_ns = at_ns < model_start(m) ? model_start(m) : at_ns > now_ns ? now_ns : at_ns;
	ui->cursor_ns = at_ns ? at_ns : 1;
	ui->end_ns = t1;
	ui->follow = false;
	reveal(ui, m, now_ns, at_ns);
}

void ui_click(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int col, int row)
{
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	ui->end_ns = t1;
	ui->follow = false;
	ui->cursor_ns = timeline_col_ns(t0, t1, time_cols, col) + (t1 - t0) / (unsigned)time_cols / 2;
	ui->cursor_row = ui->first_row + row;
}

void action_do(enum action a, struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols,
	       int visible_rows)
{
	switch (a) {
	case ACTION_HELP:
		ui->help = !ui->help;
		break;
	case ACTION_BACK:
		back(ui);
		break;
	case ACTION_PAUSE:
		ui->paused = !ui->paused;
		break;
	case ACTION_CURSOR_LEFT:
		move_cursor(ui, m, now_ns, time_cols, -1);
		break;
	case ACTION_CURSOR_RIGHT:
		move_cursor(ui, m, now_ns, time_cols, 1);
		break;
	case ACTION_CURSOR_UP:
		move_row(ui, m, now_ns, visible_rows, -1);
		break;
	case ACTION_CURSOR_DOWN:
		move_row(ui, m, now_ns, visible_rows, 1);
		break;
	case ACTION_PAGE_BACK:
		scroll(ui, m, now_ns, true);
		break;
	case ACTION_PAGE_FORWARD:
		scroll(ui, m, now_ns, false);
		break;
	case ACTION_OLDEST:
		ui->follow = false;
		ui->end_ns = model_start(m) + ui->span_ns;
		break;
	case ACTION_NOW:
		ui->follow = true;
		ui->cursor_ns = 0;
		break;
	case ACTION_ZOOM_IN:
	case ACTION_ZOOM_OUT:
		zoom(ui, m, now_ns, a == ACTION_ZOOM_IN);
		break;
	case ACTION_FIT:
		ui->span_ns = ui_whole_ns(model_start(m), now_ns);
		ui->follow = true;
		break;
	case ACTION_NEXT:
	case ACTION_PREVIOUS:
		jump(ui, m, now_ns, visible_rows, a == ACTION_NEXT);
		break;
	case ACTION_ROWS_CPU:
		rows_of(ui, m, visible_rows, ROW_CPU);
		break;
	case ACTION_ROWS_P:
		rows_of(ui, m, visible_rows, ROW_P);
		break;
	case ACTION_ROWS_M:
		rows_of(ui, m, visible_rows, ROW_M);
		break;
	case ACTION_ROWS_G:
		rows_of(ui, m, visible_rows, ROW_G);
		break;
	case ACTION_PANEL:
		panel(ui, 1);
		break;
	case ACTION_PANEL_BACK:
		panel(ui, -1);
		break;
	case ACTION_SCROLL_DOWN:
	case ACTION_SCROLL_UP:
		scroll_panel(ui, m, now_ns, time_cols, visible_rows, a == ACTION_SCROLL_DOWN);
		break;
	case ACTION_OUTPUT:
		ui->output = !ui->output;
		break;
	case ACTION_GOTO:
		prompt_open(ui, PROMPT_TIME);
		break;
	case ACTION_EVENTS:
		ui->panel = view_panel_index(view_events.name);
		ui->panel_scroll = 0;
		break;
	case ACTION_FIND:
	case ACTION_MATCH_NEXT:
	case ACTION_MATCH_PREVIOUS:
	case ACTION_FILTER:
	case ACTION_FOLLOW:
		find_action(a, ui, m, now_ns, time_cols, visible_rows);
		break;
	case ACTION_FASTER:
	case ACTION_SLOWER:
	case ACTION_STEP:
	case ACTION_STEP_BACK:
		snprintf(ui->message, sizeof(ui->message), "this moves a replay; a live session goes by itself");
		break;
	case ACTION_TOGGLES:
	case ACTION_RELAUNCH:
	case ACTION_RELAUNCH_ALONE:
	case ACTION_PANE:
	case ACTION_PANE_ALONE:
	case ACTION_PANE_FREE:
	case ACTION_PANE_SWAP:
	case ACTION_PANE_CLOSE:
	case ACTION_TRIGGER:
	case ACTION_RESCUE:
	case ACTION_QUIT:
	case ACTION_THEME:
	case ACTION_SNAPSHOT:
	case ACTION_NONE:
	case ACTION_COUNT:
		break;
	}
}
