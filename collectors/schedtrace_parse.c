/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/schedtrace.h"

#include <stdio.h>
#include <string.h>

/* Often enough to see what lasts; each print holds the scheduler's lock while it lists all goroutines. */
#define EVERY_MS       200
#define LINE_MAX_BYTES 1024U

struct text {
	const char *at, *end;
};

static bool take(struct text *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

static bool number(struct text *t, uint64_t *ret)
{
	uint64_t v = 0;
	const char *from = t->at;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
		if (v > (UINT64_MAX >> 1) / 10 - 1)
			return false;
		v = v * 10 + (uint64_t)(*t->at - '0');
	}
	*ret = v;
	return t->at > from;
}

/* The value behind " key=" anywhere in the line. */
static bool value(struct text t, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);

	for (const char *at = t.at; (at = memchr(at, ' ', (size_t)(t.end - at))); at++) {
		struct text v = {at + 1, t.end};

		if ((size_t)(v.end - v.at) > n && memcmp(v.at, key, n) == 0 && v.at[n] == '=') {
			v.at += n + 1;
			return number(&v, ret);
		}
	}
	return false;
}

static bool small_value(struct text t, const char *key, uint32_t *ret)
{
	uint64_t v;

	if (!value(t, key, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* The id behind a key: "nil" since Go 1.22, -1 before. */
static int64_t id_or_nil(struct text t, const char *key)
{
	uint64_t v;

	return value(t, key, &v) ? (int64_t)v : SCHEDTRACE_NIL;
}

static bool parse_sched(struct text t, struct schedtrace_row *r)
{
	uint64_t ms;

	return number(&t, &ms) && take(&t, "ms:") && small_value(t, "gomaxprocs", &r->gomaxprocs) &&
	       small_value(t, "runqueue", &r->runqueue);
}

bool schedtrace_parse(const char *line, size_t len, struct schedtrace_row *ret)
{
	struct text t = {line, line + len};
	struct schedtrace_row r = {.kind = SCHEDTRACE_NONE};
	bool good = false;

	if (len > LINE_MAX_BYTES || len < 4)
		return false;
	if (take(&t, "SCHED ")) {
		r.kind = SCHEDTRACE_SCHED;
		good = parse_sched(t, &r);
	} else if (take(&t, "  P") && number(&t, &r.id) && take(&t, ":")) {
		r.kind = SCHEDTRACE_P;
		good = small_value(t, "status", &r.status) && small_value(t, "schedtick", &r.schedtick) &&
		       small_value(t, "runqsize", &r.runqsize);
	} else if (take(&t, "  M") && number(&t, &r.id) && take(&t, ":")) {
		uint64_t locks;

		r.kind = SCHEDTRACE_M;
		r.p = id_or_nil(t, "p");
		r.curg = id_or_nil(t, "curg");
		good = value(t, "locks", &locks);
	} else if (take(&t, "  G") && number(&t, &r.id) && take(&t, ":")) {
		r.kind = SCHEDTRACE_G;
		r.m = id_or_nil(t, "m");
		good = small_value(t, "status", &r.status);
	}
	if (good)
		*ret = r;
	return good;
}

char *schedtrace_godebug(const char *user)
{
	char *text;
	int n = asprintf(&text, "%s%sschedtrace=%d,scheddetail=1", user ? user : "", user && *user ? "," : "",
			 EVERY_MS);

	return n < 0 ? NULL : text;
}
