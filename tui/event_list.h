/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened in the shown window, in order of time: preemption requests, stop-the-world pauses, settings written,
 * changes of the detail, the longest kernel gaps, and, when there is a cursor, what its row did for at least a column's
 * width (what is shorter can't be seen at that zoom either). Only what is near the cursor is gathered. Cost: once over
 * the window's gaps and pauses, and at most 2 * EVENT_SPANS_MAX spans.
 */
#ifndef SCHEDTOP_TUI_EVENT_LIST_H
#define SCHEDTOP_TUI_EVENT_LIST_H

#include "tui/view.h"

#define EVENT_LIST_NEAR 64 /* so many are gathered on each side */
#define EVENT_LIST_MAX  (2 * EVENT_LIST_NEAR)
#define EVENT_SPANS_MAX 8192

enum listed_kind { LISTED_GAP, LISTED_STW, LISTED_SETTING, LISTED_DETAIL, LISTED_KERNEL_GAP, LISTED_SPAN };

struct listed {
	uint64_t at_ns;
	uint8_t kind; /* enum listed_kind */
	union {
		struct gap gap;
		struct stw_pause stw;
		struct intervention setting;
		struct detail_change detail;
		struct kernel_gap kernel_gap;
		struct span span;
	};
};

struct event_list {
	struct listed at[EVENT_LIST_MAX];
	size_t n;
	int marked; /* what the cursor is on or next to; -1 = there is no cursor, or nothing in the list */
};

/* What is shown. */
struct event_window {
	uint64_t t0_ns, t1_ns, now_ns;
	int cols; /* of time */
};

/** Gathers it, by the filter and the followed goroutine. */
void event_list_gather(const struct ui_state *ui, const struct model *m, const struct event_window *w,
		       struct event_list *ret);

/** The row of an event, as an index of what is shown; -1 = it is on none, or its row isn't shown. */
int event_list_row(const struct ui_state *ui, const struct model *m, const struct listed *e);

/** Moves the cursor to the next event of the list, or the one before. */
void event_list_step(struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols, int visible_rows,
		     bool forward);

#endif
