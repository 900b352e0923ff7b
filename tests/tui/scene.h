/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small session made of events, always the same: two CPUs, an async-preempt-off Go program whose main.crunch holds a
 * P while the world waits to stop, a second thread that works in short runs, a gap that is still pending at the end.
 */
#ifndef SCHEDTOP_TESTS_TUI_SCENE_H
#define SCHEDTOP_TESTS_TUI_SCENE_H

#include "model/model.h"
#include "tui/grid.h"

struct scene {
	struct session session;
	struct model *model;
	uint64_t now_ns;
};

/** @evil: function and thread names with escape sequences, quotes and markup in them. */
void scene_init(struct scene *s, bool evil);

/** The same, seen at detail exact from then on: goroutines wait, park, assist; one starves and one still waits. */
void scene_init_exact(struct scene *s, bool evil);

/**
 * A larger session for measuring: 16 CPUs, 300 goroutines, @n_switches context switches at 50,000 a second, with gaps
 * and pauses between them. Always the same for the same @n_switches.
 */
void scene_init_busy(struct scene *s, unsigned n_switches);
void scene_done(struct scene *s);

struct scene_shot {
	int cols, rows;
	const char *keys; /* typed before, one character each */
	uint64_t span_ns; /* of the window before the keys; 0 = the default */
	bool ascii;
	bool no_shades; /* what is dimmed has characters of its own */
};
/** Draws what the screen shows of a scene. @g is made here; the caller frees it with grid_done(). 0 or -ENOMEM. */
int scene_draw(const struct scene *s, const struct scene_shot *shot, struct grid *g);

#endif
