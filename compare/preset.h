/* SPDX-License-Identifier: GPL-2.0-only */
/* Comparisons that others have published figures of. */
#ifndef SCHEDTOP_COMPARE_PRESET_H
#define SCHEDTOP_COMPARE_PRESET_H

#include <stddef.h>

struct preset_figure {
	const char *name;
	/* As published, in ns; 0 = not. */
	double baseline_ns, variant_ns;
};

#define PRESET_FIGURES_MAX 8
#define PRESET_NOTE_LINES  3

struct preset {
	const char *name;
	const char *variants[3]; /* NULL-terminated --variant texts; none: they come from --binary */
	struct preset_figure figures[PRESET_FIGURES_MAX + 1];
	const char *published;                   /* by whom and of what, before the figures */
	const char *note[PRESET_NOTE_LINES + 1]; /* how they relate to ours; NULL-terminated */
};

/** By name; NULL if there is none. */
const struct preset *preset_find(const char *name);
/** Walks them: @i from 0 until NULL. */
const struct preset *preset_at(size_t i);

#endif
