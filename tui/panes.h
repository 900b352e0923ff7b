/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions side by side: who is there, who has the focus, and how their times go together. Each session has a clock of
 * its own: what they share is the time since each one's start. The user's choices (struct ui_state) are held once, in
 * the time of the pane that they were made in, and are moved to another's when that is drawn or gets the focus. With
 * free axes each pane keeps its own place in time.
 */
#ifndef SCHEDTOP_TUI_PANES_H
#define SCHEDTOP_TUI_PANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/pane_facts.h"
#include "tui/tui.h"
#include "tui/view.h"

#define PANES_MAX TUI_SESSIONS_MAX

/* The figures of the strip: rows of figures by their name (compare/figures.h). */
#define STRIP_FIGURES 5

struct pane {
	struct tui_feed feed; /* lock NULL = its target couldn't be started: there is only the error */
	char label[256];      /* what was chosen for its start; "" = nothing was. Foreign text */
	char error[600];      /* why it couldn't be started. Foreign text */
	struct ui_state ui;   /* its place in time, while the axes are free */
	bool fitted;          /* a replay was shown whole when it had been read */

	/* As of the last look. */
	uint64_t start_ns, now_ns; /* 0 = nothing has been seen yet; now stands still while paused */
	size_t n_rows;             /* of its timeline */
	struct replay_state replay;

	/* And of what is beside others. */
	struct pane_facts facts;
	double figures[STRIP_FIGURES]; /* NaN = unknown */
	int async_on;                  /* 1, 0, -1 = unknown */
	bool exited;
	int exit_status; /* as wait(2); -1 = unknown */
	char verdict[200];
	uint8_t severity; /* enum severity */
};

struct panes {
	struct pane *at[PANES_MAX]; /* the first is what the others are measured against */
	int n, focus;
	int clock; /* the pane in whose time the user's choices are */
	bool free; /* each pane has its own place in time */
	bool alone;
};

/** Adds one behind the others and gives it the focus. @feed NULL = it couldn't be started. 0, -ENOSPC, -ENOMEM. */
int panes_add(struct panes *p, struct ui_state *ui, const struct tui_feed *feed, const char *label, const char *error);

/** Takes one away; the pane's feed is the caller's. The last one that can be drawn stays: -EBUSY. */
int panes_remove(struct panes *p, struct ui_state *ui, int i);

/** Gives the focus; out of range nothing happens. */
void panes_focus(struct panes *p, struct ui_state *ui, int i);

/** The one with the focus becomes the first, and the first takes its place; of the first, it is the second. */
void panes_swap(struct panes *p);

/** One time axis for all, or one for each. */
void panes_set_free(struct panes *p, const struct ui_state *ui, bool free);

/** Can it be drawn? */
static inline bool pane_drawable(const struct pane *pane)
{
	return pane->feed.lock != NULL;
}

/** Reads what the frame needs of each: its clock, facts, figures, verdict. Takes each one's lock for a moment. */
void panes_look(struct panes *p, const struct ui_state *ui);

/** The user's choices in the time of pane @i. */
void panes_ui(const struct panes *p, const struct ui_state *ui, int i, struct ui_state *ret);

/** The time that pane @i shows, in its own time; by what the last look saw. */
void panes_window(const struct panes *p, const struct ui_state *ui, int i, uint64_t *ret_t0, uint64_t *ret_t1);

/** What distinguishes pane @i: from the first one, or what the first was started with. Foreign text. Returns @dst. */
char *panes_title(const struct panes *p, int i, char *dst, size_t cap);

/** All of the longest session is shown, from its start. */
void panes_fit(const struct panes *p, struct ui_state *ui);

/** Do the targets of at least two run at this moment? Then they share the CPUs. */
bool panes_share_cpus(const struct panes *p);

/** Name and heading of a row of the strip; the value is in pane.figures. NULL behind the last. */
struct strip_figure {
	const char *name;  /* of the figure */
	const char *title; /* for people */
};
const struct strip_figure *strip_figure(size_t i);

void panes_done(struct panes *p);

#endif
