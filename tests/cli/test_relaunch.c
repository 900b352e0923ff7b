/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be changed for another start, by Go version, and what becomes of the choice: environment and arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "cli/relaunch.h"
#include "cli/relaunch_settings.h"
#include "target/godebug.h"
#include "tui/toggles.h"

#define WORDS(...) ((char **)(const char *[]){__VA_ARGS__, NULL})

static void beside(const char *file, unsigned n, const char *want)
{
	cleanup_free char *got = relaunch_beside(file, n);

	assert_string_equal(got, want);
}

static void files_beside(void **state)
{
	(void)state;
	beside("app.cap", 2, "app-2.cap");
	beside("app", 3, "app-3");
	beside("/a.b/app", 2, "/a.b/app-2");
	beside("/a.b/app.x.cap", 10, "/a.b/app.x-10.cap");
	beside("/a/.hidden", 2, "/a/.hidden-2");
	beside(".hidden", 2, ".hidden-2");
}

/* A Go program of a release line: its own go command. */
static bool go_of(int minor, char path[1024])
{
	const char *top = getenv("SCHEDTOP_TOP");

	snprintf(path, 1024, "%s/.cache/go/1.%d/bin/go", top ? top : ".", minor);
	if (access(path, R_OK) == 0)
		return true;
	snprintf(path, 1024, "/usr/lib/go-1.%d/bin/go", minor);
	return access(path, R_OK) == 0;
}

static const struct toggle *named(const struct toggles *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->at[i].name, name) == 0)
			return &t->at[i];
	}
	return NULL;
}

static void by_go_version(void **state)
{
	static struct toggles t;
	const struct godebug_setting *s;
	struct fault fault = {0};
	char path[1024];
	int found = 0;

	(void)state;
	for (int minor = 19; minor <= 26; minor++) {
		if (!go_of(minor, path))
			continue;
		const struct relaunch_target target = {.path = path,
						       .env = WORDS("GODEBUG=gctrace=2,asyncpreemptoff=1", "GOGC=50")};

		found++;
		t = (struct toggles){0};
		assert_int_equal(relaunch_toggles(&target, &t, &fault), 0);
		for (size_t i = 0; (s = godebug_setting(i)); i++)
			assert_int_equal(named(&t, s->name) != NULL, godebug_setting_exists(s, minor));
		assert_string_equal(named(&t, "asyncpreemptoff")->current, "1");
		assert_string_equal(named(&t, "asyncpreemptoff")->initial, "0");
		assert_true(named(&t, "asyncpreemptoff")->on_off);
		assert_string_equal(named(&t, "gctrace")->current, "2");
		assert_false(named(&t, "gctrace")->on_off);
		assert_string_equal(named(&t, "madvdontneed")->initial, "1");
		assert_string_equal(named(&t, "GOGC")->current, "50");
		assert_string_equal(named(&t, "GOMAXPROCS")->current, "");
		assert_non_null(named(&t, "GOMEMLIMIT"));
		assert_string_equal(named(&t, "binary")->current, path);
		for (size_t i = 0; i < t.n; i++)
			assert_true(strlen(t.at[i].about) > 5);
	}
	print_message("%d toolchains\n", found);
	if (getenv("SCHEDTOP_TOP"))
		assert_true(found > 0);
}

static void not_go(void **state)
{
	static struct toggles t;
	struct fault fault = {0};
	const struct relaunch_target target = {.path = "/bin/sh", .env = WORDS("A=b")};

	(void)state;
	assert_int_equal(relaunch_toggles(&target, &t, &fault), 0);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.at[0].name, "binary");
	const struct relaunch_target gone = {.path = "/no/such/file", .env = WORDS("A=b")};
	assert_true(relaunch_toggles(&gone, &t, &fault) < 0);
}

static struct toggles *choices(void)
{
	static struct toggles t;

	t = (struct toggles){0};
	toggles_add(&t, TOGGLE_GODEBUG, "asyncpreemptoff", "", "0", "0");
	toggles_add(&t, TOGGLE_GODEBUG, "gctrace", "", "1", "0");
	toggles_add(&t, TOGGLE_PROCS, "GOMAXPROCS", "", "", "8");
	toggles_add(&t, TOGGLE_PERCENT, "GOGC", "", "50", "100");
	toggles_add(&t, TOGGLE_BINARY, "binary", "", "/bin/a", NULL);
	return &t;
}

static void choose(struct toggles *t, int i, const char *value)
{
	t->at[i].is_chosen = true;
	snprintf(t->at[i].chosen, sizeof(t->at[i].chosen), "%s", value);
}

static void expect(const struct toggles *t, char **env, char **argv)
{
	const struct relaunch_base base = {
		.argv = WORDS("app", "-x", ""),
		.env = WORDS("A=1", "GODEBUG=http2client=0,gctrace=1", "GOGC=50", "GODEBUG=second", "GODEBUGX=kept"),
	};
	struct relaunch_settings s;
	size_t i = 0;

	assert_int_equal(relaunch_settings_make(&base, t, &s), 0);
	for (; env[i]; i++)
		assert_string_equal(s.env[i], env[i]);
	assert_null(s.env[i]);
	for (i = 0; argv[i]; i++)
		assert_string_equal(s.argv[i], argv[i]);
	assert_null(s.argv[i]);
	relaunch_settings_done(&s);
}

static void choices_become_an_environment(void **state)
{
	struct toggles *t = choices();
	char **same = WORDS("app", "-x", "");

	(void)state;
	expect(t, WORDS("A=1", "GODEBUG=http2client=0,gctrace=1", "GOGC=50", "GODEBUG=second", "GODEBUGX=kept"), same);
	/* The user's other settings stay, what is changed is the one that counts, and it is there once. */
	choose(t, 0, "1");
	expect(t, WORDS("A=1", "GOGC=50", "GODEBUGX=kept", "GODEBUG=http2client=0,gctrace=1,asyncpreemptoff=1"), same);
	choose(t, 1, "");
	choose(t, 2, "2");
	choose(t, 3, "");
	expect(t, WORDS("A=1", "GODEBUGX=kept", "GODEBUG=http2client=0,asyncpreemptoff=1", "GOMAXPROCS=2"), same);
	choose(t, 4, "/bin/../bin/sh");
	cleanup_free char *sh = realpath("/bin/sh", NULL);
	expect(t, WORDS("A=1", "GODEBUGX=kept", "GODEBUG=http2client=0,asyncpreemptoff=1", "GOMAXPROCS=2"),
	       WORDS(sh, "-x", ""));
}

static void what_cannot_be_made(void **state)
{
	const struct relaunch_base base = {.argv = WORDS("app"), .env = WORDS("A=1")},
				   nothing = {.argv = (char *[]){NULL}, .env = (char *[]){NULL}};
	struct toggles *t = choices();
	struct relaunch_settings s;

	(void)state;
	assert_int_equal(relaunch_settings_make(&nothing, t, &s), -EINVAL);
	relaunch_settings_done(&s);
	choose(t, 4, "/no/such/file");
	assert_int_equal(relaunch_settings_make(&base, t, &s), -ENOENT);
	relaunch_settings_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_beside),
		cmocka_unit_test(by_go_version),
		cmocka_unit_test(not_go),
		cmocka_unit_test(choices_become_an_environment),
		cmocka_unit_test(what_cannot_be_made),
	};

	return cmocka_run_group_tests_name("relaunch", tests, NULL, NULL);
}
