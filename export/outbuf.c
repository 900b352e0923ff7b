/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/outbuf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define TEXT_BYTES_MAX 4096 /* of a name, escaped */

int outbuf_init(struct outbuf *o, int fd)
{
	*o = (struct outbuf){.fd = fd, .mem = malloc(OUTBUF_MAX)};
	return o->mem ? 0 : -ENOMEM;
}

void outbuf_done(struct outbuf *o)
{
	free(o->mem);
	o->mem = NULL;
}

int outbuf_flush(struct outbuf *o)
{
	size_t at = 0;

	while (!o->err && at < o->used) {
		ssize_t n = write(o->fd, o->mem + at, o->used - at);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0)
			o->err = -EIO;
		else if (errno != EINTR)
			o->err = -errno;
	}
	o->used = 0;
	return o->err;
}

char *outbuf_room(struct outbuf *o, size_t n)
{
	if (o->used + n > OUTBUF_MAX)
		outbuf_flush(o);
	return o->mem + o->used;
}

void outbuf_put(struct outbuf *o, const char *data, size_t n)
{
	memcpy(outbuf_room(o, n), data, n);
	outbuf_took(o, n);
}

void outbuf_text(struct outbuf *o, const char *text)
{
	outbuf_put(o, text, strlen(text));
}

void outbuf_char(struct outbuf *o, char c)
{
	*outbuf_room(o, 1) = c;
	outbuf_took(o, 1);
}

void outbuf_uint(struct outbuf *o, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	outbuf_put(o, digits + at, sizeof(digits) - at);
}

void outbuf_int(struct outbuf *o, int64_t v)
{
	if (v < 0)
		outbuf_char(o, '-');
	outbuf_uint(o, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* Most names need nothing: printable ASCII without quotes, backslashes and commas. Returns their length, or 0. */
static size_t plain_length(const char *text)
{
	size_t n = 0;

	for (; text[n]; n++) {
		unsigned char c = (unsigned char)text[n];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == ',' || n == TEXT_BYTES_MAX)
			return 0;
	}
	return n;
}

/* Puts @text with @before in front of each quote and each other character of @special. */
static void put_marked(struct outbuf *o, const char *text, size_t len, const char *special, char before)
{
	char *to = outbuf_room(o, 2 * len);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (strchr(special, text[i]))
			to[n++] = before;
		to[n++] = text[i];
	}
	outbuf_took(o, n);
}

void outbuf_json_text(struct outbuf *o, const char *text)
{
	char escaped[TEXT_BYTES_MAX];
	size_t n = plain_length(text);

	outbuf_char(o, '"');
	if (n) {
		outbuf_put(o, text, n);
	} else {
		/* What is left for JSON to escape are quotes and backslashes: control characters are \xNN by now. */
		n = text_escape(escaped, sizeof(escaped), text, strlen(text));
		put_marked(o, escaped, n, "\"\\", '\\');
	}
	outbuf_char(o, '"');
}

void outbuf_csv_text(struct outbuf *o, const char *text)
{
	char escaped[TEXT_BYTES_MAX];
	size_t n = plain_length(text);

	if (*text && strchr("=+-@", *text))
		n = 0;
	if (n) {
		outbuf_put(o, text, n);
		return;
	}
	n = text_escape(escaped, sizeof(escaped), text, strlen(text));
	if (!n)
		return;
	outbuf_char(o, '"');
	if (strchr("=+-@", *escaped))
		outbuf_char(o, '\'');
	put_marked(o, escaped, n, "\"", '"');
	outbuf_char(o, '"');
}
