/* SPDX-License-Identifier: GPL-2.0-only */
/* What the exporters share. Each has a row of functions; what they write goes through one buffer, which keeps the first
 * error, so that they needn't look at each write. */
#ifndef SCHEDTOP_EXPORT_FORMAT_H
#define SCHEDTOP_EXPORT_FORMAT_H

#include "export/counters.h"
#include "export/export.h"
#include "export/outbuf.h"
#include "model/model.h"

struct export_format {
	const char *name;
	const char *help;
	bool is_binary;
	size_t state_size; /* of the format's own memory, zeroed at first */

	/* Before everything else, once the session is known. 0 or -ENOMEM. */
	int (*begin)(struct export *x);
	/* The order is that of struct model_observer: per row, not over all. */
	void (*span)(struct export *x, enum row_kind kind, uint64_t id, const struct span *s);
	void (*gap)(struct export *x, const struct gap *g);       /* pending ones at the end */
	void (*stw)(struct export *x, const struct stw_pause *p); /* end_ns 0 for the current one at the end */
	void (*counter)(struct export *x, const struct counter_value *v);
	void (*setting)(struct export *x, const struct intervention *i);
	void (*end)(struct export *x);
	/* Frees what the state holds; it may never have begun. NULL = nothing. */
	void (*done)(struct export *x);
};

struct export
{
	const struct export_format *format;
	struct model *model;
	struct outbuf out;
	struct export_counts counts;
	void *state;
};

extern const struct export_format export_perfetto, export_json, export_csv;

/* Where a function was, for gaps and pauses. The texts are foreign; NULL and 0 = unknown. */
struct export_place {
	const char *func, *file;
	uint32_t line;
};
struct export_place export_place_of(const struct model *m, uint32_t func, uint32_t loc);

/* Who wrote: "schedtop" or "other". */
static inline const char *export_by_name(const struct intervention *i)
{
	return i->ours ? "schedtop" : "other";
}

/* "run"; "cpu". */
const char *export_class_name(uint8_t klass);
const char *export_row_name(enum row_kind kind);

/* The end of a gap or a pause: now where it still goes on. */
static inline uint64_t export_end_ns(const struct model *m, uint64_t end_ns)
{
	return end_ns ? end_ns : model_now(m);
}

#endif
