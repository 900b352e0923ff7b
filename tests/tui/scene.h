/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small session made of events, always the same: two CPUs, an async-preempt-off Go program whose main.crunch holds a
 * P while the world waits to stop, a second thread that works in short runs, a gap that is still pending at the end.
 */
#ifndef SCHEDTOP_TESTS_TUI_SCENE_H
#define SCHEDTOP_TESTS_TUI_SCENE_H

#include "model/model.h"

struct scene {
	struct session session;
	struct model *model;
	uint64_t now_ns;
};

/** @evil: function and thread names with escape sequences, quotes and markup in them. */
void scene_init(struct scene *s, bool evil);
void scene_done(struct scene *s);

#endif
