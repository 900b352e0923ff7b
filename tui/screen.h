/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, behind a few calls: the only user of curses is screen_curses.c. One screen at a time, one thread. */
#ifndef SCHEDTOP_TUI_SCREEN_H
#define SCHEDTOP_TUI_SCREEN_H

#include <stdbool.h>

#include "tui/actions.h"
#include "tui/grid.h"
#include "tui/theme.h"

struct fault;

/**
 * Takes the terminal. 0; -ENOTTY with @fault when there is none that can be used. From here on a crash (SIGSEGV,
 * SIGBUS, SIGFPE, SIGILL, SIGABRT) gives the terminal back before it kills the program.
 */
int screen_open(bool mouse, struct fault *fault);

/** Gives it back as it was. Harmless when nothing is open. */
void screen_close(void);

/** Colours that it can show: 0 = none, 8, 16, 256, 1 << 24. */
int screen_colours(void);

/** Asks the terminal for its size and adopts it. */
void screen_resize(int *ret_cols, int *ret_rows);

/** Shows a grid; only what differs from the last one is sent. */
void screen_show(const struct grid *g, const struct theme *t);

/** Everything is sent anew at the next show (a new theme, Ctrl-L). */
void screen_redraw(void);

/** The next key, without waiting. false when there is none. */
bool screen_key(struct key_event *ret);

/** The terminal is gone (hang-up, closed connection). */
bool screen_gone(void);

#endif
