/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <utf8proc.h>

#include "tui/backend.h"

void backend_put_utf8(uint32_t cp, FILE *out)
{
	utf8proc_uint8_t buf[4];
	utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)cp, buf);

	fwrite(buf, 1, n > 0 ? (size_t)n : 0, out);
}

int backend_text(const struct grid *g, FILE *out)
{
	for (int y = 0; y < g->rows; y++) {
		const struct cell *row = &g->cells[y * g->cols];
		int end = g->cols;

		while (end > 0 && row[end - 1].ch == ' ')
			end--;
		for (int x = 0; x < end; x++) {
			if (row[x].ch)
				backend_put_utf8(row[x].ch, out);
		}
		fputc('\n', out);
	}
	return ferror(out) ? -EIO : 0;
}

static void ansi_colour(const struct theme *t, uint8_t role, int base, FILE *out)
{
	uint32_t c = t->rgb[role];

	fprintf(out, ";%d;2;%u;%u;%u", base, c >> 16 & 255, c >> 8 & 255, c & 255);
}

int backend_ansi(const struct grid *g, const struct theme *t, FILE *out)
{
	for (int y = 0; y < g->rows; y++) {
		const struct cell *last = NULL;

		for (int x = 0; x < g->cols; x++) {
			const struct cell *c = &g->cells[y * g->cols + x];

			if (!c->ch)
				continue;
			if (!last || last->fg != c->fg || last->bg != c->bg || last->attr != c->attr) {
				uint8_t attr = c->attr | t->attr[c->fg] | t->attr[c->bg];

				fprintf(out, "\033[0%s%s%s", attr & CELL_BOLD ? ";1" : "",
					attr & CELL_UNDERLINE ? ";4" : "", attr & CELL_REVERSE ? ";7" : "");
				if (!t->mono) {
					ansi_colour(t, c->fg, 38, out);
					ansi_colour(t, c->bg, 48, out);
				}
				fputc('m', out);
			}
			backend_put_utf8(c->ch, out);
			last = c;
		}
		fputs("\033[0m\n", out);
	}
	return ferror(out) ? -EIO : 0;
}
