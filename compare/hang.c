/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/hang.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/model.h"
#include "report/report.h"

#define GAPS 64

/* The longest request that is still unanswered; those of a stop of the world go before others. */
static bool worst_pending(const struct model *m, struct gap *ret)
{
	struct gap gaps[GAPS];
	size_t n = model_worst_gaps(m, gaps, GAPS);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		if (gaps[i].end != GAP_PENDING)
			continue;
		if (found && !(gaps[i].cause == GAP_BY_STW && ret->cause != GAP_BY_STW))
			continue;
		*ret = gaps[i];
		found = true;
	}
	return found;
}

static char *copy_of(const char *s)
{
	return s && *s ? strdup(s) : NULL;
}

void hang_of_model(const struct model *m, struct hang *ret)
{
	struct stw_pause stw;
	struct gap gap;

	*ret = (struct hang){.hung = true};
	if (model_stw_current(m, &stw) && !stw.stopped_ns) {
		ret->stw = stw_reason_name(stw.reason);
		ret->pending_ns = model_now(m) - stw.asked_ns;
	}
	if (!worst_pending(m, &gap))
		return;
	struct report_place place = report_place_of(m, gap.func, gap.loc);
	if (!ret->stw)
		ret->pending_ns = gap_ns(&gap, model_now(m));
	ret->goid = gap.goid;
	ret->func = copy_of(place.func);
	ret->file = copy_of(place.file);
	ret->line = place.line;
}

void hang_done(struct hang *h)
{
	free(h->func);
	free(h->file);
	*h = (struct hang){0};
}

char *hang_text(const struct hang *h, char *dst, size_t cap)
{
	char func[256], file[256], since[32], who[700] = "";
	const char *base = h->file && strrchr(h->file, '/') ? strrchr(h->file, '/') + 1 : h->file;

	text_escape(func, sizeof(func), h->func ? h->func : "", h->func ? strlen(h->func) : 0);
	text_escape(file, sizeof(file), base ? base : "", base ? strlen(base) : 0);
	text_duration(since, sizeof(since), h->pending_ns);
	if (h->goid)
		snprintf(who, sizeof(who), "goroutine %" PRIu64, h->goid);
	if (h->func)
		snprintf(who + strlen(who), sizeof(who) - strlen(who), "%s%s", *who ? " in " : "", func);
	if (h->file && h->line)
		snprintf(who + strlen(who), sizeof(who) - strlen(who), " (%s:%" PRIu32 ")", file, h->line);
	if (h->stw)
		snprintf(dst, cap, "for %s the world couldn't be stopped for %s%s%s", since, h->stw,
			 *who ? ": held by " : "", who);
	else if (*who)
		snprintf(dst, cap, "%s was asked to yield %s before and hadn't", who, since);
	else
		snprintf(dst, cap, "it still ran, and nothing that was asked of it was pending");
	return dst;
}
