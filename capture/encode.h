/* SPDX-License-Identifier: GPL-2.0-only */
/* Events to a part of a block: columns, predicted, packed. One thread. */
#ifndef SCHEDTOP_CAPTURE_ENCODE_H
#define SCHEDTOP_CAPTURE_ENCODE_H

#include "capture/bytes.h"
#include "capture/dict.h"
#include "capture/predict.h"
#include "events/event.h"

/* What a column took, for tests/capture/bench_capture. */
struct column_size {
	uint64_t raw, stored;
};

struct part_encoder {
	struct predict state;
	struct bytes cols[COL_COUNT];
	struct bit_writer bits, time_offs, wait_offs;
	struct dict shapes, tids, goids, locs, texts; /* the keys of texts are hashes */
	struct dict comms;
	size_t *text_at; /* where text number n is in COL_TEXT */
	size_t cap_texts;
	size_t n_events;
	uint64_t first_ns, last_ns; /* smallest and largest */
	int error;
	struct column_size *sizes; /* COL_COUNT, or NULL */
	void *zstd;
};

/** 0 or -ENOMEM. */
int part_encoder_init(struct part_encoder *e);
/** Accepts a half-initialised one (zeroed). */
void part_encoder_done(struct part_encoder *e);

/** Empties it for the next part. @quantum: the clock's step in 2^-32 ns (capture/quantum.h). */
void part_encoder_begin(struct part_encoder *e, uint64_t quantum);

/** Adds an event. Errors are kept until part_encoder_finish(). */
void part_encoder_event(struct part_encoder *e, const struct event *ev);

/** Of a context part: how many blocks ago the event just added was told last. */
void part_encoder_known(struct part_encoder *e, uint64_t blocks_ago);

/** Must the part be finished before another event? */
bool part_encoder_full(const struct part_encoder *e);

/** Appends the part to @out; *ret_raw is what its columns unpack to. 0, -ENOMEM, or -EIO from the compressor. */
int part_encoder_finish(struct part_encoder *e, struct bytes *out, uint32_t *ret_raw);

#endif
