/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/replay_keys.h"

#include <stdio.h>

#define SPEED_STEP 2.0

/* The nearest moment after or before the cursor, else the playhead. What lies closer together is one to the eye. */
static const struct moment *moment_from(const struct replay_state *st, uint64_t from, bool forward)
{
	const struct moment *found = NULL;

	for (size_t i = 0; i < st->n_moments; i++) {
		if (forward && st->moments[i].at_ns > from + MOMENT_NS)
			return &st->moments[i];
		if (!forward && st->moments[i].at_ns + MOMENT_NS < from)
			found = &st->moments[i];
	}
	return found;
}

static void say_moment(struct ui_state *ui, const struct moment *to)
{
	snprintf(ui->message, sizeof(ui->message), "%s%s",
		 to->kind == MOMENT_GAP       ? "preemption gap"
		 : to->kind == MOMENT_STW     ? "stop-the-world pause"
		 : to->kind == MOMENT_SETTING ? "written in the live process: "
					      : "verdict: ",
		 to->code ? to->code : "");
}

static void go(struct ui_state *ui, const struct replay_state *st, const struct model *m, bool forward,
	       struct replay_wish *wish)
{
	const struct moment *to = moment_from(st, ui->cursor_ns ? ui->cursor_ns : st->playhead_ns, forward);

	if (!to) {
		snprintf(ui->message, sizeof(ui->message), "no %s gap, pause or verdict",
			 forward ? "further" : "earlier");
		return;
	}
	say_moment(ui, to);
	/* What lies behind the playhead hasn't been yet: it moves to the moment's end, so that all of it is there. */
	if (to->at_ns + to->ns > st->playhead_ns) {
		wish->seek = true;
		wish->seek_ns = to->at_ns + to->ns;
	}
	ui_go_to(ui, m, to->at_ns, to->at_ns);
}

bool replay_action(enum action a, struct ui_state *ui, const struct replay_state *st, const struct model *m,
		   uint64_t now_ns, struct replay_wish *ret_wish)
{
	uint64_t t0, t1;

	switch (a) {
	case ACTION_PAUSE:
	case ACTION_FASTER:
	case ACTION_SLOWER:
	case ACTION_STEP:
	case ACTION_STEP_BACK:
		break;
	case ACTION_NEXT:
	case ACTION_PREVIOUS:
		if (!st->loaded || st->following)
			return false;
		go(ui, st, m, a == ACTION_NEXT, ret_wish);
		return true;
	default:
		return false;
	}
	if (st->following || !st->loaded) {
		if (st->following && a == ACTION_PAUSE)
			return false; /* the picture stands still, as live */
		snprintf(ui->message, sizeof(ui->message), "%s",
			 st->following ? "a stream goes at its own speed" : "the capture is still being read");
		return true;
	}
	ui_window(ui, m, now_ns, &t0, &t1);
	if (a == ACTION_PAUSE) {
		ret_wish->stop = st->playing;
		ret_wish->play = !st->playing;
		if (ret_wish->play && ui->cursor_ns) { /* from the cursor on */
			ret_wish->seek = true;
			ret_wish->seek_ns = ui->cursor_ns;
		}
		ui->cursor_ns = ret_wish->play ? 0 : ui->cursor_ns;
		ui->follow = ret_wish->play ? true : ui->follow;
	} else if (a == ACTION_FASTER) {
		ret_wish->speed = st->speed * SPEED_STEP;
	} else if (a == ACTION_SLOWER) {
		ret_wish->speed = st->speed / SPEED_STEP;
	} else if (a == ACTION_STEP) {
		ret_wish->step = true;
		ui->follow = true;
	} else {
		uint64_t back = (t1 - t0) / 100 + 1;

		ret_wish->seek = true;
		ret_wish->seek_ns = st->playhead_ns > back ? st->playhead_ns - back : 0;
	}
	return true;
}

void replay_fulfil(const struct replay_wish *wish, const struct tui_feed *feed)
{
	const struct tui_replay *r = feed->replay;

	if (wish->speed > 0)
		r->set_speed(feed->ctx, wish->speed);
	if (wish->seek)
		r->seek(feed->ctx, wish->seek_ns);
	if (wish->stop)
		r->play(feed->ctx, false);
	if (wish->play)
		r->play(feed->ctx, true);
	if (wish->step)
		r->step(feed->ctx);
}
