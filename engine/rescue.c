/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asks to be written into the target (target/rescue.h), and the account of it in the session. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "engine/engine_internal.h"
#include "target/go_target.h"

static uint16_t saturated(unsigned n)
{
	return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

static void tell(struct engine *e, struct ev_setting s)
{
	s.setting = EV_SETTING_ASYNCPREEMPTOFF;
	engine_tell(e, (struct event){.head.kind = EV_SETTING, .setting = s});
}

void rescue_seen(struct engine *e, int8_t from, int8_t to)
{
	if (from >= 0 && to >= 0)
		tell(e, (struct ev_setting){.from = from, .to = to, .what = EV_SETTING_SEEN});
}

void rescue_forget(struct engine *e)
{
	e->wrote_ns = 0;
	e->searching = false;
	e->planned = false;
	rescue_plan_done(&e->plan);
}

void rescue_close(struct engine *e)
{
	rescue_plan_done(&e->plan);
	free(e->stuck);
	e->stuck = NULL;
}

void rescue_round(struct engine *e)
{
	struct stuck_reader r;

	if (!e->searching || (stuck_reader_of(e->go, &r) == 0 && !stuck_step(e->stuck, &r, clock_now_ns())))
		return;
	e->searching = false;
	e->news = true;
	if (e->stuck->phase == STUCK_OVER && (e->stuck->found || !e->stuck->err))
		tell(e, (struct ev_setting){.what = EV_SETTING_REPAIRED,
					    .stuck = saturated(e->stuck->found),
					    .repaired = saturated(e->stuck->repaired)});
}

static int plan(struct engine *e, char lines[][RESCUE_LINE_CAP], size_t *ret_n, struct fault *fault)
{
	if (engine_target_ended(e))
		return fault_set(fault, -ESRCH, "the process", "it has ended");
	if (!e->go)
		return fault_set(fault, -EPROTO, "the process", "it isn't a Go program");
	e->planned = false;
	rescue_plan_done(&e->plan);
	int err = rescue_plan(e->go, &e->plan, fault);
	if (err < 0)
		return err;
	*ret_n = rescue_describe(e->go, &e->plan, lines);
	e->planned = e->plan.from != 0;
	return !e->planned;
}

int engine_rescue_plan(struct engine *e, char ret_lines[][RESCUE_LINE_CAP], size_t *ret_n, struct fault *fault)
{
	pthread_mutex_lock(&e->lock);
	int err = plan(e, ret_lines, ret_n, fault);
	pthread_mutex_unlock(&e->lock);
	return err;
}

static int carry_out(struct engine *e, struct fault *fault)
{
	uint64_t at_ns;

	if (!e->planned || !e->go)
		return fault_set(fault, -ESTALE, "the process", "it runs another program now: nothing was written");
	if (!e->stuck)
		e->stuck = calloc(1, sizeof(*e->stuck));
	if (!e->stuck)
		return fault_set(fault, -ENOMEM, "the process", "out of memory: nothing was written");
	e->planned = false;
	int err = rescue_write(e->go, &e->plan, &at_ns, fault);
	if (err < 0)
		return err;
	/* Under the lock nothing that follows from it has been delivered yet. */
	tell(e, (struct ev_setting){.at_ns = at_ns, .from = e->plan.from, .to = 0, .what = EV_SETTING_WRITTEN});
	e->wrote_ns = at_ns;
	e->runtime.asyncpreemptoff = -1; /* told anew, and not as somebody else's doing */
	e->check_next_ns = 0;
	watch_describe(e);
	stuck_begin(e->stuck, clock_now_ns());
	e->searching = true;
	return 0;
}

int engine_rescue(struct engine *e, struct fault *fault)
{
	pthread_mutex_lock(&e->lock);
	int err = carry_out(e, fault);
	pthread_mutex_unlock(&e->lock);
	return err;
}

bool engine_rescue_news(struct engine *e, char *dst, size_t cap)
{
	pthread_mutex_lock(&e->lock);
	bool news = e->news;
	e->news = false;
	if (news)
		stuck_text(e->stuck, dst, cap);
	pthread_mutex_unlock(&e->lock);
	return news;
}
