/* SPDX-License-Identifier: GPL-2.0-only */
/* What judges write with: sentences of bounded length, names and places as people read them. */
#include "base/text.h"
#include "model/verdicts_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FULL_NAME_CAP 48

uint64_t verdict_pct(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part * 100.0 / (double)whole + 0.5) : 0;
}

/* Writes what fits: the parts that others choose are short by then, and the sentence stays readable when it is cut. */
void verdict_say(char *dst, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(dst, cap, fmt, ap);
	va_end(ap);
}

void verdict_evidence(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n_evidence == VERDICT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(v->evidence[v->n_evidence++], sizeof(v->evidence[0]), fmt, ap);
	va_end(ap);
}

struct words words_dur(uint64_t ns)
{
	struct words w;

	text_duration(w.s, sizeof(w.s), ns);
	return w;
}

struct words words_escaped(const char *text)
{
	struct words w;

	text_escape(w.s, sizeof(w.s), text, strlen(text));
	return w;
}

/* A function's name without the path of its package when the whole is long: "pkg.(*T).Method". */
struct words words_func(const char *name)
{
	const char *slash = strrchr(name, '/');

	return words_escaped(slash && strlen(name) > FULL_NAME_CAP ? slash + 1 : name);
}

/* "1 pause", "2 pauses". */
struct words words_number(uint64_t n, const char *noun)
{
	struct words w;

	verdict_say(w.s, sizeof(w.s), "%llu %s%s", (unsigned long long)n, noun, n == 1 ? "" : "s");
	return w;
}

/* A function to show for a goroutine: the one that ran, else the one that started it, else its number. */
struct words words_who(const struct model *m, uint32_t func, uint64_t goid)
{
	const struct goroutine *g = goid ? goroutine_find(m, goid) : NULL;
	const struct func_info *f = model_func(m, func ? func : g ? g->start_func : 0);
	struct words w;

	if (f)
		return words_func(f->name);
	if (goid)
		verdict_say(w.s, sizeof(w.s), "goroutine %llu", (unsigned long long)goid);
	else
		verdict_say(w.s, sizeof(w.s), "a goroutine");
	return w;
}

/* "crunch.go:42", or "" when it isn't known. */
struct words words_where(const struct model *m, uint32_t loc)
{
	struct loc_info info;
	struct words file, w = {""};
	const char *slash;

	if (!model_loc(m, loc, &info) || !info.file[0])
		return w;
	slash = strrchr(info.file, '/');
	file = words_escaped(slash ? slash + 1 : info.file);
	if (info.line)
		verdict_say(w.s, sizeof(w.s), "%.60s:%u", file.s, info.line);
	else
		w = file;
	return w;
}
