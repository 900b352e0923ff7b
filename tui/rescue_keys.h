/* SPDX-License-Identifier: GPL-2.0-only */
/* Key A: asks whether asynchronous preemption shall be switched on in the live process, and has it done. */
#ifndef SCHEDTOP_TUI_RESCUE_KEYS_H
#define SCHEDTOP_TUI_RESCUE_KEYS_H

#include "tui/tui.h"
#include "tui/view.h"

/** Key A: puts the question into @ui, or a message why there is none. Without the lock. */
void rescue_ask(struct ui_state *ui, const struct tui_feed *feed);

/** A key while the question is shown: y does it, every other drops it. The outcome is in ui->message. */
void rescue_answer(struct ui_state *ui, const struct tui_feed *feed, uint32_t key);

/** Once a frame: true when ui->message has been set to what became of it. */
bool rescue_news(struct ui_state *ui, const struct tui_feed *feed);

#endif
