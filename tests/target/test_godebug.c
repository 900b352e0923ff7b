/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of GODEBUG settings against the runtime's sources, and what is in effect of several sayings. */
#include "target/godebug.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* The text of runtime1.go of a release line, to free; NULL when its toolchain isn't here. */
static char *source_of(int minor)
{
	const char *top = getenv("SCHEDTOP_TOP");
	char path[1024];

	snprintf(path, sizeof(path), "%s/.cache/go/1.%d/src/runtime/runtime1.go", top ? top : ".", minor);
	FILE *f = fopen(path, "re");
	if (!f) {
		snprintf(path, sizeof(path), "/usr/lib/go-1.%d/src/runtime/runtime1.go", minor);
		f = fopen(path, "re");
	}
	if (!f)
		return NULL;
	char *text = calloc(1, 1U << 20);
	assert_non_null(text);
	fread(text, 1, (1U << 20) - 1, f);
	fclose(f);
	return text;
}

/* The line of dbgvars that names the setting, or NULL. */
static const char *line_of(const char *text, const char *name)
{
	const char *table = strstr(text, "var dbgvars = "), *end = table ? strstr(table, "\n}") : NULL;
	char quoted[64];

	assert_non_null(end);
	if (!table)
		return NULL;
	snprintf(quoted, sizeof(quoted), "\"%s\"", name);
	const char *at = strstr(table, quoted);
	return at && at < end ? at : NULL;
}

/* What the runtime begins with: "def: 1" in the table, or an assignment in parseRuntimeDebugVars. */
static int32_t initial_in(const char *text, const char *line, const char *name)
{
	const char *eol = strchr(line, '\n'), *def = strstr(line, "def:");
	char assigned[64];

	if (def && def < eol)
		return atoi(def + 4);
	snprintf(assigned, sizeof(assigned), "debug.%s = ", name);
	const char *at = strstr(text, assigned);
	return at && at[strlen(assigned)] == '1' && strcmp(name, "asyncpreemptoff") != 0 ? 1 : 0;
}

static void as_the_sources_say(void **state)
{
	const struct godebug_setting *s;
	int found = 0;

	(void)state;
	for (int minor = 19; minor <= 26; minor++) {
		cleanup_free char *text = source_of(minor);

		for (size_t i = 0; text && (s = godebug_setting(i)); i++) {
			const char *line = line_of(text, s->name);

			if (godebug_setting_exists(s, minor) != (line != NULL))
				fail_msg("%s in 1.%d: the table is wrong", s->name, minor);
			if (line && strcmp(s->name, "traceadvanceperiod") != 0)
				assert_int_equal(s->initial, initial_in(text, line, s->name));
		}
		found += text != NULL;
	}
	print_message("%d sources compared\n", found);
	if (getenv("SCHEDTOP_TOP"))
		assert_true(found > 0);
}

static const struct godebug_setting *named(const char *name)
{
	const struct godebug_setting *s = NULL;

	for (size_t i = 0; (s = godebug_setting(i)) && strcmp(s->name, name) != 0; i++)
		;
	assert_non_null(s);
	return s;
}

static void expect(const struct godebug_facts *f, const char *name, const int32_t *live, int32_t value,
		   enum async_source source)
{
	enum async_source got_source = ASYNC_SOURCE_UNKNOWN;
	int32_t got = -1;

	assert_true(godebug_effective(f, named(name), live != NULL, live ? *live : 0, &got, &got_source));
	assert_int_equal(got, value);
	assert_int_equal(got_source, source);
}

static void the_last_to_speak_wins(void **state)
{
	struct godebug_facts f = {.go_minor = 25, .env_known = true};

	(void)state;
	expect(&f, "madvdontneed", NULL, 1, ASYNC_SOURCE_DEFAULT);
	f.built_in = "containermaxprocs=0,madvdontneed=0";
	expect(&f, "madvdontneed", NULL, 0, ASYNC_SOURCE_GO_DEBUG);
	expect(&f, "containermaxprocs", &(int32_t){0}, 0, ASYNC_SOURCE_GO_DEBUG);
	f.ldflags = "-X runtime.godebugDefault=gctrace=2";
	expect(&f, "gctrace", NULL, 2, ASYNC_SOURCE_LINKER);
	expect(&f, "madvdontneed", NULL, 1, ASYNC_SOURCE_DEFAULT); /* the linker's flag replaces the whole list */
	f.godebug = "gctrace=1,madvdontneed=0";
	expect(&f, "gctrace", &(int32_t){1}, 1, ASYNC_SOURCE_ENVIRONMENT);
	expect(&f, "madvdontneed", NULL, 0, ASYNC_SOURCE_ENVIRONMENT);
	/* Written while the process ran. */
	expect(&f, "gctrace", &(int32_t){0}, 0, ASYNC_SOURCE_RUNTIME_MEMORY);
}

static void without_the_environment(void **state)
{
	struct godebug_facts f = {.go_minor = 22};
	enum async_source source;
	int32_t value;

	(void)state;
	assert_false(godebug_effective(&f, named("gctrace"), false, 0, &value, &source));
	assert_int_equal(source, ASYNC_SOURCE_UNKNOWN);
	expect(&f, "gctrace", &(int32_t){1}, 1, ASYNC_SOURCE_UNKNOWN); /* the environment might explain it */
	expect(&f, "gctrace", &(int32_t){0}, 0, ASYNC_SOURCE_DEFAULT);
	f.is_file = true;
	expect(&f, "gctrace", NULL, 0, ASYNC_SOURCE_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_sources_say),
		cmocka_unit_test(the_last_to_speak_wins),
		cmocka_unit_test(without_the_environment),
	};

	return cmocka_run_group_tests_name("godebug", tests, NULL, NULL);
}
