/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/text_write.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define WRAP_COLS 100

/* Escapes into a buffer of the caller's. */
const char *text_safe(char *dst, size_t cap, const char *s)
{
	text_escape(dst, cap, s, strlen(s));
	return dst;
}

static void put_spaces(FILE *out, size_t n)
{
	while (n--)
		fputc(' ', out);
}

/* One cell of a table; units like µs have more bytes than columns. */
void text_put_right(FILE *out, size_t cols, const char *text)
{
	size_t have = text_cols(text);

	put_spaces(out, have < cols ? cols - have : 0);
	fputs(text, out);
}

void text_put_left(FILE *out, size_t cols, const char *text)
{
	size_t have = text_cols(text);

	fputs(text, out);
	put_spaces(out, have < cols ? cols - have : 0);
}

void text_put_duration(FILE *out, size_t cols, uint64_t ns)
{
	char text[32];

	text_put_right(out, cols, text_duration(text, sizeof(text), ns));
}

void text_put_number(FILE *out, size_t cols, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	text_put_right(out, cols, text);
}

void text_put_title(FILE *out, const char *title)
{
	fprintf(out, "\n%s\n", title);
}

/* Breaks a sentence at spaces; the lines after the first are indented by @indent columns. */
static void put_wrapped(FILE *out, size_t indent, const char *text)
{
	size_t col = indent;

	while (*text) {
		size_t len = strcspn(text, " ");
		char word[512];

		if (len >= sizeof(word))
			len = sizeof(word) - 1;
		memcpy(word, text, len);
		word[len] = '\0';
		size_t cols = text_cols(word);
		if (col > indent && col + 1 + cols > WRAP_COLS) {
			fputc('\n', out);
			put_spaces(out, indent);
			col = indent;
		} else if (col > indent) {
			fputc(' ', out);
			col++;
		}
		fputs(word, out);
		col += cols;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void text_put_item(FILE *out, const char *bullet, const char *text)
{
	fprintf(out, "  %s ", bullet);
	put_wrapped(out, 3 + text_cols(bullet), text);
}
