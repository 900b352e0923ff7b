/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/relaunch_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "collectors/schedtrace.h"
#include "events/session.h"
#include "target/go_target.h"
#include "target/godebug.h"
#include "target/godebug_list.h"
#include "tui/toggles.h"

static const char godebug[] = "GODEBUG";

/* The value of a variable, or NULL: of several of one name the first, as Go takes it. */
static const char *env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	}
	return NULL;
}

/* The settings that aren't 0 or 1: see their text in target/godebug.c. */
static bool is_number(const char *name)
{
	static const char *const numbers[] = {"schedtrace", "gcstoptheworld",     "gctrace",
					      "scavtrace",  "traceadvanceperiod", "asynctimerchan"};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(name, numbers[i]) == 0)
			return true;
	}
	return false;
}

static void add_godebug(const struct relaunch_target *t, struct go_target *go, struct session *s, struct toggles *ret)
{
	struct go_godebug list[GO_GODEBUG_MAX];
	size_t n = go_target_godebug(go, s, list, GO_GODEBUG_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct godebug_setting *row = godebug_setting(i);
		char now[16] = "", initial[16];
		int32_t value = list[i].value;

		if (!list[i].exists || !row || ret->n == TOGGLES_MAX)
			continue;
		/* A file knows nothing of the environment that its process had. */
		bool known = list[i].known;
		if (!t->pid && godebug_in_list(env_get(t->env, godebug), list[i].name, &value))
			known = true;
		if (known)
			snprintf(now, sizeof(now), "%d", (int)value);
		snprintf(initial, sizeof(initial), "%d", (int)row->initial);
		toggles_add(ret, TOGGLE_GODEBUG, list[i].name, list[i].about, now, initial);
		ret->at[ret->n - 1].on_off = !is_number(list[i].name);
	}
}

static void add_variables(const struct relaunch_target *t, int go_minor, struct toggles *ret)
{
	char cpus[16];

	snprintf(cpus, sizeof(cpus), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	toggles_add(ret, TOGGLE_PROCS, "GOMAXPROCS", "how many Ps: goroutines that run at the same time",
		    env_get(t->env, "GOMAXPROCS"), cpus);
	toggles_add(ret, TOGGLE_PERCENT, "GOGC",
		    "how much the heap may grow, in percent, before the next collection; off", env_get(t->env, "GOGC"),
		    "100");
	/* runtime/debug.SetMemoryLimit and its variable came with Go 1.19. */
	if (go_minor >= 19)
		toggles_add(ret, TOGGLE_BYTES, "GOMEMLIMIT", "memory (512MiB) above which the GC works harder; off",
			    env_get(t->env, "GOMEMLIMIT"), "off");
}

int relaunch_toggles(const struct relaunch_target *t, struct toggles *ret, struct fault *fault)
{
	struct session s;
	struct go_target *go = NULL;
	int err = go_target_open(t->pid, t->pid ? NULL : t->path, &go, fault);

	/* A script, or what has just ended, can still be started again. */
	if (err < 0 && err != -ENOEXEC && err != -ESRCH)
		return err;
	session_init(&s);
	if (err == 0 && go_target_is_go(go)) {
		if (t->pid)
			go_target_locate(go);
		err = go_target_describe(go, &s);
		add_godebug(t, go, &s, ret);
		add_variables(t, go_binary_minor(go_target_binary(go)), ret);
		snprintf(ret->of, sizeof(ret->of), "%.60s", s.go_version ? s.go_version : "Go");
	} else {
		err = 0;
		snprintf(ret->of, sizeof(ret->of), "this isn't a Go program");
	}
	toggles_add(ret, TOGGLE_BINARY, "binary",
		    "the path of another program, for example built by another Go release", t->path, NULL);
	session_done(&s);
	go_target_close(go);
	return err < 0 ? fault_set(fault, err, "the settings", "%s", strerror(-err)) : 0;
}

/* ---- what is chosen ---- */

static size_t count(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* @name's value becomes @value, NULL = it is taken out of the environment. */
static int env_set(struct relaunch_settings *s, const char *name, const char *value)
{
	size_t len = strlen(name), out = 0;

	for (size_t i = 0; s->env[i]; i++) {
		if (strncmp(s->env[i], name, len) != 0 || s->env[i][len] != '=')
			s->env[out++] = s->env[i];
	}
	s->env[out] = NULL;
	if (!value)
		return 0;
	if (s->n == ARRAY_SIZE(s->variables) || asprintf(&s->variables[s->n], "%s=%s", name, value) < 0)
		return -ENOMEM;
	/* There is room: relaunch_settings_make() left some for each variable. */
	s->env[out] = s->variables[s->n++];
	s->env[out + 1] = NULL;
	return 0;
}

static int set_godebug(const struct toggles *chosen, struct relaunch_settings *s)
{
	const char *before = env_get(s->env, godebug);
	cleanup_free char *list = strdup(before ? before : "");
	bool any = false;

	for (size_t i = 0; list && i < chosen->n; i++) {
		const struct toggle *t = &chosen->at[i];

		if (!t->is_chosen || t->kind != TOGGLE_GODEBUG)
			continue;
		char *next = godebug_list_set(list, t->name, *t->chosen ? t->chosen : NULL);
		free(list);
		list = next;
		any = true;
	}
	if (!list)
		return -ENOMEM;
	return any ? env_set(s, godebug, *list ? list : NULL) : 0;
}

static int set_schedtrace(struct relaunch_settings *s)
{
	cleanup_free char *value = schedtrace_godebug(env_get(s->env, godebug));

	return value ? env_set(s, godebug, value) : -ENOMEM;
}

static int set_binary(const char *path, struct relaunch_settings *s)
{
	s->binary = realpath(path, NULL);
	if (!s->binary)
		return -errno;
	s->argv[0] = s->binary;
	return 0;
}

int relaunch_settings_make(const struct relaunch_base *base, const struct toggles *chosen,
			   struct relaunch_settings *ret)
{
	size_t argc = count(base->argv), n_env = count(base->env);

	*ret = (struct relaunch_settings){0};
	ret->argv = calloc(argc + 1, sizeof(*ret->argv));
	ret->env = calloc(n_env + ARRAY_SIZE(ret->variables) + 1, sizeof(*ret->env));
	if (!ret->argv || !ret->env || !argc)
		return argc ? -ENOMEM : -EINVAL;
	memcpy(ret->argv, base->argv, argc * sizeof(*ret->argv));
	if (n_env)
		memcpy(ret->env, base->env, n_env * sizeof(*ret->env));
	int err = set_godebug(chosen, ret);
	for (size_t i = 0; err == 0 && i < chosen->n; i++) {
		const struct toggle *t = &chosen->at[i];

		if (!t->is_chosen || t->kind == TOGGLE_GODEBUG)
			continue;
		err = t->kind == TOGGLE_BINARY ? set_binary(t->chosen, ret)
					       : env_set(ret, t->name, *t->chosen ? t->chosen : NULL);
	}
	return err == 0 && base->by_lines ? set_schedtrace(ret) : err;
}

void relaunch_settings_done(struct relaunch_settings *s)
{
	free(s->argv);
	free(s->env);
	free(s->binary);
	for (unsigned i = 0; i < s->n; i++)
		free(s->variables[i]);
	*s = (struct relaunch_settings){0};
}
