/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record that JSON lines and CSV have in common: what a span, gap, pause, counter or setting is made of, under
 * which name. A column is one row of the table; both formats follow.
 */
#ifndef SCHEDTOP_EXPORT_RECORD_H
#define SCHEDTOP_EXPORT_RECORD_H

#include "export/format.h"

enum record_kind {
	RECORD_SPAN = 1 << 0,
	RECORD_GAP = 1 << 1,
	RECORD_STW = 1 << 2,
	RECORD_COUNTER = 1 << 3,
	RECORD_SETTING = 1 << 4
};

#define RECORD_ALL   (RECORD_SPAN | RECORD_GAP | RECORD_STW | RECORD_COUNTER | RECORD_SETTING)
#define RECORD_PLACE (RECORD_SPAN | RECORD_GAP | RECORD_STW)

/* COLUMN(id, name, type, kinds that have it): WORD is one of ours, TEXT is foreign. */
#define RECORD_COLUMNS(COLUMN)                                                                                         \
	COLUMN(KIND, "kind", WORD, RECORD_ALL)                                                                         \
	COLUMN(ROW, "row", WORD, RECORD_SPAN)                                                                          \
	COLUMN(NAME, "name", WORD, RECORD_COUNTER | RECORD_SETTING)                                                    \
	COLUMN(ID, "id", UINT, RECORD_SPAN | RECORD_COUNTER)                                                           \
	COLUMN(START, "start_ns", UINT, RECORD_ALL)                                                                    \
	COLUMN(END, "end_ns", UINT, RECORD_PLACE)                                                                      \
	COLUMN(CLASS, "class", WORD, RECORD_SPAN)                                                                      \
	COLUMN(GOID, "goid", UINT, RECORD_PLACE)                                                                       \
	COLUMN(FUNC, "func", TEXT, RECORD_PLACE)                                                                       \
	COLUMN(FILE, "file", TEXT, RECORD_GAP | RECORD_STW)                                                            \
	COLUMN(LINE, "line", UINT, RECORD_GAP | RECORD_STW)                                                            \
	COLUMN(TID, "tid", UINT, RECORD_PLACE)                                                                         \
	COLUMN(COMM, "comm", TEXT, RECORD_PLACE)                                                                       \
	COLUMN(CPU, "cpu", UINT, RECORD_SPAN | RECORD_GAP)                                                             \
	COLUMN(P, "p", UINT, RECORD_SPAN | RECORD_GAP)                                                                 \
	COLUMN(CAUSE, "cause", WORD, RECORD_GAP)                                                                       \
	COLUMN(TAKEN, "taken", WORD, RECORD_GAP)                                                                       \
	COLUMN(WHY, "why", WORD, RECORD_GAP)                                                                           \
	COLUMN(OFF_CPU, "off_cpu_ns", UINT, RECORD_GAP)                                                                \
	COLUMN(SIGNALS, "signals", UINT, RECORD_GAP)                                                                   \
	COLUMN(DELIVERED, "delivered", UINT, RECORD_GAP)                                                               \
	COLUMN(REASON, "reason", WORD, RECORD_STW)                                                                     \
	COLUMN(STOPPED, "stopped_ns", UINT, RECORD_STW)                                                                \
	COLUMN(WAITED, "waited_ns", UINT, RECORD_STW)                                                                  \
	COLUMN(VALUE, "value", UINT, RECORD_COUNTER)                                                                   \
	COLUMN(FROM, "from", INT, RECORD_SETTING)                                                                      \
	COLUMN(TO, "to", INT, RECORD_SETTING)                                                                          \
	COLUMN(BY, "by", WORD, RECORD_SETTING)                                                                         \
	COLUMN(STUCK, "stuck", UINT, RECORD_SETTING)                                                                   \
	COLUMN(REPAIRED, "repaired", UINT, RECORD_SETTING)

enum record_column {
#define RECORD_ENUM(id, name, type, kinds) RECORD_##id,
	RECORD_COLUMNS(RECORD_ENUM)
#undef RECORD_ENUM
		RECORD_COLUMN_COUNT
};

enum record_type { RECORD_TYPE_WORD, RECORD_TYPE_TEXT, RECORD_TYPE_UINT, RECORD_TYPE_INT };

struct record_info {
	const char *name;
	enum record_type type;
	unsigned kinds;
};
extern const struct record_info record_infos[RECORD_COLUMN_COUNT];

/* The texts are the model's, until its next feed. */
struct record {
	enum record_kind kind;
	uint32_t known; /* bit 1 << column; the rest is unknown */
	union {
		uint64_t uint;
		int64_t sint; /* RECORD_TYPE_INT */
		const char *text;
	} v[RECORD_COLUMN_COUNT];
};

/** The state (struct export) of a format that is made of records: how it writes one. */
struct record_writer {
	void (*put)(struct outbuf *o, const struct record *r);
};

/* The functions that such formats have in common. */
#define RECORD_FUNCTIONS                                                                                               \
	.state_size = sizeof(struct record_writer), .span = record_on_span, .gap = record_on_gap,                      \
	.stw = record_on_stw, .counter = record_on_counter, .setting = record_on_setting

void record_on_span(struct export *x, enum row_kind kind, uint64_t id, const struct span *s);
void record_on_gap(struct export *x, const struct gap *g);
void record_on_stw(struct export *x, const struct stw_pause *p);
void record_on_counter(struct export *x, const struct counter_value *v);
void record_on_setting(struct export *x, const struct intervention *i);

#endif
