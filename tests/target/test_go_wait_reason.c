/* SPDX-License-Identifier: GPL-2.0-only */
/* go_wait_reason() against the runtime's own sources, of those toolchains that are there. */
#include "target/go_wait_reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "events/wait_reason.h"

#define NAMES_MAX 128

struct names {
	char constant[NAMES_MAX][64]; /* in the order of their values */
	char text[NAMES_MAX][64];
	size_t n;
};

static FILE *open_source(int minor)
{
	const char *top = getenv("SCHEDTOP_TOP");
	char path[1024];

	snprintf(path, sizeof(path), "%s/.cache/go/1.%d/src/runtime/runtime2.go", top ? top : ".", minor);
	FILE *f = fopen(path, "re");
	if (f)
		return f;
	snprintf(path, sizeof(path), "/usr/lib/go-1.%d/src/runtime/runtime2.go", minor);
	return fopen(path, "re");
}

/* The constants stand one a line behind waitReasonZero; the texts in a table "waitReasonX: "text",". */
static void read_names(FILE *f, struct names *ret)
{
	char line[1024], name[64], text[64];
	bool in_constants = false;

	*ret = (struct names){0};
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %63[a-zA-Z0-9] waitReason = iota", name) == 1 &&
		    strcmp(name, "waitReasonZero") == 0 && strstr(line, "iota"))
			in_constants = true;
		else if (line[0] == ')')
			in_constants = false;
		if (in_constants && sscanf(line, " waitReason%63[a-zA-Z0-9]", name) == 1) {
			assert_true(ret->n < NAMES_MAX);
			snprintf(ret->constant[ret->n++], sizeof(name), "%s", name);
		}
		text[0] = '\0';
		if (!in_constants && strstr(line, "\",") &&
		    sscanf(line, " waitReason%63[a-zA-Z0-9]: \"%63[^\"]\"", name, text) >= 1) {
			for (size_t i = 0; i < ret->n; i++) {
				if (strcmp(ret->constant[i], name) == 0)
					memcpy(ret->text[i], text, sizeof(text));
			}
		}
	}
}

static void as_the_sources_say(void **state)
{
	int found = 0;

	(void)state;
	for (int minor = 19; minor <= 26; minor++) {
		cleanup_fclose FILE *f = open_source(minor);
		struct names names;

		if (!f)
			continue;
		found++;
		read_names(f, &names);
		assert_in_range(names.n, 20, NAMES_MAX);
		for (size_t i = 0; i < names.n; i++) {
			uint8_t reason = go_wait_reason(minor, (uint8_t)i);

			assert_true(i == 0 ? reason == WAIT_NONE : reason != WAIT_NONE);
			if (i > 0)
				assert_string_equal(wait_reason_name(reason), names.text[i]);
		}
		assert_int_equal(go_wait_reason(minor, (uint8_t)names.n), WAIT_NONE);
	}
	print_message("%d sources compared\n", found);
	if (getenv("SCHEDTOP_TOP"))
		assert_true(found > 0); /* the build needs one of them */
}

static void what_is_not_known_is_none(void **state)
{
	(void)state;
	assert_int_equal(go_wait_reason(18, 14), WAIT_NONE);
	assert_int_equal(go_wait_reason(27, 14), WAIT_NONE);
	assert_int_equal(go_wait_reason(-1, 14), WAIT_NONE);
	assert_int_equal(go_wait_reason(22, 255), WAIT_NONE);
	assert_int_equal(go_wait_reason(22, 0), WAIT_NONE);
	/* A version without a toolchain here: mutexes came in 1.20. */
	assert_int_equal(go_wait_reason(20, 21), WAIT_SYNC_MUTEX_LOCK);
	assert_int_equal(go_wait_reason(20, 14), WAIT_CHAN_RECEIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_sources_say),
		cmocka_unit_test(what_is_not_known_is_none),
	};

	return cmocka_run_group_tests_name("go wait reason", tests, NULL, NULL);
}
