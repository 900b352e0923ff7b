/* SPDX-License-Identifier: GPL-2.0-only */
/* A buffer before a file descriptor. The first error is kept and ends the writing: who fills it looks once, later. */
#ifndef SCHEDTOP_EXPORT_OUTBUF_H
#define SCHEDTOP_EXPORT_OUTBUF_H

#include <stddef.h>
#include <stdint.h>

#define OUTBUF_MAX ((size_t)256 << 10) /* the most that outbuf_room() can give */

struct outbuf {
	char *mem;
	size_t used;
	int fd;
	int err; /* negative errno; 0 = none */
};

/** @fd stays the caller's. 0 or -ENOMEM. */
int outbuf_init(struct outbuf *o, int fd);
void outbuf_done(struct outbuf *o);

/** Room for @n bytes, at most OUTBUF_MAX: the caller fills them and says outbuf_took(). */
char *outbuf_room(struct outbuf *o, size_t n);
static inline void outbuf_took(struct outbuf *o, size_t n)
{
	o->used += n;
}

/** Writes what is there. 0 or the first error that there was. */
int outbuf_flush(struct outbuf *o);

void outbuf_put(struct outbuf *o, const char *data, size_t n);
void outbuf_text(struct outbuf *o, const char *text);
void outbuf_char(struct outbuf *o, char c);
void outbuf_uint(struct outbuf *o, uint64_t v);
void outbuf_int(struct outbuf *o, int64_t v);

/** A JSON string with its quotes: foreign @text, escaped for people (base/text.h) and then for JSON. */
void outbuf_json_text(struct outbuf *o, const char *text);
/**
 * A CSV field (RFC 4180): foreign @text, escaped for people, in quotes where it needs them. Before what a spreadsheet
 * would take for a formula (= + - @ at its start) stands an apostrophe.
 */
void outbuf_csv_text(struct outbuf *o, const char *text);

#endif
