/* SPDX-License-Identifier: GPL-2.0-only */
/* Back ends that need no terminal: a grid as plain text, as ANSI text, as SVG. */
#ifndef SCHEDTOP_TUI_BACKEND_H
#define SCHEDTOP_TUI_BACKEND_H

#include <stdio.h>

#include "tui/grid.h"
#include "tui/theme.h"

/** Each writes the whole grid. 0, or -errno of the stream. */
int backend_text(const struct grid *g, FILE *out);
int backend_ansi(const struct grid *g, const struct theme *t, FILE *out);
int backend_svg(const struct grid *g, const struct theme *t, FILE *out);

/** Writes a code point as UTF-8. */
void backend_put_utf8(uint32_t cp, FILE *out);

#endif
