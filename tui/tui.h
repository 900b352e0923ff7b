/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tui/ is the screen: views that draw into a grid (view.h), back ends that show a grid, the key map, the event loop.
 * It reads a model through struct tui_feed and knows neither collector nor engine, so a test can feed it a synthetic
 * model.
 */
#ifndef SCHEDTOP_TUI_TUI_H
#define SCHEDTOP_TUI_TUI_H

#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>

struct fault;

/* Where the screen looks. Called from the screen's thread only. */
struct tui_feed {
	const struct model *(*lock)(void *ctx); /* held only while drawing into memory */
	void (*unlock)(void *ctx);
	size_t (*output)(void *ctx, const char **ret_lines,
			 size_t cap); /* the target's last lines; with the lock held */
	bool (*ended)(void *ctx);     /* the target has ended: the screen stays */
	void *ctx;
};

struct tui_opts {
	size_t size;
	const char *theme; /* name or path; NULL = default */
	bool no_color;     /* also with NO_COLOR in the environment */
	bool ascii;
	double fps;        /* 0 = default (30) */
	double duration_s; /* leaves by itself after this; 0 = never */
	bool mouse;
	const char *snapshot_dir; /* where key s saves; NULL = current directory */
};

/**
 * Takes the terminal, shows the session until the user quits (or a signal: SIGINT, SIGTERM, SIGHUP), gives the terminal
 * back as it was. Returns 0, or -errno with @fault: -ENOTTY no terminal, -EINVAL unknown theme or a damaged one.
 */
int tui_run(const struct tui_opts *opts, const struct tui_feed *feed, struct fault *fault);

#endif
