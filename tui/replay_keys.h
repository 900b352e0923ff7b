/* SPDX-License-Identifier: GPL-2.0-only */
/* What the keys do that move a replay. */
#ifndef SCHEDTOP_TUI_REPLAY_KEYS_H
#define SCHEDTOP_TUI_REPLAY_KEYS_H

#include "tui/actions.h"
#include "tui/tui.h"
#include "tui/view.h"

/* What is to be done to the replay once the model's lock is given back. */
struct replay_wish {
	bool play, stop, step, seek;
	double speed; /* 0 = as it is */
	uint64_t seek_ns;
};

/**
 * Does an action on a replay as it is in @st. Returns true if it was one for it; the rest of it is in @ret_wish.
 * Actions that aren't about a replay, or can't be done (a stream), are left to action_do() or answered in ui->message.
 */
bool replay_action(enum action a, struct ui_state *ui, const struct replay_state *st, const struct model *m,
		   uint64_t now_ns, struct replay_wish *ret_wish);

/** Carries it out. Without the lock. */
void replay_fulfil(const struct replay_wish *wish, const struct tui_feed *feed);

#endif
