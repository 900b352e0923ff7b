/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SCHEDTOP_BASE_MARKUP_H
#define SCHEDTOP_BASE_MARKUP_H

#include <stddef.h>
#include <stdint.h>

/** What stands for character @ch in the text or an attribute of HTML or SVG; NULL: it stands for itself. Static text.
 */
static inline const char *markup_entity(uint32_t ch)
{
	switch (ch) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

#endif
