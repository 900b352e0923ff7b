/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/actions.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "tui/views.h"
#include "tui/views/timeline.h"

#define MARKS_MAX 4096

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
	uint64_t start = model_start(m), span = ui->span_ns ? ui->span_ns : SPAN_DEFAULT_NS;
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

static void move_row(struct ui_state *ui, const struct model *m, uint64_t now_ns, int visible, int by)
{
	int n = (int)model_rows(m, ui->rows, NULL, 0);

	if (!ui->cursor_ns)
		move_cursor(ui, m, now_ns, 100, 0);
	ui->cursor_row += by;
	if (ui->cursor_row >= n)
		ui->cursor_row = n - 1;
	if (ui->cursor_row < 0)
		ui->cursor_row = 0;
	if (ui->cursor_row < ui->first_row)
		ui->first_row = ui->cursor_row;
	if (visible > 0 && ui->cursor_row >= ui->first_row + visible)
		ui->first_row = ui->cursor_row - visible + 1;
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

/* The nearest beginning of a gap (long enough to be looked for) or pause after or before the cursor. */
static void jump(struct ui_state *ui, const struct model *m, uint64_t now_ns, bool forward)
{
	static struct gap gaps[MARKS_MAX];
	static struct stw_pause stws[MARKS_MAX];
	uint64_t t0, t1;

	ui_window(ui, m, now_ns, &t0, &t1);
	uint64_t from = ui->cursor_ns ? ui->cursor_ns : t1 < now_ns ? t1 : now_ns, best = 0;
	uint64_t lo = forward ? from + 1 : model_start(m), hi = forward ? now_ns : from;
	size_t n_gaps = model_gaps(m, lo, hi, gaps, MARKS_MAX), n_stws = model_stws(m, lo, hi, stws, MARKS_MAX);
	uint64_t worth = GO_SLICE_NS / 10;
	for (size_t i = 0; i < n_gaps + n_stws; i++) {
		uint64_t at = i < n_gaps ? gaps[i].request_ns : stws[i - n_gaps].asked_ns;

		if (i < n_gaps && gap_ns(&gaps[i], now_ns) < worth)
			continue;
		if (forward ? at > from && (!best || at < best) : at < from && at > best)
			best = at;
	}
	if (!best) {
		snprintf(ui->message, sizeof(ui->message), "no %s gap or pause", forward ? "further" : "earlier");
		return;
	}
	ui->cursor_ns = best;
	ui->end_ns = t1;
	ui->follow = false;
	reveal(ui, m, now_ns, best);
}

static void rows_of(struct ui_state *ui, enum row_kind kind)
{
	ui->rows = kind;
	ui->first_row = 0;
	ui->cursor_row = 0;
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
	} else {
		ui->follow = true;
		ui->paused = false;
	}
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
		ui->span_ns = clamp_ns(now_ns - model_start(m), SPAN_MIN_NS, SPAN_MAX_NS);
		ui->follow = true;
		break;
	case ACTION_NEXT:
	case ACTION_PREVIOUS:
		jump(ui, m, now_ns, a == ACTION_NEXT);
		break;
	case ACTION_ROWS_CPU:
		rows_of(ui, ROW_CPU);
		break;
	case ACTION_ROWS_P:
		rows_of(ui, ROW_P);
		break;
	case ACTION_ROWS_M:
		rows_of(ui, ROW_M);
		break;
	case ACTION_ROWS_G:
		rows_of(ui, ROW_G);
		break;
	case ACTION_PANEL:
		panel(ui, 1);
		break;
	case ACTION_PANEL_BACK:
		panel(ui, -1);
		break;
	case ACTION_SCROLL_DOWN:
		ui->panel_scroll++;
		break;
	case ACTION_SCROLL_UP:
		ui->panel_scroll -= ui->panel_scroll > 0;
		break;
	case ACTION_OUTPUT:
		ui->output = !ui->output;
		break;
	case ACTION_QUIT:
	case ACTION_THEME:
	case ACTION_SNAPSHOT:
	case ACTION_NONE:
	case ACTION_COUNT:
		break;
	}
}
