/* SPDX-License-Identifier: GPL-2.0-only */
/* What is typed in the status line: a time, a text to find or to filter by, a goroutine. */
#ifndef SCHEDTOP_TUI_PROMPT_H
#define SCHEDTOP_TUI_PROMPT_H

#include "tui/view.h"

/** Begins to ask. */
void prompt_open(struct ui_state *ui, enum prompt what);

/** A key while something is being typed. Returns what was asked for when it is complete: it is in ui->typed. */
enum prompt prompt_key(struct ui_state *ui, uint32_t key);

/** The typed time, from the session's start. false: it is none, and ui->message says so. */
bool prompt_time(struct ui_state *ui, uint64_t *ret_ns);

/** What the status line shows meanwhile. Returns @dst. */
char *prompt_text(const struct ui_state *ui, char *dst, size_t cap);

#endif
