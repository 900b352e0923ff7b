/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/format.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "capture/bytes.h"

#define FILE_SUM_AT  24
#define BLOCK_SUM_AT 56

void file_head_store_version(uint8_t *dst, uint16_t major, uint16_t minor)
{
	memset(dst, 0, FILE_HEAD_SIZE);
	store_le(dst, load_le((const uint8_t *)FILE_MAGIC, FILE_MAGIC_SIZE), FILE_MAGIC_SIZE);
	store_le(dst + 8, major, 2);
	store_le(dst + 10, minor, 2);
	store_le(dst + 12, FILE_HEAD_SIZE, 4);
	store_le(dst + FILE_SUM_AT, XXH64(dst, FILE_SUM_AT, 0), 8);
}

int file_head_load(const uint8_t *src, uint16_t *ret_major, uint16_t *ret_minor)
{
	if (memcmp(src, FILE_MAGIC, 8) != 0)
		return -EINVAL;
	if (load_le(src + FILE_SUM_AT, 8) != XXH64(src, FILE_SUM_AT, 0))
		return -EBADMSG;
	*ret_major = (uint16_t)load_le(src + 8, 2);
	*ret_minor = (uint16_t)load_le(src + 10, 2);
	return 0;
}

void block_head_store(struct block_head *h, const uint8_t *stored, uint8_t *dst)
{
	h->sum = XXH64(stored, h->stored, 0);
	memset(dst, 0, BLOCK_HEAD_SIZE);
	store_le(dst, BLOCK_MAGIC, 4);
	dst[4] = h->type;
	store_le(dst + 6, h->major, 2);
	store_le(dst + 8, h->stored, 4);
	store_le(dst + 12, h->raw, 4);
	store_le(dst + 16, h->seq, 8);
	store_le(dst + 24, h->first_ns, 8);
	store_le(dst + 32, h->last_ns, 8);
	store_le(dst + 40, h->n_events, 4);
	store_le(dst + 44, h->n_context, 4);
	store_le(dst + 48, h->sum, 8);
	store_le(dst + BLOCK_SUM_AT, XXH64(dst, BLOCK_SUM_AT, 0), 8);
}

bool block_head_load(const uint8_t *src, struct block_head *ret)
{
	if (load_le(src, 4) != BLOCK_MAGIC || load_le(src + BLOCK_SUM_AT, 8) != XXH64(src, BLOCK_SUM_AT, 0))
		return false;
	struct block_head h = {
		.type = src[4],
		.major = (uint16_t)load_le(src + 6, 2),
		.stored = (uint32_t)load_le(src + 8, 4),
		.raw = (uint32_t)load_le(src + 12, 4),
		.seq = load_le(src + 16, 8),
		.first_ns = load_le(src + 24, 8),
		.last_ns = load_le(src + 32, 8),
		.n_events = (uint32_t)load_le(src + 40, 4),
		.n_context = (uint32_t)load_le(src + 44, 4),
		.sum = load_le(src + 48, 8),
	};
	if (h.stored > BLOCK_STORED_MAX || h.raw > BLOCK_RAW_MAX || h.n_events > BLOCK_EVENTS_MAX ||
	    h.n_context > BLOCK_EVENTS_MAX)
		return false;
	*ret = h;
	return true;
}

bool block_intact(const struct block_head *h, const uint8_t *stored)
{
	return XXH64(stored, h->stored, 0) == h->sum;
}
