/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions side by side: the heading and timeline of each, and the strip of ratios below them. */
#ifndef SCHEDTOP_TUI_VIEWS_PANE_H
#define SCHEDTOP_TUI_VIEWS_PANE_H

#include "tui/panes.h"

struct toggles;

/** The pane of @ctx: its heading, its timeline. */
void pane_draw(const struct panes *p, const struct view_ctx *ctx, struct grid *g, struct rect r);

/** One that couldn't be started: why. */
void pane_draw_error(const struct panes *p, int i, struct grid *g, struct rect r);

/** Where the timeline of a pane is. */
struct rect pane_timeline(struct rect pane);

/** What must be known to judge what is seen: that the targets share the CPUs. On the right of the first line. */
void panes_draw_notice(const struct panes *p, struct grid *g, struct rect r);

/** The figures of all panes, and each one's ratio to the first pane's. */
void pane_draw_strip(const struct panes *p, bool ascii, struct grid *g, struct rect r);

/** The settings for the next start (views/toggles.c). */
void toggles_draw(const struct toggles *t, struct grid *g, struct rect r);

/** A question that any key but Enter and y denies; a sentence a line. */
void question_draw(const char *text, struct grid *g, struct rect r);

#endif
