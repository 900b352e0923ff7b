/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include "report/report_internal.h"

bool report_runtime_seen(const struct session *s)
{
	return s->go_version && s->detail != DETAIL_THREADS && !s->no_pauses;
}

char *report_signals(const struct model *m, char *dst, size_t cap)
{
	struct model_counts c;
	uint64_t resolution_ns;

	model_counts(m, &c);
	*dst = '\0';
	/* Who looks into the memory sees no signals: that none was counted says nothing. */
	if (!report_runtime_seen(model_session(m)) || model_estimates(m, &resolution_ns))
		return dst;
	if (c.signals || c.taken_async)
		snprintf(dst, cap,
			 "seen at work: %" PRIu64 " SIGURGs were sent, %" PRIu64 " of %" PRIu64
			 " requests were taken by signal",
			 c.signals, c.taken_async, c.requests);
	else if (c.requests)
		snprintf(dst, cap, "no SIGURG was sent for %" PRIu64 " requests", c.requests);
	else
		snprintf(dst, cap, "nobody was asked to yield, so no SIGURG was due");
	return dst;
}

uint64_t report_lost(const struct model_counts *c)
{
	return c->lost[EV_LOST_RING] + c->lost[EV_LOST_QUEUE] + c->lost[EV_LOST_CAPTURE];
}

int report_exit_status(const struct model_counts *c)
{
	if (!c->exited || c->exit_status < 0)
		return -1;
	if (WIFEXITED(c->exit_status))
		return WEXITSTATUS(c->exit_status);
	return WIFSIGNALED(c->exit_status) ? 128 + WTERMSIG(c->exit_status) : -1;
}

struct report_place report_place_of(const struct model *m, uint32_t func, uint32_t loc)
{
	struct report_place place = {0};
	struct loc_info info;

	if (model_loc(m, loc, &info)) {
		place.file = info.file && *info.file ? info.file : NULL;
		place.line = info.line;
		if (!func)
			func = info.func;
	}
	const struct func_info *f = model_func(m, func);
	if (f)
		place.func = f->name;
	return place;
}
