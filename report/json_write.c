/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/json_write.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "events/session.h"
#include "model/hist.h"

/* Readers that keep numbers as doubles (JavaScript, cJSON itself) are exact up to here. */
#define JSON_INT_MAX   ((uint64_t)1 << 53)
#define TEXT_BYTES_MAX 4096
#define KEY_BYTES_MAX  256

void json_add_uint(cJSON *o, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v < JSON_INT_MAX ? v : JSON_INT_MAX);
	cJSON_AddItemToObject(o, key, cJSON_CreateRaw(text));
}

void json_add_known(cJSON *o, const char *key, uint64_t v, bool known)
{
	if (known)
		json_add_uint(o, key, v);
	else
		cJSON_AddNullToObject(o, key);
}

void json_add_decimal(cJSON *o, const char *key, double v)
{
	cJSON_AddNumberToObject(o, key, round(v * 1000) / 1000);
}

void json_add_hist(cJSON *o, const char *key, const struct hist_summary *s)
{
	if (!s) {
		cJSON_AddNullToObject(o, key);
		return;
	}
	cJSON *h = cJSON_AddObjectToObject(o, key);
	bool any = s->count > 0;

	json_add_uint(h, "count", s->count);
	json_add_known(h, "min", s->min, any);
	json_add_known(h, "mean", s->mean, any);
	json_add_known(h, "p50", s->p50, any);
	json_add_known(h, "p90", s->p90, any);
	json_add_known(h, "p95", s->p95, any);
	json_add_known(h, "p99", s->p99, any);
	json_add_known(h, "max", s->max, any);
}

void json_add_tristate(cJSON *o, const char *key, int v)
{
	if (v < 0)
		cJSON_AddNullToObject(o, key);
	else
		cJSON_AddBoolToObject(o, key, v);
}

static cJSON *json_text(const char *s)
{
	char text[TEXT_BYTES_MAX];

	if (!s)
		return cJSON_CreateNull();
	text_escape(text, sizeof(text), s, strlen(s));
	return cJSON_CreateString(text);
}

void json_add_text(cJSON *o, const char *key, const char *s)
{
	cJSON_AddItemToObject(o, key, json_text(s));
}

void json_add_texts_n(cJSON *o, const char *key, char *const *list, size_t n)
{
	cJSON *a = cJSON_AddArrayToObject(o, key);

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(a, json_text(list[i]));
}

void json_add_texts(cJSON *o, const char *key, char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	json_add_texts_n(o, key, list, n);
}

void json_add_kvs(cJSON *o, const char *key, const struct session_kv *kv, size_t n)
{
	cJSON *obj = cJSON_AddObjectToObject(o, key);

	for (size_t i = 0; i < n; i++) {
		char name[KEY_BYTES_MAX];

		text_escape(name, sizeof(name), kv[i].key, strlen(kv[i].key));
		cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
		json_add_text(obj, name, kv[i].value);
	}
}

int json_write_print(const cJSON *root, FILE *out)
{
	cleanup_free char *text = cJSON_Print(root);

	if (!text)
		return -ENOMEM;
	errno = 0;
	if (fprintf(out, "%s\n", text) < 0 || fflush(out) != 0)
		return errno ? -errno : -EIO;
	return 0;
}

void json_write_delete(cJSON **j)
{
	cJSON_Delete(*j);
}
