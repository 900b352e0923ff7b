/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/variant.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "target/godebug.h"

static const char option[] = "--variant";

int variant_name_check(const char *name, size_t len, struct fault *fault)
{
	if (len == 0 || len > VARIANT_NAME_MAX)
		return fault_set(fault, -EINVAL, option, "a name has 1 to %d letters", VARIANT_NAME_MAX);
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return fault_set(fault, -EINVAL, option, "a name has letters, digits, '.', '_' and '-' only");
	}
	/* Words of an assertion. */
	if ((len == 5 && memcmp(name, "ratio", 5) == 0) || (len == 5 && memcmp(name, "value", 5) == 0))
		return fault_set(fault, -EINVAL, option,
				 "'ratio' and 'value' are words of --assert and can't be names");
	return 0;
}

static bool is_known_setting(const char *key, size_t len)
{
	const struct godebug_setting *s;

	for (size_t i = 0; (s = godebug_setting(i)); i++) {
		if (strlen(s->name) == len && memcmp(s->name, key, len) == 0)
			return true;
	}
	return false;
}

static bool is_setting_like(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!islower((unsigned char)key[i]) && !isdigit((unsigned char)key[i]))
			return false;
	}
	return len > 0;
}

/* What stands up to the next comma, escapes undone; *p moves to the comma or the end. NULL on ENOMEM. */
static char *take_part(const char **p)
{
	char *part = calloc(strlen(*p) + 1, 1), *to = part;
	const char *s = *p;

	if (!part)
		return NULL;
	while (*s && *s != ',') {
		if (*s == '\\' && (s[1] == ',' || s[1] == '\\'))
			s++;
		*to++ = *s++;
	}
	*to = '\0';
	*p = s;
	return part;
}

static int append_godebug(struct variant *v, const char *settings)
{
	char *joined;

	if (!*settings)
		return 0;
	if (asprintf(&joined, "%s%s%s", v->godebug ? v->godebug : "", v->godebug ? "," : "", settings) < 0)
		return -ENOMEM;
	free(v->godebug);
	v->godebug = joined;
	return 0;
}

static int append_env(struct variant *v, char *setting)
{
	size_t n = 0;

	while (v->env[n])
		n++;
	if (n == VARIANT_SETTINGS_MAX)
		return -E2BIG;
	v->env[n] = setting;
	return 0;
}

static int add_setting(struct variant *v, const char *part, bool *in_godebug, struct fault *fault)
{
	const char *eq = strchr(part, '=');
	size_t len = eq ? (size_t)(eq - part) : 0;

	if (!eq)
		return fault_set(fault, -EINVAL, option, "this is no KEY=VALUE");
	if (!len)
		return fault_set(fault, -EINVAL, option, "there is no key before the '='");
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)part[i]))
			return fault_set(fault, -EINVAL, option, "there is a blank or a control character in the key");
	}
	if (len == 7 && memcmp(part, "GODEBUG", 7) == 0) {
		*in_godebug = true;
		return append_godebug(v, eq + 1);
	}
	if (is_known_setting(part, len) || (*in_godebug && is_setting_like(part, len))) {
		*in_godebug = true;
		return append_godebug(v, part);
	}
	*in_godebug = false;
	if (is_setting_like(part, len)) {
		fault_set(fault, -EINVAL, option, "this is no GODEBUG setting that schedtop knows");
		fault_todo(fault, "Write GODEBUG=name=value for another setting of the runtime; environment variables "
				  "have capital letters");
		return -EINVAL;
	}
	char *copy = strdup(part);
	int err = copy ? append_env(v, copy) : -ENOMEM;
	if (err < 0)
		free(copy);
	return err == -E2BIG ? fault_set(fault, -EINVAL, option, "more than %d settings", VARIANT_SETTINGS_MAX) : err;
}

static int parse_settings(const char *text, const char *p, struct variant *v, size_t *ret_at, struct fault *fault)
{
	bool in_godebug = false;

	for (;;) {
		*ret_at = (size_t)(p - text);
		cleanup_free char *part = take_part(&p);
		int err = part ? add_setting(v, part, &in_godebug, fault) : -ENOMEM;
		if (err < 0)
			return err;
		if (!*p)
			return 0;
		p++;
	}
}

int variant_parse(const char *text, struct variant *ret, size_t *ret_at, struct fault *fault)
{
	size_t len = strcspn(text, ":");
	struct variant v = {0};

	*ret = v;
	*ret_at = 0;
	int err = variant_name_check(text, len, fault);
	if (err < 0)
		return err;
	v.name = strndup(text, len);
	v.env = calloc(VARIANT_SETTINGS_MAX + 1, sizeof(*v.env));
	err = v.name && v.env ? 0 : -ENOMEM;
	if (err == 0 && text[len])
		err = parse_settings(text, text + len + 1, &v, ret_at, fault);
	if (err < 0) {
		variant_done(&v);
		return err == -ENOMEM ? fault_set(fault, err, option, "out of memory") : err;
	}
	*ret = v;
	return 0;
}

char **variant_environment(const struct variant *v, const char *godebug)
{
	size_t n = 0;

	while (v->env && v->env[n])
		n++;
	char **list = calloc(n + 2, sizeof(*list));
	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		list[i] = strdup(v->env[i]);
		if (!list[i])
			goto fail;
	}
	bool outer = godebug && *godebug;
	if (v->godebug &&
	    asprintf(&list[n], "GODEBUG=%s%s%s", outer ? godebug : "", outer ? "," : "", v->godebug) < 0) {
		list[n] = NULL;
		goto fail;
	}
	return list;
fail:
	variant_free_list(list);
	return NULL;
}

void variant_free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

void variant_done(struct variant *v)
{
	free(v->name);
	variant_free_list(v->env);
	free(v->godebug);
	*v = (struct variant){0};
}
