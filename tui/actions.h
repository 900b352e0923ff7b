/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user can do. One table holds each action's keys, name and help line; the key map and the help are made from
 * it. An action changes struct ui_state and nothing else, given the model and the screen's size: no terminal is needed.
 */
#ifndef SCHEDTOP_TUI_ACTIONS_H
#define SCHEDTOP_TUI_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "tui/view.h"

/* Keys that are no characters; a back end translates its own codes to these. */
enum key {
	KEY_NONE_ = 0,
	KEY_ESC_ = 27,
	KEY_TAB_ = 9,
	KEY_UP_ = 0x110000, /* beyond Unicode */
	KEY_DOWN_,
	KEY_LEFT_,
	KEY_RIGHT_,
	KEY_HOME_,
	KEY_END_,
	KEY_PGUP_,
	KEY_PGDN_,
	KEY_F1_,
	KEY_F10_,
	KEY_BTAB_,
	KEY_RESIZE_,
	KEY_MOUSE_CLICK_, /* with struct key_event's x, y */
	KEY_WHEEL_UP_,
	KEY_WHEEL_DOWN_,
};

struct key_event {
	uint32_t key; /* code point or enum key */
	int x, y;     /* of the mouse, cells */
};

/* X(ID, key, other key, "keys as shown", "help") */
#define ACTIONS(X)                                                                                                     \
	X(QUIT, 'q', KEY_F10_, "q F10", "quit")                                                                        \
	X(HELP, '?', KEY_F1_, "? F1", "this help")                                                                     \
	X(BACK, KEY_ESC_, 0, "Esc", "close help; drop cursor, search, filter")                                         \
	X(PAUSE, ' ', 0, "Space", "pause the picture, or go on (collecting goes on); replay: play, stop")              \
	X(CURSOR_LEFT, KEY_LEFT_, 'h', "Left h", "move the cursor back in time")                                       \
	X(CURSOR_RIGHT, KEY_RIGHT_, 'l', "Right l", "move the cursor forward in time")                                 \
	X(CURSOR_UP, KEY_UP_, 'k', "Up k", "move the cursor to the row above")                                         \
	X(CURSOR_DOWN, KEY_DOWN_, 'j', "Down j", "move the cursor to the row below")                                   \
	X(PAGE_BACK, KEY_PGUP_, 0, "PgUp", "scroll back by three quarters of the window")                              \
	X(PAGE_FORWARD, KEY_PGDN_, 0, "PgDn", "scroll forward")                                                        \
	X(OLDEST, KEY_HOME_, 0, "Home", "go to the start of the session")                                              \
	X(NOW, KEY_END_, 0, "End", "go to now and follow")                                                             \
	X(ZOOM_IN, '+', '=', "+", "zoom in, about the cursor")                                                         \
	X(ZOOM_OUT, '-', 0, "-", "zoom out")                                                                           \
	X(FIT, '0', 0, "0", "show the whole session")                                                                  \
	X(NEXT, ']', 0, "]", "go to the next gap or pause")                                                            \
	X(PREVIOUS, '[', 0, "[", "go to the previous gap or pause")                                                    \
	X(FIND, '/', 0, "/", "find a function, thread, G42, P0 or CPU1")                                               \
	X(MATCH_NEXT, 'n', 0, "n", "go to the next match")                                                             \
	X(MATCH_PREVIOUS, 'N', 0, "N", "go to the previous match")                                                     \
	X(FILTER, 'f', 0, "f", "show only what matches; Enter alone: all")                                             \
	X(FOLLOW, 'g', 0, "g", "follow a goroutine, dim the rest; or end it")                                          \
	X(EVENTS, 'e', 0, "e", "list events; J K: walk from one to another")                                           \
	X(ROWS_CPU, 'c', 0, "c", "rows: CPUs")                                                                         \
	X(ROWS_P, 'p', 0, "p", "rows: Ps")                                                                             \
	X(ROWS_M, 'm', 0, "m", "rows: threads (Ms)")                                                                   \
	X(ROWS_G, 'v', 0, "v", "rows: goroutines")                                                                     \
	X(PANEL, KEY_TAB_, 0, "Tab", "next panel: offenders, verdicts, ..., events")                                   \
	X(PANEL_BACK, KEY_BTAB_, 0, "Shift-Tab", "previous panel")                                                     \
	X(SCROLL_DOWN, 'J', '>', "J >", "scroll the panel down")                                                       \
	X(SCROLL_UP, 'K', '<', "K <", "scroll the panel up")                                                           \
	X(FASTER, ')', 0, ")", "replay: play faster, up to 100 times")                                                 \
	X(SLOWER, '(', 0, "(", "replay: play slower, down to a tenth")                                                 \
	X(STEP, '.', 0, ".", "replay: go on by one event")                                                             \
	X(STEP_BACK, ',', 0, ",", "replay: go back by a column")                                                       \
	X(GOTO, ':', 0, ":", "go to a time: replay moves there, live looks there")                                     \
	X(TRIGGER, 'w', 0, "w", "write out the flight recorder (--flight)")                                            \
	X(RESCUE, 'A', 0, "A", "switch async preemption on in the live process (asks first)")                          \
	X(OUTPUT, 'o', 0, "o", "show or hide the target's output")                                                     \
	X(TOGGLES, 'G', 0, "G", "settings for another start of the target: GODEBUG, GOGC, another binary")             \
	X(RELAUNCH, 'r', 0, "r", "start the target once more with those settings, beside this one")                    \
	X(RELAUNCH_ALONE, 'R', 0, "R", "the same, but end the first one before")                                       \
	X(PANE, '1', '2', "1 2 3 4", "go to that pane")                                                                \
	X(PANE_ALONE, 'z', 0, "z", "show this pane alone, with its panels; or all")                                    \
	X(PANE_FREE, 'L', 0, "L", "panes: free the time axes, or link them again")                                     \
	X(PANE_SWAP, 'X', 0, "X", "panes: this one becomes the first, which ratios are against")                       \
	X(PANE_CLOSE, 'C', 0, "C", "panes: close this one, and end its target if it was launched")                     \
	X(THEME, 't', 0, "t", "next theme")                                                                            \
	X(SNAPSHOT, 's', 0, "s", "save this screen as SVG and text")

enum action {
	ACTION_NONE,
#define ACTION_ENUM(id, k1, k2, keys, help) ACTION_##id,
	ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
		ACTION_COUNT,
};

struct action_info {
	const char *keys, *help;
};
/** The help of an action; NULL for ACTION_NONE. */
const struct action_info *action_info(enum action a);

/** The action of a key; ACTION_NONE if it has none. */
enum action action_of_key(uint32_t key);

/** How far and how near one can look: a whole day, and 10 µs. */
#define SPAN_MIN_NS     10000ULL
#define SPAN_MAX_NS     86400000000000ULL
#define SPAN_DEFAULT_NS 4000000000ULL

/** A fresh state: following now, CPU rows. */
void ui_state_init(struct ui_state *ui, bool ascii);

/** The window that the state shows, given now. Following, its right edge is up to a tenth of the window ahead of now.
 */
void ui_window(const struct ui_state *ui, const struct model *m, uint64_t now_ns, uint64_t *ret_t0, uint64_t *ret_t1);

/** The same for a session that began at @start_ns. */
void ui_window_at(const struct ui_state *ui, uint64_t start_ns, uint64_t now_ns, uint64_t *ret_t0, uint64_t *ret_t1);

/** How much time all of a session is, in steps that its window moves by. */
uint64_t ui_whole_ns(uint64_t start_ns, uint64_t now_ns);

/**
 * Does an action on a timeline of @time_cols columns and @visible_rows rows. QUIT, THEME, SNAPSHOT, TRIGGER, RESCUE,
 * what moves a replay and what is about panes are the caller's: nothing changes for them.
 */
void action_do(enum action a, struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols,
	       int visible_rows);

/** Rows of Ps, where nothing is known of the CPUs (collector schedtrace) and the user hasn't chosen. */
void ui_suit_rows(struct ui_state *ui, const struct model *m);

/** The cursor to a time, and the window so that it is seen. */
void ui_go_to(struct ui_state *ui, const struct model *m, uint64_t now_ns, uint64_t at_ns);

/** The cursor to a row, and as much scrolled that it is seen among @visible. */
void ui_to_row(struct ui_state *ui, const struct model *m, int visible, int row);

/** The cursor to a time column and row (a click). */
void ui_click(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int col, int row);

#endif
