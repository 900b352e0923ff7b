/* SPDX-License-Identifier: GPL-2.0-only */
/* What several views draw with: names, hues, bars, frames' titles. */
#ifndef SCHEDTOP_TUI_DRAW_H
#define SCHEDTOP_TUI_DRAW_H

#include "tui/view.h"

/** The role of a function's hue; ROLE_UNLABELLED for none. Stable through sessions: by the name's hash. */
uint8_t draw_func_role(const struct model *m, uint32_t func);

/** The part of a Go name that people say: "main.crunch" of "schedtop/demo/main.crunch". */
const char *draw_short_func(const char *full);

/** "main.crunch main.go:42", or what is known of it; @cap bytes. Returns @dst. */
char *draw_place(char *dst, size_t cap, const struct model *m, uint32_t func, uint32_t loc);

/** A panel's title on its first row; returns what is left below. */
struct rect draw_title(struct grid *g, struct rect r, const char *title, bool focus);

/** How many of @steps a part of a whole fills, rounded up: what is there at all shows. 0 to @steps. */
int draw_share(uint64_t part, uint64_t whole, int steps);

/** One of nine levels 0..8 as a block (or ASCII) character. */
uint32_t draw_level(int level, bool ascii);

/* A line that is made of parts, two columns apart, until it is full. */
struct draw_line {
	struct grid *g;
	int x, y, end; /* the next part's place; one past the last column */
	int least;     /* a part that has less room than that is left out */
	uint8_t bg;    /* role */
};
__attribute__((format(printf, 3, 4))) void draw_part(struct draw_line *l, uint8_t role, const char *fmt, ...);

/** What a span says of who it is about: "ran", "had no CPU", "system call". */
const char *draw_span_words(uint8_t klass);

/** Text wrapped at spaces, from @indent columns in; returns the rows used. */
int draw_wrapped(struct grid *g, struct rect r, int indent, uint8_t role, uint8_t attr, const char *text);

#endif
