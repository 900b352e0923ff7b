/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/rows.h"

#include <string.h>

#include "tui/match.h"
#include "tui/views/timeline.h"

static struct row all[TIMELINE_ROWS_MAX]; /* one screen */

static size_t filtered(const struct ui_state *ui, const struct model *m)
{
	static struct match filter;
	size_t n = model_rows(m, ui->rows, all, TIMELINE_ROWS_MAX), kept = 0;

	n = n < TIMELINE_ROWS_MAX ? n : TIMELINE_ROWS_MAX;
	match_init(&filter, m, ui->filter);
	for (size_t i = 0; i < n; i++)
		kept += match_row(&filter, &all[i]);
	if (filter.any || (!kept && ui->rows != ROW_G))
		return n;
	kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (match_row(&filter, &all[i]))
			all[kept++] = all[i];
	}
	return kept;
}

size_t rows_shown(const struct ui_state *ui, const struct model *m, struct row *ret, size_t cap)
{
	if (!*ui->filter)
		return model_rows(m, ui->rows, ret, cap);
	size_t n = filtered(ui, m);
	if (cap)
		memcpy(ret, all, (n < cap ? n : cap) * sizeof(*ret));
	return n;
}

bool rows_at(const struct ui_state *ui, const struct model *m, int i, struct row *ret)
{
	if (i < 0 || (size_t)i >= filtered(ui, m))
		return false;
	*ret = all[i];
	return true;
}

int rows_index(const struct ui_state *ui, const struct model *m, uint64_t id)
{
	size_t n = filtered(ui, m);

	for (size_t i = 0; i < n; i++) {
		if (all[i].id == id)
			return (int)i;
	}
	return -1;
}

/* A gap's CPU is where its thread ran when it was asked, if the request itself doesn't say. */
static bool gap_on_cpu(const struct gap *gap, const struct row *cpu)
{
	struct span span;

	if (gap->cpu != UINT16_MAX)
		return cpu->id == gap->cpu;
	return gap->tid && track_at(cpu->track, gap->request_ns, UINT64_MAX, &span) && span.tid == gap->tid;
}

int rows_of_gap(const struct ui_state *ui, const struct model *m, const struct gap *gap)
{
	size_t n = filtered(ui, m);

	for (size_t i = 0; i < n; i++) {
		if (ui->rows == ROW_CPU ? gap_on_cpu(gap, &all[i]) : timeline_gap_on_row(gap, &all[i]))
			return (int)i;
	}
	return -1;
}
