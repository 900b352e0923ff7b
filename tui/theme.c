/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/theme.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "themes_embedded.h"

#define THEME_BYTES_MAX 65536

static const char *const role_names[ROLE_COUNT] = {
#define ROLE_NAME(id, name) [ROLE_##id] = (name),
	ROLES(ROLE_NAME)
#undef ROLE_NAME
};

static void free_json(cJSON **j)
{
	cJSON_Delete(*j);
}

static int bad(struct fault *fault, const char *what, const char *role, const char *why)
{
	fault_set(fault, -EINVAL, what, "theme: \"%s\" %s", role, why);
	fault_todo(
		fault,
		"A colour is \"#rrggbb\", or {\"fg\": \"#rrggbb\", \"bold\": true}; the built-in themes are examples");
	return -EINVAL;
}

static bool parse_colour(const cJSON *j, uint32_t *ret)
{
	char *end;

	if (!cJSON_IsString(j) || j->valuestring[0] != '#' || strlen(j->valuestring) != 7)
		return false;
	*ret = (uint32_t)strtoul(j->valuestring + 1, &end, 16);
	return *end == '\0';
}

static bool parse_role(struct theme *t, unsigned role, const cJSON *j)
{
	static const struct {
		const char *name;
		uint8_t attr;
	} attrs[] = {{"bold", CELL_BOLD}, {"underline", CELL_UNDERLINE}, {"reverse", CELL_REVERSE}};

	if (!cJSON_IsObject(j))
		return parse_colour(j, &t->rgb[role]);
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(j, attrs[i].name)))
			t->attr[role] |= attrs[i].attr;
	}
	const cJSON *fg = cJSON_GetObjectItemCaseSensitive(j, "fg");
	return fg ? parse_colour(fg, &t->rgb[role]) : t->mono;
}

int theme_parse(struct theme *t, const char *json, const char *what, struct fault *fault)
{
	__attribute__((cleanup(free_json))) cJSON *root = cJSON_Parse(json);
	struct theme out = {0};

	if (!root) {
		fault_set(fault, -EINVAL, what, "not JSON");
		fault_todo(fault, "Compare it with a built-in theme");
		return -EINVAL;
	}
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(root, "name");
	snprintf(out.name, sizeof(out.name), "%s", cJSON_IsString(name) ? name->valuestring : "unnamed");
	out.mono = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "monochrome"));
	const cJSON *roles = cJSON_GetObjectItemCaseSensitive(root, "roles");
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		const cJSON *j = cJSON_GetObjectItemCaseSensitive(roles, role_names[i]);

		if (!j)
			return bad(fault, what, role_names[i], "is missing");
		if (!parse_role(&out, i, j))
			return bad(fault, what, role_names[i], "is no colour");
	}
	const cJSON *hues = cJSON_GetObjectItemCaseSensitive(root, "functions");
	if (!out.mono && cJSON_GetArraySize(hues) != FUNC_HUES)
		return bad(fault, what, "functions", "must be 12 colours");
	for (int i = 0; !out.mono && i < FUNC_HUES; i++) {
		if (!parse_colour(cJSON_GetArrayItem(hues, i), &out.rgb[ROLE_FUNC + i]))
			return bad(fault, what, "functions", "must be 12 colours");
	}
	*t = out;
	return 0;
}

const char *theme_builtin(unsigned i)
{
	return i < ARRAY_SIZE(embedded_themes) ? embedded_themes[i].name : NULL;
}

static int load_file(struct theme *t, const char *path, struct fault *fault)
{
	cleanup_fclose FILE *f = fopen(path, "re");
	cleanup_free char *text = calloc(1, THEME_BYTES_MAX + 1);

	if (!f)
		return -errno;
	if (!text)
		return -ENOMEM;
	if (fread(text, 1, THEME_BYTES_MAX, f) == THEME_BYTES_MAX)
		return fault_set(fault, -EINVAL, path, "too large for a theme");
	return theme_parse(t, text, path, fault);
}

int theme_load(struct theme *t, const char *name, struct fault *fault)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	char path[4096], known[128] = "";
	int err;

	if (!name)
		name = embedded_themes[0].name;
	for (unsigned i = 0; i < ARRAY_SIZE(embedded_themes); i++) {
		if (strcmp(embedded_themes[i].name, name) == 0)
			return theme_parse(t, embedded_themes[i].json, name, fault);
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", i ? ", " : "",
			 embedded_themes[i].name);
	}
	if (strchr(name, '/'))
		snprintf(path, sizeof(path), "%s", name);
	else if (config && *config)
		snprintf(path, sizeof(path), "%s/schedtop/themes/%s.json", config, name);
	else
		snprintf(path, sizeof(path), "%s/.config/schedtop/themes/%s.json", home ? home : "", name);
	err = load_file(t, path, fault);
	if (err == -ENOENT || err == -ENOTDIR || err == -EACCES) {
		fault_set(fault, err, name, "no such theme (looked for %s)", path);
		fault_todo(fault, "The built-in themes are %s", known);
	}
	return err;
}
