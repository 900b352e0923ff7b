/* SPDX-License-Identifier: GPL-2.0-only */
/* Preemption gaps: how they end, who is blamed, what is counted. */
#include "tests/model/stream.h"

static struct gap worst(const struct model *m)
{
	struct gap g;

	assert_int_equal(model_worst_gaps(m, &g, 1), 1);
	return g;
}

static struct model_counts counts(const struct model *m)
{
	struct model_counts n;

	model_counts(m, &n);
	return n;
}

static void taken_by_signal(void **state)
{
	struct model *m = *state;
	struct model_hists h;
	struct gap g;

	comes(m, 0, 3, 10);
	sample(m, 5000, 3, 10, 7, 1, 0);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 10002, EV_SIGNAL_SEND, 10);
	taken(m, 10050, 10, 7, 1, EV_TAKEN_ASYNC);
	g = worst(m);
	assert_int_equal(g.end, GAP_ASYNC);
	assert_int_equal(g.cause, GAP_BY_SYSMON);
	assert_int_equal(gap_ns(&g, model_now(m)), US(50));
	assert_int_equal(g.cpu, 3);
	assert_int_equal(g.signals, 1);
	assert_int_equal(counts(m).taken_async, 1);
	assert_int_equal(counts(m).requests, 1);
	assert_int_equal(counts(m).signals, 1);
	assert_int_equal(counts(m).repeated, 0);
	model_hists(m, &h);
	assert_int_equal(h.gap->count, 1);
	assert_int_equal(h.gap->max, US(50));
}

/* preemptall calls preemptone for its own P too, which that leaves alone. */
static void a_thread_does_not_ask_itself(void **state)
{
	struct model *m = *state;
	struct event ev = ev_make(10000, EV_PREEMPT_REQUEST, 10);

	comes(m, 0, 3, 10);
	ev.preempt = (struct ev_preempt){.goid = 7, .m_tid = 10, .p = 1, .how = EV_REQ_PREEMPTONE};
	model_feed(m, &ev);
	assert_int_equal(counts(m).requests, 0);
	ev.preempt.m_tid = 11;
	model_feed(m, &ev);
	assert_int_equal(counts(m).requests, 1);
}

static void pending_grows(void **state)
{
	struct model *m = *state;
	struct hist_summary s;
	struct gap g[4];

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 10001, EV_SIGNAL_SEND, 10);
	plain(m, 20001, EV_SIGNAL_SEND, 10);
	tick(m, 600000);
	assert_int_equal(worst(m).end, GAP_PENDING);
	assert_int_equal(worst(m).signals, 2);
	assert_int_equal(counts(m).repeated, 1);
	assert_int_equal(counts(m).pending, 1);
	model_gap_summary(m, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.max, US(590000));
	assert_int_equal(model_gaps(m, AT_US(500000), AT_US(500001), g, 4), 1);
	assert_int_equal(g[0].signals, 2);
	assert_int_equal(model_gaps(m, AT_US(0), AT_US(9000), g, 4), 0);
	taken(m, 660000, 10, 7, 1, EV_TAKEN_COOP);
	assert_int_equal(counts(m).pending, 0);
	assert_int_equal(counts(m).taken_cooperative, 1);
	assert_int_equal(model_gaps(m, AT_US(500000), AT_US(500001), g, 4), 1);
	assert_int_equal(g[0].taken_ns, AT_US(660000));
	assert_int_equal(model_gaps(m, AT_US(660001), AT_US(700001), g, 4), 0);
}

static void the_place_is_what_was_seen_most(void **state)
{
	struct model *m = *state;
	struct gap g;

	location(m, 1, "main.crunch", "/src/crunch.go", 41);
	location(m, 2, "main.crunch", "/src/crunch.go", 42);
	location(m, 3, "main.other", "/src/other.go", 7);
	comes(m, 0, 0, 10);
	sample(m, 5000, 0, 10, 7, 1, 3);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	assert_string_equal(model_func(m, worst(m).func)->name, "main.other"); /* seen before */
	sample(m, 20000, 0, 10, 7, 1, 1);
	sample(m, 30000, 0, 10, 7, 1, 3);
	sample(m, 40000, 0, 10, 7, 1, 2);
	taken(m, 50000, 10, 7, 1, EV_TAKEN_YIELD);
	g = worst(m);
	assert_string_equal(model_func(m, g.func)->name, "main.crunch");
	assert_int_equal(g.loc, 2);
	assert_int_equal(g.end, GAP_VOLUNTARY);
}

static void blocking_ends_it(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	sleeps(m, 12000, 0, 10, 7, 1);
	assert_int_equal(worst(m).end, GAP_VOLUNTARY);
	assert_int_equal(worst(m).taken_ns, AT_US(12000));
}

static void kernel_preemption_does_not_end_it(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	preempted_by(m, 12000, 0, 10, 7, 1, FOREIGN(9));
	switch_to(m, 30000, 0, NULL, 10, -1);
	assert_int_equal(counts(m).pending, 1);
	taken(m, 31000, 10, 7, 1, EV_TAKEN_ASYNC);
	assert_int_equal(gap_ns(&(struct gap){.request_ns = worst(m).request_ns, .taken_ns = worst(m).taken_ns}, 0),
			 US(21000));
}

static void another_label_ends_it_in_the_middle(void **state)
{
	struct model *m = *state;

	/* Another goroutine on its thread. */
	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	sample(m, 14000, 0, 10, 7, 1, 0);
	sample(m, 20000, 0, 10, 8, 1, 0);
	assert_int_equal(worst(m).taken_ns, AT_US(17000));
	assert_int_equal(worst(m).end, GAP_VOLUNTARY);
	/* The goroutine itself on another thread. */
	request(m, 30000, 10, 8, 1, EV_REQ_PREEMPTONE);
	comes(m, 31000, 1, 11);
	sample(m, 32000, 1, 11, 8, 2, 0);
	assert_int_equal(counts(m).pending, 0);
	/* Its P with another goroutine, on another thread. */
	request(m, 40000, 11, 8, 2, EV_REQ_PREEMPTONE);
	sample(m, 41000, 0, 10, 9, 2, 0);
	assert_int_equal(counts(m).pending, 0);
	assert_int_equal(counts(m).taken_voluntary, 3);
}

static void a_new_first_request_ends_the_earlier(void **state)
{
	struct model *m = *state;
	struct gap g[2];

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	request(m, 40000, 10, 7, 1, EV_REQ_PREEMPTONE);
	assert_int_equal(counts(m).pending, 1);
	assert_int_equal(model_gaps(m, 0, UINT64_MAX, g, 2), 2);
	/* The new stay began a slice before its request; the old one ended in between. */
	assert_int_equal(g[0].taken_ns, AT_US(20000));
	assert_int_equal(g[1].taken_ns, 0);
}

static void exit_and_stop_end_it(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 11000, EV_THREAD_EXIT, 10);
	assert_int_equal(counts(m).pending, 0);
	stw_stop(m, 12000, 12, EV_STW_GC_SWEEP_TERM);
	request(m, 12001, 11, 8, 2, EV_REQ_PREEMPTONE);
	request(m, 12002, 0, 9, EV_NO_P, EV_REQ_SUSPEND);
	assert_int_equal(counts(m).pending, 2);
	stw_stopped(m, 12500, 12);
	assert_int_equal(counts(m).pending, 0);
	assert_int_equal(counts(m).taken_voluntary, 3);
	assert_int_equal(worst(m).cause, GAP_BY_SYSMON);
}

static void causes(void **state)
{
	struct model *m = *state;
	struct gap g[3];

	comes(m, 0, 0, 10);
	request(m, 10, 10, 7, 1, EV_REQ_SUSPEND);
	stw_stop(m, 20, 12, EV_STW_GC_SWEEP_TERM);
	request(m, 30, 11, 8, 2, EV_REQ_PREEMPTONE);
	stw_stopped(m, 40, 12);
	stw_start(m, 50, 12, 0, 0);
	request(m, 60, 11, 8, 2, EV_REQ_PREEMPTONE);
	assert_int_equal(model_gaps(m, 0, UINT64_MAX, g, 3), 3);
	assert_int_equal(g[0].cause, GAP_BY_SCAN);
	assert_int_equal(g[1].cause, GAP_BY_STW);
	assert_int_equal(g[2].cause, GAP_BY_SYSMON);
	assert_string_equal(gap_cause_name(g[1].cause), "stop the world");
	assert_string_equal(gap_end_name(g[2].end), "pending");
}

static void worst_are_sorted(void **state)
{
	struct model *m = *state;
	struct gap g[100];
	size_t n;

	comes(m, 0, 0, 10);
	for (uint64_t i = 0; i < 90; i++) {
		request(m, 1000 * i, 10, 7, 1, EV_REQ_PREEMPTONE);
		taken(m, 1000 * i + 1 + i * 37 % 91, 10, 7, 1, EV_TAKEN_ASYNC);
	}
	request(m, 100000, 10, 7, 1, EV_REQ_PREEMPTONE);
	tick(m, 100050);
	n = model_worst_gaps(m, g, 100);
	assert_in_range(n, 60, 91);
	for (size_t i = 1; i < n; i++)
		assert_true(gap_ns(&g[i - 1], model_now(m)) >= gap_ns(&g[i], model_now(m)));
	assert_int_equal(gap_ns(&g[0], model_now(m)), US(91));
	assert_int_equal(model_worst_gaps(m, g, 2), 2);
}

static void the_log_is_bounded(void **state)
{
	struct model_opts opts = {.max_pauses = 64};
	struct model *m = model_new(&opts, NULL);
	struct gap g[256];

	(void)state;
	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	request(m, 5, 11, 3, 2, EV_REQ_PREEMPTONE);
	for (uint64_t i = 1; i <= 1000; i++) {
		request(m, 10 * i, 10, 7, 1, EV_REQ_PREEMPTONE);
		taken(m, 10 * i + 2, 10, 7, 1, EV_TAKEN_ASYNC);
	}
	/* The pending one has fallen out of the log and is there all the same, first. */
	assert_int_equal(model_gaps(m, 0, UINT64_MAX, g, 256), 65);
	assert_int_equal(g[0].goid, 3);
	assert_int_equal(g[64].request_ns, AT_US(10000));
	assert_int_equal(counts(m).taken_async, 1000);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(taken_by_signal),
		model_test(a_thread_does_not_ask_itself),
		model_test(pending_grows),
		model_test(the_place_is_what_was_seen_most),
		model_test(blocking_ends_it),
		model_test(kernel_preemption_does_not_end_it),
		model_test(another_label_ends_it_in_the_middle),
		model_test(a_new_first_request_ends_the_earlier),
		model_test(exit_and_stop_end_it),
		model_test(causes),
		model_test(worst_are_sorted),
		cmocka_unit_test(the_log_is_bounded),
	};

	return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
