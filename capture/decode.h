/* SPDX-License-Identifier: GPL-2.0-only */
/* A part of a block to events. Nothing in it is trusted; errors end the part. One thread. */
#ifndef SCHEDTOP_CAPTURE_DECODE_H
#define SCHEDTOP_CAPTURE_DECODE_H

#include "capture/bytes.h"
#include "capture/predict.h"
#include "events/event.h"

struct part_decoder {
	struct predict state;
	struct bytes mem; /* the columns */
	struct cursor cols[COL_COUNT];
	struct bit_reader bits, time_offs, wait_offs;
	uint64_t *shapes, *goids;
	uint32_t *locs;
	const char **texts;
	size_t n_shapes, n_goids, n_locs, n_texts;
	size_t cap_shapes, cap_goids, cap_locs, cap_texts;
	struct cursor comms; /* all of them: unlike the other columns of news they are not consumed */
	size_t n_comms;
	int error;
	void *zstd;
};

/** 0 or -ENOMEM. */
int part_decoder_init(struct part_decoder *d);
/** Accepts a half-initialised one (zeroed). */
void part_decoder_done(struct part_decoder *d);

/** Begins a part: @src moves behind it, *raw_left is lowered by what it unpacks to. 0, -EBADMSG, -ENOMEM. */
int part_decoder_begin(struct part_decoder *d, struct cursor *src, uint32_t *raw_left);

/**
 * The next event; the part's head says how many there are. Pointers in it are valid until part_decoder_begin(). 0,
 * -EBADMSG, -ENOMEM; @ret is not to be used then.
 */
int part_decoder_event(struct part_decoder *d, struct event *ret);

/** Of a context part: how many blocks ago the event just read was told last. 0: the part is damaged. */
uint64_t part_decoder_known(struct part_decoder *d);

#endif
