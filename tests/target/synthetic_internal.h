/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files behind synthetic.h share: a buffer that grows, and the file that is put into it. */
#ifndef SCHEDTOP_TESTS_SYNTHETIC_INTERNAL_H
#define SCHEDTOP_TESTS_SYNTHETIC_INTERNAL_H

#include "synthetic.h"

struct buf {
	unsigned char *p;
	size_t len, cap;
};

void put_bytes(struct buf *b, const void *data, size_t n);
void put8(struct buf *b, unsigned v);
void put16(struct buf *b, unsigned v);
void put32(struct buf *b, uint64_t v);
void put64(struct buf *b, uint64_t v);
/** Returns where the text is. */
size_t put_text(struct buf *b, const char *s);
void put_leb(struct buf *b, uint32_t v);
void put_pad(struct buf *b, size_t align);
void free_buf(struct buf *b);

/* The file grows in one buffer; an address is SYNTH_BASE + its place in it, code has a place of its own. */
#define SYNTH_BASE  0x400000U
#define TEXT_AT     0x200U
#define TEXT_SIZE   0xa0U
#define MODULE_SIZE 336U

struct file {
	const struct synth *s;
	struct buf b;
	struct {
		size_t at;
		uint64_t to;
	} relocs[64];
	size_t n_relocs;
	size_t pclntab, pclntab_len, info, data_at, data_end, dynamic, dynamic_len;
};

/** A pointer at @at in the file: a word, or a relocation and no word. */
void pointer(struct file *f, size_t at, uint64_t to);
void put_pointer(struct file *f, uint64_t to);

/** gopclntab of the layout that is wanted, with the inline tree before and the moduledata behind it. */
void put_pclntab(struct file *f);

/** .debug_abbrev and .debug_info with the runtime's types. */
void make_abbrevs(struct buf *b);
void make_info(struct buf *b);

#endif
