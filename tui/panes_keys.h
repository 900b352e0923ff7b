/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keys do that are about panes: the settings, another start, focus, order, closing. The state is the caller's;
 * what is started and ended goes through struct tui_relaunch, so that a test can stand in for it.
 */
#ifndef SCHEDTOP_TUI_PANES_KEYS_H
#define SCHEDTOP_TUI_PANES_KEYS_H

#include "tui/actions.h"
#include "tui/panes.h"
#include "tui/toggles.h"

struct panes_control {
	struct panes *panes;
	struct ui_state *ui;
	const struct tui_relaunch *relaunch; /* NULL = nothing can be started again */
	struct toggles toggles;
	bool have_toggles, toggles_open;
	bool asking;      /* a question is shown: ask */
	bool alone_after; /* the first target is ended before the start that is asked for */
	char ask[1200];
	void (*show)(void *ctx, const char *message); /* draws now: what comes takes a while */
	void *ctx;
};

/** Takes a key if it is about panes, or while a list or a question is open. false = it is for others. */
bool panes_key(struct panes_control *c, uint32_t key);

#endif
