/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

#include "base/values.h"
#include "tui/actions.h"

#define KEY_ENTER_A   '\r'
#define KEY_ENTER_B   '\n'
#define KEY_ERASE_A   127
#define KEY_ERASE_B   8
#define KEY_ERASE_ALL 21 /* Ctrl-U */

static const struct {
	const char *ask, *hint;
	const char *takes; /* characters; NULL = all of ASCII that is printable */
} prompts[] = {
	[PROMPT_NONE] = {"", "", ""},
	[PROMPT_TIME] = {"go to time: ", "12.5, 300ms; Enter, Esc", "0123456789.smhu"},
	[PROMPT_FIND] = {"find: ", "a function, a thread, G42, P0, CPU1; Enter, Esc", NULL},
	[PROMPT_FILTER] = {"filter: ", "show only a function, a thread, G42; nothing: all; Enter, Esc", NULL},
	[PROMPT_FOLLOW] = {"follow goroutine: G", "its number; Enter, Esc", "0123456789"},
};

void prompt_open(struct ui_state *ui, enum prompt what)
{
	ui->prompt = what;
	ui->typed[0] = '\0';
}

enum prompt prompt_key(struct ui_state *ui, uint32_t key)
{
	enum prompt what = ui->prompt;
	const char *takes = prompts[what].takes;
	size_t len = strlen(ui->typed);

	if (key == KEY_ENTER_A || key == KEY_ENTER_B) {
		ui->prompt = PROMPT_NONE;
		return what;
	}
	if (key == KEY_ESC_) {
		ui->prompt = PROMPT_NONE;
	} else if ((key == KEY_ERASE_A || key == KEY_ERASE_B) && len) {
		ui->typed[len - 1] = '\0';
	} else if (key == KEY_ERASE_ALL) {
		ui->typed[0] = '\0';
	} else if (key >= ' ' && key < 127 && (!takes || strchr(takes, (int)key)) && len + 1 < sizeof(ui->typed)) {
		ui->typed[len] = (char)key;
		ui->typed[len + 1] = '\0';
	}
	return PROMPT_NONE;
}

bool prompt_time(struct ui_state *ui, uint64_t *ret_ns)
{
	if (value_time(ui->typed, ret_ns) == 0)
		return true;
	snprintf(ui->message, sizeof(ui->message), "'%s' is no time: write 12.5, 300ms or 2m", ui->typed);
	return false;
}

char *prompt_text(const struct ui_state *ui, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s%s_   (%s)", prompts[ui->prompt].ask, ui->typed, prompts[ui->prompt].hint);
	return dst;
}
