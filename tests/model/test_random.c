/* SPDX-License-Identifier: GPL-2.0-only */
/* Random streams, likely and unlikely ones, with fixed seeds: what must hold whatever comes in. */
#include "tests/model/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What this thread has used: the machine may be busy with other things. */
static uint64_t cpu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t rng(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Every field of every kind from a small range, now and then from the whole range of its type. */
static uint64_t some(uint64_t *seed, uint64_t range)
{
	return rng(seed) % 200 ? rng(seed) % range : rng(seed);
}

static struct event random_event(uint64_t *seed, uint64_t *clock)
{
	static const uint8_t frequent[] = {EV_SWITCH,
					   EV_SWITCH,
					   EV_SWITCH,
					   EV_SAMPLE,
					   EV_PREEMPT_REQUEST,
					   EV_PREEMPT_TAKEN,
					   EV_STW_STOP,
					   EV_STW_START,
					   EV_G,
					   EV_G,
					   EV_G,
					   EV_G,
					   EV_P,
					   EV_RUNQ,
					   EV_SAMPLED,
					   EV_SAMPLED,
					   EV_THREAD_STAT,
					   EV_SIGNAL_DELIVER};
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	*clock += rng(seed) % 20000;
	ev.head.time_ns = rng(seed) % 500 ? *clock : *clock - rng(seed) % 1000000;
	ev.head.kind =
		(uint8_t)(rng(seed) % 3 ? frequent[rng(seed) % sizeof(frequent)] : rng(seed) % (EV_KIND_COUNT + 2));
	if (ev.head.kind == EV_EXEC || ev.head.kind == EV_TARGET_EXIT || ev.head.kind == EV_DETAIL ||
	    ev.head.kind == EV_LOST)
		ev.head.kind = rng(seed) % 100 ? EV_TICK : ev.head.kind;
	ev.head.tid = (uint32_t)some(seed, 12);
	ev.head.cpu = (uint16_t)some(seed, 4);
	ev.head.flags = (uint8_t)rng(seed);
	/* The largest payload, then what must be sane to be pointed at. */
	ev.sw = (struct ev_switch){.goid = some(seed, 20),
				   .next_tid = (uint32_t)some(seed, 12),
				   .waker_tid = (uint32_t)rng(seed),
				   .wake_delta_ns = (uint32_t)some(seed, 50000),
				   .p = (uint16_t)some(seed, 4),
				   .state = (uint8_t)some(seed, 5)};
	switch (ev.head.kind) {
	case EV_PREEMPT_REQUEST:
	case EV_PREEMPT_TAKEN:
		ev.preempt = (struct ev_preempt){.goid = some(seed, 20),
						 .m_tid = (uint32_t)some(seed, 12),
						 .loc = (uint32_t)some(seed, 10),
						 .p = (uint16_t)some(seed, 4),
						 .how = (uint8_t)some(seed, 6)};
		break;
	case EV_SAMPLE:
	case EV_SIGNAL_DELIVER:
		ev.at = (struct ev_at){
			.goid = some(seed, 20), .loc = (uint32_t)some(seed, 10), .p = (uint16_t)some(seed, 4)};
		break;
	case EV_STW_START:
		ev.stw_end = (struct ev_stw_end){.asked_ns = *clock - some(seed, 50000),
						 .stopped_ns = *clock - some(seed, 50000),
						 .reason = (uint8_t)some(seed, 12)};
		break;
	case EV_G:
		ev.g = (struct ev_g){.goid = some(seed, 20),
				     .other = some(seed, 20),
				     .p = (uint16_t)some(seed, 4),
				     .change = (uint8_t)some(seed, EV_G_CHANGE_COUNT),
				     .reason = (uint8_t)some(seed, WAIT_REASON_COUNT)};
		break;
	case EV_P:
		ev.p = (struct ev_p){.p = (uint16_t)some(seed, 4), .change = (uint8_t)some(seed, 3)};
		break;
	case EV_RUNQ:
		ev.runq = (struct ev_runq){.len = (uint32_t)some(seed, 300), .p = (uint16_t)some(seed, 5)};
		break;
	case EV_SAMPLED:
		ev.sampled = (struct ev_sampled){.goid = some(seed, 20),
						 .gap_ns = rng(seed) % 50 ? (uint32_t)some(seed, 100000) : UINT32_MAX,
						 .p = (uint16_t)some(seed, 4),
						 .what = (uint8_t)some(seed, EV_SAMPLED_COUNT + 1),
						 .value = (uint8_t)some(seed, 8)};
		break;
	case EV_SAMPLING:
		ev.sampling = (struct ev_sampling){.period_ns = (uint32_t)rng(seed), .estimates = rng(seed) % 2};
		break;
	case EV_THREAD_STAT:
		ev.stat = (struct ev_thread_stat){.run_ns = some(seed, 100000),
						  .wait_ns = some(seed, 100000),
						  .voluntary = (uint32_t)some(seed, 10),
						  .involuntary = (uint32_t)some(seed, 10),
						  .gap_ns = (uint32_t)some(seed, 200000),
						  .state = (uint8_t)some(seed, 5)};
		break;
	case EV_DETAIL:
		ev.detail = (struct ev_detail){.level = (uint8_t)some(seed, 4),
					       .why = (uint8_t)some(seed, 4),
					       .overhead_bp = (uint32_t)rng(seed)};
		break;
	case EV_SETTING:
		ev.setting = (struct ev_setting){.at_ns = *clock + some(seed, 1000000),
						 .from = (int32_t)some(seed, 2),
						 .to = (int32_t)some(seed, 2),
						 .setting = (uint8_t)some(seed, 3),
						 .what = (uint8_t)some(seed, 5)};
		break;
	case EV_GOROUTINE:
		ev.goroutine = (struct ev_goroutine){.goid = some(seed, 20),
						     .parent_goid = some(seed, 20),
						     .start_loc = (uint32_t)some(seed, 10),
						     .create_loc = (uint32_t)some(seed, 10)};
		break;
	case EV_LOC:
		ev.loc = (struct ev_loc){.func = rng(seed) % 2 ? "main.f\x1b[31m" : "main.g",
					 .file = "/src/\xff.go",
					 .id = (uint32_t)some(seed, 10),
					 .line = (uint32_t)rng(seed)};
		break;
	default:
		break;
	}
	return ev;
}

static void check_track(const struct track *t, uint64_t now)
{
	uint64_t last_end = 0, from = 0;
	struct span s;

	while (track_next(t, from, &s)) {
		bool open = s.end_ns == UINT64_MAX;

		assert_true(s.start_ns >= last_end || open);
		assert_true(s.klass < SPAN_CLASS_COUNT);
		if (open)
			break;
		assert_true(s.end_ns > s.start_ns);
		assert_true(s.end_ns <= now);
		from = last_end = s.end_ns;
	}
}

static void check_rows(const struct model *m)
{
	static struct row rows[2048];

	for (int kind = ROW_CPU; kind <= ROW_G; kind++) {
		size_t n = model_rows(m, (enum row_kind)kind, rows, 2048);

		for (size_t i = 0; i < n && i < 2048; i++) {
			assert_non_null(rows[i].track);
			check_track(rows[i].track, model_now(m));
			if (kind == ROW_CPU || kind == ROW_P)
				assert_true(rows[i].run_ns <= model_now(m));
		}
	}
}

static void check_totals(const struct model *m)
{
	static struct thread_total threads[4096];
	static struct stw_pause stws[70000];
	struct model_counts n;
	struct model_hists h;
	struct hist_summary total, stopping, gaps;
	uint64_t by_reason = 0;
	size_t n_threads = model_threads(m, threads, 4096), n_stws = model_stws(m, 0, UINT64_MAX, stws, 70000);

	model_counts(m, &n);
	model_hists(m, &h);
	model_gap_summary(m, &gaps);
	model_stw_summary(m, &total, &stopping);
	assert_int_equal(n.requests - n.pending,
			 n.taken_async + n.taken_cooperative + n.taken_voluntary + n.taken_handed_off);
	assert_int_equal(h.gap->count, n.requests - n.pending);
	assert_int_equal(gaps.count, n.requests);
	for (size_t i = 0; i < EV_STW_REASON_COUNT; i++)
		by_reason += n.stw_by_reason[i];
	assert_int_equal(by_reason, n.stw_count);
	assert_true(stopping.max <= total.max);
	for (size_t i = 1; i < n_stws; i++)
		assert_true(stws[i].asked_ns >= stws[i - 1].end_ns && stws[i - 1].end_ns);
	for (size_t i = 0; i < n_threads; i++) {
		uint64_t wall = threads[i].run_ns + threads[i].wait_ns + threads[i].sleep_ns;

		assert_true(wall <= model_now(m) - model_start(m));
	}
}

static void check_goroutines(const struct model *m)
{
	static struct g_total gs[4096];
	size_t n = model_goroutines(m, gs, 4096);
	uint64_t wall = model_now(m) - model_start(m);
	struct hist_summary w = {0};

	for (size_t i = 0; i < n; i++) {
		/* A goroutine is in one of these states at a time. */
		assert_true(gs[i].wait_ns + gs[i].parked_ns + gs[i].syscall_ns <= wall);
		assert_true(gs[i].wait_kernel_ns <= gs[i].wait_ns);
		assert_true(gs[i].max_wait_ns <= gs[i].wait_ns);
		assert_true(gs[i].assist_ns <= wall);
		for (size_t k = 1; k < gs[i].n_park; k++)
			assert_true(gs[i].park[k].ns <= gs[i].park[k - 1].ns);
	}
	if (model_g_wait_summary(m, &w))
		assert_true(w.max <= wall);
}

static void check_sched(const struct model *m)
{
	static struct gap_func f[1024];
	struct starved st[STARVED_KEPT + 4];
	struct park_total parks[WAIT_REASON_COUNT];
	struct detail_state d;
	struct sched_total s;
	struct runq_summary q;
	struct model_counts n;
	uint64_t requests = 0;
	size_t n_f = model_gap_funcs(m, f, 1024), n_st = model_starved(m, st, STARVED_KEPT + 4);
	size_t n_parks = model_parks(m, parks, WAIT_REASON_COUNT);

	model_counts(m, &n);
	for (size_t i = 0; i < n_f; i++) {
		uint64_t whys = 0;

		for (size_t k = 0; k < GAP_WHY_COUNT; k++)
			whys += f[i].why[k];
		assert_int_equal(whys, f[i].unserved);
		requests += f[i].requests;
	}
	assert_int_equal(requests, n.requests);
	for (size_t i = 0; i < n_st; i++) {
		assert_true((st[i].to_ns ? st[i].to_ns : model_now(m)) - st[i].from_ns > GO_SLICE_NS);
		assert_true(st[i].n_holders <= STARVED_HOLDERS);
	}
	model_sched(m, &s);
	for (size_t i = 1; i < n_parks; i++)
		assert_true(parks[i].ns <= parks[i - 1].ns);
	assert_true(s.gc_mark_max_ns <= s.gc_mark_ns);
	assert_true(s.wait_kernel_ns <= s.wait_ns);
	model_runq_summary(m, &q);
	assert_true(q.imbalance >= 0 && q.max_spread <= q.max);
	model_detail(m, &d);
	assert_int_equal(d.level_ns[0] + d.level_ns[1] + d.level_ns[2], model_now(m) - model_start(m));
}

static void check_verdicts(const struct model *m)
{
	struct verdict v[16];
	size_t n = model_verdicts(m, v, 16);

	assert_true(n >= 1);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(v[i].code);
		assert_true(strlen(v[i].title) > 0);
		assert_null(strchr(v[i].title, '\x1b'));
		assert_true(v[i].n_evidence <= VERDICT_EVIDENCE_MAX);
		if (i)
			assert_true(v[i].severity <= v[i - 1].severity);
	}
}

static void anything(uint64_t seed)
{
	struct model_opts opts = {.max_bytes = 8 << 20, .max_rows_g = 8};
	struct model *m = model_new(&opts, NULL);
	uint64_t clock = T0;

	assert_non_null(m);
	for (int i = 0; i < 200000; i++) {
		struct event ev = random_event(&seed, &clock);

		model_feed(m, &ev);
		if (i % 20000 == 0) {
			check_rows(m);
			check_totals(m);
			check_goroutines(m);
			check_sched(m);
			check_verdicts(m);
		}
	}
	check_rows(m);
	check_totals(m);
	check_goroutines(m);
	check_sched(m);
	check_verdicts(m);
	model_free(m);
}

static void anything_1(void **state)
{
	(void)state;
	anything(1);
}

static void anything_2(void **state)
{
	(void)state;
	anything(0x9E3779B97F4A7C15ULL);
}

static void anything_3(void **state)
{
	(void)state;
	anything(20250101);
}

/* What is reported doesn't depend on whether a timeline is kept to be drawn. */
static void same_said(const struct model *a, const struct model *b)
{
	static struct verdict va[16], vb[16];
	static struct g_total ga[4096], gb[4096];
	struct starved sa[STARVED_KEPT], sb[STARVED_KEPT];
	size_t n = model_starved(a, sa, STARVED_KEPT), n_g = model_goroutines(a, ga, 4096);
	size_t n_v = model_verdicts(a, va, 16);

	assert_int_equal(model_starved(b, sb, STARVED_KEPT), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sa[i].goid, sb[i].goid);
		assert_int_equal(sa[i].no_cpu_ns, sb[i].no_cpu_ns);
		assert_int_equal(sa[i].n_holders, sb[i].n_holders);
		for (size_t k = 0; k < sa[i].n_holders; k++) {
			assert_int_equal(sa[i].holder[k].goid, sb[i].holder[k].goid);
			assert_int_equal(sa[i].holder[k].ns, sb[i].holder[k].ns);
		}
	}
	assert_int_equal(model_goroutines(b, gb, 4096), n_g);
	for (size_t i = 0; i < n_g; i++) {
		assert_int_equal(ga[i].goid, gb[i].goid);
		assert_int_equal(ga[i].run_ns, gb[i].run_ns);
	}
	assert_int_equal(model_verdicts(b, vb, 16), n_v);
	for (size_t i = 0; i < n_v; i++) {
		assert_string_equal(va[i].title, vb[i].title);
		assert_int_equal(va[i].n_evidence, vb[i].n_evidence);
		for (size_t k = 0; k < va[i].n_evidence; k++)
			assert_string_equal(va[i].evidence[k], vb[i].evidence[k]);
	}
}

static void undrawn_says_the_same(void **state)
{
	struct model_opts drawn = {.max_bytes = 8 << 20, .max_rows_g = 8}, undrawn = drawn;
	struct starved none;
	size_t seen = 0;

	(void)state;
	undrawn.undrawn = true;
	for (uint64_t seed = 1; seed < 6; seed++) {
		struct model *a = model_new(&drawn, NULL), *b = model_new(&undrawn, NULL);
		uint64_t clock = T0, s = seed * 0x9E3779B97F4A7C15ULL;

		assert_non_null(a);
		assert_non_null(b);
		for (int i = 0; i < 60000; i++) {
			struct event ev = random_event(&s, &clock);

			model_feed(a, &ev);
			model_feed(b, &ev);
			if (i % 10000 == 0)
				same_said(a, b);
		}
		same_said(a, b);
		seen += model_starved(a, &none, 1);
		model_free(a);
		model_free(b);
	}
	assert_true(seen > 0);
}

/* A machine as it could be: 4 CPUs, 9 threads, each switch fits the one before. */
struct machine {
	uint32_t on[4]; /* thread on each CPU, 0 = idle */
	bool ready[10];
};

static uint64_t one_switch(struct model *m, struct machine *x, uint64_t us, uint64_t *seed)
{
	uint16_t cpu = (uint16_t)(rng(seed) % 4);
	uint32_t prev = x->on[cpu], next = (uint32_t)(rng(seed) % 10);
	struct leaves out = {.tid = prev, .goid = rng(seed) % 6, .p = cpu, .preempted = rng(seed) % 3 == 0};

	us += rng(seed) % 50;
	for (size_t i = 0; i < 4; i++) {
		if (x->on[i] == next)
			next = 0;
	}
	if (!prev && !next)
		return us;
	switch_to(m, us, cpu, prev ? &out : NULL, next, next && !x->ready[next] ? (int64_t)(rng(seed) % 20) : -1);
	if (prev)
		x->ready[prev] = out.preempted;
	x->on[cpu] = next;
	return us;
}

static void a_consistent_machine_adds_up(void **state)
{
	struct model *m = *state;
	struct machine x = {.on = {0}};
	struct thread_total th[16];
	struct cpu_total cpus[4];
	uint64_t seed = 5, us = 0, on_cpus = 0, run = 0;
	struct model_counts n;
	struct event ev;
	size_t count;

	for (uint32_t tid = 1; tid < 10; tid++) {
		ev = ev_make(0, EV_THREAD_NEW, tid);
		model_feed(m, &ev);
	}
	for (int i = 0; i < 100000; i++)
		us = one_switch(m, &x, us, &seed);
	tick(m, us + 10);
	count = model_threads(m, th, 16);
	assert_int_equal(count, 9);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(th[i].run_ns + th[i].wait_ns + th[i].sleep_ns, US(us + 10));
		run += th[i].run_ns;
	}
	count = model_cpus(m, cpus, 4);
	for (size_t i = 0; i < count; i++) {
		assert_true(cpus[i].target_ns <= US(us + 10));
		on_cpus += cpus[i].target_ns;
	}
	assert_int_equal(run, on_cpus);
	model_counts(m, &n);
	assert_int_equal(n.invalid, 0);
	check_rows(m);
	check_totals(m);
}

static void cost_of_a_switch(void **state)
{
	enum { N = 1000000 };
	struct model *m = *state;
	struct machine x = {.on = {0}};
	uint64_t seed = 5, us = 0, begin;

	for (int i = 0; i < 200000; i++)
		us = one_switch(m, &x, us, &seed);
	begin = cpu_now_ns();
	for (int i = 0; i < N; i++)
		us = one_switch(m, &x, us, &seed);
	print_message("%.0f ns per context switch, the test's own part included\n", (double)(cpu_now_ns() - begin) / N);
	check_rows(m);
}

/* A Go scheduler as it could be: 4 Ps on 4 threads and CPUs, 40 goroutines, every change told. */
#define GOROUTINES 40
struct scheduler {
	uint64_t on[4];                 /* goroutine on each P, 0 = none */
	uint64_t queue[GOROUTINES + 1]; /* runnable, first in first out */
	size_t n_queue;
};

static uint64_t next_runnable(struct scheduler *x)
{
	uint64_t goid = x->queue[0];

	if (x->n_queue)
		memmove(x->queue, x->queue + 1, --x->n_queue * sizeof(x->queue[0]));
	return goid;
}

/* One goroutine leaves its P or is woken, one takes its place. Three events at most. */
static uint64_t one_change(struct model *m, struct scheduler *x, uint64_t us, uint64_t *seed)
{
	uint16_t p = (uint16_t)(rng(seed) % 4);
	uint32_t tid = 10U + p;
	uint64_t goid = x->on[p], woken = 1 + rng(seed) % GOROUTINES;
	bool asleep = true;

	us += 1 + rng(seed) % 3;
	if (goid && rng(seed) % 4) {
		g_event(m, us, EV_G_PARK, tid, goid, p, 1 + rng(seed) % 5);
		x->on[p] = 0;
	} else if (goid) {
		g_event(m, us, EV_G_YIELD, tid, goid, p, 0);
		x->queue[x->n_queue++] = goid;
		x->on[p] = 0;
	}
	for (size_t i = 0; i < x->n_queue; i++)
		asleep &= x->queue[i] != woken;
	for (size_t i = 0; i < 4; i++)
		asleep &= x->on[i] != woken;
	if (asleep) {
		g_event(m, us, EV_G_READY, tid, woken, EV_NO_P, 0);
		x->queue[x->n_queue++] = woken;
	}
	if (!x->on[p] && x->n_queue) {
		x->on[p] = next_runnable(x);
		g_event(m, us + 1, EV_G_RUN, tid, x->on[p], p, 0);
	}
	return us + 1;
}

static void a_consistent_scheduler_adds_up(void **state)
{
	static struct g_total g[GOROUTINES + 1];
	struct model *m = *state;
	struct scheduler x = {.on = {0}};
	uint64_t seed = 5, us = 0, run = 0, used = 0;
	struct model_counts n;
	struct p_use p[8];
	size_t count;

	for (uint16_t cpu = 0; cpu < 4; cpu++)
		comes(m, 0, cpu, 10U + cpu);
	for (uint64_t i = 1; i <= GOROUTINES; i++) {
		g_event(m, 0, EV_G_NEW, 10, i, EV_NO_P, 0);
		x.queue[x.n_queue++] = i;
	}
	for (int i = 0; i < 100000; i++)
		us = one_change(m, &x, us, &seed);
	for (uint16_t cpu = 0; cpu < 4; cpu++)
		sleeps(m, us, cpu, 10U + cpu, x.on[cpu], cpu);
	count = model_goroutines(m, g, GOROUTINES + 1);
	assert_int_equal(count, GOROUTINES);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(g[i].run_ns + g[i].wait_ns + g[i].parked_ns, US(us));
		run += g[i].run_ns;
	}
	count = model_p_use(m, p, 8);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		assert_true(p[i].run_ns <= US(us));
		used += p[i].run_ns;
	}
	assert_true(run <= used);
	model_counts(m, &n);
	assert_int_equal(n.invalid, 0);
	check_rows(m);
	check_totals(m);
	check_goroutines(m);
	check_sched(m);
}

/* @n_idle goroutines beside the 40 that are busy make the table as large as a server's. */
static void cost_of_exact_events(struct model *m, unsigned n_idle)
{
	enum { N = 1000000 };
	struct scheduler x = {.on = {0}};
	uint64_t seed = 5, us = 0, begin;
	struct model_counts before, after;

	for (uint16_t cpu = 0; cpu < 4; cpu++)
		comes(m, 0, cpu, 10U + cpu);
	for (uint64_t i = 0; i < n_idle; i++)
		g_event(m, 0, EV_G_PARK, 10, 1000 + i, EV_NO_P, WAIT_IO_WAIT);
	for (int i = 0; i < 200000; i++)
		us = one_change(m, &x, us, &seed);
	model_counts(m, &before);
	begin = cpu_now_ns();
	for (int i = 0; i < N; i++)
		us = one_change(m, &x, us, &seed);
	model_counts(m, &after);
	print_message("%.0f ns per goroutine event beside %u idle goroutines, the test's own part included\n",
		      (double)(cpu_now_ns() - begin) / (double)(after.events - before.events), n_idle);
	check_rows(m);
}

static void cost_of_an_exact_event(void **state)
{
	cost_of_exact_events(*state, 0);
}

static void cost_with_many_goroutines(void **state)
{
	cost_of_exact_events(*state, 90000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_1),
		cmocka_unit_test(anything_2),
		cmocka_unit_test(anything_3),
		cmocka_unit_test(undrawn_says_the_same),
		model_test(a_consistent_machine_adds_up),
		model_test(a_consistent_scheduler_adds_up),
		model_test(cost_of_a_switch),
		model_test(cost_of_an_exact_event),
		model_test(cost_with_many_goroutines),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
