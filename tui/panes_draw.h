/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws a frame: one session as its views do, or several side by side; over it the settings, a question, the help. */
#ifndef SCHEDTOP_TUI_PANES_DRAW_H
#define SCHEDTOP_TUI_PANES_DRAW_H

#include "tui/grid.h"
#include "tui/panes.h"

struct toggles;

/* What lies over the panes. */
struct panes_over {
	const struct toggles *toggles; /* NULL = closed */
	const char *ask;               /* a question, a sentence a line; NULL = none */
	bool can_relaunch;             /* the status line offers it */
};

/** Draws what panes_look() has just seen. Takes one pane's lock at a time, only while drawing into memory. */
void panes_draw(const struct panes *p, const struct ui_state *ui, const struct panes_over *over, struct grid *g);

/** Where the timeline of the focused pane is, for keys and the mouse. */
struct rect panes_timeline(const struct panes *p, const struct ui_state *ui, const struct grid *g);

/** The pane at a cell; -1 = none. */
int panes_hit(const struct panes *p, const struct ui_state *ui, const struct grid *g, int x, int y);

#endif
