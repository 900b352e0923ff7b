/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads on CPUs: states, waits, kernel gaps, migrations, other processes, and streams with holes in them. */
#include "tests/model/stream.h"

static struct thread_total thread_of(const struct model *m, uint32_t tid)
{
	struct thread_total all[64];
	size_t n = model_threads(m, all, 64);

	for (size_t i = 0; i < n; i++) {
		if (all[i].tid == tid)
			return all[i];
	}
	fail_msg("no thread %u", tid);
	return (struct thread_total){0};
}

static struct cpu_total cpu_of(const struct model *m, uint16_t cpu)
{
	struct cpu_total all[64];
	size_t n = model_cpus(m, all, 64);

	for (size_t i = 0; i < n; i++) {
		if (all[i].cpu == cpu)
			return all[i];
	}
	fail_msg("no CPU %u", cpu);
	return (struct cpu_total){0};
}

static void runs_and_sleeps(void **state)
{
	struct model *m = *state;
	struct thread_total th;

	tick(m, 1);
	switch_to(m, 100, 0, NULL, 10, 30);
	sleeps(m, 300, 0, 10, 7, 2);
	tick(m, 1000);
	assert_span(m, ROW_CPU, 0, 100, 300, SPAN_RUN, 7);
	assert_span(m, ROW_M, 10, 100, 300, SPAN_RUN, 7);
	assert_span(m, ROW_P, 2, 100, 300, SPAN_RUN, 7);
	assert_span(m, ROW_G, 7, 100, 300, SPAN_RUN, 7);
	assert_hole(m, ROW_CPU, 0, 400);
	th = thread_of(m, 10);
	assert_int_equal(th.run_ns, US(200));
	assert_int_equal(th.voluntary, 1);
	assert_int_equal(th.involuntary, 0);
	assert_int_equal(cpu_of(m, 0).target_ns, US(200));
	assert_int_equal(cpu_of(m, 0).idle_ns, UINT64_MAX);
}

static void wait_runs_from_the_wake_up(void **state)
{
	struct model *m = *state;
	struct model_hists h;
	struct thread_total th;

	comes(m, 100, 0, 10);
	sleeps(m, 200, 0, 10, 0, EV_NO_P);
	switch_to(m, 1000, 0, NULL, 10, 250);
	sleeps(m, 1100, 0, 10, 0, EV_NO_P);
	model_hists(m, &h);
	th = thread_of(m, 10);
	assert_int_equal(th.wait_ns, US(250));
	assert_int_equal(th.sleep_ns, US(550));
	assert_int_equal(th.run_ns, US(200));
	assert_int_equal(h.runqueue->count, 2);
	assert_int_equal(h.runqueue->max, US(250));
	assert_span(m, ROW_M, 10, 750, 1000, SPAN_RUNNABLE, 0);
	/* A wake-up can't be older than the sleep. */
	switch_to(m, 1200, 0, NULL, 10, 4000);
	assert_int_equal(thread_of(m, 10).wait_ns, US(350));
}

static void kernel_gap(void **state)
{
	struct model *m = *state;
	struct kernel_gap g;
	struct model_hists h;

	comes(m, 100, 0, 10);
	preempted_by(m, 200, 0, 10, 7, 1, FOREIGN(99));
	tick(m, 600);
	assert_int_equal(model_worst_kernel_gaps(m, &g, 1), 1);
	assert_int_equal(g.end_ns, 0);
	assert_span(m, ROW_M, 10, 200, 0, SPAN_RUNNABLE, 7);
	assert_span(m, ROW_CPU, 0, 200, 0, SPAN_OTHER, 0);
	switch_to(m, 700, 0, NULL, 10, -1);
	sleeps(m, 800, 0, 10, 7, 1);
	assert_int_equal(model_worst_kernel_gaps(m, &g, 1), 1);
	assert_int_equal(g.start_ns, AT_US(200));
	assert_int_equal(g.end_ns, AT_US(700));
	assert_int_equal(g.goid, 7);
	assert_int_equal(g.other_tid, 99);
	assert_false(g.other_is_target);
	model_hists(m, &h);
	assert_int_equal(h.kernel_gap->count, 1);
	assert_int_equal(h.kernel_gap->max, US(500));
	assert_span(m, ROW_P, 1, 200, 700, SPAN_RUNNABLE, 7);
	assert_span(m, ROW_CPU, 0, 200, 700, SPAN_OTHER, 0);
	assert_int_equal(thread_of(m, 10).wait_ns, US(500));
	assert_int_equal(thread_of(m, 10).involuntary, 1);
}

static void preempted_without_a_goroutine_is_no_kernel_gap(void **state)
{
	struct model *m = *state;
	struct kernel_gap g;

	comes(m, 100, 0, 10);
	preempted_by(m, 200, 0, 10, 0, EV_NO_P, FOREIGN(99));
	switch_to(m, 700, 0, NULL, 10, -1);
	assert_int_equal(model_worst_kernel_gaps(m, &g, 1), 0);
}

static void other_process_ends(void **state)
{
	struct model *m = *state;

	comes(m, 100, 0, 10);
	switch_to(m, 200, 0, &(struct leaves){.tid = 10, .goid = 0, .p = EV_NO_P}, FOREIGN(50), -1);
	switch_to(m, 300, 0, NULL, 0, -1);
	tick(m, 900);
	assert_span(m, ROW_CPU, 0, 200, 300, SPAN_OTHER, 0);
	assert_hole(m, ROW_CPU, 0, 500);
}

/* One side of a switch, as a collector tells it that sees the target's threads alone: no label, the rest unknown. */
static void one_side(struct model *m, uint64_t us, uint32_t tid, bool comes_on, bool preempted)
{
	struct event ev = ev_make(us, EV_SWITCH, comes_on ? EV_TID_UNKNOWN : tid);

	ev.head.flags = EVF_CPU | (comes_on ? EVF_NEXT_TARGET : EVF_PREV_TARGET) | (preempted ? EVF_PREEMPTED : 0);
	ev.sw = (struct ev_switch){.next_tid = comes_on ? tid : EV_TID_UNKNOWN,
				   .p = EV_NO_P,
				   .state = preempted || comes_on ? EV_STATE_RUNNABLE : EV_STATE_SLEEP};
	model_feed(m, &ev);
}

static void the_other_side_is_unknown(void **state)
{
	struct model *m = *state;
	struct kernel_gap g;

	one_side(m, 100, 10, true, false);
	sample(m, 150, 0, 10, 7, 1, 0);
	one_side(m, 200, 10, false, true);
	one_side(m, 700, 10, true, false);
	assert_span(m, ROW_CPU, 0, 200, 700, SPAN_UNKNOWN, 0);
	assert_span(m, ROW_M, 10, 200, 700, SPAN_RUNNABLE, 7);
	assert_int_equal(model_worst_kernel_gaps(m, &g, 1), 1);
	assert_int_equal(g.start_ns, AT_US(200));
	assert_int_equal(g.end_ns, AT_US(700));
	assert_int_equal(g.other_tid, EV_TID_UNKNOWN);
	assert_int_equal(thread_of(m, 10).run_ns, US(100));
	assert_int_equal(thread_of(m, 10).involuntary, 1);
	/* Which goroutine it comes back with after a sleep isn't known. */
	one_side(m, 800, 10, false, false);
	one_side(m, 900, 10, true, false);
	one_side(m, 1000, 10, false, false);
	tick(m, 1100);
	assert_span(m, ROW_M, 10, 900, 1000, SPAN_UNLABELLED, 0);
	assert_hole(m, ROW_M, 10, 850);
}

static void migrations(void **state)
{
	struct model *m = *state;

	comes(m, 100, 0, 10);
	sleeps(m, 200, 0, 10, 0, EV_NO_P);
	comes(m, 300, 1, 10);
	sleeps(m, 400, 1, 10, 0, EV_NO_P);
	comes(m, 500, 1, 10);
	assert_int_equal(thread_of(m, 10).migrations, 1);
	assert_int_equal(cpu_of(m, 1).migrations_in, 1);
	assert_int_equal(cpu_of(m, 0).migrations_in, 0);
}

static void blocked_with_a_goroutine_is_a_system_call(void **state)
{
	struct model *m = *state;

	comes(m, 100, 0, 10);
	sleeps(m, 200, 0, 10, 7, 1);
	tick(m, 400);
	assert_span(m, ROW_M, 10, 200, 0, SPAN_SYSCALL, 7);
	assert_hole(m, ROW_P, 1, 300);
	switch_to(m, 500, 0, NULL, 10, 20);
	tick(m, 550);
	assert_span(m, ROW_M, 10, 200, 480, SPAN_SYSCALL, 7);
	assert_span(m, ROW_G, 7, 200, 480, SPAN_SYSCALL, 7);
}

static void lost_switches_keep_the_books(void **state)
{
	struct model *m = *state;
	struct thread_total th;

	comes(m, 100, 0, 10);
	/* Its switch-out is lost: another thread leaves that CPU. */
	sleeps(m, 500, 0, 11, 8, 0);
	/* And this one turns up elsewhere while it still seems to run here. */
	comes(m, 600, 0, 12);
	comes(m, 700, 1, 12);
	sleeps(m, 800, 1, 12, 9, 0);
	tick(m, 1000);
	th = thread_of(m, 10);
	assert_int_equal(th.run_ns + th.wait_ns + th.sleep_ns, US(900));
	th = thread_of(m, 12);
	assert_int_equal(th.run_ns + th.wait_ns + th.sleep_ns, US(400));
}

static void cpu_account(void **state)
{
	struct model *m = *state;
	struct event ev = ev_make(1, EV_CPU_STAT, 0);
	struct cpu_total c;

	comes(m, 1, 3, 10);
	ev.head.cpu = 3;
	ev.cpu_stat = (struct ev_cpu_stat){.idle_ns = US(5000), .busy_ns = US(8000)};
	model_feed(m, &ev);
	sleeps(m, 101, 3, 10, 0, EV_NO_P);
	ev.cpu_stat = (struct ev_cpu_stat){.idle_ns = US(5400), .busy_ns = US(8350)};
	model_feed(m, &ev);
	c = cpu_of(m, 3);
	assert_int_equal(c.target_ns, US(100));
	assert_int_equal(c.idle_ns, US(400));
	assert_int_equal(c.other_ns, US(250));
}

static void found_running_at_attach(void **state)
{
	struct model *m = *state;
	struct event stat = ev_make(0, EV_CPU_STAT, 0);
	struct row row;

	/* The account of the CPU comes before anything that has happened. */
	model_feed(m, &stat);
	assert_int_equal(model_start(m), 0);
	tick(m, 100);
	sleeps(m, 400, 0, 10, 7, 0);
	assert_int_equal(thread_of(m, 10).run_ns, US(300));
	assert_int_equal(cpu_of(m, 0).target_ns, US(300));
	assert_span(m, ROW_CPU, 0, 100, 400, SPAN_RUN, 7);
	/* A sample finds one, too. */
	sample(m, 700, 1, 11, 8, 1, 0);
	tick(m, 900);
	assert_int_equal(thread_of(m, 11).run_ns, US(200));
	assert_int_equal(model_rows(m, ROW_CPU, &row, 1), 2);
}

static void what_was_known_of_the_runtime_stays(void **state)
{
	struct model *m = *state;
	struct event ev = ev_make(0, EV_RUNTIME, 0);
	struct model_counts n;

	ev.runtime = (struct ev_runtime){.gomaxprocs = 4, .asyncpreemptoff = 1};
	model_feed(m, &ev);
	ev.runtime = (struct ev_runtime){.gomaxprocs = -1, .asyncpreemptoff = -1};
	model_feed(m, &ev);
	model_counts(m, &n);
	assert_int_equal(n.gomaxprocs, 4);
	assert_int_equal(n.asyncpreemptoff, 1);
}

static void exit_ends_a_thread(void **state)
{
	struct model *m = *state;
	struct thread_total th;

	comes(m, 100, 0, 10);
	plain(m, 150, EV_THREAD_EXIT, 10);
	assert_false(thread_of(m, 10).alive);
	switch_to(m, 160, 0, &(struct leaves){.tid = 10, .goid = NO_GOID, .state = EV_STATE_DEAD}, 0, -1);
	tick(m, 900);
	th = thread_of(m, 10);
	assert_int_equal(th.run_ns, US(60));
	assert_int_equal(th.run_ns + th.wait_ns + th.sleep_ns, US(60));
}

static void invalid_events_are_counted(void **state)
{
	struct model *m = *state;
	struct event ev = ev_make(10, EV_SWITCH, 10);
	struct model_counts n;

	tick(m, 100);
	ev.head.cpu = 5000;
	ev.head.time_ns = AT_US(200);
	model_feed(m, &ev);
	ev = ev_make(300, EV_KIND_COUNT, 0);
	model_feed(m, &ev);
	tick(m, 50); /* backwards */
	ev = ev_make(400, EV_TICK, 0);
	ev.head.time_ns = UINT64_MAX;
	model_feed(m, &ev);
	model_counts(m, &n);
	assert_int_equal(n.invalid, 4);
	assert_int_equal(n.events, 5);
	assert_int_equal(model_now(m), AT_US(200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(runs_and_sleeps),
		model_test(wait_runs_from_the_wake_up),
		model_test(kernel_gap),
		model_test(preempted_without_a_goroutine_is_no_kernel_gap),
		model_test(other_process_ends),
		model_test(the_other_side_is_unknown),
		model_test(migrations),
		model_test(blocked_with_a_goroutine_is_a_system_call),
		model_test(lost_switches_keep_the_books),
		model_test(cpu_account),
		model_test(found_running_at_attach),
		model_test(what_was_known_of_the_runtime_stays),
		model_test(exit_ends_a_thread),
		model_test(invalid_events_are_counted),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
