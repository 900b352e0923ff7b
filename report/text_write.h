/* SPDX-License-Identifier: GPL-2.0-only */
/* The few forms that the text report is made of: titles, items and columns. Errors stay in the stream. */
#ifndef SCHEDTOP_REPORT_TEXT_WRITE_H
#define SCHEDTOP_REPORT_TEXT_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Escapes foreign text into a buffer of the caller's; returns @dst. */
const char *text_safe(char *dst, size_t cap, const char *s);
#define SAFE(s) text_safe((char[256]){0}, 256, (s))

/** One cell of a table; units like µs have more bytes than columns. */
void text_put_right(FILE *out, size_t cols, const char *text);
void text_put_left(FILE *out, size_t cols, const char *text);
void text_put_duration(FILE *out, size_t cols, uint64_t ns);
void text_put_number(FILE *out, size_t cols, uint64_t n);

/** An empty line and the title. */
void text_put_title(FILE *out, const char *title);

/** A sentence behind a bullet, broken at spaces; the lines after the first are indented. */
void text_put_item(FILE *out, const char *bullet, const char *text);

#endif
