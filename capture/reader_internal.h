/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the reader share. */
#ifndef SCHEDTOP_CAPTURE_READER_INTERNAL_H
#define SCHEDTOP_CAPTURE_READER_INTERNAL_H

#include "capture/bytes.h"
#include "capture/capture.h"
#include "capture/decode.h"
#include "capture/format.h"

/* Bytes of the capture, in order. */
struct input {
	int fd;
	bool owned, seekable, eof;
	uint64_t size; /* of a seekable file when it was opened */
	struct bytes buf;
	size_t at;          /* what is before it in buf has been used */
	uint64_t at_offset; /* where in the capture that is */
};

/** Bytes that are there and unused. */
static inline size_t input_left(const struct input *in)
{
	return in->buf.len - in->at;
}

static inline const uint8_t *input_data(const struct input *in)
{
	return in->buf.data + in->at;
}

/** Makes @n unused bytes be there. 1; 0: it ends before; -EAGAIN: a stream has no more yet; -errno. */
int input_want(struct input *in, size_t n);

/** Uses up @n of them. */
void input_use(struct input *in, size_t n);

/** Goes on somewhere else in a seekable file. */
void input_seek(struct input *in, uint64_t offset);

/** Reads exactly @n bytes at an offset of a seekable file. 0, -EBADMSG if it ends before, -errno. */
int input_read_at(const struct input *in, uint64_t offset, uint8_t *dst, size_t n);

#define METAS_MAX 16

struct capture_reader {
	struct input in;
	char *name;
	bool head_done, ended, in_damage;
	struct part_decoder decoder;
	struct session session;
	struct capture_info info;
	struct capture_damage damage;

	struct capture_block *blocks;
	size_t n_blocks, cap_blocks;
	uint64_t first_ns, last_ns, n_events; /* of the whole file, or of what a stream has had */

	bool have_seq; /* a block has been read: next_seq says which one should follow */
	uint64_t next_seq;
	uint64_t base_seq;            /* of the first bit in read */
	struct bytes read;            /* bits: which blocks have been read */
	uint64_t cut_seq, cut_events; /* the latest block whose head was intact, but not the rest */
};

/** Takes a META block's payload. 0, -EBADMSG, -ENOMEM. */
int reader_take_meta(struct capture_reader *r, const struct block_head *h, const uint8_t *stored);

/**
 * Of a seekable file: finds the blocks and the latest session, by the index or by going through the heads. 0, -ENOMEM
 * or -EIO; damage is no error.
 */
int reader_survey(struct capture_reader *r);

#endif
