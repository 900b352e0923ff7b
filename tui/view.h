/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view draws one part of the screen from the model. It is one file and one row in the table of views (views.c); it
 * keeps no state of its own: what the user has chosen is in struct ui_state.
 */
#ifndef SCHEDTOP_TUI_VIEW_H
#define SCHEDTOP_TUI_VIEW_H

#include "model/model.h"
#include "model/moments.h"
#include "tui/grid.h"

#include <stdbool.h>
#include <stdint.h>

/* A question before something is done to the target. */
#define ASK_LINES 6
#define ASK_CAP   160

/* What is being typed in the status line. */
enum prompt { PROMPT_NONE, PROMPT_TIME, PROMPT_FIND, PROMPT_FILTER, PROMPT_FOLLOW };

#define PATTERN_CAP 64  /* of a text that is typed; its length is told in cli/options.c */
#define NAME_CAP    256 /* of a function's name */

/* What the user has chosen; changed by actions only. */
struct ui_state {
	uint64_t span_ns;   /* time that the timeline's width shows; 0 = not yet laid out */
	uint64_t end_ns;    /* time at its right edge while not following */
	bool follow;        /* the right edge is now */
	bool paused;        /* the picture stands still; collecting goes on */
	enum row_kind rows; /* what the rows are */
	bool rows_chosen;   /* by the user */
	int first_row;      /* scrolled by */
	int cursor_row;
	uint64_t cursor_ns; /* 0 = no cursor */
	int panel;          /* index of the panel below the timeline that has the focus */
	int panel_scroll;
	bool help;
	bool output;    /* the target's output pane is shown */
	bool ascii;     /* no Unicode drawing characters */
	bool no_shades; /* colours can't tell what is dimmed: other characters do */
	enum prompt prompt;
	char typed[PATTERN_CAP];           /* so far */
	char find[PATTERN_CAP];            /* what is looked for; "" = nothing: the rest is dimmed */
	char filter[PATTERN_CAP];          /* what doesn't match is left out; "" = nothing is */
	uint64_t followed;                 /* a goroutine; 0 = none: the rest is dimmed */
	const struct session *followed_in; /* whose goroutine it is; compared only */
	char followed_func[NAME_CAP]; /* its start function, full, which is followed in other sessions. Foreign text */
	unsigned event_nth;           /* which of the events at the cursor's time is marked in their list */
	bool asking;                  /* lines are shown, and a yes is waited for */
	size_t n_asked;
	char asked[ASK_LINES][ASK_CAP];
	char message[200]; /* one-line answer to the last action; "" = none */
	uint64_t message_until_ns;
};

/* Where a replay is; views and actions see it through struct view_ctx and the feed. */
#define REPLAY_DENSITY 256
struct replay_state {
	uint64_t first_ns, last_ns; /* of the capture, as far as it is known */
	uint64_t playhead_ns;       /* the model's now */
	bool loaded;                /* read to its end once: only then the playhead can be moved */
	bool following;             /* a stream that still grows */
	bool playing;
	double speed;
	const struct moment *moments; /* in order of time */
	size_t n_moments;
	uint32_t density[REPLAY_DENSITY]; /* events in each part of the capture's time; all 0 = unknown */
};

/* What views may read. */
struct view_ctx {
	const struct model *model;
	const struct ui_state *ui;
	uint64_t now_ns;           /* right edge of "now" for this frame: the model's, or where it was paused */
	uint64_t t0_ns, t1_ns;     /* the timeline's window */
	const char *const *output; /* last lines of the target's output, oldest first */
	size_t n_output;
	double fps_limit;
	const struct replay_state *replay; /* NULL = a live session */
	bool still;                        /* one picture, of neither */

	/* Side by side (panes.h). */
	int n_panes, pane;    /* how many there are, and which of them this is; 0 = there is one session */
	bool focus;           /* keys go to it */
	bool panes_free;      /* each has its own place in time */
	bool panes_too_small; /* they don't fit: this one is shown alone */
	bool can_relaunch;
};

struct view {
	const char *name;  /* "timeline" */
	const char *title; /* shown on its panel */
	const char *help;  /* one line */
	int min_rows;      /* below this it isn't drawn */
	bool wide;         /* a panel that takes the place of the latencies beside it, too */
	void (*draw)(const struct view_ctx *ctx, struct grid *g, struct rect r);
};

#endif
