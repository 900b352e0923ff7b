/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/columns.h"

#include <errno.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
/* A frame of its own costs some 15 bytes and the description of its own code; it pays when there is something to code.
 */
#define OWN_FRAME 400

void *columns_packer_new(void)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	if (!c)
		return NULL;
	/* Lengths and checksums are the block's affair. */
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 0);
	return c;
}

void columns_packer_free(void *packer)
{
	ZSTD_freeCCtx(packer);
}

void *columns_unpacker_new(void)
{
	return ZSTD_createDCtx();
}

void columns_unpacker_free(void *unpacker)
{
	ZSTD_freeDCtx(unpacker);
}

int64_t columns_pack_one(void *packer, const uint8_t *src, size_t n, struct bytes *out)
{
	size_t bound = ZSTD_compressBound(n);

	if (!n)
		return 0;
	if (!bytes_room(out, bound))
		return -ENOMEM;
	size_t len = ZSTD_compress2(packer, out->data + out->len, bound, src, n);
	if (ZSTD_isError(len))
		return -EIO;
	if (len >= n) {
		memcpy(out->data + out->len, src, n);
		len = n;
	}
	out->len += len;
	return (int64_t)len;
}

struct pack {
	ZSTD_CCtx *zstd;
	struct bytes dir, shared, frames, packed_shared;
};

static void pack_done(struct pack *p)
{
	bytes_done(&p->dir);
	bytes_done(&p->shared);
	bytes_done(&p->frames);
	bytes_done(&p->packed_shared);
}

static int pack_column(struct pack *p, unsigned id, const struct bytes *col, struct column_size *size)
{
	int64_t stored = 0;

	put_leb(&p->dir, id);
	put_leb(&p->dir, col->len);
	if (col->len < OWN_FRAME)
		bytes_put(&p->shared, col->data, col->len);
	else
		stored = columns_pack_one(p->zstd, col->data, col->len, &p->frames);
	if (stored < 0)
		return (int)stored;
	put_leb(&p->dir, (uint64_t)stored);
	if (size) {
		size->raw += col->len;
		size->stored += stored ? (uint64_t)stored : col->len;
	}
	return 0;
}

static int pack_all(struct pack *p, const struct bytes cols[COL_COUNT], uint32_t *ret_raw, struct column_size *sizes)
{
	unsigned n = 0;
	uint64_t raw = 0;
	int err = 0;

	for (unsigned i = 0; i < COL_COUNT; i++)
		n += cols[i].len > 0;
	put_leb(&p->dir, n);
	for (unsigned i = 0; i < COL_COUNT && err == 0; i++) {
		if (!cols[i].len)
			continue;
		raw += cols[i].len;
		err = pack_column(p, i, &cols[i], sizes ? &sizes[i] : NULL);
	}
	if (err < 0)
		return err;
	int64_t shared = columns_pack_one(p->zstd, p->shared.data, p->shared.len, &p->packed_shared);
	if (shared < 0)
		return (int)shared;
	put_leb(&p->dir, (uint64_t)shared);
	*ret_raw = (uint32_t)raw;
	return 0;
}

int columns_pack(void *packer, const struct bytes cols[COL_COUNT], struct bytes *out, uint32_t *ret_raw,
		 struct column_size *sizes)
{
	struct pack p = {.zstd = packer};
	int err = pack_all(&p, cols, ret_raw, sizes);

	bytes_put(out, p.dir.data, p.dir.len);
	bytes_put(out, p.packed_shared.data, p.packed_shared.len);
	bytes_put(out, p.frames.data, p.frames.len);
	if (p.dir.failed || p.shared.failed || out->failed)
		err = -ENOMEM;
	pack_done(&p);
	return err;
}

struct entry {
	unsigned id;
	uint32_t raw, stored; /* stored 0: in the shared frame */
};

static int read_directory(struct cursor *src, uint32_t *raw_left, struct entry entries[COL_COUNT], unsigned *ret_n,
			  uint64_t *ret_shared_stored)
{
	bool bad = false;
	uint64_t n = get_leb(src, &bad);
	unsigned next = 0;

	if (n > COL_COUNT)
		return -EBADMSG;
	for (unsigned i = 0; i < n; i++) {
		uint64_t id = get_leb(src, &bad), raw = get_leb(src, &bad), stored = get_leb(src, &bad);

		/* Ascending, so that no column comes twice. */
		if (bad || id < next || id >= COL_COUNT || !raw || raw > *raw_left || stored > raw)
			return -EBADMSG;
		next = (unsigned)id + 1;
		*raw_left -= (uint32_t)raw;
		entries[i] = (struct entry){.id = (unsigned)id, .raw = (uint32_t)raw, .stored = (uint32_t)stored};
	}
	*ret_shared_stored = get_leb(src, &bad);
	*ret_n = (unsigned)n;
	return bad ? -EBADMSG : 0;
}

int columns_unpack_one(void *unpacker, const uint8_t *src, size_t stored, uint8_t *dst, size_t raw)
{
	if (stored > raw)
		return -EBADMSG;
	if (stored == raw) {
		if (raw)
			memcpy(dst, src, raw);
		return 0;
	}
	return ZSTD_decompressDCtx(unpacker, dst, raw, src, stored) == raw ? 0 : -EBADMSG;
}

static int unpack_frame(void *unpacker, struct cursor *src, uint64_t stored, uint8_t *dst, size_t raw)
{
	if (stored > (size_t)(src->end - src->p))
		return -EBADMSG;
	int err = columns_unpack_one(unpacker, src->p, stored, dst, raw);

	src->p += stored;
	return err;
}

int columns_unpack(void *unpacker, struct cursor *src, uint32_t *raw_left, struct bytes *mem,
		   struct cursor ret[COL_COUNT])
{
	struct entry entries[COL_COUNT];
	uint64_t shared_stored, shared = 0, total = 0;
	unsigned n;
	int err = read_directory(src, raw_left, entries, &n, &shared_stored);

	if (err < 0)
		return err;
	for (unsigned i = 0; i < n; i++) {
		total += entries[i].raw;
		shared += entries[i].stored ? 0 : entries[i].raw;
	}
	mem->len = 0;
	if (!bytes_room(mem, total + BYTES_PAD))
		return -ENOMEM;
	memset(mem->data + total, 0, BYTES_PAD);
	err = unpack_frame(unpacker, src, shared_stored, mem->data, shared);
	memset(ret, 0, COL_COUNT * sizeof(*ret));
	uint8_t *small = mem->data, *own = mem->data + shared;
	for (unsigned i = 0; i < n && err == 0; i++) {
		uint8_t **at = entries[i].stored ? &own : &small;

		if (entries[i].stored)
			err = unpack_frame(unpacker, src, entries[i].stored, own, entries[i].raw);
		ret[entries[i].id] = (struct cursor){.p = *at, .end = *at + entries[i].raw};
		*at += entries[i].raw;
	}
	return err;
}
