/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of settings: keys in, choices out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/toggles.h"

static struct toggles *list(void)
{
	static struct toggles t;

	t = (struct toggles){0};
	toggles_add(&t, TOGGLE_GODEBUG, "asyncpreemptoff", "about", "0", "0");
	t.at[0].on_off = true;
	toggles_add(&t, TOGGLE_GODEBUG, "gctrace", "about", "", "0");
	toggles_add(&t, TOGGLE_PROCS, "GOMAXPROCS", "about", "2", "8");
	toggles_add(&t, TOGGLE_PERCENT, "GOGC", "about", NULL, "100");
	toggles_add(&t, TOGGLE_BYTES, "GOMEMLIMIT", "about", NULL, "off");
	toggles_add(&t, TOGGLE_BINARY, "binary", "about", "/bin/a", NULL);
	return &t;
}

static void type(struct toggles *t, const char *keys)
{
	for (; *keys; keys++)
		assert_int_equal(toggles_key(t, (uint32_t)(unsigned char)*keys), TOGGLES_STAY);
}

static const char *text(const struct toggles *t)
{
	static char buf[600];

	return toggles_text(t, buf, sizeof(buf));
}

static void a_switch_goes_there_and_back(void **state)
{
	struct toggles *t = list();

	(void)state;
	assert_string_equal(text(t), "the same settings");
	type(t, " ");
	assert_string_equal(text(t), "GODEBUG=asyncpreemptoff=1");
	assert_int_equal(toggles_chosen(t), 1);
	type(t, "\r");
	assert_int_equal(toggles_chosen(t), 0);
	type(t, " x");
	assert_int_equal(toggles_chosen(t), 0);
	/* Unknown now: what nobody sets counts. */
	t->at[0].current[0] = '\0';
	strcpy(t->at[0].initial, "1");
	type(t, " ");
	assert_string_equal(text(t), "GODEBUG=asyncpreemptoff=0");
}

static void values_are_typed(void **state)
{
	struct toggles *t = list();

	(void)state;
	type(t, "j1\r");
	type(t, "j4\r");
	type(t, "joff");
	type(t, "e\025off\r");
	type(t, "j 512MiBx\177\r");
	assert_string_equal(text(t), "GODEBUG=gctrace=1 GOMAXPROCS=4 GOGC=off GOMEMLIMIT=512MiB");
	/* Emptied: not set. What it is now is no choice. */
	assert_int_equal(toggles_key(t, KEY_HOME_), TOGGLES_STAY);
	type(t, "jj");
	type(t, " \025\r");
	assert_string_equal(text(t), "GODEBUG=gctrace=1 no GOMAXPROCS GOGC=off GOMEMLIMIT=512MiB");
	type(t, " \0252\r");
	assert_string_equal(text(t), "GODEBUG=gctrace=1 GOGC=off GOMEMLIMIT=512MiB");
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		int row;
		const char *value;
		bool good;
	} tries[] = {
		{0, "1", true},
		{0, "-5", true},
		{0, "2147483647", true},
		{0, "2147483648", false},
		{0, "1 ", false},
		{0, "one", false},
		{0, "", true},
		{2, "0", false},
		{2, "-1", false},
		{2, "64", true},
		{3, "off", true},
		{3, "50%", false},
		{4, "4GiB", true},
		{4, "4GB", false},
		{4, "off", true},
		{4, "123", true},
		{5, "/bin/sh", true},
		{5, "/bin", false},
		{5, "/etc/passwd", false},
		{5, "/no/such", false},
	};
	struct toggles *t = list();
	char why[300];

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		why[0] = '\0';
		int err = toggle_check(&t->at[tries[i].row], tries[i].value, why, sizeof(why));

		if ((err == 0) != tries[i].good)
			fail_msg("%s=%s: %d %s", t->at[tries[i].row].name, tries[i].value, err, why);
		assert_int_equal(strlen(why) > 0, !tries[i].good);
	}
	/* In the list: it stays open for another try, and says why. */
	type(t, "jj0\r");
	assert_true(t->editing);
	assert_non_null(strstr(t->error, "GOMAXPROCS"));
	type(t, "\033");
	assert_false(t->editing);
	assert_int_equal(toggles_chosen(t), 0);
}

static void what_leaves_the_list(void **state)
{
	struct toggles *t = list();

	(void)state;
	assert_int_equal(toggles_key(t, 'r'), TOGGLES_RELAUNCH);
	assert_int_equal(toggles_key(t, 'R'), TOGGLES_RELAUNCH_ALONE);
	assert_int_equal(toggles_key(t, KEY_ESC_), TOGGLES_CLOSE);
	/* While typing they are characters, and Esc ends the typing alone. */
	toggles_key(t, KEY_END_);
	type(t, "/rqR");
	assert_string_equal(t->typed, "/rqR");
	assert_int_equal(toggles_key(t, KEY_ESC_), TOGGLES_STAY);
	/* Any character may be in a path. */
	type(t, "/");
	toggles_key(t, 0xe9);
	toggles_key(t, 0x1f600);
	assert_string_equal(t->typed, "/\xc3\xa9\xf0\x9f\x98\x80");
	type(t, "\177\177");
	assert_string_equal(t->typed, "/");
	for (int i = 0; i < 2 * TOGGLE_TEXT; i++)
		type(t, "y");
	assert_int_equal(strlen(t->typed), TOGGLE_TEXT - 1);
}

static void choices_are_kept(void **state)
{
	static struct toggles old;
	struct toggles *t = list();

	(void)state;
	type(t, " jj8\r");
	old = *t;
	t = list();
	t->n = 2;                      /* a target that has no GOMAXPROCS */
	strcpy(t->at[0].current, "1"); /* somebody has set it already */
	toggles_keep(t, &old);
	assert_int_equal(toggles_chosen(t), 0);
	t = list();
	toggles_keep(t, &old);
	assert_string_equal(text(t), "GODEBUG=asyncpreemptoff=1 GOMAXPROCS=8");
	assert_int_equal(t->row, 2);
}

static void an_empty_list(void **state)
{
	static struct toggles t;

	(void)state;
	for (const char *k = " jkxe5\r"; *k; k++)
		assert_int_equal(toggles_key(&t, (uint32_t)*k), TOGGLES_STAY);
	assert_false(t.editing);
	assert_string_equal(text(&t), "the same settings");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_switch_goes_there_and_back),
		cmocka_unit_test(values_are_typed),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(what_leaves_the_list),
		cmocka_unit_test(choices_are_kept),
		cmocka_unit_test(an_empty_list),
	};

	return cmocka_run_group_tests_name("toggles", tests, NULL, NULL);
}
