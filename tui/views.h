/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of views. A new view is a file in views/ and a row here (and, for a panel, one in the list of panels). */
#ifndef SCHEDTOP_TUI_VIEWS_H
#define SCHEDTOP_TUI_VIEWS_H

#include <stddef.h>

#include "tui/view.h"

extern const struct view view_header, view_verdict, view_minimap, view_timeline, view_latency, view_output, view_status,
	view_help, view_ask;
extern const struct view view_panes_header; /* views/pane.c */
extern const struct view view_offenders, view_verdicts, view_threads, view_goroutines, view_scheduler, view_events;

/** The panels that Tab goes through. */
extern const struct view *const view_panels[];
size_t view_n_panels(void);

/** The index of a panel by its name; -1 = there is none. */
int view_panel_index(const char *name);

/** Draws the whole screen: every view in its place. */
void views_draw(const struct view_ctx *ctx, struct grid *g);

/** Draws a view where there is room for it. */
void view_in(const struct view *v, const struct view_ctx *ctx, struct grid *g, struct rect r);

/** Where only ASCII can be shown: replaces what the views and formatted numbers still hold beyond it. */
void views_to_ascii(struct grid *g);

#endif
