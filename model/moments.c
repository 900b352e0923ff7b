/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/moments.h"

#include <stdlib.h>

/* Verdicts are asked for so often in the session's time. */
#define VERDICT_EVERY_NS 500000000ULL

static void add(struct moments *ms, uint64_t at_ns, uint64_t ns, uint8_t kind, const char *code)
{
	if (ms->n < MOMENTS_MAX)
		ms->at[ms->n++] = (struct moment){.at_ns = at_ns, .ns = ns, .code = code, .kind = kind};
}

void moments_watch(struct moments *ms, const struct model *m)
{
	struct verdict first;
	uint64_t now = model_now(m);

	if (now < ms->verdict_next_ns)
		return;
	ms->verdict_next_ns = now + VERDICT_EVERY_NS;
	if (model_verdicts(m, &first, 1) == 0 || first.code == ms->verdict)
		return;
	ms->verdict = first.code;
	if (first.severity != SEVERITY_INFO)
		add(ms, now, 0, MOMENT_VERDICT, first.code);
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct moment *)a)->at_ns, y = ((const struct moment *)b)->at_ns;

	return (x > y) - (x < y);
}

void moments_gather(struct moments *ms, const struct model *m)
{
	struct gap *gaps = malloc(MOMENTS_MAX * sizeof(*gaps));
	struct stw_pause *stws = malloc(MOMENTS_MAX * sizeof(*stws));
	uint64_t now = model_now(m), from = model_start(m);

	/* In batches, oldest first: each continues behind the last one's beginning. */
	for (size_t n = MOMENTS_MAX; gaps && n == MOMENTS_MAX;) {
		n = model_gaps(m, from, now + 1, gaps, MOMENTS_MAX);
		for (size_t i = 0; i < n; i++) {
			if (gaps[i].request_ns >= from && gap_ns(&gaps[i], now) >= MOMENT_NS)
				add(ms, gaps[i].request_ns, gap_ns(&gaps[i], now), MOMENT_GAP, NULL);
		}
		from = n ? gaps[n - 1].request_ns + 1 : from;
	}
	from = model_start(m);
	for (size_t n = MOMENTS_MAX; stws && n == MOMENTS_MAX;) {
		n = model_stws(m, from, now + 1, stws, MOMENTS_MAX);
		for (size_t i = 0; i < n; i++) {
			uint64_t end = stws[i].end_ns ? stws[i].end_ns : now;
			uint64_t ns = end > stws[i].asked_ns ? end - stws[i].asked_ns : 0;

			if (stws[i].asked_ns >= from && ns >= MOMENT_NS)
				add(ms, stws[i].asked_ns, ns, MOMENT_STW, NULL);
		}
		from = n ? stws[n - 1].asked_ns + 1 : from;
	}
	struct intervention written[INTERVENTIONS_KEPT];
	size_t n_written = model_interventions(m, written, INTERVENTIONS_KEPT);
	for (size_t i = 0; i < n_written; i++) {
		if (written[i].at_ns)
			add(ms, written[i].at_ns, 0, MOMENT_SETTING, setting_name(written[i].setting));
	}
	free(gaps);
	free(stws);
	qsort(ms->at, ms->n, sizeof(ms->at[0]), by_time);
}
