/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/draw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

uint8_t draw_func_role(const struct model *m, uint32_t func)
{
	const struct func_info *f = model_func(m, func);

	return f ? (uint8_t)(ROLE_FUNC + f->hash % FUNC_HUES) : ROLE_UNLABELLED;
}

const char *draw_short_func(const char *full)
{
	/* The path of the package ends at the last slash before the first parenthesis of a method's receiver. */
	size_t len = strcspn(full, "([");
	const char *slash = memrchr(full, '/', len);

	return slash ? slash + 1 : full;
}

char *draw_place(char *dst, size_t cap, const struct model *m, uint32_t func, uint32_t loc)
{
	const struct func_info *f = model_func(m, func);
	struct loc_info at;

	if (!f) {
		snprintf(dst, cap, "unknown function");
		return dst;
	}
	if (!model_loc(m, loc, &at) || !at.file) {
		at.file = f->file;
		at.line = f->line;
	}
	const char *slash = at.file ? strrchr(at.file, '/') : NULL;
	const char *file = slash ? slash + 1 : at.file;
	if (file && *file && at.line)
		snprintf(dst, cap, "%s %s:%u", draw_short_func(f->name), file, at.line);
	else
		snprintf(dst, cap, "%s", draw_short_func(f->name));
	return dst;
}

struct rect draw_title(struct grid *g, struct rect r, const char *title, bool focus)
{
	grid_fill(g, (struct rect){r.x, r.y, r.w, 1}, ' ', ROLE_TITLE, focus ? ROLE_SELECTED_BG : ROLE_BACKGROUND);
	grid_text(g, r.x, r.y, r.w, ROLE_TITLE, focus ? ROLE_SELECTED_BG : ROLE_BACKGROUND, CELL_BOLD, title);
	r.y++;
	r.h--;
	return r;
}

int draw_share(uint64_t part, uint64_t whole, int steps)
{
	if (!part || !whole)
		return part ? steps : 0;
	__uint128_t n = ((__uint128_t)part * (unsigned)steps + whole - 1) / whole;
	return n < (unsigned)steps ? (int)n : steps;
}

uint32_t draw_level(int level, bool ascii)
{
	static const char plain[] = " ..:-=+*#";

	level = level < 0 ? 0 : level > 8 ? 8 : level;
	if (ascii)
		return (uint32_t)plain[level];
	return level ? 0x2580U + (uint32_t)level : ' '; /* U+2581 one eighth ... U+2588 full */
}

void draw_part(struct draw_line *l, uint8_t role, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->end - l->x >= l->least)
		l->x += grid_text(l->g, l->x, l->y, l->end - l->x, role, l->bg, 0, text) + 2;
}

const char *draw_span_words(uint8_t klass)
{
	static const char *const words[SPAN_CLASS_COUNT] = {[SPAN_IDLE] = "idle",
							    [SPAN_RUN] = "ran",
							    [SPAN_RUNTIME] = "runtime",
							    [SPAN_UNLABELLED] = "ran",
							    [SPAN_RUNNABLE] = "had no CPU",
							    [SPAN_OTHER] = "another process",
							    [SPAN_SYSCALL] = "system call",
							    [SPAN_WAITING_P] = "waited for a P",
							    [SPAN_UNKNOWN] = "others or idle"};

	return klass < SPAN_CLASS_COUNT ? words[klass] : "";
}

int draw_wrapped(struct grid *g, struct rect r, int indent, uint8_t role, uint8_t attr, const char *text)
{
	int y = 0;

	for (const char *p = text; *p && y < r.h; y++) {
		int room = r.w - indent, cut = 0;
		size_t len = strlen(p);

		if (text_cols(p) > (size_t)room) {
			for (int i = 0; i < room && p[i]; i++)
				cut = p[i] == ' ' ? i : cut;
			len = cut ? (size_t)cut : (size_t)room;
			while (!cut && len > 1 && ((unsigned char)p[len] & 0xc0) == 0x80)
				len--; /* not inside a character */
		}
		grid_printf(g, r.x + indent, r.y + y, room, role, ROLE_BACKGROUND, attr, "%.*s", (int)len, p);
		p += len;
		while (*p == ' ')
			p++;
	}
	return y;
}
