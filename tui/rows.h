/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows that are shown: those of the chosen kind that the filter leaves. */
#ifndef SCHEDTOP_TUI_ROWS_H
#define SCHEDTOP_TUI_ROWS_H

#include "tui/view.h"

/**
 * Fills up to @cap rows, as model_rows() does; returns how many are shown. A filter leaves the rows whose label it
 * matches; of CPUs, Ps and threads all, when it matches none: it is then about what runs on them.
 */
size_t rows_shown(const struct ui_state *ui, const struct model *m, struct row *ret, size_t cap);

/** The row at an index of what is shown. false: there is none. */
bool rows_at(const struct ui_state *ui, const struct model *m, int i, struct row *ret);

/** The index of the row of an id; -1 = it isn't shown. */
int rows_index(const struct ui_state *ui, const struct model *m, uint64_t id);

/** The index of the row that a gap is on (of CPUs: where it was when it was asked); -1 = it isn't shown. */
int rows_of_gap(const struct ui_state *ui, const struct model *m, const struct gap *gap);

#endif
