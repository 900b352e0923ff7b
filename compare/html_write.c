/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/html_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/markup.h"
#include "base/text.h"

#define ESCAPED_FACTOR 4 /* one byte becomes \xNN at most */
/* Characters of a shell's word that need no quotes. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%"

static void put(char c, FILE *out)
{
	const char *entity = markup_entity((unsigned char)c);

	if (entity)
		fputs(entity, out);
	else
		putc(c, out);
}

void html_text(const char *text, FILE *out)
{
	size_t len = strlen(text);
	cleanup_free char *escaped = malloc(len * ESCAPED_FACTOR + 1);

	if (!escaped)
		return;
	text_escape(escaped, len * ESCAPED_FACTOR + 1, text, len);
	for (const char *c = escaped; *c; c++)
		put(*c, out);
}

void html_shell_word(const char *word, FILE *out)
{
	if (*word && strspn(word, PLAIN) == strlen(word)) {
		html_text(word, out);
		return;
	}
	put('\'', out);
	for (const char *at = word;; at++) {
		cleanup_free char *part = strndup(at, strcspn(at, "'"));

		if (!part)
			return;
		html_text(part, out);
		at += strlen(part);
		if (!*at)
			break;
		html_text("'\\''", out);
	}
	put('\'', out);
}

void html_duration(uint64_t ns, FILE *out)
{
	char text[32];

	fputs(text_duration(text, sizeof(text), ns), out);
}

void html_ratio(double ratio, FILE *out)
{
	if (isnan(ratio))
		fputs("-", out);
	else if (isinf(ratio))
		fputs("∞", out);
	else if (ratio < 0.095)
		fprintf(out, "%.3f", ratio);
	else if (ratio < 9.95)
		fprintf(out, "%.2f", ratio);
	else
		fprintf(out, ratio < 99.5 ? "%.1f" : "%.0f", ratio);
}
