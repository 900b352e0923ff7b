/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/match.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/values.h"

/* "g42", "p0", "cpu1", "m 4711", "4711": which ids the text may be. */
static void parse_id(struct match *mt)
{
	static const struct {
		const char *prefix;
		bool g, p, m, cpu;
	} forms[] = {
		{"cpu", .cpu = true}, {"g", .g = true}, {"p", .p = true}, {"m", .m = true}, {"", .g = true, .m = true}};
	unsigned long id;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t len = strlen(forms[i].prefix);

		if (strncmp(mt->text, forms[i].prefix, len) != 0)
			continue;
		const char *digits = mt->text + len + strspn(mt->text + len, " ");
		if (value_uint(digits, UINT64_MAX, &id) < 0)
			continue;
		mt->id = id;
		mt->id_g = forms[i].g;
		mt->id_p = forms[i].p;
		mt->id_m = forms[i].m;
		mt->id_cpu = forms[i].cpu;
		return;
	}
}

static void start(struct match *mt, const struct model *m, const char *text)
{
	mt->model = m;
	mt->any = !*text;
	mt->whole = mt->id_g = mt->id_p = mt->id_m = mt->id_cpu = false;
	mt->id = 0;
	snprintf(mt->text, sizeof(mt->text), "%s", text);
	if (mt->any)
		return;
	memset(mt->known, 0, sizeof(mt->known));
	memset(mt->threads, 0, sizeof(mt->threads));
}

void match_init(struct match *mt, const struct model *m, const char *text)
{
	start(mt, m, text);
	for (char *c = mt->text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	parse_id(mt);
}

void match_init_func(struct match *mt, const struct model *m, const char *name)
{
	start(mt, m, name);
	mt->whole = true;
}

/* strcasestr() of the library asks the locale for each byte; names are ASCII or compared as they are. */
static bool contains(const char *name, const char *text)
{
	for (; *name; name++) {
		size_t i = 0;

		while (text[i] && tolower((unsigned char)name[i]) == (unsigned char)text[i])
			i++;
		if (!text[i])
			return true;
	}
	return false;
}

static bool name_matches(const struct match *mt, const char *name)
{
	return mt->whole ? strcmp(name, mt->text) == 0 : contains(name, mt->text);
}

bool match_func(struct match *mt, uint32_t func)
{
	uint32_t word = func / 64;
	uint64_t bit = 1ULL << (func % 64);

	if (mt->any || !func)
		return mt->any;
	if (func < MATCH_FUNCS && mt->known[word] & bit)
		return mt->yes[word] & bit;
	const struct func_info *f = model_func(mt->model, func);
	bool yes = f && name_matches(mt, f->name);
	if (func < MATCH_FUNCS) {
		mt->known[word] |= bit;
		mt->yes[word] = yes ? mt->yes[word] | bit : mt->yes[word] & ~bit;
	}
	return yes;
}

bool match_thread(struct match *mt, uint32_t tid)
{
	if (mt->any || !tid || mt->whole)
		return mt->any;
	if (mt->threads[tid % MATCH_THREADS].tid != tid) {
		mt->threads[tid % MATCH_THREADS].tid = tid;
		mt->threads[tid % MATCH_THREADS].yes =
			(mt->id_m && mt->id == tid) || contains(model_comm(mt->model, tid), mt->text);
	}
	return mt->threads[tid % MATCH_THREADS].yes;
}

bool match_goroutine(struct match *mt, uint64_t goid, uint32_t start_func)
{
	return (goid && mt->id_g && mt->id == goid) || match_func(mt, start_func);
}

bool match_run(struct match *mt, uint64_t goid, uint32_t start_func, uint32_t tid)
{
	return mt->any || match_goroutine(mt, goid, start_func) || match_thread(mt, tid);
}

bool match_gap(struct match *mt, const struct gap *gap)
{
	uint32_t start_func = 0;

	if (mt->any)
		return true;
	model_goroutine(mt->model, gap->goid, &start_func);
	return match_run(mt, gap->goid, start_func, gap->tid) || match_func(mt, gap->func);
}

bool match_row(struct match *mt, const struct row *row)
{
	if (mt->any)
		return true;
	switch (row->kind) {
	case ROW_CPU:
		return mt->id_cpu && mt->id == row->id;
	case ROW_P:
		return mt->id_p && mt->id == row->id;
	case ROW_M:
		return match_thread(mt, (uint32_t)row->id);
	case ROW_G:
		return (mt->id_g && mt->id == row->id) || name_matches(mt, row->name);
	}
	return false;
}
