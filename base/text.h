/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text for people: escaping what comes from outside, and numbers with units.
 * Everything that a process or a file can choose (names, arguments, paths, function names) goes through
 * text_escape() before it reaches a terminal, a report or an SVG.
 */
#ifndef SCHEDTOP_BASE_TEXT_H
#define SCHEDTOP_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Copies @src (@len bytes) to @dst as printable UTF-8, always NUL-terminated within @cap bytes: control characters,
 * invalid UTF-8, and invisible or direction-changing code points become \xNN. Never cuts a sequence in two.
 * Returns the number of bytes written without the NUL. @cap must be at least 1.
 */
size_t text_escape(char *dst, size_t cap, const char *src, size_t len);

/** The cells that the UTF-8 string @s takes on a terminal (0 for combining, 2 for wide characters). */
size_t text_cols(const char *s);

/** Decodes the code point at @s; returns its byte length (1 to 4), or 0 at the end. Invalid bytes give U+FFFD and 1. */
size_t text_decode(const char *s, uint32_t *ret_cp);

/** Formats a duration for people, rounded to three digits: "812 ns", "14.1 µs", "658 ms", "2.31 s". @cap >= 16. Returns
 * @dst. */
char *text_duration(char *dst, size_t cap, uint64_t ns);

/** Formats a size: "812 bytes", "14.1 KB", "3.20 MB" (powers of 1000). @cap >= 16. Returns @dst. */
char *text_bytes(char *dst, size_t cap, uint64_t n);

/** Formats a count with a unit: "812", "14.1k", "3.20M". @cap >= 16. Returns @dst. */
char *text_count(char *dst, size_t cap, uint64_t n);

/** Adds to the text that @dst holds, as far as there is room. Escapes nothing. */
__attribute__((format(printf, 3, 4))) void text_append(char *dst, size_t cap, const char *fmt, ...);

#endif
