/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "base/cleanup.h"
#include "target/go_binary_internal.h"

static const struct {
	int minor;
	struct go_offsets offsets;
} table[] = {
#include "target/go_offsets_table.inc"
};

int go_binary_offsets(const struct go_binary *b, struct go_offsets *ret, bool *ret_guess)
{
	size_t newest = ARRAY_SIZE(table) - 1;

	if (!go_binary_is_go(b) || b->minor < table[0].minor)
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].minor == b->minor) {
			*ret = table[i].offsets;
			*ret_guess = false;
			return 0;
		}
	}
	/* A version between two rows (1.20) or after the last: the live check decides whether the guess holds. */
	while (newest > 0 && table[newest].minor > b->minor)
		newest--;
	*ret = table[newest].offsets;
	*ret_guess = true;
	return 0;
}
