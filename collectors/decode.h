/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the ring's records to events: checks lengths, resolves program counters to locations, announces each location,
 * function and foreign name once, turns the runtime's own codes into the vocabulary's.
 */
#ifndef SCHEDTOP_COLLECTORS_DECODE_H
#define SCHEDTOP_COLLECTORS_DECODE_H

#include "events/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;
struct go_target;

/** NULL on ENOMEM. */
struct decoder *decoder_new(void);
void decoder_free(struct decoder *d);

/** Program counters are resolved in @go from now on (borrowed; NULL = not at all). Location ids stay unique. */
void decoder_set_target(struct decoder *d, const struct go_target *go);

/**
 * Delivers the events of one record, dictionary events first, with its time moved to @not_before_ns if it is earlier.
 * Returns how many events, or -EINVAL for a record that is too short or of no known kind.
 */
int decoder_record(struct decoder *d, const void *record, size_t len, uint64_t not_before_ns,
		   const struct event_sink *sink);

/** runtime/proc.go's reason strings before Go 1.21, as m.preemptoff holds them, to enum ev_stw_reason. */
uint8_t stw_reason_of_text(const char *text, size_t len);

#endif
