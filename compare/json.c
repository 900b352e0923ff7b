/* SPDX-License-Identifier: GPL-2.0-only */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "compare/comparison.h"
#include "report/json_write.h"

/* Four digits are more than any of it is sure of. */
static void add_number(cJSON *o, const char *key, double v)
{
	char text[32];

	if (!isfinite(v)) {
		cJSON_AddNullToObject(o, key);
		return;
	}
	snprintf(text, sizeof(text), fabs(v) >= 1e5 ? "%.0f" : "%.6g", v);
	cJSON_AddItemToObject(o, key, cJSON_CreateRaw(text));
}

static void add_hang(cJSON *o, const char *key, const struct hang *h)
{
	if (!h->hung) {
		cJSON_AddNullToObject(o, key);
		return;
	}
	cJSON *hang = cJSON_AddObjectToObject(o, key);
	json_add_uint(hang, "after_ns", h->after_ns);
	json_add_known(hang, "pending_ns", h->pending_ns, h->pending_ns != 0);
	json_add_text(hang, "stw_reason", h->stw);
	json_add_known(hang, "goid", h->goid, h->goid != 0);
	json_add_text(hang, "func", h->func);
	json_add_text(hang, "file", h->file);
	json_add_known(hang, "line", h->line, h->line != 0);
}

/* "K=V" lists as an object. */
static void add_env(cJSON *o, char *const *env)
{
	cJSON *obj = cJSON_AddObjectToObject(o, "env");

	for (; env && *env; env++) {
		const char *eq = strchr(*env, '=');
		char key[256];

		if (!eq)
			continue;
		size_t len = (size_t)(eq - *env);
		snprintf(key, sizeof(key), "%.*s", len < sizeof(key) ? (int)len : (int)sizeof(key) - 1, *env);
		json_add_text(obj, key, eq + 1);
	}
}

static void add_round(cJSON *a, const struct comparison_round *r)
{
	cJSON *o = cJSON_CreateObject();

	json_add_uint(o, "order", r->order);
	json_add_uint(o, "duration_ns", r->duration_ns);
	json_add_known(o, "exit_status", (uint64_t)r->exit_status, r->exit_status >= 0);
	json_add_known(o, "load_status", (uint64_t)r->load_status, r->load_status >= 0);
	add_hang(o, "hung", &r->hang);
	json_add_text(o, "capture", r->capture);
	cJSON_AddItemToArray(a, o);
}

static void add_variant(cJSON *a, const struct comparison_variant *v)
{
	cJSON *o = cJSON_CreateObject();
	char error[sizeof(v->fault.what) + sizeof(v->fault.why) + 4];

	json_add_text(o, "name", v->name);
	add_env(o, v->env);
	json_add_text(o, "binary", v->binary ? v->binary : v->argv ? v->argv[0] : NULL);
	json_add_texts(o, "args", v->argv);
	json_add_text(o, "cpus", v->cpus);
	json_add_uint(o, "rounds", v->n_rounds);
	json_add_uint(o, "hung", v->hung);
	snprintf(error, sizeof(error), "%s: %s", v->fault.what, v->fault.why);
	json_add_text(o, "error", v->fault.err < 0 ? error : NULL);
	cJSON *runs = cJSON_AddArrayToObject(o, "runs");
	for (size_t i = 0; i < v->n_rounds; i++)
		add_round(runs, &v->rounds[i]);
	if (v->report)
		cJSON_AddItemReferenceToObject(o, "report", v->report);
	else
		cJSON_AddNullToObject(o, "report");
	cJSON_AddItemToArray(a, o);
}

static const char *why_name(enum insignificance why)
{
	static const char *const names[] = {[SIGNIFICANT] = NULL,
					    [TOO_FEW_ROUNDS] = "too-few-rounds",
					    [NOT_MEASURED] = "not-measured",
					    [INTERVAL_HAS_ONE] = "interval-includes-1",
					    [WITHIN_NOISE] = "within-noise"};

	return names[why];
}

static void add_ratio(cJSON *a, const struct comparison *c, const struct comparison_ratio *r, const char *variant)
{
	cJSON *o = cJSON_CreateObject(), *ci;

	json_add_text(o, "figure", r->figure->name);
	json_add_text(o, "baseline", c->variants[0].name);
	json_add_text(o, "variant", variant);
	add_number(o, "baseline_value", r->baseline_value);
	add_number(o, "value", r->value);
	add_number(o, "ratio", r->ratio);
	if (isnan(r->lo)) {
		cJSON_AddNullToObject(o, "ci95");
	} else {
		ci = cJSON_AddArrayToObject(o, "ci95");
		cJSON *ends = cJSON_CreateObject();

		add_number(ends, "lo", r->lo);
		add_number(ends, "hi", r->hi);
		cJSON_AddItemToArray(ci, cJSON_DetachItemFromObject(ends, "lo"));
		cJSON_AddItemToArray(ci, cJSON_DetachItemFromObject(ends, "hi"));
		cJSON_Delete(ends);
	}
	cJSON_AddBoolToObject(o, "significant", r->why == SIGNIFICANT);
	json_add_text(o, "why_not", why_name(r->why));
	cJSON_AddItemToArray(a, o);
}

static void add_noise(cJSON *root, const struct comparison *c)
{
	if (!c->noise.n_ratios) {
		cJSON_AddNullToObject(root, "noise_check");
		return;
	}
	cJSON *o = cJSON_AddObjectToObject(root, "noise_check");
	json_add_uint(o, "rounds", c->noise.again.n_rounds);
	cJSON *a = cJSON_AddArrayToObject(o, "ratios");
	for (size_t i = 0; i < c->noise.n_ratios; i++)
		add_ratio(a, c, &c->noise.ratios[i], c->variants[0].name);
}

int comparison_json(const struct comparison *c, FILE *out)
{
	cleanup_with(json_write_delete) cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "schema", "schedtop.compare/1");
	cJSON_AddStringToObject(root, "schedtop_version", SCHEDTOP_VERSION);
	json_add_texts(root, "command", c->argv);
	json_add_text(root, "preset", c->preset);
	json_add_uint(root, "rounds_asked", c->rounds_asked);
	json_add_uint(root, "warmups", c->warmups);
	json_add_known(root, "duration_ns", (uint64_t)(c->duration_s * 1e9), c->duration_s > 0);
	json_add_uint(root, "timeout_ns", (uint64_t)(c->timeout_s * 1e9));
	cJSON_AddBoolToObject(root, "parallel", c->parallel);
	json_add_text(root, "isolate", c->isolate_net ? "net" : NULL);
	json_add_text(root, "ready", c->ready);
	json_add_text(root, "load", c->load);
	cJSON_AddBoolToObject(root, "interrupted", c->interrupted);
	cJSON *variants = cJSON_AddArrayToObject(root, "variants");
	for (size_t i = 0; i < c->n_variants; i++)
		add_variant(variants, &c->variants[i]);
	cJSON *ratios = cJSON_AddArrayToObject(root, "ratios");
	for (size_t i = 0; i < c->n_ratios; i++)
		add_ratio(ratios, c, &c->ratios[i], c->variants[c->ratios[i].variant].name);
	add_noise(root, c);
	return json_write_print(root, out);
}
