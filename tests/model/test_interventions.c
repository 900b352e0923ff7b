/* SPDX-License-Identifier: GPL-2.0-only */
/* What was written into the process: the account of it, and what it changes in the judgement of gaps. */
#include "stream.h"

#include <string.h>

#include "model/moments.h"
#include "model/observe.h"

static int setup(void **state)
{
	*state = model_new(NULL, NULL);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	model_free(*state);
	return 0;
}

static void setting(struct model *m, uint64_t us, struct ev_setting s)
{
	struct event ev = ev_make(us, EV_SETTING, 0);

	ev.setting = s;
	model_feed(m, &ev);
}

#define WRITTEN(at)                                                                                                    \
	((struct ev_setting){                                                                                          \
		.at_ns = (at), .from = 1, .setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_WRITTEN})

static void written_and_repaired(void **state)
{
	struct model *m = *state;
	struct intervention v[INTERVENTIONS_KEPT];
	struct model_counts c;

	tick(m, 0);
	assert_int_equal(model_interventions(m, v, INTERVENTIONS_KEPT), 0);
	/* Told before what follows from it: its own time is a little ahead. */
	tick(m, 1000);
	setting(m, 1000, WRITTEN(AT_US(1500)));
	assert_int_equal(model_interventions(m, v, INTERVENTIONS_KEPT), 1);
	assert_int_equal(v[0].at_ns, AT_US(1500));
	assert_int_equal(v[0].from, 1);
	assert_int_equal(v[0].to, 0);
	assert_true(v[0].ours);
	assert_false(v[0].looked);
	model_counts(m, &c);
	assert_int_equal(c.asyncpreemptoff, 0);
	setting(m, 110000,
		(struct ev_setting){
			.stuck = 2, .repaired = 1, .setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_REPAIRED});
	assert_int_equal(model_interventions(m, v, INTERVENTIONS_KEPT), 1);
	assert_true(v[0].looked);
	assert_int_equal(v[0].stuck, 2);
	assert_int_equal(v[0].repaired, 1);
}

static void count_told(void *ctx, const struct intervention *i)
{
	struct intervention *last = ctx;

	*last = *i;
	last->from++; /* how often, where it is 0 in what is told */
}

/* Told at the start of a later part of a recording: it was before, and so has no place on the timeline. */
static void before_the_recording(void **state)
{
	static struct moments ms;
	struct intervention told = {0}, v;
	const struct model_observer observer = {.setting = count_told, .ctx = &told};
	struct model *m = *state;
	struct model_counts c;
	struct event ev = ev_make(1000, EV_SETTING, 0);

	model_observe(m, &observer);
	tick(m, 1000);
	ev.head.flags = EVF_INITIAL;
	ev.setting = WRITTEN(1);
	ev.setting.from = 0;
	model_feed(m, &ev);
	assert_int_equal(model_interventions(m, &v, 1), 1);
	assert_int_equal(v.at_ns, 0);
	model_counts(m, &c);
	assert_int_equal(c.asyncpreemptoff, 0);
	/* An observer is told when it is known what became of it. */
	assert_int_equal(told.from, 0);
	ev.setting = (struct ev_setting){
		.stuck = 1, .repaired = 1, .setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_REPAIRED};
	model_feed(m, &ev);
	assert_int_equal(told.from, 1);
	assert_int_equal(told.stuck, 1);
	/* Else at the next one, or at the end; once. */
	told.stuck = 77;
	setting(m, 2000, WRITTEN(0));
	assert_int_equal(told.stuck, 77);
	assert_int_equal(model_observe_end(m), 0);
	assert_int_equal(told.stuck, 0);
	assert_int_equal(told.at_ns, AT_US(2000));
	moments_gather(&ms, m);
	assert_int_equal(ms.n, 1);
}

static void nonsense_is_counted(void **state)
{
	struct model *m = *state;
	struct intervention v[INTERVENTIONS_KEPT];
	struct model_counts before, after;

	tick(m, 1000);
	model_counts(m, &before);
	setting(m, 1000, (struct ev_setting){.setting = 9, .what = EV_SETTING_WRITTEN});
	setting(m, 1000, (struct ev_setting){.setting = EV_SETTING_ASYNCPREEMPTOFF, .what = 77});
	/* Nothing was written that could have been repaired. */
	setting(m, 1000, (struct ev_setting){.setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_REPAIRED});
	model_counts(m, &after);
	assert_int_equal(after.invalid - before.invalid, 3);
	assert_int_equal(model_interventions(m, v, INTERVENTIONS_KEPT), 0);
	/* A time of its own that can't be: the event's counts. */
	setting(m, 2000, WRITTEN(AT_US(100000000)));
	setting(m, 3000, WRITTEN(1));
	assert_int_equal(model_interventions(m, v, INTERVENTIONS_KEPT), 2);
	assert_int_equal(v[0].at_ns, AT_US(2000));
	assert_int_equal(v[1].at_ns, AT_US(3000));
	/* The last ones are kept. */
	for (uint64_t i = 0; i < 100; i++)
		setting(m, 5000 + i, WRITTEN(0));
	assert_int_equal(model_interventions(m, v, INTERVENTIONS_KEPT), INTERVENTIONS_KEPT);
	assert_int_equal(v[INTERVENTIONS_KEPT - 1].at_ns, AT_US(5099));
	assert_int_equal(model_interventions(m, v, 1), 1);
	assert_int_equal(v[0].at_ns, AT_US(5099));
}

/* Asked while it was off, and ended by the signal that the switch let through: off was the reason. */
static void a_gap_that_the_switch_ended(void **state)
{
	struct model *m = *state;
	struct event ev;
	struct gap g;

	location(m, 1, "main.spin", "main.go", 42);
	comes(m, 1000, 0, 100);
	sample(m, 5000, 0, 100, 7, 0, 1);
	request(m, 12000, 100, 7, 0, EV_REQ_PREEMPTONE);
	setting(m, 300000, WRITTEN(AT_US(300000)));
	ev = ev_make(301000, EV_SIGNAL_SEND, 100);
	model_feed(m, &ev);
	ev = ev_make(301010, EV_SIGNAL_DELIVER, 100);
	model_feed(m, &ev);
	taken(m, 301050, 100, 7, 0, EV_TAKEN_ASYNC);
	tick(m, 400000);
	assert_int_equal(model_worst_gaps(m, &g, 1), 1);
	assert_int_equal(g.why, GAP_WHY_ASYNC_OFF);
}

static void it_is_a_moment(void **state)
{
	static struct moments ms;
	struct model *m = *state;

	tick(m, 0);
	setting(m, 1000, WRITTEN(0));
	tick(m, 2000);
	moments_gather(&ms, m);
	assert_int_equal(ms.n, 1);
	assert_int_equal(ms.at[0].kind, MOMENT_SETTING);
	assert_int_equal(ms.at[0].at_ns, AT_US(1000));
	assert_string_equal(ms.at[0].code, "asyncpreemptoff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(written_and_repaired, setup, teardown),
		cmocka_unit_test_setup_teardown(before_the_recording, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_gap_that_the_switch_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_a_moment, setup, teardown),
	};

	return cmocka_run_group_tests_name("interventions", tests, NULL, NULL);
}
