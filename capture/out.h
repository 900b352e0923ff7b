/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where blocks go: a file with rotation, or a pipe. The writer's thread only. A write that can't be completed leaves a
 * file that ends with its last whole block.
 */
#ifndef SCHEDTOP_CAPTURE_OUT_H
#define SCHEDTOP_CAPTURE_OUT_H

#include "capture/bytes.h"
#include "capture/format.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fault;

struct out_opts {
	const char *path; /* NULL: fd */
	int fd;
	unsigned keep;
	uint64_t bwlimit;
	/* CLOCK_MONOTONIC ns from when on nothing is waited for any more; 0 = not yet. Set by others. */
	const _Atomic uint64_t *give_up_ns;
	_Atomic uint64_t *bytes; /* is added to */
	_Atomic uint64_t *files;
};

struct out {
	struct out_opts opts;
	int fd; /* -1 = no file is open */
	bool regular;
	uint64_t offset; /* in the file */
	uint64_t opened_ns;
	uint64_t send_next_ns; /* of the bandwidth limit */
	uint64_t meta_at, n_events, n_blocks;
	uint64_t index_end; /* offset behind the last block that the index tells */
	uint64_t index_ns;
	struct bytes index; /* of this file, not yet packed */
	void *zstd;
};

/** 0 or -ENOMEM. */
int out_init(struct out *o, const struct out_opts *opts);
/** Closes without an end. Accepts a zeroed one. */
void out_done(struct out *o);

/** Makes the file, moving older ones away, and writes its head. 0 or -errno. */
int out_open(struct out *o);

static inline bool out_is_open(const struct out *o)
{
	return o->fd >= 0;
}

/** Writes an encoded block of events. 0 or -errno. */
int out_events(struct out *o, struct block_head *head, const uint8_t *stored);

/** Writes the session. @seq: the next block's. 0 or -errno. */
int out_meta(struct out *o, const char *json, uint64_t seq);

/** Writes index and end mark and closes the file. 0 or -errno; it is closed in any case. */
int out_finish(struct out *o, uint64_t seq);

#endif
