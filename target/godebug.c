/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/godebug.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/go_target.h"

#define GODEBUG_BYTES_MAX 4096U

/* disablethp came into the release line of 1.21 with 1.21.6. tests/target/test_godebug.c reads the sources. */
static const struct godebug_setting settings[] = {
	{"asyncpreemptoff", 0, 0, 0, "1: goroutines aren't preempted by signal, only at stack checks"},
	{"schedtrace", 0, 0, 0, "prints the scheduler's state every so many ms, under its lock"},
	{"scheddetail", 0, 0, 0, "1: schedtrace prints every P, M and G too"},
	{"dontfreezetheworld", 21, 0, 0, "1: a fatal panic doesn't stop the other goroutines"},
	{"containermaxprocs", 25, 0, 1, "0: the default of GOMAXPROCS doesn't follow the cgroup's CPU quota"},
	{"updatemaxprocs", 25, 0, 1, "0: the default of GOMAXPROCS isn't updated while the program runs"},
	{"asynctimerchan", 23, 0, 0, "1: timer channels are buffered, as before Go 1.23"},
	{"adaptivestackstart", 0, 0, 1, "1: new goroutines get stacks of the average size that the GC saw"},
	{"gcshrinkstackoff", 0, 0, 0, "1: the GC doesn't move goroutines to smaller stacks"},
	{"gcstoptheworld", 0, 0, 0, "1: the GC marks with the world stopped; 2: it sweeps so too"},
	{"gccheckmark", 0, 0, 0, "1: the GC marks again with the world stopped; from 1.25 no async preemption then"},
	{"checkfinalizers", 25, 0, 0, "1: further collections with the world stopped, to check finalizers"},
	{"gcpacertrace", 0, 0, 0, "1: prints what the GC's pacer decides"},
	{"gctrace", 0, 0, 0, "1: prints a line for each GC cycle"},
	{"sbrk", 0, 0, 0, "1: allocates without ever freeing, so that the GC is idle"},
	{"allocfreetrace", 0, 22, 0, "1: prints a stack at each allocation and free"},
	{"clobberfree", 0, 0, 0, "1: the GC overwrites what it frees"},
	{"madvdontneed", 0, 0, 1, "0: freed memory is given back lazily (MADV_FREE)"},
	{"harddecommit", 0, 0, 0, "1: memory that is given back is also protected, one more system call"},
	{"disablethp", 21, 0, 0, "1: no transparent huge pages for the heap"},
	{"scavtrace", 0, 0, 0, "1: prints what the background scavenger gives back"},
	{"runtimecontentionstacks", 22, 24, 0, "1: stacks of contended runtime locks are recorded"},
	{"traceadvanceperiod", 22, 0, 1000000000, "ns between two generations of an execution trace"},
	{"traceallocfree", 23, 0, 0, "1: an execution trace has every allocation and free"},
	{"tracefpunwindoff", 21, 0, 0, "1: an execution trace unwinds stacks the slow way"},
};

const struct godebug_setting *godebug_setting(size_t i)
{
	return i < ARRAY_SIZE(settings) ? &settings[i] : NULL;
}

bool godebug_setting_exists(const struct godebug_setting *s, int go_minor)
{
	return go_minor >= s->since && (!s->until || go_minor <= s->until);
}

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

/* runtime/runtime1.go parsegodebug: from left to right, the last valid one wins. */
bool godebug_in_list(const char *list, const char *name, int32_t *ret)
{
	size_t name_len = strlen(name);
	bool found = false;

	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len > name_len && strncmp(list, name, name_len) == 0 && list[name_len] == '=')
			found |= atoi32(list + name_len + 1, len - name_len - 1, ret);
		list += len + (list[len] == ',');
	}
	return found;
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

const char *godebug_defaults(const struct godebug_facts *f, char **ret_owned, bool *ret_by_linker)
{
	*ret_owned = f->linked ? NULL : default_in_ldflags(f->ldflags);
	/* Go 1.20 and before have no such thing. */
	const char *list = f->linked ? f->linked : f->go_minor < 21 ? NULL : *ret_owned ? *ret_owned : f->built_in;

	*ret_by_linker = list && list != f->built_in && (!f->built_in || strcmp(list, f->built_in) != 0);
	return list;
}

enum async_source godebug_setter(const struct godebug_facts *f, const char *name, int32_t *ret)
{
	cleanup_free char *owned = NULL;
	bool by_linker;
	const char *defaults = godebug_defaults(f, &owned, &by_linker);

	if (godebug_in_list(f->godebug, name, ret))
		return ASYNC_SOURCE_ENVIRONMENT;
	if (godebug_in_list(defaults, name, ret))
		return by_linker ? ASYNC_SOURCE_LINKER : ASYNC_SOURCE_GO_DEBUG;
	return ASYNC_SOURCE_DEFAULT;
}

bool godebug_effective(const struct godebug_facts *f, const struct godebug_setting *s, bool live_known, int32_t live,
		       int32_t *ret_value, enum async_source *ret_source)
{
	int32_t said = s->initial;
	enum async_source source = godebug_setter(f, s->name, &said);

	if (live_known) {
		if (live != said)
			source = f->env_known ? ASYNC_SOURCE_RUNTIME_MEMORY : ASYNC_SOURCE_UNKNOWN;
		said = live;
	} else if (!f->env_known && !f->is_file) {
		*ret_source = ASYNC_SOURCE_UNKNOWN;
		return false;
	}
	*ret_value = said;
	*ret_source = source;
	return true;
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

void godebug_facts_of_process(const struct go_target *t, bool env_known, const struct session *s,
			      struct godebug_held *ret)
{
	godebug_facts_of_file(go_target_binary(t), ret);
	ret->linked = live_default(t);
	ret->facts.linked = ret->linked;
	ret->facts.is_file = false;
	ret->facts.env_known = env_known;
	/* Of several the first counts: runtime/env_posix.go gogetenv. */
	for (size_t i = 0; i < s->n_env && !ret->facts.godebug; i++) {
		if (strcmp(s->env[i].key, "GODEBUG") == 0)
			ret->facts.godebug = s->env[i].value;
	}
}

void godebug_facts_of_file(const struct go_binary *b, struct godebug_held *ret)
{
	*ret = (struct godebug_held){
		.facts =
			{
				.go_minor = go_binary_minor(b),
				.is_file = true,
				.ldflags = go_binary_setting_get(b, "-ldflags"),
				.built_in = go_binary_setting_get(b, "DefaultGODEBUG"),
			},
	};
}

void godebug_facts_done(struct godebug_held *h)
{
	free(h->linked);
	*h = (struct godebug_held){0};
}

static bool environment_readable(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c;
	/* Opening is allowed to more than reading is. */
	return fd >= 0 && read(fd, &c, 1) >= 0;
}

_Static_assert(ARRAY_SIZE(settings) <= GO_GODEBUG_MAX, "room for all settings");

size_t go_target_godebug(const struct go_target *t, const struct session *s, struct go_godebug *ret, size_t cap)
{
	cleanup_with(godebug_facts_done) struct godebug_held held = {0};
	const char *names[ARRAY_SIZE(settings)];
	uint64_t at[ARRAY_SIZE(settings)];
	pid_t pid = go_target_pid(t);
	int32_t procs;
	size_t n = 0;

	if (!go_target_is_go(t))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		names[i] = settings[i].name;
	if (pid)
		godebug_facts_of_process(t, environment_readable(pid), s, &held);
	else
		godebug_facts_of_file(go_target_binary(t), &held);
	/* Until the runtime has read GODEBUG its variables mean nothing (go_target_asyncpreemptoff()). */
	bool have_memory = pid && go_target_gomaxprocs(t, &procs) == 0 &&
			   go_binary_godebug_knobs(go_target_binary(t), names, ARRAY_SIZE(names), at) == 0;
	for (; n < ARRAY_SIZE(settings) && n < cap; n++) {
		const struct godebug_setting *g = &settings[n];
		struct go_godebug *v = &ret[n];
		int32_t live = 0;
		enum async_source source;

		*v = (struct go_godebug){
			.name = g->name,
			.about = g->about,
			.since = g->since,
			.until = g->until,
			.exists = have_memory ? at[n] != 0 : godebug_setting_exists(g, held.facts.go_minor),
		};
		if (!v->exists) {
			v->source = (uint8_t)godebug_setter(&held.facts, g->name, &live);
			continue;
		}
		bool live_known = have_memory && go_target_read(t, at[n] + go_target_bias(t), &live, sizeof(live)) == 0;
		v->known = godebug_effective(&held.facts, g, live_known, live, &v->value, &source);
		v->source = (uint8_t)source;
	}
	return n;
}
