/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/terminfo.h"

#include <string.h>

#include "base/cleanup.h"

static const struct terminfo table[] = {
#include "terminfo_embedded.h"
};

const struct terminfo *terminfo_builtin(const char *term)
{
	size_t family = term ? strcspn(term, "-") : 0;

	for (size_t i = 0; term && i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].name, term) == 0)
			return &table[i];
	}
	for (size_t i = 0; family && i < ARRAY_SIZE(table); i++) {
		if (strlen(table[i].name) == family && strncmp(table[i].name, term, family) == 0)
			return &table[i];
	}
	return NULL;
}
