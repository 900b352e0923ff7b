/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/json_write.h"

#define PATH_CAP  192
#define DEPTH_MAX 8

enum rule { SUM, MAX, MEAN, SAME };

/* Numbers by their key; all others are summed. */
static const struct {
	const char *key;
	enum rule rule;
} number_rules[] = {
	{"max", MAX},
	{"max_slice_ns", MAX},
	{"max_spread", MAX},
	{"max_wait_ns", MAX},
	{"worst_ns", MAX},
	{"mean", MEAN},
	{"mean_longest", MEAN},
	{"imbalance", MEAN},
	{"overhead_pct", MEAN},
	{"pid", SAME},
	{"exit_status", SAME},
	{"gomaxprocs", SAME},
	{"gc_mark_max_ns", MAX},
	{"latest", SAME},
	{"cpu", SAME},
	{"p", SAME},
	{"line", SAME},
};

/* Lists of objects: those with the same @same are one, or all stay and are sorted by @by, most first. */
static const struct {
	const char *key, *same, *by;
	size_t max;
} list_rules[] = {
	{"worst", NULL, "latency_ns", 20},
	{"by_func", "func", NULL, 20},
	{"threads", NULL, "run_ns", 200},
	{"goroutines", NULL, "run_ns", 50},
	{"starved", NULL, "wait_ns", 16},
	{"cpus", "cpu", NULL, 4096},
	{"ps", "p", NULL, 4096},
	{"queues", "p", NULL, 4096},
	{"detail_changes", NULL, NULL, 50},
	{"verdicts", "code", NULL, 32},
};

struct merge {
	const struct report_merged_hist *hists;
	size_t n_hists;
};

static cJSON *merge_items(const struct merge *m, const char *path, const char *key, cJSON **items, size_t n,
			  unsigned depth);

/* Integers are kept as text (json_add_uint()); they are below 2^53. */
static bool number_of(const cJSON *item, double *ret)
{
	if (cJSON_IsNumber(item)) {
		*ret = item->valuedouble;
		return true;
	}
	if (!cJSON_IsRaw(item) || !item->valuestring)
		return false;
	*ret = strtod(item->valuestring, NULL);
	return true;
}

static enum rule rule_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(number_rules); i++) {
		if (strcmp(number_rules[i].key, key) == 0)
			return number_rules[i].rule;
	}
	return SUM;
}

static bool same_items(cJSON *const *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (!cJSON_Compare(items[0], items[i], true))
			return false;
	}
	return true;
}

/* Like json_add_uint() and json_add_decimal(), without an object to add to. */
static cJSON *make_number(double v, bool integer)
{
	cleanup_with(json_write_delete) cJSON *o = cJSON_CreateObject();

	if (integer)
		json_add_uint(o, "v", (uint64_t)v);
	else
		json_add_decimal(o, "v", v);
	return cJSON_DetachItemFromObjectCaseSensitive(o, "v");
}

static cJSON *merge_numbers(const char *key, cJSON *const *items, size_t n)
{
	enum rule rule = rule_of(key);
	bool integer = true;
	double sum = 0, max = 0;
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		double v;

		if (!number_of(items[i], &v))
			continue;
		integer = integer && cJSON_IsRaw(items[i]);
		sum += v;
		max = !known || v > max ? v : max;
		known++;
	}
	if (rule == SAME)
		return same_items(items, n) ? cJSON_Duplicate(items[0], true) : cJSON_CreateNull();
	if (!known || (rule == SUM && known < n))
		return cJSON_CreateNull();
	if (rule == MEAN)
		return make_number(sum / (double)known, false);
	return make_number(rule == MAX ? max : sum, integer);
}

static cJSON *merge_texts(cJSON *const *lists, size_t n)
{
	cJSON *all = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		const cJSON *text, *there;

		cJSON_ArrayForEach(text, lists[i])
		{
			bool known = false;

			cJSON_ArrayForEach(there, all) known = known || cJSON_Compare(there, text, true);
			if (!known)
				cJSON_AddItemToArray(all, cJSON_Duplicate(text, true));
		}
	}
	return all;
}

struct entry {
	cJSON *item; /* a copy */
	double key;
	size_t order;
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* All entries of all runs, the largest first, each with its run. */
static cJSON *merge_ranked(cJSON *const *lists, size_t n, const char *by, size_t max)
{
	cJSON *all = cJSON_CreateArray(), *item;
	size_t total = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		total += (size_t)cJSON_GetArraySize(lists[i]);
	cleanup_free struct entry *entries = calloc(total + 1, sizeof(*entries));
	if (!entries)
		return all;
	for (size_t i = 0; i < n; i++) {
		cJSON_ArrayForEach(item, lists[i])
		{
			struct entry *e = &entries[k];

			*e = (struct entry){.item = cJSON_Duplicate(item, true), .order = k};
			if (by)
				number_of(cJSON_GetObjectItemCaseSensitive(item, by), &e->key);
			json_add_uint(e->item, "round", i + 1);
			k++;
		}
	}
	if (by)
		qsort(entries, k, sizeof(*entries), by_key);
	for (size_t i = 0; i < k; i++) {
		if (i < max)
			cJSON_AddItemToArray(all, entries[i].item);
		else
			cJSON_Delete(entries[i].item);
	}
	return all;
}

/* Entries that are about the same thing are merged like any object. */
static cJSON *merge_same(const struct merge *m, const char *path, cJSON *const *lists, size_t n, const char *same,
			 size_t max, unsigned depth)
{
	cJSON *all = cJSON_CreateArray(), *item, *other;
	cleanup_free cJSON **group = calloc(n + 1, sizeof(cJSON *));

	for (size_t i = 0; group && i < n; i++) {
		cJSON_ArrayForEach(item, lists[i])
		{
			const cJSON *key = cJSON_GetObjectItemCaseSensitive(item, same);
			size_t k = 0;
			bool seen = false;

			cJSON_ArrayForEach(other, all) seen =
				seen || cJSON_Compare(cJSON_GetObjectItemCaseSensitive(other, same), key, true);
			if (seen || (size_t)cJSON_GetArraySize(all) >= max)
				continue;
			group[k++] = item;
			for (size_t j = i + 1; j < n; j++) {
				cJSON_ArrayForEach(other, lists[j])
				{
					if (!cJSON_Compare(cJSON_GetObjectItemCaseSensitive(other, same), key, true))
						continue;
					group[k++] = other;
					break;
				}
			}
			other = merge_items(m, path, "", group, k, depth + 1);
			json_add_uint(other, "rounds", k);
			cJSON_AddItemToArray(all, other);
		}
	}
	return all;
}

/* A judgement about one run stays as its first run has it. */
static cJSON *merge_verdict(cJSON *const *items)
{
	return cJSON_Duplicate(items[0], true);
}

static cJSON *merge_arrays(const struct merge *m, const char *path, const char *key, cJSON *const *lists, size_t n,
			   unsigned depth)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_rules); i++) {
		if (strcmp(list_rules[i].key, key) != 0)
			continue;
		if (list_rules[i].same)
			return merge_same(m, path, lists, n, list_rules[i].same, list_rules[i].max, depth);
		return merge_ranked(lists, n, list_rules[i].by, list_rules[i].max);
	}
	return merge_texts(lists, n);
}

static bool key_is_new(cJSON *const *objects, size_t i, const char *key)
{
	for (size_t j = 0; j < i; j++) {
		if (cJSON_GetObjectItemCaseSensitive(objects[j], key))
			return false;
	}
	return true;
}

/* What a run doesn't mention (a reason that never occurred) is no unknown. */
static cJSON *merge_objects(const struct merge *m, const char *path, cJSON *const *objects, size_t n, unsigned depth)
{
	cJSON *all = cJSON_CreateObject(), *item;
	cleanup_free cJSON **parts = calloc(n + 1, sizeof(cJSON *));

	for (size_t i = 0; parts && i < n; i++) {
		cJSON_ArrayForEach(item, objects[i])
		{
			char deeper[PATH_CAP];
			size_t k = 0;

			if (!key_is_new(objects, i, item->string))
				continue;
			for (size_t j = i; j < n; j++) {
				parts[k] = cJSON_GetObjectItemCaseSensitive(objects[j], item->string);
				if (parts[k])
					k++;
			}
			snprintf(deeper, sizeof(deeper), "%s%s%s", path, *path ? "." : "", item->string);
			cJSON_AddItemToObject(all, item->string,
					      merge_items(m, deeper, item->string, parts, k, depth + 1));
		}
	}
	return all;
}

static const struct report_merged_hist *hist_at(const struct merge *m, const char *path)
{
	for (size_t i = 0; i < m->n_hists; i++) {
		if (strcmp(m->hists[i].path, path) == 0)
			return &m->hists[i];
	}
	return NULL;
}

static cJSON *merged_hist(const struct report_merged_hist *h)
{
	cleanup_with(json_write_delete) cJSON *o = cJSON_CreateObject();

	json_add_hist(o, "h", h->known ? &h->summary : NULL);
	return cJSON_DetachItemFromObjectCaseSensitive(o, "h");
}

static bool any(cJSON *const *items, size_t n, cJSON_bool (*is)(const cJSON *))
{
	for (size_t i = 0; i < n; i++) {
		if (is(items[i]))
			return true;
	}
	return false;
}

static bool all(cJSON *const *items, size_t n, cJSON_bool (*is)(const cJSON *))
{
	for (size_t i = 0; i < n; i++) {
		if (!is(items[i]))
			return false;
	}
	return true;
}

static size_t without_nulls(cJSON **items, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (!cJSON_IsNull(items[i]))
			items[k++] = items[i];
	}
	return k;
}

static cJSON *merge_items(const struct merge *m, const char *path, const char *key, cJSON **items, size_t n,
			  unsigned depth)
{
	const struct report_merged_hist *h = hist_at(m, path);

	if (h)
		return merged_hist(h);
	if (depth > DEPTH_MAX)
		return cJSON_CreateNull();
	/* A part that one run couldn't see is that of the others. */
	if (any(items, n, cJSON_IsObject) || any(items, n, cJSON_IsArray))
		n = without_nulls(items, n);
	if (all(items, n, cJSON_IsObject))
		return strcmp(path, "verdicts") == 0 ? merge_verdict(items) : merge_objects(m, path, items, n, depth);
	if (all(items, n, cJSON_IsArray))
		return merge_arrays(m, path, key, items, n, depth);
	if (any(items, n, cJSON_IsRaw) || any(items, n, cJSON_IsNumber))
		return merge_numbers(key, items, n);
	return same_items(items, n) ? cJSON_Duplicate(items[0], true) : cJSON_CreateNull();
}

cJSON *report_merge(cJSON *const *reports, size_t n, const struct report_merged_hist *hists, size_t n_hists)
{
	const struct merge m = {.hists = hists, .n_hists = n_hists};

	cleanup_free cJSON **items = calloc(n + 1, sizeof(cJSON *));

	if (!n || !items)
		return NULL;
	memcpy(items, reports, n * sizeof(*items));
	return merge_items(&m, "", "", items, n, 0);
}
