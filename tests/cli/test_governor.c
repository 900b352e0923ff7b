/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/governor.h"

#define SECOND 1000000000ULL
#define TICK   250000000ULL

/* A target whose load and probes' cost the test chooses; time goes on in ticks. */
struct world {
	struct governor g;
	struct governor_sample now;
	double cost_pct[DETAIL_EXACT + 1]; /* of one CPU, what each level costs */
	double cpus;                       /* that the target uses */
	uint64_t switches_per_s;
};

static void world_init(struct world *w, double max_pct, double sched_pct, double exact_pct)
{
	*w = (struct world){.now.now_ns = 1000 * SECOND,
			    .cost_pct = {0.1, sched_pct, exact_pct},
			    .cpus = 0.5,
			    .switches_per_s = 10000};
	governor_init(&w->g, DETAIL_EXACT, max_pct, &w->now);
}

static enum detail_level tick(struct world *w)
{
	double cost = w->cost_pct[w->g.level];

	w->now.now_ns += TICK;
	w->now.probe_ns += (uint64_t)((double)TICK * cost / 100);
	w->now.target_run_ns += (uint64_t)((double)TICK * w->cpus);
	w->now.switches += w->switches_per_s / 4;
	return governor_step(&w->g, &w->now);
}

static enum detail_level run(struct world *w, unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 4; i++)
		tick(w);
	return w->g.level;
}

static void cheap_stays(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 3, 0.5, 2.9);
	assert_int_equal(run(&w, 60), DETAIL_EXACT);
	assert_true(w.g.pct > 2.8 && w.g.pct < 3);
}

static void dear_steps_down_within_a_second(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 3, 0.5, 40);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tick(&w), DETAIL_EXACT); /* not before a whole window is over */
	assert_int_equal(tick(&w), DETAIL_SCHED);
	/* The load stays: the runtime's own count of switches says that exact would cost the same again. */
	assert_int_equal(run(&w, 1000), DETAIL_SCHED);
	world_init(&w, 3, 30, 40);
	assert_int_equal(run(&w, 2), DETAIL_THREADS);
}

static void calm_steps_up(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 3, 0.5, 40);
	assert_int_equal(run(&w, 2), DETAIL_SCHED);
	w.switches_per_s = 300;
	w.cost_pct[DETAIL_EXACT] = 1.2;
	assert_int_equal(run(&w, 2), DETAIL_SCHED); /* not at once */
	assert_int_equal(run(&w, 5), DETAIL_EXACT);
	assert_int_equal(run(&w, 100), DETAIL_EXACT);
}

/* Where the runtime doesn't tell its switches a level is tried; each failure doubles the wait. */
static void it_tries_less_and_less(void **state)
{
	struct world w;
	unsigned tries = 0, early = 0;

	(void)state;
	world_init(&w, 3, 0.5, 40);
	w.switches_per_s = 0;
	for (unsigned i = 0; i < 4 * 600; i++) {
		enum detail_level before = w.g.level;

		if (tick(&w) > before) {
			tries++;
			early += i < 4 * 60;
		}
	}
	assert_in_range(early, 2, 4);
	assert_in_range(tries, 4, 8);
}

static void many_cpus_pay_more(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 3, 0.5, 40);
	w.cpus = 16; /* 40 % of one CPU are 2.5 % of its time */
	assert_int_equal(run(&w, 60), DETAIL_EXACT);
}

static void no_limit_no_steps(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0, 50, 90);
	assert_int_equal(run(&w, 60), DETAIL_EXACT);
}

static void never_above_what_was_asked(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 3, 0.5, 0.5);
	governor_init(&w.g, DETAIL_SCHED, 3, &w.now);
	assert_int_equal(run(&w, 600), DETAIL_SCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cheap_stays),
		cmocka_unit_test(dear_steps_down_within_a_second),
		cmocka_unit_test(calm_steps_up),
		cmocka_unit_test(it_tries_less_and_less),
		cmocka_unit_test(many_cpus_pay_more),
		cmocka_unit_test(no_limit_no_steps),
		cmocka_unit_test(never_above_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
