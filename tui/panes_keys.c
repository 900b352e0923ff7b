/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/panes_keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"

#define KEY_ENTER_A '\r'
#define KEY_ENTER_B '\n'

__attribute__((format(printf, 2, 3))) static void say(struct panes_control *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->ui->message, sizeof(c->ui->message), fmt, ap);
	va_end(ap);
}

/* The settings as they are now; what was chosen before stays chosen. */
static bool load_toggles(struct panes_control *c)
{
	static struct toggles fresh; /* large; one screen */
	struct fault fault = {0};

	if (!c->relaunch) {
		say(c, "a capture is shown: there is nothing that could be started again");
		return false;
	}
	fresh = (struct toggles){0};
	if (c->relaunch->toggles(c->relaunch->ctx, &fresh, &fault) < 0) {
		say(c, "%s: %s", fault.what, fault.why);
		return false;
	}
	if (c->have_toggles)
		toggles_keep(&fresh, &c->toggles);
	c->toggles = fresh;
	c->have_toggles = true;
	return true;
}

static void start(struct panes_control *c)
{
	struct panes *p = c->panes;
	char label[256], why[600], text[200];
	struct fault fault = {0};
	struct tui_feed feed;

	toggles_text(&c->toggles, label, sizeof(label));
	c->asking = c->toggles_open = false;
	if (c->alone_after && pane_drawable(p->at[0]) && !p->at[0]->exited) {
		c->show(c->ctx, "ending the first target ...");
		if (!c->relaunch->end(c->relaunch->ctx, p->at[0]->feed.ctx)) {
			say(c, "the first target wasn't launched by schedtop: it is left running. r starts beside it");
			return;
		}
	}
	snprintf(text, sizeof(text), "starting it with %.150s ...", label);
	c->show(c->ctx, text);
	int err = c->relaunch->launch(c->relaunch->ctx, &c->toggles, &feed, &fault);
	snprintf(why, sizeof(why), "%.150s: %.240s. %.200s", fault.what, fault.why, fault.todo);
	if (panes_add(p, c->ui, err < 0 ? NULL : &feed, toggles_chosen(&c->toggles) ? label : "", why) < 0) {
		if (err == 0)
			c->relaunch->close(c->relaunch->ctx, feed.ctx);
		say(c, "there is no memory for another pane");
		return;
	}
	p->alone = false;
	c->ui->message[0] = '\0';
	if (err < 0)
		return;
	c->ui->follow = true;
	c->ui->paused = false;
	c->ui->cursor_ns = 0;
	panes_look(p, c->ui);
	if (panes_share_cpus(p))
		say(c, "both run at once and share the CPUs; R would end the first one before");
}

static void relaunch(struct panes_control *c, bool alone)
{
	if (!c->toggles_open && !load_toggles(c))
		return;
	if (c->panes->n == PANES_MAX) {
		say(c, "there are %d panes already: close one with C", PANES_MAX);
		c->toggles_open = false;
		return;
	}
	c->alone_after = alone;
	c->relaunch->ask(c->relaunch->ctx, &c->toggles, c->ask, sizeof(c->ask));
	if (*c->ask)
		c->asking = true;
	else
		start(c);
}

static void close_pane(struct panes_control *c)
{
	struct panes *p = c->panes;
	const struct pane *pane = p->at[p->focus];
	struct tui_feed feed = pane->feed;
	bool drawable = pane_drawable(pane);

	if (p->n < 2) {
		say(c, "there is one pane; q leaves schedtop");
		return;
	}
	if (drawable && c->relaunch)
		c->show(c->ctx, "closing the pane ...");
	if (panes_remove(p, c->ui, p->focus) < 0) {
		say(c, "the other pane has nothing to show; q leaves schedtop");
		return;
	}
	c->ui->message[0] = '\0';
	if (drawable && c->relaunch)
		c->relaunch->close(c->relaunch->ctx, feed.ctx);
}

static bool pane_action(struct panes_control *c, enum action a, uint32_t key)
{
	struct panes *p = c->panes;

	switch (a) {
	case ACTION_TOGGLES:
		c->toggles_open = load_toggles(c);
		break;
	case ACTION_RELAUNCH:
	case ACTION_RELAUNCH_ALONE:
		relaunch(c, a == ACTION_RELAUNCH_ALONE);
		break;
	case ACTION_PANE:
		if ((int)(key - '1') >= p->n)
			say(c, "there is no pane %c", (char)key);
		panes_focus(p, c->ui, (int)(key - '1'));
		break;
	case ACTION_PANE_ALONE:
		p->alone = !p->alone && p->n > 1;
		break;
	case ACTION_PANE_FREE:
		panes_set_free(p, c->ui, !p->free && p->n > 1);
		if (p->n > 1)
			say(c, "%s", p->free ? "each pane has its own place in time" : "all panes show the same times");
		break;
	case ACTION_PANE_SWAP:
		panes_swap(p);
		break;
	case ACTION_PANE_CLOSE:
		close_pane(c);
		break;
	default:
		return false;
	}
	return true;
}

bool panes_key(struct panes_control *c, uint32_t key)
{
	if (c->asking) {
		c->asking = false;
		if (key == KEY_ENTER_A || key == KEY_ENTER_B || key == 'y')
			start(c);
		return true;
	}
	if (c->toggles_open) {
		switch (toggles_key(&c->toggles, key)) {
		case TOGGLES_STAY:
			break;
		case TOGGLES_CLOSE:
			c->toggles_open = false;
			break;
		case TOGGLES_RELAUNCH:
		case TOGGLES_RELAUNCH_ALONE:
			relaunch(c, key == 'R');
			break;
		}
		return true;
	}
	return !c->ui->prompt && pane_action(c, action_of_key(key), key);
}
