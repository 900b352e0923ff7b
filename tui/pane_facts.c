/* SPDX-License-Identifier: GPL-2.0-only */
#include "tui/pane_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "events/session.h"

#define VARIABLES_MAX 64

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static int by_key(const void *a, const void *b)
{
	const struct session_kv *const *x = a, *const *y = b;

	return strcmp(or_empty((*x)->key), or_empty((*y)->key));
}

/* FNV-1a; the end of each argument counts too. */
static uint64_t hash_args(char *const *args)
{
	uint64_t h = 14695981039346656037ULL;

	for (size_t i = 1; args && args[0] && args[i]; i++) {
		for (const char *p = args[i];; p++) {
			h = (h ^ (unsigned char)*p) * 1099511628211ULL;
			if (!*p)
				break;
		}
	}
	return h;
}

void pane_facts_of(const struct session *s, struct pane_facts *ret)
{
	const struct session_kv *sorted[VARIABLES_MAX];
	size_t n = 0;

	*ret = (struct pane_facts){
		.known = s->exe != NULL, .launched = s->launched, .pid = s->pid, .args = hash_args(s->args)};
	snprintf(ret->exe, sizeof(ret->exe), "%s", or_empty(s->exe));
	snprintf(ret->go_version, sizeof(ret->go_version), "%s", or_empty(s->go_version));
	for (size_t i = 0; i < s->n_env && n < VARIABLES_MAX; i++) {
		if (strcmp(or_empty(s->env[i].key), "GODEBUG") == 0)
			snprintf(ret->godebug, sizeof(ret->godebug), "%s", or_empty(s->env[i].value));
		else
			sorted[n++] = &s->env[i];
	}
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 0; i < n; i++) {
		size_t from = strlen(ret->variables);

		text_append(ret->variables, sizeof(ret->variables), "%s=%s", or_empty(sorted[i]->key),
			    or_empty(sorted[i]->value));
		for (char *p = ret->variables + from; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		text_append(ret->variables, sizeof(ret->variables), "\n");
	}
}

/* The next part of a text that is divided by @by; false at its end. Empty parts are skipped. */
static bool next_part(const char **at, char by, const char **ret, size_t *ret_len)
{
	while (**at == by)
		(*at)++;
	*ret = *at;
	*ret_len = strcspn(*at, (char[]){by, '\0'});
	*at += *ret_len;
	return *ret_len > 0;
}

/* Is a part in a text? With @key only, is there one that says something of the same name? */
static bool has_part(const char *text, char by, const char *part, size_t len, bool key)
{
	const char *p;
	size_t n;

	if (key)
		len = (size_t)((const char *)memchr(part, '=', len) - part) + 1;
	while (next_part(&text, by, &p, &n)) {
		if (strncmp(p, part, len) == 0 && (key ? n >= len : n == len))
			return true;
	}
	return false;
}

static bool has_key(const char *part, size_t len)
{
	return memchr(part, '=', len) != NULL;
}

static void differ_godebug(const char *base, const char *one, char *dst, size_t cap)
{
	const char *between = "GODEBUG=", *at = one, *p;
	size_t n;

	while (next_part(&at, ',', &p, &n)) {
		if (has_part(base, ',', p, n, false))
			continue;
		text_append(dst, cap, "%s%.*s", between, (int)n, p);
		between = ",";
	}
	for (at = base; next_part(&at, ',', &p, &n);) {
		if (has_part(one, ',', p, n, false) || (has_key(p, n) && has_part(one, ',', p, n, true)))
			continue;
		text_append(dst, cap, "%s-%.*s", between, (int)strcspn(p, "=,"), p);
		between = ",";
	}
}

static const char *space(const char *dst)
{
	return *dst ? " " : "";
}

static void differ_variables(const char *base, const char *one, char *dst, size_t cap)
{
	const char *at = one, *p;
	size_t n;

	while (next_part(&at, '\n', &p, &n)) {
		if (!has_part(base, '\n', p, n, false))
			text_append(dst, cap, "%s%.*s", space(dst), (int)n, p);
	}
	for (at = base; next_part(&at, '\n', &p, &n);) {
		if (has_key(p, n) && !has_part(one, '\n', p, n, true))
			text_append(dst, cap, "%sno %.*s", space(dst), (int)strcspn(p, "="), p);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *pane_facts_differ(const struct pane_facts *base, const struct pane_facts *one, char *dst, size_t cap)
{
	dst[0] = '\0';
	if (!base->known || !one->known)
		return dst;
	differ_godebug(base->godebug, one->godebug, dst, cap);
	differ_variables(base->variables, one->variables, dst, cap);
	if (strcmp(base->exe, one->exe) != 0)
		text_append(dst, cap, "%s%s", space(dst),
			    strcmp(base_name(base->exe), base_name(one->exe)) != 0 ? base_name(one->exe) : one->exe);
	if (strcmp(base->go_version, one->go_version) != 0)
		text_append(dst, cap, "%s%s", space(dst), *one->go_version ? one->go_version : "not Go");
	if (base->args != one->args)
		text_append(dst, cap, "%sother arguments", space(dst));
	return dst;
}

char *pane_facts_text(const struct pane_facts *f, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s", !f->known ? "" : f->launched ? "as launched" : "as attached");
	if (*f->godebug)
		text_append(dst, cap, "%sGODEBUG=%s", space(dst), f->godebug);
	return dst;
}
