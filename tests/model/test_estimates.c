/* SPDX-License-Identifier: GPL-2.0-only */
/* Gaps, pauses and run times that are made of looks into the process's memory and of accounts of threads. */
#include "tests/model/stream.h"

#define PERIOD_US 10000U

static void sampling(struct model *m, uint64_t us, bool estimates)
{
	struct event ev = ev_make(us, EV_SAMPLING, 0);

	ev.sampling = (struct ev_sampling){.period_ns = US(PERIOD_US), .estimates = estimates};
	model_feed(m, &ev);
}

static void sampled(struct model *m, uint64_t us, uint32_t tid, uint8_t what, uint64_t goid, uint8_t value)
{
	struct event ev = ev_make(us, EV_SAMPLED, tid);

	ev.sampled = (struct ev_sampled){
		.goid = goid, .gap_ns = US(PERIOD_US), .p = goid ? 0 : EV_NO_P, .what = what, .value = value};
	model_feed(m, &ev);
}

static void stat(struct model *m, uint64_t us, uint32_t tid, uint16_t cpu, uint64_t run_us, uint64_t wait_us)
{
	struct event ev = ev_make(us, EV_THREAD_STAT, tid);

	ev.head.cpu = cpu;
	ev.head.flags = EVF_CPU;
	ev.stat = (struct ev_thread_stat){
		.run_ns = US(run_us), .wait_ns = US(wait_us), .voluntary = 3, .involuntary = 2, .gap_ns = US(50000)};
	model_feed(m, &ev);
}

static void thread_new(struct model *m, uint64_t us, uint32_t tid)
{
	model_feed(m, &(struct event){.head = {.time_ns = AT_US(us), .kind = EV_THREAD_NEW, .tid = tid}});
}

static struct model_counts counts(const struct model *m)
{
	struct model_counts n;

	model_counts(m, &n);
	return n;
}

static void gap_between_looks(void **state)
{
	struct model *m = *state;
	uint64_t resolution_ns = 0;
	struct gap g;

	location(m, 1, "main.crunch", "/src/crunch.go", 42);
	assert_false(model_estimates(m, &resolution_ns));
	sampling(m, 0, true);
	assert_true(model_estimates(m, &resolution_ns));
	assert_int_equal(resolution_ns, US(PERIOD_US));
	goroutine(m, 7, 1);
	sampled(m, 10000, 50, EV_SAMPLED_CARRIES, 7, EVS_RUNNING);
	sampled(m, 20000, 50, EV_SAMPLED_ASKED, 7, 0);
	assert_int_equal(model_worst_gaps(m, &g, 1), 1);
	assert_int_equal(g.end, GAP_PENDING);
	sampled(m, 420000, 50, EV_SAMPLED_YIELDED, 7, 0);
	assert_int_equal(model_worst_gaps(m, &g, 1), 1);
	assert_int_equal(g.request_ns, AT_US(20000));
	assert_int_equal(gap_ns(&g, 0), US(400000));
	assert_int_equal(g.end, GAP_LEFT);
	assert_true(g.estimated);
	assert_true(g.unserved);
	assert_string_equal(model_func(m, g.func)->name, "main.crunch");
	assert_int_equal(counts(m).requests, 1);
	assert_int_equal(counts(m).taken_unseen, 1);
	assert_int_equal(counts(m).taken_voluntary, 0);
}

static void late_look_is_told(void **state)
{
	struct model *m = *state;
	uint64_t resolution_ns;

	sampling(m, 0, true);
	struct event ev = ev_make(90000, EV_SAMPLED, 0);
	ev.sampled = (struct ev_sampled){.gap_ns = US(90000), .p = EV_NO_P, .what = EV_SAMPLED_STW};
	model_feed(m, &ev);
	assert_true(model_estimates(m, &resolution_ns));
	assert_int_equal(resolution_ns, US(90000));
}

static void pause_between_looks(void **state)
{
	struct model *m = *state;
	struct stw_pause p;

	sampling(m, 0, true);
	sampled(m, 10000, 0, EV_SAMPLED_STW, 0, EV_STW_UNKNOWN);
	sampled(m, 30000, 0, EV_SAMPLED_STW_STOPPED, 0, 0);
	sampled(m, 40000, 0, EV_SAMPLED_STW_END, 0, EV_STW_GC_SWEEP_TERM);
	assert_int_equal(model_stws(m, 0, UINT64_MAX, &p, 1), 1);
	assert_int_equal(p.asked_ns, AT_US(10000));
	assert_int_equal(p.stopped_ns, AT_US(30000));
	assert_int_equal(p.end_ns, AT_US(40000));
	assert_int_equal(p.reason, EV_STW_GC_SWEEP_TERM);
	assert_true(p.estimated);
	assert_int_equal(counts(m).stw_count, 1);
}

static void probes_win(void **state)
{
	struct model *m = *state;
	uint64_t resolution_ns;
	struct gap g;

	sampling(m, 0, true);
	stw_stop(m, 100, 10, EV_STW_GC_MARK_TERM);
	stw_start(m, 180, 10, 0, 0);
	assert_false(model_estimates(m, &resolution_ns));
	sampled(m, 20000, 50, EV_SAMPLED_ASKED, 7, 0);
	sampled(m, 20000, 0, EV_SAMPLED_STW, 0, 0);
	assert_int_equal(model_worst_gaps(m, &g, 1), 0);
	assert_int_equal(counts(m).stw_count, 1);
	assert_false(model_stw_current(m, &(struct stw_pause){0}));
}

static void labels_only(void **state)
{
	struct model *m = *state;
	uint64_t resolution_ns;
	struct gap g;

	sampling(m, 0, false);
	assert_false(model_estimates(m, &resolution_ns));
	sampled(m, 20000, 50, EV_SAMPLED_ASKED, 7, 0);
	assert_int_equal(model_worst_gaps(m, &g, 1), 0);
	/* With switches from elsewhere the thread runs, and what it carries is told by looks. */
	switch_to(m, 30000, 0, NULL, 50, -1);
	sampled(m, 40000, 50, EV_SAMPLED_CARRIES, 7, EVS_RUNNING);
	switch_to(m, 60000, 0, &(struct leaves){.tid = 50, .goid = NO_GOID}, 0, -1);
	assert_span(m, ROW_M, 50, 30000, 60000, SPAN_RUN, 7);
	assert_int_equal(total_of(m, 7).run_ns, US(30000));
}

static void accounts_of_threads(void **state)
{
	struct model *m = *state;
	struct thread_total th[2];
	struct cpu_total cpu[2];

	thread_new(m, 0, 50);
	sampled(m, 10000, 50, EV_SAMPLED_CARRIES, 7, EVS_RUNNING);
	stat(m, 50000, 50, 1, 30000, 10000);
	assert_int_equal(model_threads(m, th, 2), 1);
	assert_int_equal(th[0].run_ns, US(30000));
	assert_int_equal(th[0].wait_ns, US(10000));
	assert_int_equal(th[0].sleep_ns, US(10000));
	assert_int_equal(th[0].voluntary, 3);
	assert_int_equal(th[0].involuntary, 2);
	assert_int_equal(model_cpus(m, cpu, 2), 1);
	assert_int_equal(cpu[0].target_ns, US(30000));
	assert_int_equal(total_of(m, 7).run_ns, US(30000));
	assert_int_equal(counts(m).switches, 5);
}

/* The kernel's account is behind by up to a tick while a thread runs: what comes late isn't more time than there was.
 */
static void account_that_lags(void **state)
{
	struct model *m = *state;
	struct thread_total th[2];

	thread_new(m, 0, 50);
	stat(m, 50000, 50, 0, 46000, 0);
	stat(m, 100000, 50, 0, 54000, 0);
	assert_int_equal(model_threads(m, th, 2), 1);
	assert_int_equal(th[0].run_ns, US(96000));
	assert_int_equal(th[0].sleep_ns, US(4000));
	stat(m, 150000, 50, 0, 50000, 0);
	assert_int_equal(model_threads(m, th, 2), 1);
	assert_int_equal(th[0].run_ns + th[0].sleep_ns, US(150000));
}

/* Two threads that had one CPU in the same time are drawn one behind the other. */
static void threads_share_a_cpu(void **state)
{
	struct model *m = *state;
	struct cpu_total cpu[2];

	thread_new(m, 0, 50);
	thread_new(m, 0, 51);
	stat(m, 50000, 50, 0, 20000, 0);
	stat(m, 50000, 51, 0, 30000, 0);
	assert_span(m, ROW_M, 50, 0, 20000, SPAN_UNLABELLED, 0);
	assert_span(m, ROW_M, 51, 20000, 50000, SPAN_UNLABELLED, 0);
	assert_int_equal(model_cpus(m, cpu, 2), 1);
	assert_int_equal(cpu[0].target_ns, US(50000));
}

/* Between two looks its P has switched: the same goroutine came again, in another slice. */
static void slices_are_told_apart(void **state)
{
	struct model *m = *state;

	sampled(m, 10000, 50, EV_SAMPLED_CARRIES, 7, EVS_RUNNING);
	sampled(m, 20000, 50, EV_SAMPLED_CARRIES, 7, EVS_RUNNING | EVS_AGAIN);
	sampled(m, 30000, 50, EV_SAMPLED_CARRIES, 0, 0);
	assert_int_equal(total_of(m, 7).slices, 2);
	assert_int_equal(total_of(m, 7).max_slice_ns, US(10000));
}

static void nonsense(void **state)
{
	struct model *m = *state;

	sampling(m, 0, true);
	sampled(m, 10, 50, 0, 7, 0);
	sampled(m, 20, 50, EV_SAMPLED_COUNT, 7, 0);
	sampled(m, 30, 0, EV_SAMPLED_ASKED, 0, 0);
	stat(m, 40, 50, UINT16_MAX, 10, 10);
	assert_int_equal(counts(m).invalid, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(gap_between_looks), model_test(late_look_is_told),   model_test(pause_between_looks),
		model_test(probes_win),        model_test(labels_only),         model_test(accounts_of_threads),
		model_test(account_that_lags), model_test(threads_share_a_cpu), model_test(slices_are_told_apart),
		model_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
