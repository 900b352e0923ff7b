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
#include <stdint.h>
#include <stdio.h>

struct fault;
struct replay_state;
struct toggles;

/* How a replay is moved; the screen's thread calls it without the lock. */
struct tui_replay {
	void (*state)(void *ctx, struct replay_state *ret); /* with the lock held */
	void (*play)(void *ctx, bool play);
	void (*set_speed)(void *ctx, double speed);
	void (*seek)(void *ctx, uint64_t at_ns);
	void (*step)(void *ctx);
};

/* Switching asynchronous preemption on in the live process (key A). Called from the screen's thread, without the lock.
 */
struct tui_rescue {
	/* What would be written: up to ASK_LINES lines of ASK_CAP bytes. 0; 1 = it is on already; -errno with @fault */
	int (*plan)(void *ctx, char lines[][160], size_t *ret_n, struct fault *fault);
	int (*write)(void *ctx, struct fault *fault);
	bool (*news)(void *ctx, char *dst, size_t cap); /* true once when all of it is done: what has become of it */
};

/* Where the screen looks. Called from the screen's thread only. */
struct tui_feed {
	const struct model *(*lock)(void *ctx); /* held only while drawing into memory */
	void (*unlock)(void *ctx);
	size_t (*output)(void *ctx, const char **ret_lines,
			 size_t cap);    /* the target's last lines; with the lock held */
	bool (*ended)(void *ctx);        /* the target has ended: the screen stays */
	void (*trigger)(void *ctx);      /* writes out the flight recorder; NULL = there is none */
	const struct tui_replay *replay; /* NULL = a live session */
	const struct tui_rescue *rescue; /* NULL = nothing can be written to */
	bool still;                      /* it doesn't go on: a capture that was read as a whole */
	void *ctx;
};

/*
 * How the target is started once more, beside the one that runs. Called from the screen's thread, without a lock; a
 * start takes as long as the probes need (tenths of a second).
 */
struct tui_relaunch {
	/* What can be changed, as it is in the first session. 0, or -errno with @fault: it can't be started again. */
	int (*toggles)(void *ctx, struct toggles *ret, struct fault *fault);
	/* What the user must know and agree to before it is started, a sentence a line; "" = nothing. Returns @dst. */
	char *(*ask)(void *ctx, const struct toggles *chosen, char *dst, size_t cap);
	/* Starts it. 0, or -errno with @fault. */
	int (*launch)(void *ctx, const struct toggles *chosen, struct tui_feed *ret, struct fault *fault);
	/* Ends the target of a session, if it was launched, and waits until its end has been told. false = it wasn't.
	 */
	bool (*end)(void *ctx, void *feed_ctx);
	/* The session isn't looked at any more: a launched target is ended, an attached one left alone. */
	void (*close)(void *ctx, void *feed_ctx);
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
	const char *snapshot_dir;            /* where key s saves; NULL = current directory */
	const struct tui_relaunch *relaunch; /* NULL = what is shown can't be started again */
};

#define TUI_SESSIONS_MAX 4

/* One frame without a terminal. */
struct tui_snapshot {
	int cols, rows;
	const char *view;   /* "cpus", "ps", "threads" or "goroutines", maybe a comma and a panel's name; "compare" and
			       maybe rows: sessions side by side; NULL = cpus */
	uint64_t window_ns; /* 0 = the whole session */
	const char *theme;
	bool no_color, ascii;
	const char *format;        /* "text", "ansi" or "svg"; NULL = text */
	const char *find, *filter; /* what is looked for, and what alone is shown, as with keys / and f; NULL = all */
	const char *follow;        /* the number of a goroutine of the first session; NULL = none */
};

/**
 * Draws models as they are: one, or with view "compare" up to TUI_SESSIONS_MAX. 0; -EINVAL with @fault: no such view,
 * format or theme, several models for a view of one; -errno of the stream.
 */
int tui_draw_snapshot(const struct tui_snapshot *opts, const struct model *const *models, size_t n, FILE *out,
		      struct fault *fault);

/**
 * Takes the terminal, shows @n sessions (1 to TUI_SESSIONS_MAX, side by side) until the user quits (or a signal:
 * SIGINT, SIGTERM, SIGHUP), gives the terminal back as it was. Returns 0, or -errno with @fault: -ENOTTY no terminal,
 * -EINVAL unknown theme or a damaged one.
 */
int tui_run(const struct tui_opts *opts, const struct tui_feed *feeds, size_t n, struct fault *fault);

#endif
