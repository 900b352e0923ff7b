/* SPDX-License-Identifier: GPL-2.0-only */
/* Detail exact: the state machine of a goroutine, its rows and its totals; what happens when events are missing. */
#include "tests/model/stream.h"

#define RUN(us, tid, goid, p)          g_event(m, us, EV_G_RUN, tid, goid, p, 0)
#define READY(us, goid)                g_event(m, us, EV_G_READY, 99, goid, EV_NO_P, 0)
#define PARK(us, tid, goid, p, reason) g_event(m, us, EV_G_PARK, tid, goid, p, reason)

static void a_run_is_exact_to_the_nanosecond(void **state)
{
	struct model *m = *state;

	comes(m, 1000, 0, 10);
	RUN(1010, 10, 7, 1);
	/* The memory still says that nobody runs; nobody believes it. */
	sample(m, 1011, 0, 10, 0, 1, 0);
	sample(m, 1200, 0, 10, 7, 1, 0);
	PARK(1300, 10, 7, 1, WAIT_CHAN_RECEIVE);
	sample(m, 1301, 0, 10, 7, 1, 0);
	RUN(1350, 10, 8, 1);
	PARK(1700, 10, 8, 1, WAIT_IO_WAIT);
	p_event(m, 1710, EV_P_RELEASE, 10, 1);
	sleeps(m, 1720, 0, 10, 0, EV_NO_P);
	for (int kind = ROW_CPU; kind <= ROW_M; kind++) {
		uint64_t id = kind == ROW_CPU ? 0 : kind == ROW_P ? 1 : 10;

		assert_span(m, (enum row_kind)kind, id, 1010, 1300, SPAN_RUN, 7);
		assert_span(m, (enum row_kind)kind, id, 1300, 1350, SPAN_RUNTIME, 0);
		assert_span(m, (enum row_kind)kind, id, 1350, 1700, SPAN_RUN, 8);
	}
	assert_span(m, ROW_P, 1, 1700, 1710, SPAN_RUNTIME, 0);
	assert_hole(m, ROW_P, 1, 1715);
	assert_span(m, ROW_G, 7, 1010, 1300, SPAN_RUN, 7);
	assert_hole(m, ROW_G, 7, 1400);
	assert_int_equal(total_of(m, 7).run_ns, US(290));
	assert_int_equal(total_of(m, 7).slices, 1);
	assert_int_equal(total_of(m, 8).run_ns, US(350));
}

static void a_switch_in_between_changes_nothing(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	RUN(10, 10, 7, 1);
	preempted_by(m, 500, 0, 10, 7, 1, FOREIGN(9));
	switch_to(m, 800, 0, NULL, 10, -1);
	PARK(900, 10, 7, 1, WAIT_SELECT);
	assert_span(m, ROW_G, 7, 10, 500, SPAN_RUN, 7);
	assert_span(m, ROW_G, 7, 500, 800, SPAN_RUNNABLE, 7);
	assert_span(m, ROW_P, 1, 800, 900, SPAN_RUN, 7);
	assert_int_equal(total_of(m, 7).slices, 1);
	assert_int_equal(total_of(m, 7).max_slice_ns, US(890));
}

static void waiting_for_a_p_is_a_class_of_its_own(void **state)
{
	struct model *m = *state;
	struct hist_summary w;

	comes(m, 0, 0, 10);
	assert_false(model_g_wait_summary(m, &w));
	RUN(10, 10, 7, 1);
	READY(100, 8);
	tick(m, 150);
	assert_true(model_g_wait_summary(m, &w)); /* the one that goes on counts */
	assert_int_equal(w.count, 1);
	assert_int_equal(w.max, US(50));
	PARK(200, 10, 7, 1, WAIT_SLEEP);
	RUN(300, 10, 8, 1);
	READY(400, 7);
	tick(m, 450);
	assert_span(m, ROW_G, 8, 100, 300, SPAN_WAITING_P, 8);
	assert_span(m, ROW_G, 7, 400, 0, SPAN_WAITING_P, 7);
	assert_hole(m, ROW_G, 7, 350);
	assert_true(model_g_wait_summary(m, &w));
	assert_int_equal(w.count, 2);
	assert_int_equal(w.max, US(200));
	assert_int_equal(total_of(m, 8).wait_ns, US(200));
	assert_int_equal(total_of(m, 8).max_wait_ns, US(200));
	assert_int_equal(total_of(m, 7).wait_ns, US(50));
}

/* Ready at 100; the thread that takes it up is woken at 150 and gets a CPU at 250. */
static void the_wait_is_split_by_whose_queue_it_was(void **state)
{
	struct model *m = *state;
	struct sched_total s;

	comes(m, 0, 0, 10);
	sleeps(m, 50, 0, 10, 0, EV_NO_P);
	READY(100, 7);
	switch_to(m, 250, 0, NULL, 10, 100);
	p_event(m, 255, EV_P_ACQUIRE, 10, 1);
	RUN(260, 10, 7, 1);
	assert_int_equal(total_of(m, 7).wait_ns, US(160));
	assert_int_equal(total_of(m, 7).wait_kernel_ns, US(100));
	model_sched(m, &s);
	assert_int_equal(s.wait_ns, US(160));
	assert_int_equal(s.wait_kernel_ns, US(100));
	/* Once more, at once: the kernel's old wait isn't counted again. */
	PARK(300, 10, 7, 1, WAIT_SLEEP);
	READY(310, 7);
	RUN(320, 10, 7, 1);
	assert_int_equal(total_of(m, 7).wait_kernel_ns, US(100));
}

static void parks_by_reason(void **state)
{
	struct model *m = *state;
	struct park_total p[8];
	struct g_total g;

	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	for (uint64_t i = 0; i < 3; i++) {
		PARK(1000 * i + 100, 10, 7, 1, WAIT_CHAN_RECEIVE);
		READY(1000 * i + 600, 7);
		RUN(1000 * i + 700, 10, 7, 1);
	}
	PARK(3000, 10, 7, 1, WAIT_SYNC_MUTEX_LOCK);
	READY(3010, 7);
	RUN(3020, 10, 7, 1);
	PARK(4000, 10, 7, 1, 250); /* no reason that is known */
	tick(m, 9000);
	g = total_of(m, 7);
	assert_int_equal(g.parks, 5);
	assert_int_equal(g.parked_ns, US(1510 + 5000));
	assert_int_equal(g.n_park, 2);
	assert_int_equal(g.park[0].reason, WAIT_CHAN_RECEIVE);
	assert_int_equal(g.park[0].count, 3);
	assert_int_equal(g.park[0].ns, US(1500));
	assert_int_equal(g.park[1].reason, WAIT_SYNC_MUTEX_LOCK);
	assert_int_equal(model_parks(m, p, 8), 3);
	assert_int_equal(p[0].reason, WAIT_NONE);
	assert_int_equal(p[0].ns, US(5000)); /* still parked */
	assert_int_equal(p[1].reason, WAIT_CHAN_RECEIVE);
	assert_int_equal(p[1].count, 3);
}

/* 7 enters at 100 and blocks; its P goes to thread 11 at 300; back at 900 without one. */
static void a_system_call_keeps_its_thread(void **state)
{
	struct model *m = *state;
	struct g_total g;

	comes(m, 0, 0, 10);
	RUN(10, 10, 7, 1);
	g_event(m, 100, EV_G_SYSCALL, 10, 7, 1, 0);
	sleeps(m, 120, 0, 10, 7, EV_NO_P);
	g_event(m, 300, EV_G_HANDOFF, 99, 0, 1, 0);
	comes(m, 310, 1, 11);
	p_event(m, 320, EV_P_ACQUIRE, 11, 1);
	RUN(330, 11, 8, 1);
	switch_to(m, 900, 0, NULL, 10, 0);
	g_event(m, 910, EV_G_SYSCALL_WAIT, 10, 7, EV_NO_P, 0);
	sleeps(m, 920, 0, 10, 0, EV_NO_P);
	PARK(1000, 11, 8, 1, WAIT_SLEEP);
	RUN(1010, 11, 7, 1);
	assert_span(m, ROW_G, 7, 120, 900, SPAN_SYSCALL, 7);
	assert_span(m, ROW_G, 7, 910, 1010, SPAN_WAITING_P, 7);
	assert_span(m, ROW_P, 1, 330, 1000, SPAN_RUN, 8);
	g = total_of(m, 7);
	assert_int_equal(g.syscalls, 1);
	assert_int_equal(g.syscall_ns, US(810));
	assert_int_equal(g.wait_ns, US(100));
	/* A short one: nothing happens but time in it. */
	g_event(m, 1100, EV_G_SYSCALL, 11, 7, 1, 0);
	g_event(m, 1105, EV_G_SYSCALL_EXIT, 11, 7, 1, 0);
	PARK(1200, 11, 7, 1, WAIT_SLEEP);
	assert_span(m, ROW_G, 7, 1010, 1200, SPAN_RUN, 7);
	assert_int_equal(total_of(m, 7).syscalls, 2);
	assert_int_equal(total_of(m, 7).syscall_ns, US(815));
}

static void a_preemption_makes_it_runnable(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	RUN(10, 10, 7, 1);
	taken(m, 100, 10, 7, 1, EV_TAKEN_ASYNC);
	g_event(m, 101, EV_G_YIELD, 10, 7, 1, 0); /* told as well */
	RUN(110, 10, 8, 1);
	taken(m, 200, 10, 8, 1, EV_TAKEN_ASYNC);
	PARK(201, 10, 8, 1, WAIT_PREEMPTED); /* for a stack scan */
	RUN(250, 10, 7, 1);
	READY(260, 8);
	tick(m, 300);
	assert_span(m, ROW_G, 7, 100, 250, SPAN_WAITING_P, 7);
	assert_int_equal(total_of(m, 7).wait_ns, US(150));
	assert_hole(m, ROW_G, 8, 230);
	assert_int_equal(total_of(m, 8).parked_ns, US(59));
	assert_span(m, ROW_G, 8, 260, 0, SPAN_WAITING_P, 8);
}

static void assists_count_while_they_run(void **state)
{
	struct model *m = *state;
	struct sched_total s;

	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	g_event(m, 100, EV_G_ASSIST, 10, 7, 1, 0);
	g_event(m, 150, EV_G_ASSIST_END, 10, 7, 1, 0);
	g_event(m, 200, EV_G_ASSIST, 10, 7, 1, 0);
	PARK(220, 10, 7, 1, WAIT_GC_ASSIST_WAIT);
	READY(300, 7);
	RUN(400, 10, 7, 1);
	g_event(m, 430, EV_G_ASSIST_END, 10, 7, 1, 0);
	PARK(900, 10, 7, 1, WAIT_SLEEP);
	assert_int_equal(total_of(m, 7).assists, 2);
	assert_int_equal(total_of(m, 7).assist_ns, US(50 + 20 + 30));
	model_sched(m, &s);
	assert_int_equal(s.assists, 2);
	assert_int_equal(s.assist_ns, US(100));
}

static void where_it_comes_from(void **state)
{
	struct model *m = *state;
	struct event ev = {.head = {.kind = EV_GOROUTINE}};
	struct loc_info at;

	location(m, 1, "main.work", "/src/main.go", 10);
	location(m, 2, "main.main", "/src/main.go", 77);
	tick(m, 0);
	ev.goroutine = (struct ev_goroutine){.goid = 7, .parent_goid = 1, .start_loc = 1, .create_loc = 2};
	model_feed(m, &ev);
	g_event(m, 10, EV_G_NEW, 99, 8, EV_NO_P, 7);
	assert_int_equal(total_of(m, 7).parent_goid, 1);
	assert_true(model_loc(m, total_of(m, 7).create_loc, &at));
	assert_int_equal(at.line, 77);
	assert_int_equal(total_of(m, 8).parent_goid, 7);
	assert_int_equal(total_of(m, 8).create_loc, EV_NO_LOC);
}

static void two_runs_on_a_thread(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	RUN(1000, 10, 8, 1); /* 7 left unseen: somewhere in between */
	PARK(1200, 10, 8, 1, WAIT_SLEEP);
	assert_span(m, ROW_CPU, 0, 0, 500, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 500, 1000, SPAN_RUNTIME, 0);
	assert_span(m, ROW_CPU, 0, 1000, 1200, SPAN_RUN, 8);
}

/* 7 is in a system call on thread 10, and its way back was lost: it runs on thread 11. */
static void nobody_is_in_two_places(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	RUN(10, 10, 7, 1);
	g_event(m, 100, EV_G_SYSCALL, 10, 7, 1, 0);
	sleeps(m, 200, 0, 10, 7, EV_NO_P);
	RUN(500, 11, 7, 2);
	switch_to(m, 600, 0, NULL, 10, 0);
	PARK(900, 11, 7, 2, WAIT_SLEEP);
	sleeps(m, 1000, 0, 10, 0, EV_NO_P);
	assert_span(m, ROW_G, 7, 200, 500, SPAN_SYSCALL, 7);
	assert_span(m, ROW_G, 7, 500, 900, SPAN_RUN, 7);
	assert_span(m, ROW_M, 10, 600, 1000, SPAN_RUNTIME, 0);
	assert_int_equal(total_of(m, 7).syscall_ns, US(400));
}

static void a_park_of_who_was_not_seen(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	PARK(1000, 10, 7, 1, WAIT_SLEEP);
	RUN(1100, 10, 8, 1);
	PARK(1300, 10, 9, 1, WAIT_SLEEP); /* 8 left and 9 came in between */
	READY(1400, 9);
	assert_span(m, ROW_CPU, 0, 0, 1000, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 1100, 1200, SPAN_RUN, 8);
	assert_span(m, ROW_CPU, 0, 1200, 1300, SPAN_RUN, 9);
	assert_int_equal(total_of(m, 9).waits, 1); /* the one that goes on */
}

static void waits_across_a_loss_are_not_known(void **state)
{
	struct model *m = *state;
	struct hist_summary w;

	comes(m, 0, 0, 10);
	READY(100, 7);
	tick(m, 50000);
	lost(m, 3);
	RUN(60000, 10, 7, 1);
	assert_true(model_g_wait_summary(m, &w));
	assert_int_equal(w.count, 0);
	PARK(60100, 10, 7, 1, WAIT_SLEEP);
	READY(60200, 7);
	READY(60300, 7); /* it must have run in between */
	RUN(60310, 10, 7, 1);
	assert_true(model_g_wait_summary(m, &w));
	assert_int_equal(w.count, 1);
	assert_int_equal(w.max, US(10));
	PARK(60400, 10, 7, 1, WAIT_SLEEP);
	RUN(70000, 10, 7, 1); /* as the network poller does it: no wait, parked until it ran */
	assert_int_equal(total_of(m, 7).parked_ns, US(100 + 9600));
	assert_int_equal(total_of(m, 7).waits, 1);
}

/* A sample long after the last exact event shows somebody else: exact events were lost. */
static void memory_is_believed_in_the_end(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	READY(0, 8);
	RUN(0, 10, 7, 1);
	sample(m, 10000, 0, 10, 8, 1, 0);
	sleeps(m, 20000, 0, 10, 8, 1);
	assert_span(m, ROW_CPU, 0, 0, 5000, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 5000, 20000, SPAN_RUN, 8);
	tick(m, 60000);
	assert_int_equal(model_starved(m, &(struct starved){0}, 1), 0); /* it isn't waiting any more */
	assert_int_equal(total_of(m, 8).waits, 0);
}

/* A park was lost: the thread goes to sleep without its goroutine. */
static void a_sleep_without_it_ends_it(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	sleeps(m, 400, 0, 10, 0, EV_NO_P);
	assert_span(m, ROW_G, 7, 0, 200, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 200, 400, SPAN_RUNTIME, 0);
	assert_hole(m, ROW_G, 7, 300);
}

static void stepping_down_forgets_what_goes_on(void **state)
{
	struct model *m = *state;
	struct hist_summary w;

	detail(m, 0, DETAIL_EXACT, EV_DETAIL_ASKED, 0);
	comes(m, 0, 0, 10);
	READY(100, 8);
	RUN(100, 10, 7, 1);
	detail(m, 1000, DETAIL_SCHED, EV_DETAIL_OVERHEAD, 700);
	READY(1001, 9); /* a straggler */
	sample(m, 2000, 0, 10, 9, 1, 0);
	tick(m, 90000);
	assert_true(model_g_wait_summary(m, &w));
	assert_int_equal(w.count, 0);
	assert_int_equal(model_starved(m, &(struct starved){0}, 1), 0);
	assert_span(m, ROW_CPU, 0, 100, 1500, SPAN_RUN, 7);
	assert_span(m, ROW_CPU, 0, 1500, 2000, SPAN_RUN, 9); /* by labels again */
}

/* Its way back was lost: it was in a system call, nobody knows for how long. */
static void a_park_from_a_system_call(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	g_event(m, 100, EV_G_SYSCALL, 10, 7, 1, 0);
	PARK(9000, 10, 7, 1, WAIT_SLEEP);
	READY(9100, 7);
	assert_int_equal(total_of(m, 7).syscalls, 1);
	assert_int_equal(total_of(m, 7).syscall_ns, 0);
	assert_int_equal(total_of(m, 7).parked_ns, US(100));
}

/* What goes on when the program or the detail ends counts up to there. */
static void the_end_closes_what_goes_on(void **state)
{
	struct model *m = *state;
	struct event ev = ev_make(5000, EV_TARGET_EXIT, 1);
	struct park_total p[2];
	struct hist_summary w;

	detail(m, 0, DETAIL_EXACT, EV_DETAIL_ASKED, 0);
	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	PARK(1000, 10, 7, 1, WAIT_SLEEP);
	detail(m, 2000, DETAIL_SCHED, EV_DETAIL_OVERHEAD, 900);
	tick(m, 3000);
	assert_int_equal(total_of(m, 7).parked_ns, US(1000));
	detail(m, 3000, DETAIL_EXACT, EV_DETAIL_CALM, 100);
	RUN(3500, 10, 8, 1);
	PARK(3600, 10, 8, 1, WAIT_SLEEP);
	READY(4000, 9);
	model_feed(m, &ev);
	tick(m, 9000);
	assert_int_equal(total_of(m, 8).parked_ns, US(1400));
	assert_int_equal(model_parks(m, p, 2), 1);
	assert_int_equal(p[0].count, 2);
	assert_int_equal(p[0].ns, US(2400));
	assert_true(model_g_wait_summary(m, &w));
	assert_int_equal(w.count, 1);
	assert_int_equal(w.max, US(1000));
}

static void nonsense_is_counted(void **state)
{
	struct model *m = *state;
	struct model_counts n;

	comes(m, 0, 0, 10);
	RUN(10, 10, 0, 1);
	READY(20, 0);
	g_event(m, 30, 0, 10, 7, 1, 0);
	g_event(m, 30, EV_G_CHANGE_COUNT, 10, 7, 1, 0);
	g_event(m, 40, EV_G_HANDOFF, 10, 0, EV_NO_P, 0);
	p_event(m, 50, 9, 10, 1);
	detail(m, 60, 9, 0, 0);
	detail(m, 60, 1, 9, 0);
	PARK(70, 0, 7, 65534, WAIT_SLEEP); /* a thread that isn't known */
	RUN(80, 10, 7, 65534);
	PARK(90, 10, 0, 1, WAIT_SLEEP); /* of whom the thread knows */
	model_counts(m, &n);
	assert_int_equal(n.invalid, 8);
	assert_int_equal(total_of(m, 7).parks, 2);
	assert_int_equal(total_of(m, 7).run_ns, US(10));
}

static void who_has_ended_makes_room(void **state)
{
	static struct g_total all[150000];
	struct model *m = *state;
	bool first_busy = false, last = false;
	size_t n;

	comes(m, 0, 0, 10);
	for (uint64_t i = 0; i < 150000; i++) {
		uint64_t us = i * 10000, goid = 1000 + i, busy = i == 5 ? 9000 : 3;

		g_event(m, us, EV_G_NEW, 10, goid, EV_NO_P, 0);
		RUN(us + 1, 10, goid, 1);
		g_event(m, us + 1 + busy, EV_G_EXIT, 10, goid, 1, 0);
	}
	n = model_goroutines(m, all, 150000);
	assert_in_range(n, 16000, 20000);
	for (size_t i = 0; i < n; i++) {
		first_busy |= all[i].goid == 1005;
		last |= all[i].goid == 150999 && all[i].ended;
	}
	assert_true(first_busy); /* who ran much is remembered for longer */
	assert_true(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(a_run_is_exact_to_the_nanosecond),
		model_test(a_switch_in_between_changes_nothing),
		model_test(waiting_for_a_p_is_a_class_of_its_own),
		model_test(the_wait_is_split_by_whose_queue_it_was),
		model_test(parks_by_reason),
		model_test(a_system_call_keeps_its_thread),
		model_test(a_preemption_makes_it_runnable),
		model_test(assists_count_while_they_run),
		model_test(where_it_comes_from),
		model_test(two_runs_on_a_thread),
		model_test(nobody_is_in_two_places),
		model_test(a_park_of_who_was_not_seen),
		model_test(waits_across_a_loss_are_not_known),
		model_test(memory_is_believed_in_the_end),
		model_test(a_sleep_without_it_ends_it),
		model_test(stepping_down_forgets_what_goes_on),
		model_test(a_park_from_a_system_call),
		model_test(the_end_closes_what_goes_on),
		model_test(nonsense_is_counted),
		model_test(who_has_ended_makes_room),
	};

	return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
