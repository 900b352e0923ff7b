/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges of the Go scheduler, of GOMAXPROCS and of the detail; and that healthy programs are left alone. */
#include "tests/model/trial.h"

#define RUN(us, tid, goid, p)  g_event(m, us, EV_G_RUN, tid, goid, p, 0)
#define READY(us, goid)        g_event(m, us, EV_G_READY, 99, goid, EV_NO_P, 0)
#define PARK(us, tid, goid, p) g_event(m, us, EV_G_PARK, tid, goid, p, WAIT_CHAN_RECEIVE)

static bool calm(struct trial *t)
{
	t->n = model_verdicts(t->m, t->v, 16);
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].severity > SEVERITY_INFO)
			print_message("%s: %s\n", t->v[i].code, t->v[i].title);
	}
	return t->v[0].severity == SEVERITY_INFO;
}

/* Two Ps serve requests of 200 µs that wait 20 µs; now and then one waits for 15 ms. */
static void a_healthy_server(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;

	runtime_says(m, 0);
	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t us = i * 400, wait = i % 4000 == 1 ? 15000 : 20;
		uint16_t p = i % 2;

		READY(us, 100 + i);
		RUN(us + (wait > 20 ? 0 : wait), 10U + p, 100 + i, p);
		if (i % 50 == 0) {
			g_event(m, us + 100, EV_G_ASSIST, 10U + p, 100 + i, p, 0);
			g_event(m, us + 120, EV_G_ASSIST_END, 10U + p, 100 + i, p, 0);
		}
		g_event(m, us + 220, EV_G_EXIT, 10U + p, 100 + i, p, 0);
	}
	READY(4000000, 50000);
	RUN(4015000, 10, 50000, 0);
	PARK(4015100, 10, 50000, 0);
	tick(m, 4020000);
	assert_true(calm(t));
}

/* Goroutine 7 (main.worker) keeps the only P for 50 ms at a time while others wait. */
static void starve(struct model *m, unsigned n)
{
	comes(m, 0, 0, 10);
	for (uint64_t i = 0; i < n; i++) {
		RUN(i * 100000, 10, 7, 0);
		READY(i * 100000 + 10000, 20);
		PARK(i * 100000 + 60000, 10, 7, 0);
		RUN(i * 100000 + 60010, 10, 20, 0);
		PARK(i * 100000 + 60110, 10, 20, 0);
	}
	tick(m, (uint64_t)n * 100000);
}

static void twice_is_no_pattern(void **state)
{
	struct trial *t = *state;

	starve(t->m, 2);
	assert_null(find(t, "starvation"));
}

static void starvation_names_who_held_the_ps(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	runtime_says(t->m, 0);
	goroutine(t->m, 20, 1);
	starve(t->m, 6);
	v = must_find(t, "starvation");
	assert_int_equal(v->severity, SEVERITY_WARNING);
	assert_string_equal(v->title, "Goroutines starve: main.crunch was ready to run for 50.0 ms without a P");
	assert_true(says(v, "6 waits longer than a slice of 10 ms, 300 ms together"));
	assert_true(says(v, "Meanwhile the Ps ran main.worker (goroutine 7) for 50.0 ms"));
	assert_true(says(v, "Split the long work in main.worker"));
}

static void the_collector_may_be_to_blame(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;
	const struct verdict *v;

	location(m, 3, "runtime.gcBgMarkWorker", "/go/mgc.go", 1);
	goroutine(m, 30, 3);
	comes(m, 0, 0, 10);
	RUN(0, 10, 30, 0);
	READY(1000, 7);
	tick(m, 150000);
	v = must_find(t, "starvation");
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_true(says(v, "has been ready to run for 149 ms"));
	assert_true(says(v, "GOMEMLIMIT"));
}

static void or_the_kernel(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;

	comes(m, 0, 0, 10);
	RUN(0, 10, 8, 0);
	READY(1000, 7);
	preempted_by(m, 5000, 0, 10, 8, 0, FOREIGN(9));
	tick(m, 150000);
	assert_true(says(must_find(t, "starvation"), "threads that the kernel gave no CPU"));
}

static void assists_that_cost(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;
	const struct verdict *v;

	comes(m, 0, 0, 10);
	for (uint64_t i = 0; i < 100; i++) {
		RUN(i * 2000, 10, 7, 0);
		g_event(m, i * 2000 + 100, EV_G_ASSIST, 10, 7, 0, 0);
		g_event(m, i * 2000 + 500, EV_G_ASSIST_END, 10, 7, 0, 0);
		g_event(m, i * 2000 + 1000, EV_G_PARK, 10, 7, 0, i % 10 ? WAIT_SLEEP : WAIT_GC_ASSIST_WAIT);
		READY(i * 2000 + 1500, 7);
	}
	v = must_find(t, "gc-assist");
	assert_int_equal(v->severity, SEVERITY_CRITICAL);
	assert_true(says(v, "help it for 40% of their run time"));
	assert_true(says(v, "100 GC assists, 40.0 ms in all"));
	assert_true(says(v, "Most by main.worker (goroutine 7)"));
	assert_true(says(v, "10 parks"));
}

/* P0 is busy; its goroutines wait 2 ms each though P1 runs hardly anything. */
static void uneven_work(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;
	const struct verdict *v;

	runtime_says(m, 0);
	comes(m, 0, 0, 10);
	comes(m, 0, 1, 11);
	RUN(0, 11, 9, 1);
	PARK(100, 11, 9, 1);
	p_event(m, 101, EV_P_RELEASE, 11, 1);
	sleeps(m, 102, 1, 11, 0, EV_NO_P);
	for (uint64_t i = 0; i < 1000; i++) {
		READY(i * 2000, 7);
		RUN(i * 2000 + 1990, 10, 7, 0);
		PARK(i * 2000 + 1999, 10, 7, 0);
		runq_len(m, i * 2000 + 1999, 0, 5);
		runq_len(m, i * 2000 + 1999, 1, 0);
	}
	v = must_find(t, "skew");
	assert_true(says(v, "P0 ran 100% of the time, P1 0%"));
	assert_true(says(v, "the longest holds 5.0 goroutines on average, all of them 2.5"));
}

static void quota(struct model *m, uint64_t quota_us, uint64_t nr_throttled)
{
	struct event ev = {.head = {.kind = EV_CGROUP_STAT}};

	ev.cgroup = (struct ev_cgroup){.quota_ns = US(quota_us),
				       .period_ns = US(100000),
				       .throttled_ns = US(nr_throttled * 1000),
				       .nr_throttled = nr_throttled};
	model_feed(m, &ev);
}

static void procs(struct model *m, int32_t n)
{
	struct event ev = {.head = {.kind = EV_RUNTIME}};

	ev.runtime = (struct ev_runtime){.gomaxprocs = n, .asyncpreemptoff = 0};
	model_feed(m, &ev);
}

static void more_ps_than_the_quota(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	tick(t->m, 0);
	procs(t->m, 2);
	quota(t->m, 150000, 0);
	tick(t->m, 1000000);
	assert_null(find(t, "too-many-procs")); /* 2 Ps, 1.5 CPUs: that is rounding up */
	procs(t->m, 8);
	v = must_find(t, "too-many-procs");
	assert_int_equal(v->severity, SEVERITY_INFO);
	assert_true(says(v, "No harm yet"));
	assert_non_null(find(t, "ok"));
	quota(t->m, 150000, 12);
	v = must_find(t, "too-many-procs");
	assert_int_equal(v->severity, SEVERITY_WARNING);
	assert_string_equal(v->title, "GOMAXPROCS is 8, but the cgroup may use 1.50 CPUs");
	assert_true(says(v, "Set GOMAXPROCS=2"));
}

static void more_ps_than_cpus(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;
	uint64_t us = 0;

	procs(m, 3);
	comes(m, 0, 0, 10);
	tick(m, 1000);
	assert_null(find(t, "too-many-procs")); /* harmless so far */
	for (unsigned i = 0; i < 20; i++) {
		preempted_by(m, us += 5000, 0, 10, 7, 1, 11);
		switch_to(m, us += 5000, 0, &(struct leaves){.tid = 11, .goid = 8, .p = 2, .preempted = true}, 10, -1);
	}
	assert_true(says(must_find(t, "too-many-procs"), "GOMAXPROCS is 3 on 2 CPUs"));
}

static void idle(struct model *m, uint64_t us, uint16_t cpu, uint64_t idle_us)
{
	struct event ev = ev_make(us, EV_CPU_STAT, 0);

	ev.head.cpu = cpu;
	ev.cpu_stat = (struct ev_cpu_stat){.idle_ns = US(idle_us), .busy_ns = US(us - idle_us)};
	model_feed(m, &ev);
}

static void too_few_ps(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;

	procs(m, 1);
	comes(m, 0, 0, 10);
	tick(m, 0);
	idle(m, 0, 1, 0);
	for (uint64_t us = 0; us < 2000000; us += 2000) {
		RUN(us, 10, 7, 0);
		READY(us + 1, 8);
		taken(m, us + 1900, 10, 7, 0, EV_TAKEN_ASYNC);
		RUN(us + 1901, 10, 8, 0);
		PARK(us + 1990, 10, 8, 0);
	}
	tick(m, 2000000);
	assert_null(find(t, "too-few-procs")); /* whether CPUs were idle isn't known */
	idle(m, 2000000, 1, 1900000);
	assert_true(says(must_find(t, "too-few-procs"), "Raise GOMAXPROCS to at most 2"));
	quota(m, 100000, 0);
	assert_null(find(t, "too-few-procs")); /* it may use one CPU only */
}

static void one_p_may_be_enough(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;

	procs(m, 1);
	comes(m, 0, 0, 10);
	tick(m, 0);
	idle(m, 0, 1, 0);
	for (uint64_t us = 0; us < 2000000; us += 2000) {
		RUN(us, 10, 7, 0);
		PARK(us + 1900, 10, 7, 0);
		READY(us + 1980, 7);
	}
	tick(m, 2000000);
	idle(m, 2000000, 1, 1900000);
	assert_true(calm(t));
}

static void detail_was_lowered(void **state)
{
	struct trial *t = *state;
	const struct verdict *v;

	detail(t->m, 0, DETAIL_EXACT, EV_DETAIL_ASKED, 0);
	tick(t->m, 100000);
	assert_null(find(t, "detail-stepped-down"));
	detail(t->m, 3200000, DETAIL_SCHED, EV_DETAIL_OVERHEAD, 750);
	tick(t->m, 10000000);
	v = must_find(t, "detail-stepped-down");
	assert_int_equal(v->severity, SEVERITY_INFO);
	assert_string_equal(v->title, "Watching in detail exact cost too much: it was lowered 1 time");
	assert_true(says(v, "At 3.2 s it cost 7.5% of one CPU, and went from exact to sched"));
	assert_true(says(v, "In detail exact for 3.20 s of 10.0 s; now in detail sched"));
	assert_non_null(find(t, "ok"));
}

/* The advice about a hog names the line and why it wasn't interrupted. */
static void a_hog_by_reason(void **state)
{
	struct trial *t = *state;
	struct model *m = t->m;
	struct event ev;

	runtime_says(m, 0);
	comes(m, 0, 0, 10);
	for (uint64_t us = 0; us < 300000; us += 100000) {
		sample(m, us + 5000, 0, 10, 7, 1, 1);
		request(m, us + 10000, 10, 7, 1, EV_REQ_PREEMPTONE);
		plain(m, us + 10001, EV_SIGNAL_SEND, 10);
		ev = ev_make(us + 10010, EV_SIGNAL_DELIVER, 10);
		ev.head.flags = EVF_LABEL;
		ev.at = (struct ev_at){.goid = 7, .p = 1, .loc = 1, .blame = 1};
		model_feed(m, &ev);
		taken(m, us + 60000, 10, 7, 1, EV_TAKEN_COOP);
	}
	assert_true(says(must_find(t, "goroutine-hogs-p"), "the loop at crunch.go:42 has no safe point there"));
	assert_true(says(must_find(t, "goroutine-hogs-p"), "1 SIGURGs were sent to its thread, 1 delivered"));
	assert_true(says(must_find(t, "goroutine-hogs-p"),
			 "3 of 3 requests to this function weren't served within 1.00 ms; mostly: the signal came"));
	/* Without a delivery it is another reason. */
	sample(m, 305000, 0, 10, 7, 1, 1);
	request(m, 310000, 10, 7, 1, EV_REQ_PREEMPTONE);
	plain(m, 310001, EV_SIGNAL_SEND, 10);
	sample(m, 330000, 0, 10, 7, 1, 1);
	tick(m, 500000);
	assert_true(says(must_find(t, "goroutine-hogs-p"), "SIGURG doesn't get to the thread"));
	assert_true(says(must_find(t, "goroutine-hogs-p"), "let the loop at crunch.go:42 call runtime.Gosched()"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		verdict_test(a_healthy_server),
		verdict_test(twice_is_no_pattern),
		verdict_test(starvation_names_who_held_the_ps),
		verdict_test(the_collector_may_be_to_blame),
		verdict_test(or_the_kernel),
		verdict_test(assists_that_cost),
		verdict_test(uneven_work),
		verdict_test(more_ps_than_the_quota),
		verdict_test(more_ps_than_cpus),
		verdict_test(too_few_ps),
		verdict_test(one_p_may_be_enough),
		verdict_test(detail_was_lowered),
		verdict_test(a_hog_by_reason),
	};

	return cmocka_run_group_tests_name("verdicts of the scheduler", tests, NULL, NULL);
}
