/* SPDX-License-Identifier: GPL-2.0-only */
/* The parsers of /proc/PID/task/TID: real texts, and ones that aren't. */
#include "collectors/proc_account.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events/event.h"

static const char stat_text[] =
	"17805 (tight) R) S 17) S 17792 17792 17792 0 -1 4194368 33 0 0 0 120 7 0 0 20 0 6 0 1029384 1275068416 612 "
	"18446744073709551615 4194304 5236125 140723 0 0 0 0 0 2143420159 0 0 0 -1 3 0 0 0 0 0 5844992 5861888 0\n";

static void schedstat(void **state)
{
	uint64_t run = 1, wait = 1;

	(void)state;
	assert_int_equal(account_parse_schedstat("700055011 2501545343 1287\n", &run, &wait), 0);
	assert_int_equal(run, 700055011);
	assert_int_equal(wait, 2501545343);
	assert_int_equal(account_parse_schedstat("", &run, &wait), -EPROTO);
	assert_int_equal(account_parse_schedstat("12", &run, &wait), -EPROTO);
	assert_int_equal(account_parse_schedstat("-1 2 3", &run, &wait), -EPROTO);
	assert_int_equal(account_parse_schedstat("99999999999999999999 2 3", &run, &wait), -EPROTO);
}

static void stat(void **state)
{
	uint64_t ticks = 0;
	uint8_t s = 99;
	uint16_t cpu = 99;

	(void)state;
	/* The name holds what looks like fields; the last parenthesis ends it. */
	assert_int_equal(account_parse_stat(stat_text, &s, &cpu, &ticks), 0);
	assert_int_equal(s, EV_STATE_SLEEP);
	assert_int_equal(cpu, 3);
	assert_int_equal(ticks, 127);
	assert_int_equal(account_parse_stat("1 (a) R 1 2 3", &s, &cpu, &ticks), -EPROTO);
	assert_int_equal(account_parse_stat("1 (a", &s, &cpu, &ticks), -EPROTO);
	assert_int_equal(account_parse_stat(")", &s, &cpu, &ticks), -EPROTO);
}

static void status(void **state)
{
	uint64_t voluntary = 0, involuntary = 0;

	(void)state;
	assert_int_equal(account_parse_status("Name:\tx\nvoluntary_ctxt_switches:\t150\n"
					      "nonvoluntary_ctxt_switches:\t545\n",
					      &voluntary, &involuntary),
			 0);
	assert_int_equal(voluntary, 150);
	assert_int_equal(involuntary, 545);
	assert_int_equal(account_parse_status("nonvoluntary_ctxt_switches:\t545\n", &voluntary, &involuntary), -EPROTO);
	assert_int_equal(account_parse_status("", &voluntary, &involuntary), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(schedstat), cmocka_unit_test(stat),
					   cmocka_unit_test(status)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
