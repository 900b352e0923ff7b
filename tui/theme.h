/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Themes: what colour each role has. A theme is a JSON file, the built-in ones too (embedded at build time):
 *
 *   { "name": "dark", "roles": { "text": "#c8d3f5", "critical": { "fg": "#ff757f", "bold": true }, ... },
 *     "functions": [ "#...", ... 12 hues ... ], "monochrome": false }
 *
 * Every role must be there. A monochrome theme gives attributes only.
 */
#ifndef SCHEDTOP_TUI_THEME_H
#define SCHEDTOP_TUI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/grid.h"

struct fault;

struct theme {
	char name[32];
	bool mono;
	uint32_t rgb[ROLE_ALL]; /* 0xrrggbb */
	uint8_t attr[ROLE_ALL]; /* enum cell_attr, added to the cell's */
};

/**
 * Loads by name (a built-in, else $XDG_CONFIG_HOME/schedtop/themes/NAME.json) or by path (anything with a slash).
 * 0; -ENOENT unknown, -EINVAL damaged, with @fault.
 */
int theme_load(struct theme *t, const char *name, struct fault *fault);

/** Parses a theme's text. 0 or -EINVAL with @fault; @what names the source. */
int theme_parse(struct theme *t, const char *json, const char *what, struct fault *fault);

/** Names of the built-in themes: @i from 0 until NULL. The first is the default. */
const char *theme_builtin(unsigned i);

#endif
