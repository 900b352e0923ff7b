/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cell grid: what every view draws into. A cell has a character, a role for each of its two colours and attributes;
 * roles become colours only in a back end (ncurses, ANSI, text, SVG), through the theme. So a view needs no terminal.
 */
#ifndef SCHEDTOP_TUI_GRID_H
#define SCHEDTOP_TUI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Colours by meaning. X-macro: ROLE(ID, "name in theme files"). Themes must define every one. */
#define ROLES(X)                                                                                                       \
	X(BACKGROUND, "background")                                                                                    \
	X(TEXT, "text")                                                                                                \
	X(DIM, "dim")                                                                                                  \
	X(TITLE, "title")                                                                                              \
	X(LABEL, "label")                                                                                              \
	X(AXIS, "axis")                                                                                                \
	X(CURSOR, "cursor")                                                                                            \
	X(HEADER, "header")                                                                                            \
	X(HEADER_BG, "header-bg")                                                                                      \
	X(STATUS, "status")                                                                                            \
	X(STATUS_BG, "status-bg")                                                                                      \
	X(KEY, "key")                                                                                                  \
	X(OK, "ok")                                                                                                    \
	X(WARNING, "warning")                                                                                          \
	X(CRITICAL, "critical")                                                                                        \
	X(IDLE, "idle")                                                                                                \
	X(DIMMED, "dimmed")                                                                                            \
	X(RUNTIME, "runtime")                                                                                          \
	X(UNLABELLED, "unlabelled")                                                                                    \
	X(RUNNABLE, "runnable")                                                                                        \
	X(OTHER, "other")                                                                                              \
	X(SYSCALL, "syscall")                                                                                          \
	X(STW, "stw")                                                                                                  \
	X(STW_STOPPING, "stw-stopping")                                                                                \
	X(GAP, "gap")                                                                                                  \
	X(GAP_PENDING, "gap-pending")                                                                                  \
	X(KERNEL_GAP, "kernel-gap")                                                                                    \
	X(SELECTED_BG, "selected-bg")                                                                                  \
	X(BAR, "bar")                                                                                                  \
	X(BAR_BG, "bar-bg")

enum role {
#define ROLE_ENUM(id, name) ROLE_##id,
	ROLES(ROLE_ENUM)
#undef ROLE_ENUM
		ROLE_COUNT,
};

/* Goroutine functions have hues of their own: role = ROLE_FUNC + hue, hue < FUNC_HUES. */
#define FUNC_HUES 12
#define ROLE_FUNC ROLE_COUNT
#define ROLE_ALL  (ROLE_COUNT + FUNC_HUES)

enum cell_attr { CELL_BOLD = 1, CELL_UNDERLINE = 2, CELL_REVERSE = 4 };

struct cell {
	uint32_t ch; /* code point; 0 = the second half of a wide character */
	uint8_t fg;  /* role */
	uint8_t bg;  /* role */
	uint8_t attr;
	uint8_t reserved;
};

struct rect {
	int x, y, w, h; /* cells */
};

struct grid {
	int cols, rows;
	struct cell *cells; /* row by row */
};

/** 0 or -ENOMEM; sizes are clamped to 1..1024. */
int grid_init(struct grid *g, int cols, int rows);
void grid_done(struct grid *g);
int grid_resize(struct grid *g, int cols, int rows); /* contents are cleared */
void grid_clear(struct grid *g);

/** One cell; outside of the grid nothing happens. */
void grid_put(struct grid *g, int x, int y, uint32_t ch, uint8_t fg, uint8_t bg, uint8_t attr);
struct cell *grid_at(struct grid *g, int x, int y); /* NULL outside */

/**
 * Writes UTF-8 text, escaping what isn't printable, clipped to @max_cols (ending in … when cut). Returns the columns
 * used.
 */
int grid_text(struct grid *g, int x, int y, int max_cols, uint8_t fg, uint8_t bg, uint8_t attr, const char *text);
int grid_printf(struct grid *g, int x, int y, int max_cols, uint8_t fg, uint8_t bg, uint8_t attr, const char *fmt, ...)
	__attribute__((format(printf, 8, 9)));
void grid_fill(struct grid *g, struct rect r, uint32_t ch, uint8_t fg, uint8_t bg);

#endif
