/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks over gaps and pauses, however many there are: the model hands them out in batches, oldest first, and the newest
 * are the ones that matter on a screen. Each comes once. The callbacks must not feed the model. One thread at a time.
 */
#ifndef SCHEDTOP_TUI_MARKS_H
#define SCHEDTOP_TUI_MARKS_H

#include "model/model.h"

/** Calls @fn for every gap that touches [t0_ns, t1_ns). */
void marks_each_gap(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, void (*fn)(void *, const struct gap *),
		    void *ctx);

/** Calls @fn for every pause that touches [t0_ns, t1_ns). */
void marks_each_stw(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, void (*fn)(void *, const struct stw_pause *),
		    void *ctx);

/** Has anything been seen on a row of this kind? A collector may know nothing of CPUs. */
bool marks_any_span(const struct model *m, enum row_kind kind);

#endif
