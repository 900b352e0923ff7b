/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/meta.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"

/* Lists of a hostile file end here. */
#define LIST_MAX 4096

static void cleanup_json(cJSON **json)
{
	cJSON_Delete(*json);
}

const char *meta_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- printing ---- */

struct printer {
	cJSON *root;
	bool redact;
	bool failed;
};

static void add_item(struct printer *p, cJSON *object, const char *key, cJSON *item)
{
	if (!item || !cJSON_AddItemToObject(object, key, item)) {
		cJSON_Delete(item);
		p->failed = true;
	}
}

static void add_text(struct printer *p, const char *key, const char *text)
{
	if (text)
		add_item(p, p->root, key, cJSON_CreateString(text));
}

static void add_int(struct printer *p, const char *key, int64_t n)
{
	add_item(p, p->root, key, cJSON_CreateNumber((double)n));
}

/* A JSON number is a double for most who read it: 64 bits are a string. */
static void add_u64(struct printer *p, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	add_text(p, key, text);
}

/* A sentence without the folders of the paths in it. In place: it only gets shorter. */
static void redact_sentence(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		bool begins = from == text || strchr(" \t\"'(=:,", from[-1]);

		if (*from == '/' && begins) {
			const char *end = from + strcspn(from, " \t\"'),");
			const char *base = end;

			while (base > from && base[-1] != '/')
				base--;
			from = base;
			if (from == end)
				continue;
		}
		*to++ = *from++;
	}
	*to = '\0';
}

static void add_texts(struct printer *p, const char *key, char *const *texts, size_t n)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < n && texts[i]; i++) {
		cleanup_free char *copy = strdup(texts[i]);

		if (copy && p->redact)
			redact_sentence(copy);
		cJSON *item = copy ? cJSON_CreateString(copy) : NULL;
		if (!item || !cJSON_AddItemToArray(array, item)) {
			cJSON_Delete(item);
			p->failed = true;
		}
	}
	add_item(p, p->root, key, array);
}

static void add_kvs(struct printer *p, const char *key, const struct session_kv *kv, size_t n)
{
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object && i < n; i++) {
		bool left_out = p->redact && kv[i].value && strchr(kv[i].value, '/');

		if (kv[i].key && kv[i].value && !left_out)
			add_item(p, object, kv[i].key, cJSON_CreateString(kv[i].value));
	}
	add_item(p, p->root, key, object);
}

/* Only what concerns Go leaves the machine, whatever the session holds. */
static void add_env(struct printer *p, const struct session *s)
{
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object && i < s->n_env; i++) {
		const struct session_kv *kv = &s->env[i];

		if (!kv->key || !kv->value || strncmp(kv->key, "GO", 2) != 0 || (p->redact && strchr(kv->value, '/')))
			continue;
		add_item(p, object, kv->key, cJSON_CreateString(kv->value));
	}
	add_item(p, p->root, "env", object);
}

static void add_recording(struct printer *p, const char *options)
{
	struct utsname u;
	char kernel[sizeof(u.sysname) + sizeof(u.release) + 2];

	add_text(p, "writer", "schedtop " SCHEDTOP_VERSION);
	add_item(p, p->root, "redacted", cJSON_CreateBool(p->redact));
	if (!p->redact)
		add_text(p, "options", options);
	if (uname(&u) < 0)
		return;
	snprintf(kernel, sizeof(kernel), "%s %s", u.sysname, u.release);
	add_text(p, "kernel", kernel);
	add_text(p, "machine", u.machine);
}

static void add_target(struct printer *p, const struct session *s)
{
	size_t n_args = 0;

	while (s->args && s->args[n_args])
		n_args++;
	add_int(p, "pid", s->pid);
	add_text(p, "exe", s->exe && p->redact ? meta_base_name(s->exe) : s->exe);
	if (s->args && !p->redact)
		add_texts(p, "args", s->args, n_args);
	add_text(p, "go_version", s->go_version);
	add_kvs(p, "build_settings", s->build_settings, s->n_build_settings);
	add_env(p, s);
	add_int(p, "stripped", s->stripped);
	add_text(p, "linkmode", s->linkmode);
	add_item(p, p->root, "launched", cJSON_CreateBool(s->launched));
	add_int(p, "async_enabled", s->async_enabled);
	add_int(p, "async_source", s->async_source);
	add_texts(p, "async_evidence", s->async_evidence, s->n_async_evidence);
}

char *meta_print(const struct session *s, const char *options, bool redact)
{
	cleanup_with(cleanup_json) cJSON *root = cJSON_CreateObject();
	struct printer p = {.root = root, .redact = redact};
	size_t n_missing = 0, n_why_not = 0;

	if (!root)
		return NULL;
	while (s->missing && s->missing[n_missing])
		n_missing++;
	add_recording(&p, options);
	add_target(&p, s);
	add_text(&p, "collector", s->collector);
	add_int(&p, "detail", s->detail);
	if (s->missing)
		add_texts(&p, "missing", s->missing, n_missing);
	while (s->why_not && s->why_not[n_why_not])
		n_why_not++;
	if (s->why_not)
		add_texts(&p, "why_not", s->why_not, n_why_not);
	if (s->no_pauses)
		add_item(&p, p.root, "no_pauses", cJSON_CreateTrue());
	add_int(&p, "n_cpus", s->n_cpus);
	add_u64(&p, "start_ns", s->start_ns);
	add_u64(&p, "start_wall_ns", s->start_wall_ns);
	return p.failed ? NULL : cJSON_PrintUnformatted(root);
}

/* ---- parsing ---- */

static char *get_text(const cJSON *root, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, key));

	return text ? strdup(text) : NULL;
}

static int64_t get_int(const cJSON *root, const char *key, int64_t min, int64_t max, int64_t unknown)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)min && item->valuedouble <= (double)max))
		return unknown;
	return (int64_t)item->valuedouble;
}

static uint64_t get_u64(const cJSON *root, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, key));

	return text ? strtoull(text, NULL, 10) : 0;
}

static bool get_bool(const cJSON *root, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, key));
}

/* NULL if there is no such array, or no memory. */
static char **get_texts(const cJSON *root, const char *key)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(root, key), *item;
	size_t n = 0;

	if (!cJSON_IsArray(array))
		return NULL;
	char **texts = calloc(LIST_MAX + 1, sizeof(*texts));
	cJSON_ArrayForEach(item, array)
	{
		if (texts && n < LIST_MAX && cJSON_IsString(item)) {
			texts[n] = strdup(item->valuestring);
			n += texts[n] != NULL;
		}
	}
	return texts;
}

static void get_kvs(const cJSON *root, const char *key, struct session_kv **ret, size_t *ret_n)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, key), *item;
	size_t n = 0;

	if (!cJSON_IsObject(object) || !object->child)
		return;
	struct session_kv *kvs = calloc(LIST_MAX, sizeof(*kvs));
	cJSON_ArrayForEach(item, object)
	{
		if (!kvs || n == LIST_MAX || !cJSON_IsString(item))
			continue;
		kvs[n].key = strdup(item->string);
		kvs[n].value = strdup(item->valuestring);
		n += kvs[n].key && kvs[n].value;
	}
	*ret = kvs;
	*ret_n = kvs ? n : 0;
}

/* The collector's name is a static string in a session: one of those that exist. */
static const char *collector_name(const cJSON *root)
{
	static const char *const names[] = {"ebpf", "perf", "gotrace", "synthetic", "replay"};
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "collector"));

	for (size_t i = 0; text && i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) == 0)
			return names[i];
	}
	return NULL;
}

static void copy_text(const cJSON *root, const char *key, char *dst, size_t cap)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, key));

	snprintf(dst, cap, "%s", text ? text : "");
}

static void parse_session(const cJSON *root, struct session *s)
{
	s->pid = (uint32_t)get_int(root, "pid", 0, UINT32_MAX, 0);
	s->exe = get_text(root, "exe");
	s->args = get_texts(root, "args");
	s->go_version = get_text(root, "go_version");
	get_kvs(root, "build_settings", &s->build_settings, &s->n_build_settings);
	get_kvs(root, "env", &s->env, &s->n_env);
	s->stripped = (int)get_int(root, "stripped", -1, 1, -1);
	s->linkmode = get_text(root, "linkmode");
	s->launched = get_bool(root, "launched");
	s->async_enabled = (int)get_int(root, "async_enabled", -1, 1, -1);
	s->async_source = (enum async_source)get_int(root, "async_source", 0, ASYNC_SOURCE_DEFAULT, 0);
	char **evidence = get_texts(root, "async_evidence");
	for (char **p = evidence; p && *p; p++) {
		if (s->n_async_evidence < SESSION_EVIDENCE_MAX)
			s->async_evidence[s->n_async_evidence++] = *p;
		else
			free(*p);
	}
	free(evidence);
	s->collector = collector_name(root);
	s->detail = (enum detail_level)get_int(root, "detail", 0, DETAIL_EXACT, DETAIL_SCHED);
	s->missing = get_texts(root, "missing");
	s->why_not = get_texts(root, "why_not");
	s->no_pauses = get_bool(root, "no_pauses");
	s->n_cpus = (uint32_t)get_int(root, "n_cpus", 0, UINT32_MAX, 0);
	s->start_ns = get_u64(root, "start_ns");
	s->start_wall_ns = get_u64(root, "start_wall_ns");
}

int meta_parse(const char *json, size_t len, struct session *ret, struct capture_info *ret_info)
{
	cleanup_with(cleanup_json) cJSON *root = cJSON_ParseWithLength(json, len);

	if (!cJSON_IsObject(root))
		return -EBADMSG;
	session_done(ret);
	parse_session(root, ret);
	copy_text(root, "writer", ret_info->writer, sizeof(ret_info->writer));
	copy_text(root, "kernel", ret_info->kernel, sizeof(ret_info->kernel));
	copy_text(root, "machine", ret_info->machine, sizeof(ret_info->machine));
	copy_text(root, "options", ret_info->options, sizeof(ret_info->options));
	ret_info->redacted = get_bool(root, "redacted");
	return 0;
}
