/* SPDX-License-Identifier: GPL-2.0-only */
/* The text report, compared with golden files. UPDATE_GOLDEN=1 writes the file anew: look at the difference in git. */
#include "tests/report/synthetic.h"

#include <errno.h>
#include <stdio.h>

#include "report/report.h"

#define GOLDEN_MAX 65536

static char *report_of(struct synthetic *y)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(report_text(y->model, NULL, f), 0);
	fclose(f);
	return text;
}

static void compare(const char *path, void (*feed)(struct model *m))
{
	char golden[GOLDEN_MAX] = "";
	struct synthetic y;

	synthetic_init(&y, true);
	feed(y.model);
	char *text = report_of(&y);
	if (getenv("UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
	}
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(golden, 1, sizeof(golden) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text, golden);
	free(text);
	synthetic_done(&y);
}

static void same_as_golden(void **state)
{
	(void)state;
	compare(GOLDEN_DIR "/text.golden", synthetic_events);
	compare(GOLDEN_DIR "/text-exact.golden", synthetic_exact_events);
}

static void verdict_comes_first(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	synthetic_events(y.model);
	char *text = report_of(&y);
	const char *verdict = strstr(text, "\nVerdict\n"), *latencies = strstr(text, "\nLatencies\n");
	assert_non_null(verdict);
	assert_non_null(latencies);
	assert_true(verdict < latencies);
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\a'));
	assert_null(strchr(text, '\xff'));
	free(text);
	synthetic_done(&y);
}

/* What could not be seen has no table of zeros. */
static void not_go_has_no_gaps(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, false);
	tick(y.model, 0);
	comes(y.model, 10, 0, 100);
	tick(y.model, 1000);
	char *text = report_of(&y);
	assert_non_null(strstr(text, "not a Go program"));
	assert_null(strstr(text, "Preemption requests"));
	assert_null(strstr(text, "STW"));
	free(text);
	synthetic_done(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_golden),
		cmocka_unit_test(verdict_comes_first),
		cmocka_unit_test(not_go_has_no_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
