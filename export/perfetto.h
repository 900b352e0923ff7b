/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the Perfetto exporter: names (perfetto_names.c), tracks (perfetto_tracks.c), events (perfetto.c). */
#ifndef SCHEDTOP_EXPORT_PERFETTO_H
#define SCHEDTOP_EXPORT_PERFETTO_H

#include "export/format.h"
#include "export/perfetto.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an event can be told with. The numbers, plus one, are the interning ids of the names. */
enum perfetto_note {
	NOTE_GOID,
	NOTE_TID,
	NOTE_CPU,
	NOTE_P,
	NOTE_CAUSE,
	NOTE_END,
	NOTE_WHY,
	NOTE_FUNC,
	NOTE_FILE,
	NOTE_LINE,
	NOTE_OFF_CPU,
	NOTE_SIGNALS,
	NOTE_DELIVERED,
	NOTE_WAITED,
	NOTE_PENDING,
	NOTE_FROM,
	NOTE_TO,
	NOTE_BY,
	NOTE_STUCK,
	NOTE_REPAIRED,
	NOTE_COUNT
};

/* Categories of events: those of spans are their classes. */
enum { CATEGORY_STW = SPAN_CLASS_COUNT, CATEGORY_GAP, CATEGORY_SETTING, CATEGORY_COUNT };

enum perfetto_track {
	TRACK_PROCESS,
	TRACK_GROUP, /* id: enum perfetto_group */
	TRACK_CPU,
	TRACK_P,
	TRACK_M,
	TRACK_G,
	TRACK_STW,
	TRACK_SETTING,
	TRACK_GAP_P, /* gaps by their P; where it isn't known, by thread; else by goroutine */
	TRACK_GAP_M,
	TRACK_GAP_G,
	TRACK_COUNTER, /* id: counter_kind, and the P above its bits */
};
#define PERFETTO_COUNTER_BITS 3

enum perfetto_group { GROUP_CPUS, GROUP_PS, GROUP_GAPS, GROUP_GS, GROUP_COUNTERS, GROUP_COUNT };

/* Names of events that the reader has been told. Their number is bounded: when it is full, all are forgotten. */
#define PERFETTO_NAMES_MAX 12288U
#define PERFETTO_SLOTS     16384U
struct perfetto_names {
	struct perfetto_name {
		char *text; /* as it came, not escaped; NULL = free */
		uint64_t hash, iid;
	} slot[PERFETTO_SLOTS];
	size_t n;
	uint64_t next_iid; /* never used again for another name, as the format demands */
};

/* Tracks that have been described. Bounded too: one that was pushed out is described once more. */
#define PERFETTO_TRACKS 65536U

struct perfetto {
	struct perfetto_names names;
	uint64_t tracks[PERFETTO_TRACKS]; /* by hash of the uuid; 0 = free */
	char escaped[4096];
};

/**
 * The interning id of a foreign text; 0 on ENOMEM. @ret_new is set when the reader must be told of it in the same
 * packet. The names must not be full (perfetto_names_full).
 */
uint64_t perfetto_name(struct perfetto_names *n, const char *text, bool *ret_new);
static inline bool perfetto_names_full(const struct perfetto_names *n)
{
	return n->n >= PERFETTO_NAMES_MAX;
}
void perfetto_names_clear(struct perfetto_names *n);

/** The tracks that are always there: the process, the groups, the pauses. */
void perfetto_tracks_begin(struct export *x);
/** The uuid of a track, which is described if that hasn't been done. @func: what a goroutine runs; 0 = unknown. */
uint64_t perfetto_track(struct export *x, enum perfetto_track kind, uint64_t id, uint32_t func);
/** Describes the threads again, with the names that they had last. */
void perfetto_tracks_end(struct export *x);

/** Writes one packet of the sequence: its id and its flags are set here. */
void perfetto_put(struct export *x, Pf__TracePacket *p, uint32_t flags);
#define PERFETTO_CLEARED     1U /* what was interned before isn't referred to any more */
#define PERFETTO_NEEDS_STATE 2U

#endif
