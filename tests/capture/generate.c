/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/capture/generate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX    256
#define THREADS_MAX 4096
#define LOCS        64
#define FOREIGN_TID 900000U

struct thread {
	uint64_t goid;
	uint16_t p;
	bool on_cpu, waits;
};

struct gen {
	struct generate_opts o;
	const struct event_sink *sink;
	uint64_t rng, now_ns, left;
	uint32_t on[CPUS_MAX]; /* 0 = idle, else tid */
	struct thread threads[THREADS_MAX];
	uint64_t gauge_next_ns, stw_next_ns, sample_next_ns, gap_next_ns;
};

uint64_t generate_random(uint64_t *state)
{
	/* splitmix64 */
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint64_t below(struct gen *g, uint64_t n)
{
	return generate_random(&g->rng) % n;
}

/* Around a mean, with a long tail, as run times are. */
static uint64_t spread(struct gen *g, uint64_t mean)
{
	double u = ((double)(generate_random(&g->rng) >> 11) + 1) / 9007199254740993.0;

	return (uint64_t)(-log(u) * (double)mean * 0.7) + mean * 3 / 10;
}

static void tell(struct gen *g, struct event ev)
{
	if (!g->left)
		return;
	if (!ev.head.time_ns)
		ev.head.time_ns = g->now_ns;
	g->left--;
	event_deliver(g->sink, &ev);
}

static uint32_t tid_of(uint32_t i)
{
	return 1000 + i;
}

static struct thread *thread_at(struct gen *g, uint32_t tid)
{
	return &g->threads[tid - 1000];
}

static void tell_names(struct gen *g)
{
	char func[64], file[64];

	for (uint32_t i = 1; i <= LOCS; i++) {
		snprintf(func, sizeof(func), "main.(*worker).step%u", i);
		snprintf(file, sizeof(file), "/src/app/internal/worker/step%u.go", i / 4);
		tell(g,
		     (struct event){.head.kind = EV_LOC, .loc = {.func = func, .file = file, .id = i, .line = 10 * i}});
	}
	for (uint32_t i = 0; i < g->o.n_threads; i++) {
		struct event ev = {.head = {.kind = EV_THREAD_NEW, .tid = tid_of(i), .flags = EVF_INITIAL},
				   .thread.comm = "worker"};

		tell(g, ev);
	}
	for (uint32_t i = 1; i <= g->o.n_goroutines; i++)
		tell(g, (struct event){.head.kind = EV_GOROUTINE,
				       .goroutine = {.goid = i,
						     .parent_goid = i > 1,
						     .start_loc = 1 + i % LOCS,
						     .create_loc = 1 + (i + 1) % LOCS}});
}

static void tell_gauges(struct gen *g)
{
	g->gauge_next_ns = g->now_ns + 250000000;
	for (uint32_t cpu = 0; cpu < g->o.n_cpus; cpu++)
		tell(g, (struct event){.head = {.kind = EV_CPU_STAT, .cpu = (uint16_t)cpu, .flags = EVF_CPU},
				       .cpu_stat = {.idle_ns = g->now_ns / 3, .busy_ns = g->now_ns / 3 * 2}});
	tell(g, (struct event){.head.kind = EV_OVERHEAD,
			       .overhead = {.probe_ns = g->now_ns / 100, .self_ns = g->now_ns / 50, .hits = g->left}});
}

static void tell_stw(struct gen *g)
{
	uint32_t tid = tid_of((uint32_t)below(g, g->o.n_threads));
	uint64_t asked_ns = g->now_ns;

	g->stw_next_ns = g->now_ns + 20000000 + below(g, 20000000);
	tell(g, (struct event){.head = {.kind = EV_STW_STOP, .tid = tid},
			       .stw = {.goid = 3, .reason = EV_STW_GC_SWEEP_TERM}});
	g->now_ns += spread(g, 20000);
	uint64_t stopped_ns = g->now_ns;
	g->now_ns += spread(g, 30000);
	tell(g, (struct event){.head = {.kind = EV_STW_START, .tid = tid},
			       .stw_end = {.asked_ns = asked_ns, .stopped_ns = stopped_ns}});
}

static void tell_sample(struct gen *g)
{
	uint16_t cpu = (uint16_t)below(g, g->o.n_cpus);
	uint32_t tid = g->on[cpu], loc = 1 + (uint32_t)below(g, LOCS);

	g->sample_next_ns = g->now_ns + 10000000 / g->o.n_cpus;
	if (!tid || tid == FOREIGN_TID)
		return;
	tell(g, (struct event){
			.head = {.kind = EV_SAMPLE, .tid = tid, .cpu = cpu, .flags = EVF_CPU | EVF_LABEL},
			.at = {.goid = thread_at(g, tid)->goid, .p = thread_at(g, tid)->p, .loc = loc, .blame = loc}});
}

static void tell_gap(struct gen *g)
{
	uint16_t cpu = (uint16_t)below(g, g->o.n_cpus);
	uint32_t tid = g->on[cpu];

	g->gap_next_ns = g->now_ns + spread(g, 15000000);
	if (!tid || tid == FOREIGN_TID)
		return;
	const struct thread *t = thread_at(g, tid);
	tell(g, (struct event){.head = {.kind = EV_PREEMPT_REQUEST, .tid = tid_of(0)},
			       .preempt = {.goid = t->goid, .m_tid = tid, .p = t->p, .how = EV_REQ_PREEMPTONE}});
	g->now_ns += spread(g, 8000);
	tell(g, (struct event){.head = {.kind = EV_SIGNAL_SEND, .tid = tid}, .signal.sender_tid = tid_of(0)});
	g->now_ns += spread(g, 12000);
	tell(g, (struct event){.head = {.kind = EV_PREEMPT_TAKEN, .tid = tid, .cpu = cpu, .flags = EVF_CPU},
			       .preempt = {.goid = t->goid,
					   .m_tid = tid,
					   .loc = 1 + (uint32_t)below(g, LOCS),
					   .p = t->p,
					   .how = EV_TAKEN_ASYNC}});
}

static void tell_g(struct gen *g, uint32_t tid, uint16_t cpu, uint8_t change, uint64_t goid, uint64_t other,
		   uint8_t reason)
{
	tell(g, (struct event){.head = {.kind = EV_G, .tid = tid, .cpu = cpu, .flags = EVF_CPU},
			       .g = {.goid = goid,
				     .other = other,
				     .p = thread_at(g, tid)->p,
				     .change = change,
				     .reason = reason}});
}

/* The goroutines of a thread that runs take turns. */
static void exact_turns(struct gen *g, uint32_t tid, uint16_t cpu)
{
	struct thread *t = thread_at(g, tid);

	for (uint64_t i = below(g, 4); i > 0; i--) {
		uint64_t next = 1 + below(g, g->o.n_goroutines);

		g->now_ns += spread(g, 700);
		tell_g(g, tid, cpu, EV_G_READY, next, t->goid, 0);
		g->now_ns += spread(g, 900);
		tell_g(g, tid, cpu, EV_G_PARK, t->goid, 0, 14);
		g->now_ns += spread(g, 300);
		t->goid = next;
		tell_g(g, tid, cpu, EV_G_RUN, next, 0, 0);
	}
}

/* A thread that waits for a CPU, or one that sleeps; 0 = none. */
static uint32_t who_comes(struct gen *g)
{
	for (int tries = 0; tries < 8; tries++) {
		uint32_t tid = tid_of((uint32_t)below(g, g->o.n_threads));

		if (!thread_at(g, tid)->on_cpu)
			return tid;
	}
	return 0;
}

static void switch_cpu(struct gen *g, uint16_t cpu)
{
	struct event ev = {.head = {.kind = EV_SWITCH, .tid = g->on[cpu], .cpu = cpu, .flags = EVF_CPU},
			   .sw.p = EV_NO_P};
	bool out = g->on[cpu] && g->on[cpu] != FOREIGN_TID, preempted = out && below(g, 12) == 0;
	uint32_t next = below(g, 3) && g->on[cpu] ? 0 : who_comes(g);

	if (out) {
		struct thread *t = thread_at(g, g->on[cpu]);

		ev.head.flags |= EVF_PREV_TARGET | EVF_LABEL;
		if (!g->o.exact && below(g, 3) == 0)
			t->goid = 1 + below(g, g->o.n_goroutines);
		ev.sw.goid = t->goid;
		ev.sw.p = t->p;
		ev.sw.state = preempted ? EV_STATE_RUNNABLE : EV_STATE_SLEEP;
		ev.head.flags |= preempted ? EVF_PREEMPTED : 0;
		t->on_cpu = false;
		t->waits = preempted;
		if (preempted && !next)
			next = FOREIGN_TID;
	}
	if (!out && !next)
		return;
	ev.sw.next_tid = next;
	if (next && next != FOREIGN_TID) {
		struct thread *t = thread_at(g, next);

		ev.head.flags |= EVF_NEXT_TARGET | EVF_WOKEN;
		ev.sw.wake_delta_ns = (uint32_t)spread(g, t->waits ? 40000 : 2500);
		ev.sw.waker_tid = t->waits ? 0 : below(g, 4) ? tid_of((uint32_t)below(g, g->o.n_threads)) : 0;
		t->on_cpu = true;
		t->p = (uint16_t)(cpu + (below(g, 20) == 0)) % (uint16_t)g->o.n_cpus;
	}
	g->on[cpu] = next;
	tell(g, ev);
	if (g->o.exact && next && next != FOREIGN_TID)
		exact_turns(g, next, cpu);
}

static void set_defaults(struct generate_opts *o)
{
	o->n_cpus = o->n_cpus ? o->n_cpus : 4;
	o->n_threads = o->n_threads ? o->n_threads : 3 * o->n_cpus;
	o->n_goroutines = o->n_goroutines ? o->n_goroutines : 40;
	o->start_ns = o->start_ns ? o->start_ns : 123456789000;
	o->mean_run_ns = o->mean_run_ns ? o->mean_run_ns : 20000;
	if (o->n_cpus > CPUS_MAX)
		o->n_cpus = CPUS_MAX;
	if (o->n_threads > THREADS_MAX)
		o->n_threads = THREADS_MAX;
}

void generate(const struct generate_opts *opts, const struct event_sink *sink)
{
	struct gen *g = calloc(1, sizeof(*g));

	if (!g)
		abort();
	g->o = *opts;
	set_defaults(&g->o);
	g->sink = sink;
	g->rng = g->o.seed;
	g->now_ns = g->o.start_ns;
	g->left = g->o.n_events;
	for (uint32_t i = 0; i < g->o.n_threads; i++)
		g->threads[i] = (struct thread){.goid = 1 + i % g->o.n_goroutines, .p = (uint16_t)(i % g->o.n_cpus)};
	tell_names(g);
	while (g->left) {
		if (g->now_ns >= g->gauge_next_ns)
			tell_gauges(g);
		if (g->now_ns >= g->stw_next_ns)
			tell_stw(g);
		if (g->now_ns >= g->sample_next_ns)
			tell_sample(g);
		if (g->now_ns >= g->gap_next_ns)
			tell_gap(g);
		switch_cpu(g, (uint16_t)below(g, g->o.n_cpus));
		g->now_ns += spread(g, g->o.mean_run_ns / g->o.n_cpus);
		if (below(g, 1000) == 0)
			tell(g, (struct event){.head.kind = EV_TICK});
	}
	free(g);
}
