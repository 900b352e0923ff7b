/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tui/terminfo.h"

static void known_by_name_or_family(void **state)
{
	static const char *const names[] = {"xterm",         "xterm-256color", "screen-256color",
					    "tmux-256color", "linux",          "vt100"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct terminfo *t = terminfo_builtin(names[i]);

		assert_non_null(t);
		assert_string_equal(t->name, names[i]);
		assert_int_equal(strncmp(t->text, "b64:", 4), 0);
		assert_true(strlen(t->text) > 200);
	}
	assert_string_equal(terminfo_builtin("xterm-kitty")->name, "xterm");
	assert_string_equal(terminfo_builtin("screen.xterm-256color") ? "found" : "none", "none");
}

static void others_are_unknown(void **state)
{
	(void)state;
	assert_null(terminfo_builtin(NULL));
	assert_null(terminfo_builtin(""));
	assert_null(terminfo_builtin("-"));
	assert_null(terminfo_builtin("dumb"));
	assert_null(terminfo_builtin("xter"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_by_name_or_family),
		cmocka_unit_test(others_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
