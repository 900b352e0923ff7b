/* SPDX-License-Identifier: GPL-2.0-only */
/* The constants of the format, the head of a file and of a block. docs/capture-format.md says what they mean. */
#ifndef SCHEDTOP_CAPTURE_FORMAT_H
#define SCHEDTOP_CAPTURE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_MAJOR 1 /* a reader refuses another */
#define CAPTURE_MINOR 0

#define FILE_HEAD_SIZE  32
#define FILE_MAGIC      "\x93SchedTp" /* without the NUL */
#define FILE_MAGIC_SIZE 8

#define BLOCK_HEAD_SIZE 64
#define BLOCK_MAGIC     0x4b6c4293U /* 93 42 6c 4b: no text has it */

enum block_type {
	BLOCK_META = 1,   /* the session, as JSON */
	BLOCK_EVENTS = 2, /* two parts: what was known before, and the events */
	BLOCK_INDEX = 3,  /* where the blocks are */
	BLOCK_END = 4,    /* the last one; its size is always the same */
};

/* Limits: a block that says more is no block. They bound what a reader needs, whatever a file says. */
#define BLOCK_STORED_MAX (16U << 20)
#define BLOCK_RAW_MAX    (32U << 20)
#define BLOCK_EVENTS_MAX (1U << 20)
#define STRING_MAX       4096U /* of names, without the NUL; longer ones are cut by the writer */

/* Of an end block: offsets of the index and of the last session (0 = none), numbers of events and of their blocks. */
#define END_SIZE 32U

/* What the writer makes. */
#define WRITER_BLOCK_EVENTS 65536U

struct block_head {
	uint8_t type;    /* enum block_type; others are skipped */
	uint16_t major;  /* so that a block is understood without its file's head */
	uint32_t stored; /* bytes that follow the head */
	uint32_t raw;    /* bytes that they unpack to, all columns together */
	uint64_t seq;    /* counts the blocks of a recording, through all its files */
	uint64_t first_ns, last_ns;
	uint32_t n_events, n_context;
	uint64_t sum; /* XXH64 of the bytes that follow */
};

/** Writes FILE_HEAD_SIZE bytes. */
void file_head_store_version(uint8_t *dst, uint16_t major, uint16_t minor);

/** The same for this version. */
static inline void file_head_store(uint8_t *dst)
{
	file_head_store_version(dst, CAPTURE_MAJOR, CAPTURE_MINOR);
}

/** 0 and the version; -EINVAL: no capture; -EBADMSG: the magic is there, but the rest is damaged. */
int file_head_load(const uint8_t *src, uint16_t *ret_major, uint16_t *ret_minor);

/** Writes BLOCK_HEAD_SIZE bytes; @stored are h->stored bytes, whose checksum goes into the head and into @h. */
void block_head_store(struct block_head *h, const uint8_t *stored, uint8_t *dst);

/** false if there is no head with a right checksum and within the limits at @src (BLOCK_HEAD_SIZE bytes). */
bool block_head_load(const uint8_t *src, struct block_head *ret);

/** Are these the bytes that the head speaks of? */
bool block_intact(const struct block_head *h, const uint8_t *stored);

#endif
