/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/bytes.h"

#include <stdlib.h>

bool bytes_grow(struct bytes *b, size_t more)
{
	size_t need = b->len + more, cap = b->cap ? b->cap : 256;

	while (cap < need)
		cap *= 2;
	uint8_t *grown = realloc(b->data, cap);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->cap = cap;
	return true;
}

void bytes_done(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){0};
}
