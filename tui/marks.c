/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/marks.h"

#include "tui/views/timeline.h"

#define BATCH 1024

void marks_each_gap(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, void (*fn)(void *, const struct gap *),
		    void *ctx)
{
	static struct gap batch[BATCH];
	uint64_t done = 0; /* what was asked for up to here has been handed out */
	size_t n;

	do {
		n = model_gaps(m, t0_ns, t1_ns, batch, BATCH);
		for (size_t i = 0; i < n; i++) {
			if (batch[i].request_ns > done)
				fn(ctx, &batch[i]);
		}
		if (n < BATCH || batch[n - 1].request_ns <= done)
			return;
		done = batch[n - 1].request_ns;
		t0_ns = done + 1 > t0_ns ? done + 1 : t0_ns;
	} while (t0_ns < t1_ns);
}

void marks_each_stw(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, void (*fn)(void *, const struct stw_pause *),
		    void *ctx)
{
	static struct stw_pause batch[BATCH];
	uint64_t done = 0;
	size_t n;

	do {
		n = model_stws(m, t0_ns, t1_ns, batch, BATCH);
		for (size_t i = 0; i < n; i++) {
			if (batch[i].asked_ns > done)
				fn(ctx, &batch[i]);
		}
		if (n < BATCH || batch[n - 1].asked_ns <= done)
			return;
		done = batch[n - 1].asked_ns;
		t0_ns = done + 1 > t0_ns ? done + 1 : t0_ns;
	} while (t0_ns < t1_ns);
}

bool marks_any_span(const struct model *m, enum row_kind kind)
{
	static struct row rows[TIMELINE_ROWS_MAX];
	size_t n = model_rows(m, kind, rows, TIMELINE_ROWS_MAX);

	for (size_t i = 0; i < n && i < TIMELINE_ROWS_MAX; i++) {
		if (track_end(rows[i].track) || track_open(rows[i].track))
			return true;
	}
	return false;
}
