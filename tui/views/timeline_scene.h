/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the timeline share while one frame is drawn. Private to views/timeline*.c. */
#ifndef SCHEDTOP_TUI_VIEWS_TIMELINE_SCENE_H
#define SCHEDTOP_TUI_VIEWS_TIMELINE_SCENE_H

#include "tui/highlight.h"
#include "tui/view.h"
#include "tui/views/timeline.h"

#define SCENE_COLS_MAX   1024
#define SCENE_GAPS_MAX   4096
#define SCENE_LEGEND_MAX 12

/* What stands for a run that is dimmed, where no colour can tell. */
#define DIMMED_CHAR  0x2500U
#define DIMMED_PLAIN ','

/* What the legend has to explain: only what is in the picture. */
enum scene_mark {
	MARK_GAP,
	MARK_PENDING,
	MARK_NO_CPU,
	MARK_STOPPING,
	MARK_STOPPED,
	MARK_SYSCALL,
	MARK_WAITING_P,
	MARK_OTHER,
	MARK_SETTING,
	MARK_UNKNOWN,
	MARK_DIMMED,
	MARKS
};

struct timeline_scene {
	const struct view_ctx *ctx;
	struct grid *g;
	struct rect r;
	int x, cols;                  /* of time */
	int row_height;               /* lines of a row */
	uint8_t band[SCENE_COLS_MAX]; /* role of the background: ROLE_BACKGROUND, STW or STW_STOPPING */
	struct gap gaps[SCENE_GAPS_MAX];
	size_t n_gaps;
	struct {
		uint32_t func;
		uint64_t ns;
	} legend[SCENE_LEGEND_MAX];
	size_t n_legend;
	bool marks[MARKS];
	struct highlight highlight;
	bool kept[SCENE_COLS_MAX]; /* of the row that is being drawn: these columns keep their colour */
};

/* What goroutines that keep their colour did in a column of a row. */
struct part {
	float run_ns;
	uint32_t func; /* of one of them that ran */
	bool waited;   /* on the thread or with the P: for a CPU, or in a system call */
};

/** First and one past the last column of a stretch of time inside the window; false when it is outside. */
bool timeline_stretch(const struct timeline_scene *s, uint64_t from_ns, uint64_t to_ns, int *ret_a, int *ret_b);

/** Fills the bands, and draws the lane that says what they are. Before the rows. */
void timeline_stw_lane(struct timeline_scene *s, int y);

/** Takes the gaps that are long enough to be seen. Before the rows. */
void timeline_take_gaps(struct timeline_scene *s);

/** Finds where goroutines that keep their colour ran, on the @n rows that are shown. Before the rows. */
void timeline_take_parts(struct timeline_scene *s, const struct row *rows, int n);

/** What they did in a column of the row at an index of those; NULL = nothing. */
const struct part *timeline_part(int row, int col);

/** Hatches the runs of a row that requests wait for. @columns is what the row drew. */
void timeline_gaps(struct timeline_scene *s, int y, const struct row *row, const struct column *columns);

/** Marks on the axis, and through what is idle below it, where a setting was written. After the rows. */
void timeline_settings(struct timeline_scene *s, int y, int lines);

/** Names the colours that are in the picture. After the rows. */
void timeline_legend(struct timeline_scene *s, int y);

/** What is under the cursor, in one line; @row may be NULL. */
void timeline_detail(struct timeline_scene *s, int y, const struct row *row);

#endif
