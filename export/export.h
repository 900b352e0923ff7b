/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export/ writes a session for other tools while it is fed to a model: spans, gaps, pauses and counters, as they are
 * found out. Memory doesn't grow with the session. A format is one file and one row of the table in export.c.
 *
 * Foreign text is escaped as everywhere (base/text.h) before a format adds its own quoting.
 */
#ifndef SCHEDTOP_EXPORT_EXPORT_H
#define SCHEDTOP_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct export;
struct export_format;
struct model;

/** The format of a name ("perfetto"); NULL = there is none. */
const struct export_format *export_format_find(const char *name);
/** The formats' names, separated by commas, into @dst. Returns @dst. */
const char *export_format_names(char *dst, size_t cap);
/** Is it nothing for a terminal? */
bool export_format_is_binary(const struct export_format *f);

/** What has been written. */
struct export_counts {
	uint64_t spans, gaps, stws, counters, settings;
};

/**
 * Starts to observe @m, before its first event (model/observe.h). The result goes to @fd, which stays the caller's.
 * Nothing is written yet. 0 or -ENOMEM.
 */
int export_new(const struct export_format *f, int fd, struct model *m, struct export **ret);

/** Call it after each event that the model was fed. 0, or the error that ended the writing (-errno). */
int export_event(struct export *x, const struct event *ev);

/** After the last event: what is left and what still goes on. @ret (may be NULL) is set in any case. 0 or -errno. */
int export_end(struct export *x, struct export_counts *ret);

/** Before the model is freed, or after; accepts NULL. */
void export_free(struct export *x);

#endif
