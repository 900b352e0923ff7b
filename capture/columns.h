/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of columns as bytes: a directory, one frame for the small columns, one for each that is worth it. */
#ifndef SCHEDTOP_CAPTURE_COLUMNS_H
#define SCHEDTOP_CAPTURE_COLUMNS_H

#include "capture/bytes.h"
#include "capture/encode.h"
#include "capture/schema.h"

/** A compressor and a decompressor; NULL on ENOMEM. */
void *columns_packer_new(void);
void columns_packer_free(void *packer);
void *columns_unpacker_new(void);
void columns_unpacker_free(void *unpacker);

/** Appends @cols packed; *ret_raw = their bytes together; @sizes (COL_COUNT or NULL) are added to. 0, -ENOMEM, -EIO. */
int columns_pack(void *packer, const struct bytes cols[COL_COUNT], struct bytes *out, uint32_t *ret_raw,
		 struct column_size *sizes);

/**
 * Unpacks into @mem (grown as needed; BYTES_PAD bytes follow what it holds) and points @ret (COL_COUNT) into it;
 * columns that aren't there are empty. @src moves behind the part. At most *raw_left bytes are made, and it is lowered
 * by them. 0, -EBADMSG, -ENOMEM.
 */
int columns_unpack(void *unpacker, struct cursor *src, uint32_t *raw_left, struct bytes *mem,
		   struct cursor ret[COL_COUNT]);

/** Appends @n bytes as a frame, or as they are where that is shorter. Returns the length, -ENOMEM or -EIO. */
int64_t columns_pack_one(void *packer, const uint8_t *src, size_t n, struct bytes *out);

/** The reverse: @stored bytes must unpack to exactly @raw, which @dst has room for. 0 or -EBADMSG. */
int columns_unpack_one(void *unpacker, const uint8_t *src, size_t stored, uint8_t *dst, size_t raw);

#endif
