/* SPDX-License-Identifier: GPL-2.0-only */
/* What a whole file holds: by its end mark and index, or else by the heads of its blocks. */
#include "capture/reader_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "capture/columns.h"

#define SCAN_STEP (64U << 10)

static int add_block(struct capture_reader *r, const struct capture_block *block)
{
	if (r->n_blocks == r->cap_blocks) {
		size_t cap = r->cap_blocks ? r->cap_blocks * 2 : 64;
		struct capture_block *grown = realloc(r->blocks, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->blocks = grown;
		r->cap_blocks = cap;
	}
	r->blocks[r->n_blocks++] = *block;
	if (block->first_ns < r->first_ns)
		r->first_ns = block->first_ns;
	if (block->last_ns > r->last_ns)
		r->last_ns = block->last_ns;
	r->n_events += block->n_events;
	return 0;
}

static void forget_blocks(struct capture_reader *r)
{
	r->n_blocks = 0;
	r->first_ns = UINT64_MAX;
	r->last_ns = r->n_events = 0;
}

/* Reads a block of a type at an offset, whole and intact. *ret is the caller's to free. 0, -EBADMSG, -ENOMEM, -EIO. */
static int load_block(const struct capture_reader *r, uint64_t offset, uint8_t type, struct block_head *ret_head,
		      uint8_t **ret)
{
	uint8_t head[BLOCK_HEAD_SIZE];
	int err = input_read_at(&r->in, offset, head, sizeof(head));

	if (err < 0)
		return err;
	if (!block_head_load(head, ret_head) || ret_head->type != type || ret_head->major != CAPTURE_MAJOR)
		return -EBADMSG;
	cleanup_free uint8_t *stored = malloc(ret_head->stored + BYTES_PAD);
	if (!stored)
		return -ENOMEM;
	err = input_read_at(&r->in, offset + BLOCK_HEAD_SIZE, stored, ret_head->stored);
	if (err < 0)
		return err;
	if (!block_intact(ret_head, stored))
		return -EBADMSG;
	*ret = take_ptr(stored);
	return 0;
}

static int load_meta(struct capture_reader *r, uint64_t offset)
{
	cleanup_free uint8_t *stored = NULL;
	struct block_head head;
	int err = load_block(r, offset, BLOCK_META, &head, &stored);

	return err < 0 ? err : reader_take_meta(r, &head, stored);
}

static int parse_index(struct capture_reader *r, const uint8_t *raw, size_t n)
{
	struct cursor c = {.p = raw, .end = raw + n};
	uint64_t offset = 0, ns = 0;
	bool bad = false;

	while (c.p < c.end) {
		struct capture_block b = {0};

		offset += get_leb(&c, &bad);
		b.offset = offset;
		uint64_t stored = get_leb(&c, &bad);
		b.seq = get_leb(&c, &bad);
		uint64_t events = get_leb(&c, &bad);
		ns += unzigzag(get_leb(&c, &bad));
		b.first_ns = ns;
		b.last_ns = ns + get_leb(&c, &bad);
		if (bad || stored > BLOCK_STORED_MAX || events > BLOCK_EVENTS_MAX || offset > r->in.size ||
		    r->in.size - offset < BLOCK_HEAD_SIZE + stored || b.last_ns < b.first_ns)
			return -EBADMSG;
		if (r->n_blocks && r->blocks[r->n_blocks - 1].seq >= b.seq)
			return -EBADMSG;
		b.bytes = BLOCK_HEAD_SIZE + (uint32_t)stored;
		b.n_events = (uint32_t)events;
		offset += b.bytes;
		int err = add_block(r, &b);
		if (err < 0)
			return err;
	}
	return 0;
}

static int load_index(struct capture_reader *r, uint64_t offset)
{
	cleanup_free uint8_t *stored = NULL, *raw = NULL;
	struct block_head head;
	int err = load_block(r, offset, BLOCK_INDEX, &head, &stored);

	if (err < 0)
		return err;
	raw = malloc(head.raw + BYTES_PAD);
	if (!raw)
		return -ENOMEM;
	err = columns_unpack_one(r->decoder.zstd, stored, head.stored, raw, head.raw);
	return err < 0 ? err : parse_index(r, raw, head.raw);
}

/* By the end mark. 0; -EBADMSG: there is none, or what it points to isn't there; -ENOMEM, -EIO. */
static int survey_by_end(struct capture_reader *r)
{
	cleanup_free uint8_t *end = NULL;
	struct block_head head;

	if (r->in.size < FILE_HEAD_SIZE + BLOCK_HEAD_SIZE + END_SIZE)
		return -EBADMSG;
	int err = load_block(r, r->in.size - BLOCK_HEAD_SIZE - END_SIZE, BLOCK_END, &head, &end);
	if (err < 0)
		return err;
	if (head.stored != END_SIZE)
		return -EBADMSG;
	r->damage.end_missing = false;
	uint64_t index_at = load_le(end, 8), meta_at = load_le(end + 8, 8), n_blocks = load_le(end + 24, 8);
	if ((!index_at && n_blocks) || !meta_at)
		return -EBADMSG;
	err = index_at ? load_index(r, index_at) : 0;
	if (err == 0 && r->n_blocks != n_blocks)
		err = -EBADMSG;
	return err < 0 ? err : load_meta(r, meta_at);
}

/* Where the next block's head may be, from @offset on; the file's size if nowhere. */
static int find_magic(const struct capture_reader *r, uint64_t *offset, uint8_t *step)
{
	const uint8_t first = BLOCK_MAGIC & 0xff;

	while (*offset < r->in.size) {
		size_t n = r->in.size - *offset < SCAN_STEP ? (size_t)(r->in.size - *offset) : SCAN_STEP;
		int err = input_read_at(&r->in, *offset, step, n);

		if (err < 0)
			return err;
		for (const uint8_t *p = step; (p = memchr(p, first, n - (size_t)(p - step))) != NULL; p++) {
			if ((size_t)(p - step) + 4 > n)
				break;
			if (load_le(p, 4) == BLOCK_MAGIC) {
				*offset += (uint64_t)(p - step);
				return 0;
			}
		}
		/* A magic that this step cuts is found by the next one. */
		*offset += n > 3 && n == SCAN_STEP ? n - 3 : n;
	}
	return 0;
}

struct metas {
	uint64_t offsets[METAS_MAX]; /* a ring of the latest */
	size_t n;
};

static int note_block(struct capture_reader *r, uint64_t offset, const struct block_head *h, struct metas *metas)
{
	if (h->major != CAPTURE_MAJOR)
		return 0;
	if (h->type == BLOCK_META)
		metas->offsets[metas->n++ % METAS_MAX] = offset;
	/* Numbers only grow; one that doesn't is no block of this recording. */
	if (h->type != BLOCK_EVENTS || (r->n_blocks && r->blocks[r->n_blocks - 1].seq >= h->seq))
		return 0;
	return add_block(r, &(struct capture_block){
				    .offset = offset,
				    .seq = h->seq,
				    .first_ns = h->first_ns,
				    .last_ns = h->last_ns,
				    .bytes = BLOCK_HEAD_SIZE + h->stored,
				    .n_events = h->n_events,
			    });
}

static int survey_by_heads(struct capture_reader *r, struct metas *metas)
{
	cleanup_free uint8_t *step = malloc(SCAN_STEP);
	uint64_t offset = FILE_HEAD_SIZE;

	if (!step)
		return -ENOMEM;
	if (r->damage.header_damaged)
		offset = 0;
	while (offset < r->in.size) {
		uint8_t bytes[BLOCK_HEAD_SIZE];
		struct block_head h;
		int err = input_read_at(&r->in, offset, bytes, sizeof(bytes));

		if (err < 0 && err != -EBADMSG)
			return err;
		bool whole =
			err == 0 && block_head_load(bytes, &h) && r->in.size - offset - BLOCK_HEAD_SIZE >= h.stored;
		if (whole) {
			err = note_block(r, offset, &h, metas);
			offset += BLOCK_HEAD_SIZE + h.stored;
		} else {
			offset++;
			err = find_magic(r, &offset, step);
		}
		if (err < 0)
			return err;
	}
	return 0;
}

int reader_survey(struct capture_reader *r)
{
	struct metas metas = {0};

	forget_blocks(r);
	r->damage.end_missing = true;
	int err = survey_by_end(r);
	if (err != -EBADMSG)
		return err;
	forget_blocks(r);
	r->damage.index_rebuilt = true;
	err = survey_by_heads(r, &metas);
	if (err < 0)
		return err;
	for (size_t i = 0; i < METAS_MAX && i < metas.n; i++) {
		err = load_meta(r, metas.offsets[(metas.n - 1 - i) % METAS_MAX]);
		if (err != -EBADMSG)
			return err;
	}
	return 0;
}
