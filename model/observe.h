/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that the model finds out, as it does: for exporters, which must not depend on how much history a model
 * keeps. Part of model/model.h's contract. Callbacks run inside model_feed() and may query the model, but not feed it.
 */
#ifndef SCHEDTOP_MODEL_OBSERVE_H
#define SCHEDTOP_MODEL_OBSERVE_H

#include "model/model.h"

#include <stdint.h>

struct model_observer {
	/*
	 * What was painted onto a row, exactly. The spans of one row come in order of time and don't overlap; adjacent
	 * ones that are equal but for their times come as one. A span comes when the next one of its row does, so that
	 * rows are not in step. Goroutines that have no row on the screen have theirs here.
	 */
	void (*span)(void *ctx, enum row_kind kind, uint64_t id, const struct span *s);
	void (*gap)(void *ctx, const struct gap *g);       /* a gap has ended */
	void (*stw)(void *ctx, const struct stw_pause *p); /* a pause has ended */
	/* What was written into the process: once threads that lost their signal have been looked for, or no more. */
	void (*setting)(void *ctx, const struct intervention *i);
	void *ctx;
};

/**
 * Sets who is told, before the first event; NULL = nobody, which costs nothing. @observer is borrowed until the model
 * is freed or another one is set. Any of its functions may be NULL.
 */
void model_observe(struct model *m, const struct model_observer *observer);

/**
 * Tells the observer what is held back or still goes on, as of now: the rows' last spans, pending gaps (end
 * GAP_PENDING), the current pause (end_ns 0), the last setting. Once, after the last event. Returns 0, or -ENOMEM if
 * spans had to be left out since model_observe().
 */
int model_observe_end(struct model *m);

#endif
