/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/rescue_keys.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/text.h"

static void say(struct ui_state *ui, const char *text)
{
	snprintf(ui->message, sizeof(ui->message), "%s", text);
}

static void say_fault(struct ui_state *ui, const struct fault *f)
{
	char text[800];

	snprintf(text, sizeof(text), "%s: %s%s%s", f->what, f->why, *f->todo ? ". " : "", f->todo);
	text_escape(ui->message, sizeof(ui->message), text, strlen(text));
}

void rescue_ask(struct ui_state *ui, const struct tui_feed *feed)
{
	struct fault fault = {0};

	ui->asking = false;
	if (feed->replay || !feed->rescue) {
		say(ui, "this is a replay: there is no live process to write to");
		return;
	}
	int err = feed->rescue->plan(feed->ctx, ui->asked, &ui->n_asked, &fault);
	if (err < 0)
		say_fault(ui, &fault);
	else if (err > 0)
		say(ui, "asynchronous preemption is on already: nothing is to be written");
	else
		ui->asking = true;
}

void rescue_answer(struct ui_state *ui, const struct tui_feed *feed, uint32_t key)
{
	struct fault fault = {0};

	ui->asking = false;
	if (key != 'y' && key != 'Y')
		say(ui, "nothing was written");
	else if (feed->rescue->write(feed->ctx, &fault) < 0)
		say_fault(ui, &fault);
	else
		say(ui, "asyncpreemptoff is 0: asynchronous preemption is on; looking for threads that lost a signal");
}

bool rescue_news(struct ui_state *ui, const struct tui_feed *feed)
{
	char text[160];

	if (!feed->rescue || !feed->rescue->news(feed->ctx, text, sizeof(text)))
		return false;
	snprintf(ui->message, sizeof(ui->message), "asynchronous preemption is on; %s", text);
	return true;
}
