/* SPDX-License-Identifier: GPL-2.0-only */
/* GODEBUG lists: one setting changes, the user's others stay as they are. */
#include "target/godebug_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "target/godebug.h"

static void set(const char *list, const char *name, const char *value, const char *want)
{
	cleanup_free char *got = godebug_list_set(list, name, value);

	assert_non_null(got);
	assert_string_equal(got, want);
}

static void added_replaced_removed(void **state)
{
	(void)state;
	set(NULL, "gctrace", "1", "gctrace=1");
	set("", "gctrace", "1", "gctrace=1");
	set("madvdontneed=0", "gctrace", "1", "madvdontneed=0,gctrace=1");
	set("gctrace=2,madvdontneed=0", "gctrace", "1", "madvdontneed=0,gctrace=1");
	set("gctrace=2,x=1,gctrace=3", "gctrace", "1", "x=1,gctrace=1");
	set("gctrace=2,x=1,gctrace=3", "gctrace", NULL, "x=1");
	set("gctrace=2", "gctrace", NULL, "");
	set(NULL, "gctrace", NULL, "");
}

static void others_stay(void **state)
{
	(void)state;
	/* Names that only begin or end alike, what is no setting, and what the runtime wouldn't take. */
	set("gctracex=1,xgctrace=2,gctrace,=,gctrace =3", "gctrace", "1",
	    "gctracex=1,xgctrace=2,gctrace,=,gctrace =3,gctrace=1");
	set("a=1,,b=2,", "c", "3", "a=1,b=2,c=3");
	set("\xff\x01=\n,http2server=0", "gctrace", "", "\xff\x01=\n,http2server=0,gctrace=");
}

static void the_runtime_reads_what_was_set(void **state)
{
	static const char *const lists[] = {NULL, "asyncpreemptoff=1", "asyncpreemptoff=1,asyncpreemptoff=x",
					    "gctrace=1,asyncpreemptoff=7,,", "asyncpreemptoff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		cleanup_free char *got = godebug_list_set(lists[i], "asyncpreemptoff", "0");
		int32_t value = -1;

		assert_true(godebug_in_list(got, "asyncpreemptoff", &value));
		assert_int_equal(value, 0);
		cleanup_free char *gone = godebug_list_set(got, "asyncpreemptoff", NULL);
		assert_false(godebug_in_list(gone, "asyncpreemptoff", &value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(added_replaced_removed),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(the_runtime_reads_what_was_set),
	};

	return cmocka_run_group_tests_name("godebug_list", tests, NULL, NULL);
}
