/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A text that was typed, against what a session has names for. It matches, whatever the case, where it is part of a
 * function's or a thread's name, and where it is the whole of an id as rows are labelled: G42, P0, CPU1, M 4711, or
 * just a goroutine's or a thread's number. Answers about functions and threads are kept, so that asking again is cheap.
 */
#ifndef SCHEDTOP_TUI_MATCH_H
#define SCHEDTOP_TUI_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "tui/view.h"

#define MATCH_FUNCS   65536U /* functions above aren't kept, only asked again */
#define MATCH_THREADS 256U

struct match {
	const struct model *model;
	char text[NAME_CAP];           /* in lower case */
	bool any;                      /* nothing was typed: everything matches */
	bool whole;                    /* only the function that is called exactly so */
	bool id_g, id_p, id_m, id_cpu; /* the text is an id of these */
	uint64_t id;
	uint64_t known[MATCH_FUNCS / 64], yes[MATCH_FUNCS / 64];
	struct {
		uint32_t tid;
		bool yes;
	} threads[MATCH_THREADS];
};

/** Prepares for one session, as long as it isn't fed. */
void match_init(struct match *mt, const struct model *m, const char *text);

/** Prepares to match one function by its whole name. */
void match_init_func(struct match *mt, const struct model *m, const char *name);

/** Does a function's or a thread's name match, or the thread's id? 0 never does. */
bool match_func(struct match *mt, uint32_t func);
bool match_thread(struct match *mt, uint32_t tid);

/** Does a goroutine match, by its id or its start function? */
bool match_goroutine(struct match *mt, uint64_t goid, uint32_t start_func);

/** Does what runs match: the goroutine or the thread under it? */
bool match_run(struct match *mt, uint64_t goid, uint32_t start_func, uint32_t tid);

/** Does a gap: by its goroutine, its thread, or the function that ran on? */
bool match_gap(struct match *mt, const struct gap *gap);

/** Does a row, by its label? */
bool match_row(struct match *mt, const struct row *row);

#endif
