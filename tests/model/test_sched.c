/* SPDX-License-Identifier: GPL-2.0-only */
/* Run queues, starvation, garbage collection, detail levels, and why requests aren't served. */
#include "tests/model/stream.h"

static void run_queues(void **state)
{
	struct model *m = *state;
	struct runq_summary s;
	struct runq_total q[4];

	model_runq_summary(m, &s);
	assert_int_equal(s.rounds, 0);
	for (uint64_t us = 0; us < 30000; us += 10000) {
		runq_len(m, us, 0, 6);
		runq_len(m, us + 1, 1, 0);
		runq_len(m, us + 2, EV_NO_P, (uint32_t)us / 10000);
	}
	model_runq_summary(m, &s);
	assert_int_equal(s.rounds, 3);
	assert_int_equal(s.max, 6);
	assert_int_equal(s.max_spread, 6);
	assert_true(s.mean_longest == 6 && s.mean == 3 && s.imbalance == 3);
	assert_int_equal(model_runqs(m, q, 4), 3);
	assert_int_equal(q[0].latest, 6);
	assert_true(q[0].mean == 6);
	assert_int_equal(q[2].p, EV_NO_P);
	assert_int_equal(q[2].latest, 2);
	assert_int_equal(q[2].max, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(run_queues),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
