/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/out.h"

static size_t block_bytes(const struct flight_block *b)
{
	return BLOCK_HEAD_SIZE + b->head.stored;
}

static void drop_oldest(struct flight *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		f->bytes -= block_bytes(&f->blocks[i]);
		free(f->blocks[i].stored);
	}
	f->n -= n;
	memmove(f->blocks, f->blocks + n, f->n * sizeof(*f->blocks));
}

void flight_clear(struct flight *f)
{
	if (f->n)
		drop_oldest(f, f->n);
}

void flight_done(struct flight *f)
{
	flight_clear(f);
	free(f->blocks);
	*f = (struct flight){0};
}

int flight_keep(struct flight *f, const struct block_head *head, const uint8_t *stored)
{
	size_t old = 0, bytes;

	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 16;
		struct flight_block *grown = realloc(f->blocks, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		f->blocks = grown;
		f->cap = cap;
	}
	uint8_t *copy = malloc(head->stored ? head->stored : 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, stored, head->stored);
	f->blocks[f->n++] = (struct flight_block){.head = *head, .stored = copy};
	f->bytes += block_bytes(&f->blocks[f->n - 1]);
	bytes = f->bytes;
	while (old + 1 < f->n && (bytes > f->max_bytes || f->blocks[old].head.last_ns + f->max_ns < head->last_ns)) {
		bytes -= block_bytes(&f->blocks[old]);
		old++;
	}
	if (old)
		drop_oldest(f, old);
	return 0;
}

int flight_write(const struct flight *f, struct out *o)
{
	int err = 0;

	for (size_t i = 0; i < f->n && err == 0; i++) {
		struct block_head head = f->blocks[i].head;

		err = out_events(o, &head, f->blocks[i].stored);
	}
	return err;
}
