/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SVG: backgrounds as merged rectangles, block characters as rectangles too (fonts disagree about them), the rest as
 * text with a place for every character, so that the columns stand whatever font the reader has.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/markup.h"
#include "tui/backend.h"

#define CELL_W     8.4
#define CELL_H     17.0
#define FONT_SIZE  14
#define BASELINE   13.0
#define HATCH_STEP 8.4 /* a cell: the pattern goes on from cell to cell */

struct look {
	uint32_t fg, bg;
	bool bold, underline;
};

static struct look look_of(const struct cell *c, const struct theme *t)
{
	uint8_t attr = c->attr | t->attr[c->fg] | t->attr[c->bg];
	struct look l = {t->rgb[c->fg], t->rgb[c->bg], attr & CELL_BOLD, attr & CELL_UNDERLINE};

	if (t->mono) {
		l.fg = 0xd8d8d8;
		l.bg = 0x101010;
	}
	if (attr & CELL_REVERSE) {
		uint32_t swap = l.fg;

		l.fg = l.bg;
		l.bg = swap;
	}
	return l;
}

static void rect(FILE *out, double x, double y, double w, double h, uint32_t rgb, double opacity)
{
	fprintf(out, "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\" fill=\"#%06x\"", x, y, w, h, rgb);
	if (opacity < 1)
		fprintf(out, " fill-opacity=\"%.2f\"", opacity);
	fputs("/>\n", out);
}

static void hatch(FILE *out, double x, double y, double w, uint32_t rgb)
{
	fprintf(out, "<path d=\"");
	for (int i = 0; i * HATCH_STEP < w + CELL_H; i++) {
		double d = i * HATCH_STEP;
		/* 45 degrees, clipped to the cell run by hand: SVG clip paths would triple the file. */
		double x0 = d < CELL_H ? x : x + d - CELL_H, y0 = d < CELL_H ? y + d : y + CELL_H;
		double x1 = d < w ? x + d : x + w, y1 = d < w ? y : y + d - w;

		fprintf(out, "M%.1f %.1fL%.1f %.1f", x0, y0, x1, y1);
	}
	fprintf(out, "\" stroke=\"#%06x\" stroke-width=\"2.4\"/>\n", rgb);
}

/* The cursor's line, thin or thick: as text it would have a hole between two lines. */
static bool is_bar(uint32_t ch)
{
	return ch == 0x2502 || ch == 0x2503;
}

static bool is_block(uint32_t ch)
{
	return (ch >= 0x2581 && ch <= 0x2588) || (ch >= 0x2591 && ch <= 0x2593) || is_bar(ch);
}

/* A run of @n equal block characters. */
static void blocks(FILE *out, double x, double y, int n, uint32_t ch, uint32_t rgb)
{
	double w = n * CELL_W;

	if (is_bar(ch)) {
		double bar = ch == 0x2503 ? 3 : 1.4;

		for (int i = 0; i < n; i++)
			rect(out, x + i * CELL_W + (CELL_W - bar) / 2, y, bar, CELL_H, rgb, 1);
	} else if (ch <= 0x2588) {
		double h = CELL_H * (double)(ch - 0x2580) / 8;

		rect(out, x, y + CELL_H - h, w, h, rgb, 1);
	} else if (ch == 0x2592) {
		hatch(out, x, y, w, rgb);
	} else {
		rect(out, x, y, w, CELL_H, rgb, ch == 0x2591 ? 0.45 : 0.8);
	}
}

static bool same(const struct look *a, const struct look *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->underline == b->underline;
}

static void put_char(FILE *out, uint32_t ch)
{
	const char *entity = markup_entity(ch);

	if (entity)
		fputs(entity, out);
	else
		backend_put_utf8(ch, out);
}

static void text_run(FILE *out, const struct cell *cells, int x, int n, double y, const struct look *l)
{
	bool blank = true;

	for (int i = 0; i < n; i++)
		blank &= cells[i].ch == ' ' || cells[i].ch == 0;
	if (blank)
		return;
	fputs("<text x=\"", out);
	for (int i = 0; i < n; i++) {
		if (cells[i].ch)
			fprintf(out, "%s%.1f", i ? " " : "", (x + i) * CELL_W);
	}
	fprintf(out, "\" y=\"%.1f\" fill=\"#%06x\"%s%s>", y + BASELINE, l->fg, l->bold ? " font-weight=\"bold\"" : "",
		l->underline ? " text-decoration=\"underline\"" : "");
	for (int i = 0; i < n; i++) {
		if (cells[i].ch)
			put_char(out, cells[i].ch);
	}
	fputs("</text>\n", out);
}

int backend_svg(const struct grid *g, const struct theme *t, FILE *out)
{
	uint32_t page = t->mono ? 0x101010 : t->rgb[ROLE_BACKGROUND];
	double width = g->cols * CELL_W, height = g->rows * CELL_H;

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.1f %.1f\" "
		"font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"%d\" "
		"xml:space=\"preserve\">\n<style>rect{shape-rendering:crispEdges}</style>\n",
		width, height, width, height, FONT_SIZE);
	rect(out, 0, 0, width, height, page, 1);
	for (int y = 0; y < g->rows; y++) {
		const struct cell *row = &g->cells[y * g->cols];

		for (int x = 0; x < g->cols;) {
			struct look l = look_of(&row[x], t);
			bool block = is_block(row[x].ch);
			int n = 1;

			while (x + n < g->cols) {
				struct look next = look_of(&row[x + n], t);

				if (!same(&l, &next) || (block ? row[x + n].ch != row[x].ch : is_block(row[x + n].ch)))
					break;
				n++;
			}
			if (l.bg != page)
				rect(out, x * CELL_W, y * CELL_H, n * CELL_W, CELL_H, l.bg, 1);
			if (block)
				blocks(out, x * CELL_W, y * CELL_H, n, row[x].ch, l.fg);
			else
				text_run(out, row + x, x, n, y * CELL_H, &l);
			x += n;
		}
	}
	fputs("</svg>\n", out);
	return ferror(out) ? -EIO : 0;
}
