/* SPDX-License-Identifier: GPL-2.0-only */
#include "events/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_init(struct session *s)
{
	*s = (struct session){
		.stripped = -1,
		.async_enabled = -1,
		.detail = DETAIL_SCHED,
	};
}

static void free_kvs(struct session_kv *kv, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(kv[i].key);
		free(kv[i].value);
	}
	free(kv);
}

static void free_strings(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

void session_done(struct session *s)
{
	free(s->exe);
	free_strings(s->args);
	free(s->go_version);
	free_kvs(s->build_settings, s->n_build_settings);
	free_kvs(s->env, s->n_env);
	free(s->linkmode);
	for (size_t i = 0; i < s->n_async_evidence; i++)
		free(s->async_evidence[i]);
	free_strings(s->missing);
	free_strings(s->why_not);
	session_init(s);
}

void session_async_evidence(struct session *s, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	if (s->n_async_evidence == SESSION_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		s->async_evidence[s->n_async_evidence++] = text;
}

static int add_sentence(char ***list, const char *fmt, va_list ap)
{
	size_t n = 0;
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		return -ENOMEM;
	for (; *list && (*list)[n]; n++) {
		if (strcmp((*list)[n], text) == 0) { /* known already */
			free(text);
			return 0;
		}
	}
	char **grown = realloc(*list, (n + 2) * sizeof(*grown));
	if (!grown) {
		free(text);
		return -ENOMEM;
	}
	grown[n] = text;
	grown[n + 1] = NULL;
	*list = grown;
	return 0;
}

int session_missing(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int err = add_sentence(&s->missing, fmt, ap);
	va_end(ap);
	return err;
}

int session_why_not(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int err = add_sentence(&s->why_not, fmt, ap);
	va_end(ap);
	return err;
}

const char *async_source_name(enum async_source source)
{
	switch (source) {
	case ASYNC_SOURCE_ENVIRONMENT:
		return "environment";
	case ASYNC_SOURCE_GO_DEBUG:
		return "go:debug";
	case ASYNC_SOURCE_LINKER:
		return "linker";
	case ASYNC_SOURCE_RUNTIME_MEMORY:
		return "runtime-memory";
	case ASYNC_SOURCE_DEFAULT:
		return "default";
	case ASYNC_SOURCE_UNKNOWN:
		break;
	}
	return NULL;
}

const char *detail_name(enum detail_level level)
{
	switch (level) {
	case DETAIL_THREADS:
		return "threads";
	case DETAIL_SCHED:
		return "sched";
	case DETAIL_EXACT:
		return "exact";
	}
	return "unknown"; /* a number from a damaged capture */
}
