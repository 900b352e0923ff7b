/* SPDX-License-Identifier: GPL-2.0-only */
/* What the keys do that look for something, filter, and follow a goroutine: / n N f g, and what is typed for them. */
#ifndef SCHEDTOP_TUI_FIND_KEYS_H
#define SCHEDTOP_TUI_FIND_KEYS_H

#include "tui/actions.h"

/** Does one of these actions, as action_do() does. */
void find_action(enum action a, struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols,
		 int visible_rows);

/** Does what was asked for in the status line: ui->typed. Nothing for PROMPT_NONE and PROMPT_TIME. */
void find_typed(enum prompt what, struct ui_state *ui, const struct model *m, uint64_t now_ns, int time_cols,
		int visible_rows);

/** Ends one of them: the search, else the following, else the filter. false: there was none. */
bool find_back(struct ui_state *ui);

#endif
