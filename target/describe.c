/* SPDX-License-Identifier: GPL-2.0-only */
/* go_target_describe(): the session's account of the target. Who set asyncpreemptoff is async_source.c's matter. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "events/session.h"
#include "target/async_source.h"
#include "target/go_target.h"
#include "target/proc.h"
#include "target/read_file.h"

#define CMDLINE_BYTES_MAX (128U << 10)
#define ARGS_MAX          1024U
#define ENV_MAX           256U
#define SETTINGS_MAX      128U
#define ENVIRON_BYTES_MAX (2U << 20)

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

	rest.pid = 0;
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
	if (!text)
		return 0;
	s->args = calloc(ARGS_MAX + 1, sizeof(*s->args));
	if (!s->args)
		return -ENOMEM;
	for (size_t i = 0; i < len && n < ARGS_MAX; i += strlen(text + i) + 1) {
		s->args[n] = strdup(text + i);
		if (!s->args[n++])
			return -ENOMEM;
	}
	return 0;
}

static int describe_env(pid_t pid, struct session *s, bool *ret_known)
{
	char path[64];
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	cleanup_free char *text = read_file_text(path, ENVIRON_BYTES_MAX, &len);
	*ret_known = text != NULL;
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

static int describe_binary(const struct go_binary *b, struct session *s)
{
	const char *key, *value;

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

/* The file's own name; @path may be the magic link /proc/PID/exe. */
static int describe_exe(const char *path, struct session *s)
{
	char exe[PATH_MAX];
	ssize_t n = strncmp(path, "/proc/", 6) == 0 ? readlink(path, exe, sizeof(exe) - 1) : -1;

	if (n > 0) {
		exe[n] = '\0';
		s->exe = strdup(exe);
	} else {
		s->exe = realpath(path, NULL);
		if (!s->exe)
			s->exe = strdup(path);
	}
	return s->exe ? 0 : -ENOMEM;
}

int go_target_describe(struct go_target *t, struct session *s)
{
	const struct go_binary *b = go_target_binary(t);
	pid_t pid = go_target_pid(t);
	bool env_known = false;

	forget_target(s);
	s->pid = (uint32_t)pid;
	if (pid && (proc_ns_tid(pid, s->pid, &s->ns_pid) < 0 || s->ns_pid == s->pid))
		s->ns_pid = 0;
	int err = describe_exe(go_target_probe_path(t), s);
	if (err == 0)
		err = describe_binary(b, s);
	if (err == 0 && !pid && go_binary_is_go(b))
		async_source_of_file(b, s);
	/* Before its exec /proc tells schedtop's own arguments and environment. */
	if (err < 0 || go_target_locate(t) < 0)
		return err;
	err = describe_args(pid, s);
	if (err == 0)
		err = describe_env(pid, s, &env_known);
	if (err == 0 && go_binary_is_go(b))
		async_source_of_process(t, env_known, s);
	return err;
}
