/* SPDX-License-Identifier: GPL-2.0-only */
/* go_target_describe(): the session's account of the target, and the truth about asynchronous preemption. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "events/session.h"
#include "target/go_target.h"
#include "target/read_file.h"

#define CMDLINE_BYTES_MAX (128U << 10)
#define ARGS_MAX          1024U
#define ENV_MAX           256U
#define SETTINGS_MAX      128U
#define GODEBUG_MAX       4096U

static int add_kv(struct session_kv **list, size_t *n, const char *key, size_t key_len, const char *value)
{
	struct session_kv *grown = realloc(*list, (*n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[*n].key = strndup(key, key_len);
	grown[*n].value = strdup(value);
	if (!grown[*n].key || !grown[*n].value) {
		free(grown[*n].key);
		free(grown[*n].value);
		return -ENOMEM;
	}
	(*n)++;
	return 0;
}

/* Frees the target's part of a session, so that it can be described anew after an exec. */
static void forget_target(struct session *s)
{
	struct session rest = *s;

	rest.exe = NULL;
	rest.args = NULL;
	rest.go_version = NULL;
	rest.build_settings = NULL;
	rest.n_build_settings = 0;
	rest.env = NULL;
	rest.n_env = 0;
	rest.linkmode = NULL;
	rest.stripped = -1;
	rest.async_enabled = -1;
	rest.async_source = ASYNC_SOURCE_UNKNOWN;
	rest.n_async_evidence = 0;
	s->missing = NULL; /* stays, in rest */
	session_done(s);
	*s = rest;
}

static int describe_args(pid_t pid, struct session *s)
{
	char path[64];
	size_t len = 0, n = 0;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	cleanup_free char *text = read_file_text(path, CMDLINE_BYTES_MAX, &len);
	s->args = calloc(ARGS_MAX + 1, sizeof(*s->args));
	if (!s->args)
		return -ENOMEM;
	for (size_t i = 0; text && i < len && n < ARGS_MAX; i += strlen(text + i) + 1) {
		s->args[n] = strdup(text + i);
		if (!s->args[n++])
			return -ENOMEM;
	}
	return 0;
}

static int describe_env(pid_t pid, struct session *s)
{
	char path[64];
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	cleanup_free char *text = read_file_text(path, 2U << 20, &len);
	for (size_t i = 0; text && i < len && s->n_env < ENV_MAX; i += strlen(text + i) + 1) {
		const char *eq = strchr(text + i, '=');

		if (strncmp(text + i, "GO", 2) != 0 || !eq)
			continue;
		int err = add_kv(&s->env, &s->n_env, text + i, (size_t)(eq - text - i), eq + 1);
		if (err < 0)
			return err;
	}
	return 0;
}

static int describe_binary(const struct go_target *t, struct session *s)
{
	const struct go_binary *b = go_target_binary(t);
	const char *key, *value, *path = go_target_probe_path(t);
	char exe[PATH_MAX];

	ssize_t n = readlink(path, exe, sizeof(exe) - 1);
	if (n > 0)
		exe[n] = '\0';
	s->exe = strdup(n > 0 && strncmp(path, "/proc/", 6) == 0 ? exe : path);
	if (!s->exe)
		return -ENOMEM;
	s->stripped = go_binary_stripped(b);
	if (!go_binary_is_go(b))
		return 0;
	if (go_binary_version(b)) {
		s->go_version = strdup(go_binary_version(b));
		if (!s->go_version)
			return -ENOMEM;
	}
	s->linkmode = strdup(go_binary_is_cgo_linked(b) ? "external" : "internal");
	if (!s->linkmode)
		return -ENOMEM;
	for (size_t i = 0; i < SETTINGS_MAX && go_binary_setting(b, i, &key, &value) == 0; i++) {
		int err = add_kv(&s->build_settings, &s->n_build_settings, key, strlen(key), value);

		if (err < 0)
			return err;
	}
	return 0;
}

/*
 * What a GODEBUG list says of asyncpreemptoff: 0, 1, or -1 = nothing. The last one wins and anything but 0 means on, as
 * in runtime/runtime1.go parsegodebug.
 */
static int asyncpreemptoff_in(const char *list)
{
	static const char key[] = "asyncpreemptoff=";
	int found = -1;

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (strncmp(list, key, sizeof(key) - 1) == 0) {
			char *end;
			long v = strtol(list + sizeof(key) - 1, &end, 10);

			if (end == list + len && end != list + sizeof(key) - 1)
				found = v != 0;
		}
		list += len + (list[len] == ',');
	}
	return found;
}

/* The live runtime.godebugDefault: what the linker put there. NULL when it can't be read. */
static char *live_default(const struct go_target *t)
{
	uint64_t vaddr;
	struct {
		uint64_t data, len;
	} header;

	if (go_binary_data(go_target_binary(t), "runtime.godebugDefault", &vaddr) < 0 ||
	    go_target_read(t, vaddr + go_target_bias(t), &header, sizeof(header)) < 0 || header.len > GODEBUG_MAX)
		return NULL;
	cleanup_free char *text = calloc(1, header.len + 1);
	if (!text || (header.len && go_target_read(t, header.data, text, header.len) < 0))
		return NULL;
	return take_ptr(text);
}

/* The linker's flag, when the build info kept it: -ldflags "-X runtime.godebugDefault=...". */
static int asyncpreemptoff_in_ldflags(const struct go_binary *b)
{
	static const char key[] = "runtime.godebugDefault=";
	const char *flags = go_binary_setting_get(b, "-ldflags");
	const char *at = flags ? strstr(flags, key) : NULL;

	if (!at)
		return -1;
	cleanup_free char *value = strdup(at + sizeof(key) - 1);
	if (!value)
		return -1;
	value[strcspn(value, " \"'")] = '\0';
	return asyncpreemptoff_in(value);
}

static const char *env_of(const struct session *s, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < s->n_env; i++) {
		if (strcmp(s->env[i].key, key) == 0)
			value = s->env[i].value;
	}
	return value;
}

static void describe_async(const struct go_target *t, struct session *s)
{
	const struct go_binary *b = go_target_binary(t);
	const char *godebug = env_of(s, "GODEBUG");
	const char *built_in = go_binary_setting_get(b, "DefaultGODEBUG");
	cleanup_free char *linked = live_default(t);
	int in_env = asyncpreemptoff_in(godebug);
	int in_build = asyncpreemptoff_in(built_in);
	int in_link = linked ? asyncpreemptoff_in(linked) : asyncpreemptoff_in_ldflags(b);
	int32_t live = -1;

	/* godebugDefault also carries what //go:debug lines say; only what they don't say is the linker's doing. */
	if (in_link == in_build)
		in_link = -1;
	if (go_target_asyncpreemptoff(t, &live) < 0)
		live = -1;

	/* The environment goes over the linker's default, which goes over the //go:debug lines (parseRuntimeDebugVars).
	 */
	int said = in_env >= 0 ? in_env : in_link >= 0 ? in_link : in_build;
	enum async_source source = in_env >= 0     ? ASYNC_SOURCE_ENVIRONMENT
				   : in_link >= 0  ? ASYNC_SOURCE_LINKER
				   : in_build >= 0 ? ASYNC_SOURCE_GO_DEBUG
						   : ASYNC_SOURCE_DEFAULT;
	bool off = live >= 0 ? live != 0 : said > 0;
	if (live >= 0 && off != (said > 0))
		source = ASYNC_SOURCE_RUNTIME_MEMORY;
	s->async_enabled = !off;
	s->async_source = source;

	if (in_env >= 0)
		session_async_evidence(s, "GODEBUG=%.200s is in the process's environment", godebug);
	if (in_link >= 0)
		session_async_evidence(s, "the linker set runtime.godebugDefault to %.200s",
				       linked ? linked : "a list with asyncpreemptoff (-ldflags in the build info)");
	if (in_build >= 0)
		session_async_evidence(s, "DefaultGODEBUG in the build info is %.200s", built_in);
	if (source == ASYNC_SOURCE_DEFAULT)
		session_async_evidence(s, "no GODEBUG, linker or //go:debug setting changes the default, which is on");
	if (live >= 0)
		session_async_evidence(s, "runtime.debug.asyncpreemptoff is %d in the process's memory", live);
	if (source == ASYNC_SOURCE_RUNTIME_MEMORY)
		session_async_evidence(s,
				       "no setting explains that value: it was written while the process ran, or the "
				       "runtime set it itself (gccheckmark=1 from Go 1.25)");
}

int go_target_describe(const struct go_target *t, struct session *s)
{
	forget_target(s);
	s->pid = (uint32_t)go_target_pid(t);
	int err = describe_binary(t, s);
	if (err == 0)
		err = describe_args(go_target_pid(t), s);
	if (err == 0)
		err = describe_env(go_target_pid(t), s);
	if (err == 0 && go_target_is_go(t))
		describe_async(t, s);
	return err;
}
