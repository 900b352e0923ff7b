/* SPDX-License-Identifier: GPL-2.0-only */
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

#include "base/fault.h"
#include "tui/theme.h"

static void every_builtin_loads(void **state)
{
	struct theme t;
	unsigned n = 0;

	(void)state;
	for (; theme_builtin(n); n++) {
		assert_int_equal(theme_load(&t, theme_builtin(n), NULL), 0);
		assert_string_equal(t.name, theme_builtin(n));
		if (!t.mono)
			assert_true(t.rgb[ROLE_TEXT] != t.rgb[ROLE_BACKGROUND]);
	}
	assert_true(n >= 3);
	assert_string_equal(theme_builtin(0), "dark");
	assert_int_equal(theme_load(&t, NULL, NULL), 0);
	assert_string_equal(t.name, "dark");
}

static void unknown_theme_names_the_known(void **state)
{
	struct theme t;
	struct fault fault = {0};

	(void)state;
	assert_int_equal(theme_load(&t, "no-such-theme", &fault), -ENOENT);
	assert_non_null(strstr(fault.todo, "dark"));
	assert_non_null(strstr(fault.what, "no-such-theme"));
}

static void damaged_themes(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"name\": \"x\"}",
		"{\"name\": \"x\", \"roles\": {\"background\": 7}}",
		"{\"name\": \"x\", \"roles\": {\"background\": \"#12345\"}}",
		"{\"name\": \"x\", \"roles\": {\"background\": \"#gggggg\"}}",
		"{\"name\": \"x\", \"roles\": {\"background\": {\"bold\": true}}}",
	};
	struct theme t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault fault = {0};

		assert_int_equal(theme_parse(&t, bad[i], "test", &fault), -EINVAL);
		assert_true(*fault.why && *fault.todo);
	}
}

static void users_own(void **state)
{
	char dir[] = "/tmp/schedtop-theme-XXXXXX", path[256];
	struct theme t;
	struct fault fault = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mine.json", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("{\"name\": \"mine\"}", f);
	fclose(f);
	assert_int_equal(theme_load(&t, path, &fault), -EINVAL);
	assert_non_null(strstr(fault.why, "is missing"));
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_builtin_loads),
		cmocka_unit_test(unknown_theme_names_the_known),
		cmocka_unit_test(damaged_themes),
		cmocka_unit_test(users_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
