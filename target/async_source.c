/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/async_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "events/session.h"
#include "target/go_target.h"

#define GODEBUG_BYTES_MAX 4096U
/* Characters of a foreign list that a sentence quotes. */
#define QUOTED "%.200s"

/* runtime/string.go atoi32: an optional minus and digits, nothing else. */
static bool atoi32(const char *text, size_t len, int32_t *ret)
{
	bool negative = len > 0 && *text == '-';
	int64_t v = 0;

	text += negative;
	len -= negative;
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (text[i] - '0');
		if (v > (int64_t)INT32_MAX + negative)
			return false;
	}
	*ret = (int32_t)(negative ? -v : v);
	return true;
}

/* runtime/runtime1.go parsegodebug: from left to right, the last valid one wins. false = says nothing. */
static bool setting_in_list(const char *list, const char *key, int32_t *ret)
{
	size_t key_len = strlen(key);
	bool found = false;

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len > key_len && strncmp(list, key, key_len) == 0 && list[key_len] == '=')
			found |= atoi32(list + key_len + 1, len - key_len - 1, ret);
		list += len + (list[len] == ',');
	}
	return found;
}

int async_source_in_list(const char *list)
{
	int32_t v;

	return setting_in_list(list, "asyncpreemptoff", &v) ? v != 0 : -1;
}

/* The value of -X runtime.godebugDefault=... in the linker's flags, to free; NULL = not set. The last one wins. */
static char *default_in_ldflags(const char *flags)
{
	static const char key[] = "runtime.godebugDefault=";
	const char *at = NULL;

	for (const char *p = flags ? strstr(flags, key) : NULL; p; p = strstr(p + 1, key))
		at = p + sizeof(key) - 1;
	return at ? strndup(at, strcspn(at, " \t\"'")) : NULL;
}

/* runtime/runtime1.go, Go 1.25 and later: gccheckmark=1 turns async preemption off by itself. */
static bool by_gccheckmark(const struct async_facts *f, const char *defaults)
{
	int32_t v = 0;

	if (f->go_minor < 25)
		return false;
	if (!setting_in_list(f->godebug, "gccheckmark", &v))
		setting_in_list(defaults, "gccheckmark", &v);
	return v > 0;
}

void async_source_decide(const struct async_facts *f, struct session *s)
{
	cleanup_free char *flag = default_in_ldflags(f->ldflags);
	/* What the linker put in: as memory has it, else as the build info says. Go 1.20 and before have no such thing.
	 */
	const char *defaults = f->linked ? f->linked : f->go_minor < 21 ? NULL : flag ? flag : f->built_in;
	bool by_linker = defaults && defaults != f->built_in && (!f->built_in || strcmp(defaults, f->built_in) != 0);
	int in_env = async_source_in_list(f->godebug), in_default = async_source_in_list(defaults);
	int said = in_env >= 0 ? in_env : in_default >= 0 ? in_default : 0;
	bool off = f->live_known ? f->live != 0 : said != 0;
	enum async_source source = in_env >= 0       ? ASYNC_SOURCE_ENVIRONMENT
				   : in_default >= 0 ? (by_linker ? ASYNC_SOURCE_LINKER : ASYNC_SOURCE_GO_DEBUG)
						     : ASYNC_SOURCE_DEFAULT;

	s->async_enabled = !off;
	if (f->live_known && off != (said != 0)) /* an environment that can't be read might explain it */
		source = f->env_known ? ASYNC_SOURCE_RUNTIME_MEMORY : ASYNC_SOURCE_UNKNOWN;
	else if (!f->live_known && !f->env_known && !f->is_file)
		s->async_enabled = -1, source = ASYNC_SOURCE_UNKNOWN;
	s->async_source = source;

	if (in_env >= 0)
		session_async_evidence(s, "GODEBUG=" QUOTED " is in the process's environment", f->godebug);
	if (in_default >= 0 && by_linker)
		session_async_evidence(s, "the linker set runtime.godebugDefault to " QUOTED, defaults);
	else if (in_default >= 0)
		session_async_evidence(s, "DefaultGODEBUG in the build info is " QUOTED, defaults);
	if (source == ASYNC_SOURCE_DEFAULT)
		session_async_evidence(s, f->is_file
						  ? "no linker or //go:debug setting changes the default, which is on"
						  : "no GODEBUG, linker or //go:debug setting changes the default, "
						    "which is on");
	if (f->is_file)
		session_async_evidence(s, "GODEBUG in a process's environment would go over it");
	else if (!f->env_known)
		session_async_evidence(s, "the process's environment can't be read");
	if (f->live_known)
		session_async_evidence(s, "runtime.debug.asyncpreemptoff is %d in the process's memory", (int)f->live);
	if (source != ASYNC_SOURCE_RUNTIME_MEMORY)
		return;
	if (off && by_gccheckmark(f, defaults))
		session_async_evidence(s, "gccheckmark=1 makes Go 1.25 and later turn it off");
	else
		session_async_evidence(s, "no setting explains that value: it was written while the process ran");
}

/* The live runtime.godebugDefault, to free. NULL when it can't be read. */
static char *live_default(const struct go_target *t)
{
	struct {
		uint64_t data, len;
	} header;

	if (go_target_read_var(t, "runtime.godebugDefault", &header, sizeof(header)) < 0 ||
	    header.len > GODEBUG_BYTES_MAX)
		return NULL;
	cleanup_free char *text = calloc(1, header.len + 1);
	if (!text || (header.len && go_target_read(t, header.data, text, header.len) < 0))
		return NULL;
	return take_ptr(text);
}

void async_source_of_process(const struct go_target *t, bool env_known, struct session *s)
{
	const struct go_binary *b = go_target_binary(t);
	cleanup_free char *linked = live_default(t);
	struct async_facts f = {
		.go_minor = go_binary_minor(b),
		.env_known = env_known,
		.linked = linked,
		.ldflags = go_binary_setting_get(b, "-ldflags"),
		.built_in = go_binary_setting_get(b, "DefaultGODEBUG"),
	};

	/* Of several the first counts: runtime/env_posix.go gogetenv. */
	for (size_t i = 0; i < s->n_env && !f.godebug; i++) {
		if (strcmp(s->env[i].key, "GODEBUG") == 0)
			f.godebug = s->env[i].value;
	}
	f.live_known = go_target_asyncpreemptoff(t, &f.live) == 0;
	async_source_decide(&f, s);
}

void async_source_of_file(const struct go_binary *b, struct session *s)
{
	struct async_facts f = {
		.go_minor = go_binary_minor(b),
		.is_file = true,
		.ldflags = go_binary_setting_get(b, "-ldflags"),
		.built_in = go_binary_setting_get(b, "DefaultGODEBUG"),
	};

	async_source_decide(&f, s);
}
