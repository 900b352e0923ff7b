/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges: each verdict from a stream that deserves it, and nothing from one that doesn't. */
#include "tests/model/trial.h"

/* Goroutine 7 runs on from @from to @to though it is asked to yield 10 ms into it. */
static void hog(struct model *m, uint64_t from_ms, uint64_t to_ms)
{
	comes(m, from_ms * 1000, 0, 10);
	request(m, from_ms * 1000 + 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	sample(m, from_ms * 1000 + 15000, 0, 10, 7, 1, 1);
	taken(m, to_ms * 1000, 10, 7, 1, EV_TAKEN_YIELD);
	sleeps(m, to_ms * 1000 + 1, 0, 10, 0, EV_NO_P);
}

static void nothing_wrong(void **state)
{
	struct trial *t = *state;

	comes(t->m, 0, 0, 10);
	request(t->m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	taken(t->m, 10040, 10, 7, 1, EV_TAKEN_ASYNC);
	tick(t->m, 12000000);
	runtime_says(t->m, 0);
	assert_non_null(find(t, "ok"));
	assert_int_equal(t->n, 1);
	assert_string_equal(t->v[0].title, "Nothing wrong seen in 12.0 s");
}

static void async_off_with_a_hog(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	t->session.async_enabled = 0;
	t->session.async_source = ASYNC_SOURCE_ENVIRONMENT;
	session_async_evidence(&t->session, "GODEBUG=asyncpreemptoff=1 is in the environment");
	runtime_says(t->m, 1);
	hog(t->m, 0, 661);
	v = must_find(t, "async-preempt-off");
	assert_ptr_equal(v, &t->v[0]);
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_string_equal(v->title, "Asynchronous preemption is off, and main.crunch holds its P for up to 651 ms");
	assert_string_equal(v->evidence[0], "GODEBUG=asyncpreemptoff=1 is in the environment");
	assert_true(says(v, "crunch.go:42"));
	assert_non_null(strstr(v->advice, "Take asyncpreemptoff=1 out of GODEBUG"));
	assert_null(find(t, "ok"));
}

static void async_off_alone_is_a_warning(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	runtime_says(t->m, 1);
	tick(t->m, 1000000);
	v = must_find(t, "async-preempt-off");
	assert_int_equal(v->severity, SEVERITY_WARNING);
	assert_string_equal(v->title, "Asynchronous preemption is off");
	/* The process's memory is the truth, whatever the environment says. */
	runtime_says(t->m, 0);
	t->session.async_enabled = 0;
	assert_null(find(t, "async-preempt-off"));
}

static void a_hog_is_named(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	runtime_says(t->m, 0);
	hog(t->m, 0, 150);
	v = must_find(t, "goroutine-hogs-p");
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_string_equal(v->title, "main.crunch holds its P for up to 140 ms after it is asked to yield");
	assert_true(says(v, "goroutine 7"));
	assert_true(says(v, "crunch.go:42"));
}

/* From 10 ms on, and doesn't leave. */
static void a_gc_worker_is_asked(struct model *m)
{
	struct event ev = {.head = {.kind = EV_LOC}};

	ev.loc = (struct ev_loc){
		.func = "runtime.gcBgMarkWorker", .file = "mgc.go", .id = 50, .line = 1, .is_runtime = 1};
	model_feed(m, &ev);
	goroutine(m, 9, 50);
	comes(m, 0, 1, 11);
	sample(m, 10, 1, 11, 9, 2, 50);
	request(m, 10000, 11, 9, 2, EV_REQ_PREEMPTONE);
}

/* A GC worker spins for as long as the hog lets it wait, and is asked to yield itself: it isn't the cause. */
static void who_waits_for_a_hog_is_none(void **state)
{
	struct trial *t = *state;

	a_gc_worker_is_asked(t->m);
	hog(t->m, 20, 170);
	assert_string_equal(must_find(t, "goroutine-hogs-p")->title,
			    "main.crunch holds its P for up to 140 ms after it is asked to yield");
	tick(t->m, 400000);
	assert_string_equal(must_find(t, "goroutine-hogs-p")->title,
			    "main.crunch holds its P for up to 140 ms after it is asked to yield");
}

/* Where nobody else is one, it is. */
static void the_runtimes_own_hog(void **state)
{
	struct trial *t = *state;

	a_gc_worker_is_asked(t->m);
	hog(t->m, 20, 31);
	tick(t->m, 400000);
	assert_true(says(must_find(t, "goroutine-hogs-p"), "runtime.gcBgMarkWorker"));
}

static void a_pending_hog_counts_at_once(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	comes(t->m, 0, 0, 10);
	request(t->m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	tick(t->m, 25000);
	assert_null(find(t, "goroutine-hogs-p"));
	tick(t->m, 60000);
	v = must_find(t, "goroutine-hogs-p");
	assert_true(says(v, "main.worker")); /* where it runs isn't known: who started it */
	assert_true(says(v, "it still runs"));
}

static void what_the_kernel_took_is_not_held(void **state)
{
	struct trial *t = *state;
	struct gap g;

	comes(t->m, 0, 0, 10);
	request(t->m, 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
	preempted_by(t->m, 12000, 0, 10, 7, 1, FOREIGN(9));
	tick(t->m, 60000);
	assert_null(find(t, "goroutine-hogs-p"));
	switch_to(t->m, 112000, 0, NULL, 10, -1);
	taken(t->m, 113000, 10, 7, 1, EV_TAKEN_ASYNC);
	assert_int_equal(model_worst_gaps(t->m, &g, 1), 1);
	assert_int_equal(gap_ns(&g, 0), US(103000));
	assert_int_equal(g.off_cpu_ns, US(100000));
	assert_null(find(t, "goroutine-hogs-p"));
	assert_non_null(find(t, "kernel-gap"));
}

static void stopping_names_who_is_waited_for(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	comes(t->m, 0, 0, 10);
	sample(t->m, 50, 0, 10, 7, 1, 1);
	stw_stop(t->m, 100, 12, EV_STW_GC_SWEEP_TERM);
	request(t->m, 101, 10, 7, 1, EV_REQ_PREEMPTONE);
	tick(t->m, 15100);
	v = must_find(t, "stw-stopping"); /* while it still goes on */
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	taken(t->m, 15200, 10, 7, 1, EV_TAKEN_COOP);
	stw_stopped(t->m, 15210, 12);
	stw_start(t->m, 15300, 12, 0, 0);
	v = must_find(t, "stw-stopping");
	assert_string_equal(v->title, "Stopping the world takes up to 15.1 ms: it waits for main.crunch");
	assert_true(says(v, "GC sweep termination"));
}

static void stopping_may_be_the_kernels_fault(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	comes(t->m, 0, 0, 10);
	stw_stop(t->m, 100, 12, EV_STW_GC_SWEEP_TERM);
	request(t->m, 101, 10, 7, 1, EV_REQ_PREEMPTONE);
	preempted_by(t->m, 120, 0, 10, 7, 1, FOREIGN(9));
	tick(t->m, 15100);
	v = must_find(t, "stw-stopping");
	assert_true(says(v, "the kernel gives main.worker's thread no CPU"));
	switch_to(t->m, 25100, 0, NULL, 10, -1);
	taken(t->m, 25110, 10, 7, 1, EV_TAKEN_ASYNC);
	stw_start(t->m, 25200, 12, 100, 25120);
	v = must_find(t, "stw-stopping");
	assert_true(says(v, "the kernel gives main.worker's thread no CPU"));
	assert_true(says(v, "runnable without a CPU for 25.0 ms"));
}

static void a_kernel_gap_counts_while_it_lasts(void **state)
{
	struct trial *t = *state;

	comes(t->m, 0, 0, 10);
	preempted_by(t->m, 5000, 0, 10, 7, 1, FOREIGN(9));
	tick(t->m, 15000);
	assert_null(find(t, "kernel-gap"));
	tick(t->m, 105000);
	assert_true(says(must_find(t, "kernel-gap"), "up to 100 ms at once"));
	assert_true(says(must_find(t, "kernel-gap"), "went to thread 9"));
}

static void long_pauses_that_stop_quickly_are_not_stopping(void **state)
{
	struct trial *t = *state;

	stw_stop(t->m, 100, 12, EV_STW_GC_SWEEP_TERM);
	stw_stopped(t->m, 1500, 12);
	stw_start(t->m, 9000, 12, 0, 0);
	assert_null(find(t, "stw-stopping"));
}

/* Thread 10 with goroutine 7 runs 5 ms and is kept off its CPU for 20 ms, @n times. */
static void starved(struct model *m, unsigned n, uint32_t other)
{
	uint64_t us = 1000;

	comes(m, us, 0, 10);
	for (unsigned i = 0; i < n; i++) {
		preempted_by(m, us += 5000, 0, 10, 7, 1, other);
		us += 20000;
		if (other & 0x40000000U || !other)
			switch_to(m, us, 0, NULL, 10, -1);
		else
			switch_to(m, us, 0, &(struct leaves){.tid = other, .goid = 8, .p = 2, .preempted = true}, 10,
				  -1);
	}
}

static void kernel_gap_names_the_taker(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	names_thread(t->m, 99, "stress\x1b[2J");
	starved(t->m, 20, FOREIGN(99));
	v = must_find(t, "kernel-gap");
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_true(says(v, "stress\\x1b[2J (thread 99)"));
	assert_true(says(v, "up to 20.0 ms at once"));
	assert_null(find(t, "oversubscribed"));
}

static void siblings_mean_oversubscribed(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	runtime_says(t->m, 0);
	starved(t->m, 20, 11);
	v = must_find(t, "oversubscribed");
	assert_true(says(v, "GOMAXPROCS is 2 on 2 CPUs"));
	v = must_find(t, "kernel-gap");
	assert_true(says(v, "competes with itself"));
}

static void throttled(void **state)
{
	struct trial *t = *state;
	struct event ev = {.head = {.kind = EV_CGROUP_STAT}};
	const struct verdict *v;

	tick(t->m, 0);
	ev.cgroup = (struct ev_cgroup){
		.quota_ns = US(50000), .period_ns = US(100000), .throttled_ns = US(900000), .nr_throttled = 100};
	model_feed(t->m, &ev);
	tick(t->m, 5000000);
	assert_null(find(t, "throttled"));
	ev.cgroup.throttled_ns += US(1200000);
	ev.cgroup.nr_throttled += 23;
	model_feed(t->m, &ev);
	v = must_find(t, "throttled");
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_string_equal(v->title, "The cgroup's CPU quota stopped the process 23 times, for 1.20 s in all");
	assert_true(says(v, "0.50 CPUs"));
}

static void lost_events(void **state)
{
	struct trial *t = *state;
	struct event ev = {.head = {.kind = EV_LOST}};
	const struct verdict *v;

	ev.lost = (struct ev_lost){.count = 500, .cause = EV_LOST_RING};
	model_feed(t->m, &ev);
	v = must_find(t, "lost-events");
	assert_int_equal(v->severity, SEVERITY_WARNING);
	for (uint64_t i = 0; i < 100000; i++)
		tick(t->m, i);
	v = must_find(t, "lost-events");
	assert_int_equal(v->severity, SEVERITY_INFO);
	assert_non_null(find(t, "ok"));
}

static void not_go(void **state)
{
	struct trial *t = *state;

	free(t->session.go_version);
	t->session.go_version = NULL;
	comes(t->m, 0, 0, 10);
	assert_non_null(find(t, "not-go"));
	assert_ptr_equal(find(t, "not-go"), &t->v[0]);
}

static void names_are_cut_and_escaped(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;
	char name[600];

	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, "main.\x1b]0;", 8);
	name[sizeof(name) - 1] = '\0';
	location(t->m, 1, name, "/src/\n.go", 3);
	runtime_says(t->m, 1);
	hog(t->m, 0, 300);
	v = must_find(t, "async-preempt-off");
	assert_null(strchr(v->title, '\x1b'));
	assert_non_null(strstr(v->title, "290 ms"));
	for (size_t i = 0; i < v->n_evidence; i++)
		assert_null(strchr(v->evidence[i], '\n'));
	assert_null(strchr(v->advice, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		verdict_test(nothing_wrong),
		verdict_test(async_off_with_a_hog),
		verdict_test(async_off_alone_is_a_warning),
		verdict_test(a_hog_is_named),
		verdict_test(who_waits_for_a_hog_is_none),
		verdict_test(the_runtimes_own_hog),
		verdict_test(a_pending_hog_counts_at_once),
		verdict_test(what_the_kernel_took_is_not_held),
		verdict_test(stopping_names_who_is_waited_for),
		verdict_test(stopping_may_be_the_kernels_fault),
		verdict_test(a_kernel_gap_counts_while_it_lasts),
		verdict_test(long_pauses_that_stop_quickly_are_not_stopping),
		verdict_test(kernel_gap_names_the_taker),
		verdict_test(siblings_mean_oversubscribed),
		verdict_test(throttled),
		verdict_test(lost_events),
		verdict_test(not_go),
		verdict_test(names_are_cut_and_escaped),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
