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

#define RUN(us, tid, goid, p)  g_event(m, us, EV_G_RUN, tid, goid, p, 0)
#define READY(us, goid)        g_event(m, us, EV_G_READY, 99, goid, EV_NO_P, 0)
#define PARK(us, tid, goid, p) g_event(m, us, EV_G_PARK, tid, goid, p, WAIT_SLEEP)

/* 7 and 8 hold both Ps while 9 waits for 40 ms; 7 for longer. */
static void who_held_the_ps(void **state)
{
	struct model *m = *state;
	struct starved s[4];
	uint64_t count, ns;

	location(m, 1, "main.crunch", "/src/main.go", 10);
	location(m, 2, "main.victim", "/src/main.go", 20);
	goroutine(m, 7, 1);
	goroutine(m, 9, 2);
	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	RUN(0, 10, 7, 0);
	RUN(0, 11, 8, 1);
	READY(10000, 9);
	tick(m, 20001);
	assert_int_equal(model_starved(m, s, 4), 1); /* while it still waits */
	assert_int_equal(s[0].to_ns, 0);
	assert_int_equal(s[0].goid, 9);
	tick(m, 35000);
	PARK(36000, 11, 8, 1);
	RUN(50000, 11, 9, 1);
	PARK(51000, 11, 9, 1);
	READY(52000, 9);
	RUN(53000, 11, 9, 1); /* an ordinary wait */
	assert_int_equal(model_starved(m, s, 4), 1);
	assert_int_equal(s[0].from_ns, AT_US(10000));
	assert_int_equal(s[0].to_ns, AT_US(50000));
	assert_string_equal(model_func(m, s[0].func)->name, "main.victim");
	assert_int_equal(s[0].n_holders, 2);
	assert_int_equal(s[0].holder[0].goid, 7);
	assert_int_equal(s[0].holder[0].ns, US(40000));
	assert_string_equal(model_func(m, s[0].holder[0].func)->name, "main.crunch");
	assert_int_equal(s[0].holder[1].goid, 8);
	assert_int_equal(s[0].holder[1].ns, US(26000));
	model_starved_total(m, &count, &ns);
	assert_int_equal(count, 1);
	assert_int_equal(ns, US(40000));
}

static void the_runtime_starves_on_purpose(void **state)
{
	struct model *m = *state;
	struct event ev = {.head = {.kind = EV_LOC}};
	struct starved s;

	ev.loc = (struct ev_loc){.func = "runtime.bgsweep", .file = "", .id = 1, .is_runtime = 1};
	model_feed(m, &ev);
	ev.loc = (struct ev_loc){.func = "runtime.main", .file = "", .id = 2, .is_runtime = 1};
	model_feed(m, &ev);
	goroutine(m, 3, 1);
	goroutine(m, 1, 2);
	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 0);
	READY(10, 3);
	tick(m, 90000);
	assert_int_equal(model_starved(m, &s, 1), 0);
	READY(90000, 1); /* main.main runs in runtime.main */
	tick(m, 190000);
	assert_int_equal(model_starved(m, &s, 1), 1);
	assert_int_equal(s.goid, 1);
}

static void the_longest_are_kept(void **state)
{
	struct model *m = *state;
	struct starved s[STARVED_KEPT];
	uint64_t us = 0, count, ns;

	comes(m, 0, 0, 10);
	for (uint64_t i = 1; i <= 200; i++) {
		READY(us, i);
		us += 10000 + i * 100;
		RUN(us, 10, i, 0);
		PARK(us + 10, 10, i, 0);
		us += 20;
	}
	assert_int_equal(model_starved(m, s, STARVED_KEPT), STARVED_KEPT);
	/* The longest is among them, give or take an eighth. */
	assert_in_range(s[0].to_ns - s[0].from_ns, US(26000), US(30000));
	for (size_t i = 1; i < STARVED_KEPT; i++)
		assert_true(s[i].to_ns - s[i].from_ns <= s[i - 1].to_ns - s[i - 1].from_ns);
	model_starved_total(m, &count, &ns);
	assert_int_equal(count, 200);
}

static void the_mark_phase_lies_between_two_pauses(void **state)
{
	struct model *m = *state;
	struct sched_total s;

	stw_stop(m, 1000, 1, EV_STW_GC_SWEEP_TERM);
	stw_start(m, 1050, 1, 0, 0);
	stw_stop(m, 5050, 1, EV_STW_GC_MARK_TERM);
	stw_start(m, 5100, 1, 0, 0);
	stw_stop(m, 6000, 1, EV_STW_GC_MARK_TERM); /* its beginning was lost */
	stw_start(m, 6050, 1, 0, 0);
	model_sched(m, &s);
	assert_int_equal(s.gc_cycles, 1);
	assert_int_equal(s.gc_mark_ns, US(4000));
	assert_false(s.gc_marking);
	stw_stop(m, 8000, 1, EV_STW_GC_SWEEP_TERM);
	stw_start(m, 8050, 1, 0, 0);
	tick(m, 20050);
	model_sched(m, &s);
	assert_int_equal(s.gc_cycles, 1);
	assert_int_equal(s.gc_mark_ns, US(16000)); /* the current one counts */
	assert_int_equal(s.gc_mark_max_ns, US(12000));
	assert_true(s.gc_marking);
}

static void gc_workers_by_their_start(void **state)
{
	struct model *m = *state;
	struct sched_total s;

	location(m, 1, "runtime.gcBgMarkWorker", "/go/mgc.go", 1);
	location(m, 2, "runtime.gcBgMarkStartWorkers.gowrap1", "/go/mgc.go", 2);
	location(m, 3, "main.work", "/src/main.go", 3);
	for (uint64_t goid = 1; goid <= 3; goid++)
		goroutine(m, goid, (uint32_t)goid);
	comes(m, 0, 0, 10);
	for (uint64_t goid = 1; goid <= 3; goid++) {
		RUN(goid * 1000, 10, goid, 0);
		PARK(goid * 1000 + 100 * goid, 10, goid, 0);
	}
	model_sched(m, &s);
	assert_int_equal(s.gc_worker_ns, US(300));
}

static void levels_and_their_changes(void **state)
{
	struct model *m = *state;
	struct detail_change c[DETAIL_CHANGES_KEPT + 10];
	struct detail_state d;

	tick(m, 0);
	model_detail(m, &d);
	assert_int_equal(d.level, DETAIL_SCHED); /* no session says otherwise */
	detail(m, 0, DETAIL_EXACT, EV_DETAIL_ASKED, 0);
	detail(m, 3000, DETAIL_SCHED, EV_DETAIL_OVERHEAD, 750);
	detail(m, 5000, DETAIL_EXACT, EV_DETAIL_CALM, 90);
	tick(m, 9000);
	model_detail(m, &d);
	assert_int_equal(d.level, DETAIL_EXACT);
	assert_int_equal(d.asked, DETAIL_EXACT);
	assert_int_equal(d.steps_down, 1);
	assert_int_equal(d.steps_up, 1);
	assert_int_equal(d.level_ns[DETAIL_EXACT], US(7000));
	assert_int_equal(d.level_ns[DETAIL_SCHED], US(2000));
	assert_int_equal(model_detail_changes(m, c, 4), 3);
	assert_int_equal(c[1].at_ns, AT_US(3000));
	assert_int_equal(c[1].before, DETAIL_EXACT);
	assert_int_equal(c[1].overhead_bp, 750);
	for (uint64_t i = 0; i < 100; i++)
		detail(m, 10000 + i, i % 2 ? DETAIL_EXACT : DETAIL_SCHED, EV_DETAIL_OVERHEAD, (uint32_t)i);
	assert_int_equal(model_detail_changes(m, c, DETAIL_CHANGES_KEPT + 10), DETAIL_CHANGES_KEPT);
	assert_int_equal(c[DETAIL_CHANGES_KEPT - 1].overhead_bp, 99);
	assert_int_equal(c[0].overhead_bp, 50);
}

static struct gap worst(const struct model *m)
{
	struct gap g;

	assert_int_equal(model_worst_gaps(m, &g, 1), 1);
	return g;
}

static void runtime_says(struct model *m, int8_t off)
{
	struct event ev = {.head = {.kind = EV_RUNTIME}};

	ev.runtime = (struct ev_runtime){.gomaxprocs = -1, .asyncpreemptoff = off};
	model_feed(m, &ev);
}

static void delivered(struct model *m, uint64_t us, uint32_t tid, uint64_t goid, uint32_t loc)
{
	struct event ev = ev_make(us, EV_SIGNAL_DELIVER, tid);

	ev.head.flags = EVF_LABEL;
	ev.at = (struct ev_at){.goid = goid, .p = 1, .loc = loc, .blame = loc};
	model_feed(m, &ev);
}

static void why_async_is_off(void **state)
{
	struct model *m = *state;

	runtime_says(m, 1);
	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	assert_int_equal(worst(m).why, GAP_WHY_NONE); /* too early to say */
	tick(m, 12000);
	assert_int_equal(worst(m).why, GAP_WHY_ASYNC_OFF);
	taken(m, 40000, 10, 7, 1, EV_TAKEN_COOP);
	assert_int_equal(worst(m).why, GAP_WHY_ASYNC_OFF);
}

static void why_no_safe_point(void **state)
{
	struct model *m = *state;

	runtime_says(m, 0);
	location(m, 1, "main.crunch", "/src/crunch.go", 42);
	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	for (uint64_t us = 10002; us < 50000; us += 10000) {
		plain(m, us, EV_SIGNAL_SEND, 10);
		delivered(m, us + 5, 10, 7, 1);
	}
	assert_int_equal(worst(m).why, GAP_WHY_NO_SAFE_POINT);
	assert_int_equal(worst(m).delivered, 4);
	assert_int_equal(worst(m).loc, 1);
}

static void why_served_at_once_has_no_reason(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 10002, EV_SIGNAL_SEND, 10);
	delivered(m, 10005, 10, 7, 0);
	taken(m, 10040, 10, 7, 1, EV_TAKEN_ASYNC);
	assert_int_equal(worst(m).why, GAP_WHY_NONE);
}

static void why_not_delivered(void **state)
{
	struct model *m = *state;

	runtime_says(m, 0);
	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	tick(m, 20000);
	assert_int_equal(worst(m).why, GAP_WHY_NONE); /* nobody has ever seen a signal here */
	plain(m, 20002, EV_SIGNAL_SEND, 10);
	tick(m, 30000);
	assert_int_equal(worst(m).why, GAP_WHY_NOT_DELIVERED);
}

static void why_no_cpu(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 10002, EV_SIGNAL_SEND, 10);
	preempted_by(m, 10010, 0, 10, 7, 1, FOREIGN(9));
	tick(m, 30000);
	assert_int_equal(worst(m).why, GAP_WHY_NO_CPU); /* while it lasts */
	switch_to(m, 40000, 0, NULL, 10, -1);
	delivered(m, 40001, 10, 7, 0);
	taken(m, 40020, 10, 7, 1, EV_TAKEN_ASYNC);
	assert_int_equal(worst(m).why, GAP_WHY_NO_CPU);
}

static void why_in_the_kernel(void **state)
{
	struct model *m = *state;
	struct model_counts n;

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	/* A page fault that waits for the disk ends no gap. */
	switch_to(m, 10100, 0, &(struct leaves){.tid = 10, .goid = 7, .p = 1, .state = EV_STATE_BLOCK}, 0, -1);
	switch_to(m, 40000, 0, NULL, 10, 0);
	tick(m, 41000);
	assert_int_equal(worst(m).why, GAP_WHY_IN_KERNEL);
	g_event(m, 42000, EV_G_HANDOFF, 99, 0, 1, 0); /* comes at detail sched too, and knows only the P */
	assert_int_equal(worst(m).end, GAP_HANDED_OFF);
	assert_int_equal(worst(m).why, GAP_WHY_IN_KERNEL);
	assert_int_equal(worst(m).taken_ns, AT_US(42000));
	model_counts(m, &n);
	assert_int_equal(n.taken_handed_off, 1);
	assert_int_equal(n.taken_voluntary, 0);
	assert_false(model_exact_seen(m));
}

/* At detail sched nobody tells that it parked at once: the length is a guess, and no reason to complain. */
static void an_estimated_end_is_no_proof(void **state)
{
	struct model *m = *state;
	struct gap_func f;

	comes(m, 0, 0, 10);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 10002, EV_SIGNAL_SEND, 10);
	sample(m, 20000, 0, 10, 8, 1, 0);
	assert_int_equal(worst(m).taken_ns, AT_US(15000));
	assert_false(worst(m).unserved);
	assert_int_equal(worst(m).why, GAP_WHY_NONE);
	assert_int_equal(model_gap_funcs(m, &f, 1), 1);
	assert_int_equal(f.requests, 1);
	assert_int_equal(f.unserved, 0);
	/* It was still seen there 8 ms later. */
	request(m, 30000, 10, 8, 1, EV_REQ_PREEMPTONE);
	plain(m, 30002, EV_SIGNAL_SEND, 10);
	sample(m, 38000, 0, 10, 8, 1, 0);
	sample(m, 60000, 0, 10, 9, 1, 0);
	assert_int_equal(worst(m).taken_ns, AT_US(49000));
	assert_int_equal(worst(m).why, GAP_WHY_NOT_DELIVERED);
}

/* Who starts to run again has left before, though nobody saw it; it is asked afresh. */
static void a_new_run_ends_the_gap(void **state)
{
	struct model *m = *state;

	comes(m, 0, 0, 10);
	RUN(0, 10, 7, 1);
	request(m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	RUN(30000, 10, 7, 1);
	assert_int_equal(worst(m).end, GAP_VOLUNTARY);
	assert_int_equal(worst(m).taken_ns, AT_US(20000));
	/* A park ends it to the nanosecond. */
	request(m, 40000, 10, 7, 1, EV_REQ_PREEMPTONE);
	sample(m, 45000, 0, 10, 7, 1, 0);
	PARK(90000, 10, 7, 1);
	assert_int_equal(worst(m).taken_ns, AT_US(90000));
}

static void requests_by_function(void **state)
{
	struct model *m = *state;
	struct gap_func f[8];

	runtime_says(m, 0);
	location(m, 1, "main.crunch", "/src/crunch.go", 42);
	location(m, 2, "main.quick", "/src/quick.go", 7);
	comes(m, 0, 0, 10);
	for (uint64_t us = 0; us < 400000; us += 100000) {
		sample(m, us + 5000, 0, 10, 7, 1, 1);
		request(m, us + 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
		plain(m, us + 10001, EV_SIGNAL_SEND, 10);
		delivered(m, us + 10010, 10, 7, 1);
		if (us == 300000)
			break; /* the last one is pending */
		taken(m, us + 50000 + us / 1000, 10, 7, 1, EV_TAKEN_ASYNC);
		sample(m, us + 60000, 0, 10, 8, 1, 2);
		request(m, us + 70000, 10, 8, 1, EV_REQ_PREEMPTONE);
		taken(m, us + 70040, 10, 8, 1, EV_TAKEN_ASYNC);
	}
	tick(m, 320000);
	assert_int_equal(model_gap_funcs(m, f, 8), 2);
	assert_string_equal(model_func(m, f[0].func)->name, "main.crunch");
	assert_int_equal(f[0].requests, 4);
	assert_int_equal(f[0].unserved, 4);
	assert_int_equal(f[0].worst_ns, US(40200));
	assert_int_equal(f[0].loc, 1);
	assert_int_equal(gap_func_main_why(&f[0]), GAP_WHY_NO_SAFE_POINT);
	assert_string_equal(model_func(m, f[1].func)->name, "main.quick");
	assert_int_equal(f[1].requests, 3);
	assert_int_equal(f[1].unserved, 0);
	assert_int_equal(gap_func_main_why(&f[1]), GAP_WHY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(run_queues),
		model_test(who_held_the_ps),
		model_test(the_runtime_starves_on_purpose),
		model_test(the_longest_are_kept),
		model_test(the_mark_phase_lies_between_two_pauses),
		model_test(gc_workers_by_their_start),
		model_test(levels_and_their_changes),
		model_test(why_async_is_off),
		model_test(why_no_safe_point),
		model_test(why_served_at_once_has_no_reason),
		model_test(why_not_delivered),
		model_test(why_no_cpu),
		model_test(why_in_the_kernel),
		model_test(an_estimated_end_is_no_proof),
		model_test(a_new_run_ends_the_gap),
		model_test(requests_by_function),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
