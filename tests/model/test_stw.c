/* SPDX-License-Identifier: GPL-2.0-only */
/* Stop-the-world pauses: what opens and closes them, and who the stop waited for. */
#include "tests/model/stream.h"

static struct stw_pause only(const struct model *m)
{
	struct stw_pause p[2];

	assert_int_equal(model_stws(m, 0, UINT64_MAX, p, 2), 1);
	return p[0];
}

static struct model_counts counts(const struct model *m)
{
	struct model_counts n;

	model_counts(m, &n);
	return n;
}

static void old_runtime(void **state)
{
	struct model *m = *state;
	struct model_hists h;
	struct stw_pause p;

	stw_stop(m, 100, 10, EV_STW_GC_MARK_TERM);
	stw_stopped(m, 130, 10);
	stw_start(m, 180, 10, 0, 0);
	p = only(m);
	assert_int_equal(p.asked_ns, AT_US(100));
	assert_int_equal(p.stopped_ns, AT_US(130));
	assert_int_equal(p.end_ns, AT_US(180));
	assert_string_equal(stw_reason_name(p.reason), "GC mark termination");
	model_hists(m, &h);
	assert_int_equal(h.stw_total->max, US(80));
	assert_int_equal(h.stw_stopping->max, US(30));
	assert_int_equal(counts(m).stw_count, 1);
	assert_int_equal(counts(m).stw_by_reason[EV_STW_GC_MARK_TERM], 1);
}

static void new_runtime_says_it_at_the_restart(void **state)
{
	struct model *m = *state;
	struct stw_pause p;

	stw_stop(m, 100, 10, EV_STW_GC_SWEEP_TERM);
	stw_start(m, 180, 10, 101, 120);
	p = only(m);
	assert_int_equal(p.asked_ns, AT_US(101));
	assert_int_equal(p.stopped_ns, AT_US(120));
	assert_int_equal(p.reason, EV_STW_GC_SWEEP_TERM);
	/* Words that can't be true are not believed. */
	stw_stop(m, 200, 10, EV_STW_GC_SWEEP_TERM);
	stw_start(m, 280, 10, 150, 900);
	assert_int_equal(model_stws(m, AT_US(200), UINT64_MAX, &p, 1), 1);
	assert_int_equal(p.asked_ns, AT_US(200));
	assert_int_equal(p.stopped_ns, 0);
}

static void the_current_one_counts(void **state)
{
	struct model *m = *state;
	struct hist_summary total, stopping;
	struct stw_pause p;

	assert_false(model_stw_current(m, &p));
	stw_stop(m, 100, 10, EV_STW_GOMAXPROCS);
	tick(m, 900);
	assert_true(model_stw_current(m, &p));
	assert_int_equal(p.end_ns, 0);
	assert_int_equal(counts(m).stw_count, 1);
	assert_int_equal(counts(m).stw_by_reason[EV_STW_GOMAXPROCS], 1);
	model_stw_summary(m, &total, &stopping);
	assert_int_equal(total.count, 1);
	assert_int_equal(total.max, US(800));
	assert_int_equal(stopping.max, US(800));
	assert_int_equal(only(m).end_ns, 0);
	stw_stopped(m, 1000, 10);
	stw_start(m, 1100, 10, 0, 0);
	assert_false(model_stw_current(m, &p));
	model_stw_summary(m, &total, &stopping);
	assert_int_equal(total.max, US(1000));
	assert_int_equal(stopping.max, US(900));
}

static void they_never_nest(void **state)
{
	struct model *m = *state;
	struct stw_pause p[3];

	stw_stop(m, 100, 10, EV_STW_GC_SWEEP_TERM);
	stw_stopped(m, 150, 10);
	stw_stop(m, 500, 11, EV_STW_GC_MARK_TERM); /* the restart was lost */
	stw_start(m, 600, 11, 120, 0);             /* asked before the last one ended: not believed */
	assert_int_equal(model_stws(m, 0, UINT64_MAX, p, 3), 2);
	assert_int_equal(p[0].end_ns, AT_US(150));
	assert_int_equal(p[1].asked_ns, AT_US(500));
	assert_int_equal(counts(m).stw_count, 2);
}

static void a_restart_alone(void **state)
{
	struct model *m = *state;

	stw_start(m, 600, 11, 0, 0); /* the program's start: nothing was stopped */
	assert_int_equal(counts(m).stw_count, 0);
	stw_start(m, 900, 11, 700, 750);
	assert_int_equal(only(m).asked_ns, AT_US(700));
}

static void who_was_waited_for(void **state)
{
	struct model *m = *state;
	struct stw_pause p;

	location(m, 1, "main.crunch", "/src/crunch.go", 42);
	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	sample(m, 50, 0, 10, 7, 1, 1);
	stw_stop(m, 100, 12, EV_STW_GC_SWEEP_TERM);
	request(m, 101, 10, 7, 1, EV_REQ_PREEMPTONE);
	request(m, 102, 11, 8, 2, EV_REQ_PREEMPTONE);
	taken(m, 120, 11, 8, 2, EV_TAKEN_COOP);
	tick(m, 5000);
	assert_true(model_stw_current(m, &p));
	assert_int_equal(p.waited_goid, 7);
	assert_int_equal(p.waited_ns, US(4900));
	assert_string_equal(model_func(m, p.waited_func)->name, "main.crunch");
	taken(m, 9000, 10, 7, 1, EV_TAKEN_COOP);
	stw_stopped(m, 9010, 12);
	stw_start(m, 9020, 12, 0, 0);
	p = only(m);
	assert_int_equal(p.waited_goid, 7);
	assert_int_equal(p.waited_loc, 1);
	assert_int_equal(p.waited_ns, US(8900));
}

static void windows(void **state)
{
	struct model *m = *state;
	struct stw_pause p[8];

	for (uint64_t i = 0; i < 5; i++) {
		stw_stop(m, 1000 * i + 100, 10, EV_STW_GC_SWEEP_TERM);
		stw_start(m, 1000 * i + 300, 10, 0, 0);
	}
	assert_int_equal(model_stws(m, AT_US(1200), AT_US(3150), p, 8), 3);
	assert_int_equal(p[0].asked_ns, AT_US(1100));
	assert_int_equal(p[2].asked_ns, AT_US(3100));
	assert_int_equal(model_stws(m, AT_US(1400), AT_US(2000), p, 8), 0);
	assert_int_equal(model_stws(m, 0, UINT64_MAX, p, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(old_runtime),
		model_test(new_runtime_says_it_at_the_restart),
		model_test(the_current_one_counts),
		model_test(they_never_nest),
		model_test(a_restart_alone),
		model_test(who_was_waited_for),
		model_test(windows),
	};

	return cmocka_run_group_tests_name("stw", tests, NULL, NULL);
}
