/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder's memory: the latest encoded blocks, bounded by time and bytes. The writer's thread only. */
#ifndef SCHEDTOP_CAPTURE_FLIGHT_H
#define SCHEDTOP_CAPTURE_FLIGHT_H

#include "capture/format.h"

#include <stddef.h>
#include <stdint.h>

struct out;

struct flight_block {
	struct block_head head;
	uint8_t *stored;
};

struct flight {
	struct flight_block *blocks; /* oldest first */
	size_t n, cap;
	size_t bytes, max_bytes;
	uint64_t max_ns;
};

void flight_done(struct flight *f);

/** Keeps a copy of a block and drops what is too old or too much. 0 or -ENOMEM. */
int flight_keep(struct flight *f, const struct block_head *head, const uint8_t *stored);

/** Writes what is kept, oldest first. 0 or -errno. */
int flight_write(const struct flight *f, struct out *o);

/** Forgets everything. */
void flight_clear(struct flight *f);

#endif
