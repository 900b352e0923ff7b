/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges of the Go scheduler: who waits for a P, how the work is spread, what the garbage collector takes. */
#include "model/verdicts_internal.h"

#include <string.h>

/*
 * A slice is 10 ms: who waits longer waits for somebody's whole slice. One such wait is a stop of the world or the
 * program's start; three are a pattern, and a single one of 100 ms is a hiccup that users see.
 */
#define STARVED_MIN       3U
#define STARVED_LONG_NS   100000000ULL
#define STARVED_SHARE_PCT 1 /* all such waits together against the time watched: rarer ones change no percentile */
#define STARVED_BAD_PCT   10
#define NO_CPU_PCT        50 /* more of a wait than this is the kernel's, and so is the blame */
#define EVIDENCE_HOLDERS  2U

/* Ps differ in use in every program; half of the time is no chance. But it only matters where goroutines wait. */
#define SKEW_SPREAD_PCT 50
#define SKEW_IDLE_PCT   20         /* with less idle time the wait is for lack of Ps */
#define SKEW_WAIT_NS    1000000ULL /* an idle P takes work within microseconds */
#define SKEW_MIN_WAITS  100U
#define MIN_WATCHED_NS  1000000000ULL

/* The pacer means assists to be rare; a tenth of the goroutines' time is a tenth of the program's throughput. */
#define ASSIST_PCT     10
#define ASSIST_BAD_PCT 30
#define ASSIST_MIN_NS  20000000ULL /* a share of the first milliseconds says nothing yet */

static uint64_t starved_len(const struct case_file *c, const struct starved *s)
{
	return (s->to_ns ? s->to_ns : c->m->now_ns) - s->from_ns;
}

static void holders_evidence(const struct case_file *c, const struct starved *s, struct verdict *v)
{
	char text[200] = "";

	for (size_t i = 0; i < s->n_holders && i < EVIDENCE_HOLDERS; i++) {
		const struct starved_holder *h = &s->holder[i];
		size_t len = strlen(text);

		verdict_say(text + len, sizeof(text) - len, "%s%s (goroutine %llu) for %s", i ? ", " : "",
			    words_who(c->m, h->func, h->goid).s, (unsigned long long)h->goid, words_dur(h->ns).s);
	}
	if (text[0])
		verdict_evidence(v, "Meanwhile the Ps ran %s%s", text,
				 s->n_holders > EVIDENCE_HOLDERS ? ", and others" : "");
}

static void starvation_advice(const struct case_file *c, const struct starved *s, bool no_cpu, struct verdict *v)
{
	const struct func_info *f = s->n_holders ? model_func(c->m, s->holder[0].func) : NULL;
	struct words holder;

	if (no_cpu) {
		verdict_say(v->advice, sizeof(v->advice),
			    "The Ps were held by threads that the kernel gave no CPU: see the quota, what else runs on "
			    "these CPUs, and whether GOMAXPROCS is more than the process may use.");
		return;
	}
	if (f && names_is_gc_worker(c->m, s->holder[0].func)) {
		verdict_say(
			v->advice, sizeof(v->advice),
			"The garbage collector's workers had the Ps. Allocate less, or let it run less often (GOGC, "
			"GOMEMLIMIT).");
		return;
	}
	holder = f ? words_func(f->name) : words_who(c->m, 0, s->n_holders ? s->holder[0].goid : 0);
	verdict_say(v->advice, sizeof(v->advice),
		    "There is more to run than Ps to run it on. Split the long work in %s or bound how much of it runs "
		    "at once; if CPUs are idle, raise GOMAXPROCS.",
		    holder.s);
}

bool judge_starvation(const struct case_file *c, struct verdict *v)
{
	struct starved s;
	uint64_t count, ns, worst;
	bool no_cpu;

	if (!c->exact || !model_starved(c->m, &s, 1))
		return false;
	model_starved_total(c->m, &count, &ns);
	worst = starved_len(c, &s);
	if ((count < STARVED_MIN && worst < STARVED_LONG_NS) || verdict_pct(ns, c->exact_ns) < STARVED_SHARE_PCT)
		return false;
	no_cpu = verdict_pct(s.no_cpu_ns, worst * (c->n_ps ? c->n_ps : 1)) > NO_CPU_PCT ||
		 verdict_pct(s.kernel_ns, worst) > NO_CPU_PCT;
	v->severity = worst >= STARVED_LONG_NS && verdict_pct(ns, c->exact_ns) >= STARVED_BAD_PCT ? SEVERITY_CRITICAL
												  : SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title), "Goroutines starve: %s %s ready to run for %s without a P",
		    words_who(c->m, s.func, s.goid).s, s.to_ns ? "was" : "has been", words_dur(worst).s);
	verdict_evidence(v, "%s longer than a slice of 10 ms, %s together; of all waits p50 %s, p99 %s",
			 words_number(count, "wait").s, words_dur(ns).s, words_dur(c->g_wait.p50).s,
			 words_dur(c->g_wait.p99).s);
	verdict_evidence(v, "The longest: goroutine %llu, from %.3f s on", (unsigned long long)s.goid,
			 (double)(s.from_ns > c->m->start_ns ? s.from_ns - c->m->start_ns : 0) / 1e9);
	holders_evidence(c, &s, v);
	if (s.no_cpu_ns)
		verdict_evidence(v, "Ps were held by threads without a CPU for %s, summed over the Ps",
				 words_dur(s.no_cpu_ns).s);
	if (c->n.gomaxprocs > 0)
		verdict_evidence(v, "GOMAXPROCS is %d", c->n.gomaxprocs);
	starvation_advice(c, &s, no_cpu, v);
	return true;
}

bool judge_skew(const struct case_file *c, struct verdict *v)
{
	uint64_t most = verdict_pct(c->most_used.run_ns, c->duration_ns);
	uint64_t least = verdict_pct(c->least_used.run_ns, c->duration_ns);
	uint64_t all = verdict_pct(c->ps_run_ns, c->duration_ns * (c->n_ps ? c->n_ps : 1));

	if (!c->exact || c->n_ps < 2 || c->duration_ns < MIN_WATCHED_NS || c->g_wait.count < SKEW_MIN_WAITS)
		return false;
	if (most < least + SKEW_SPREAD_PCT || all + SKEW_IDLE_PCT > 100 || c->g_wait.p90 < SKEW_WAIT_NS)
		return false;
	if (verdict_pct(c->sched.wait_kernel_ns, c->sched.wait_ns) > NO_CPU_PCT)
		return false; /* the idle Ps' threads get no CPU: the kernel's verdicts say so */
	v->severity = SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title),
		    "Work is spread unevenly: goroutines wait %s (p90) for a P while others are idle",
		    words_dur(c->g_wait.p90).s);
	verdict_evidence(v, "P%u ran %llu%% of the time, P%u %llu%%; all of them together %llu%%", c->most_used.p,
			 (unsigned long long)most, c->least_used.p, (unsigned long long)least, (unsigned long long)all);
	verdict_evidence(v, "Goroutine wait: p50 %s, p99 %s, longest %s, over %s", words_dur(c->g_wait.p50).s,
			 words_dur(c->g_wait.p99).s, words_dur(c->g_wait.max).s,
			 words_number(c->g_wait.count, "wait").s);
	if (c->runq.rounds)
		verdict_evidence(v, "Run queues: the longest holds %.1f goroutines on average, all of them %.1f",
				 c->runq.mean_longest, c->runq.mean);
	verdict_say(v->advice, sizeof(v->advice),
		    "Idle Ps steal work when they look for it, so something keeps them from it: goroutines bound to a "
		    "thread (LockOSThread), bursts of goroutines made ready by one, or threads that wake up late (see "
		    "the run queue's latency).");
	return true;
}

static void assist_worst(const struct case_file *c, struct verdict *v)
{
	const struct goroutine *worst = NULL;

	for (size_t i = 0; i < c->m->n_goroutines; i++) {
		const struct goroutine *g = c->m->goroutines[i];

		if (g->assist_ns && (!worst || g->assist_ns > worst->assist_ns))
			worst = g;
	}
	if (worst)
		verdict_evidence(v, "Most by %s (goroutine %llu): %s in %s", words_who(c->m, 0, worst->goid).s,
				 (unsigned long long)worst->goid, words_dur(worst->assist_ns).s,
				 words_number(worst->assists, "assist").s);
}

bool judge_gc_assist(const struct case_file *c, struct verdict *v)
{
	const struct park_total *queued = &c->m->parks[WAIT_GC_ASSIST_WAIT],
				*marking = &c->m->parks[WAIT_GC_ASSIST_MARKING];
	uint64_t own = c->m->exact_run_ns, share = verdict_pct(c->sched.assist_ns, own);

	if (!c->exact || c->sched.assist_ns < ASSIST_MIN_NS || share < ASSIST_PCT)
		return false;
	v->severity = share >= ASSIST_BAD_PCT ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title),
		    "The garbage collector makes goroutines help it for %llu%% of their run time",
		    (unsigned long long)share);
	verdict_evidence(v, "%s, %s in all; goroutines ran for %s", words_number(c->sched.assists, "GC assist").s,
			 words_dur(c->sched.assist_ns).s, words_dur(own).s);
	assist_worst(c, v);
	if (queued->count + marking->count)
		verdict_evidence(v, "%s for the collector to catch up, %s in all",
				 words_number(queued->count + marking->count, "park").s,
				 words_dur(queued->ns + marking->ns).s);
	if (c->sched.gc_cycles)
		verdict_evidence(v, "%s; mark phases took %s, %llu%% of the time",
				 words_number(c->sched.gc_cycles, "GC cycle").s, words_dur(c->sched.gc_mark_ns).s,
				 (unsigned long long)verdict_pct(c->sched.gc_mark_ns, c->duration_ns));
	verdict_say(
		v->advice, sizeof(v->advice),
		"They allocate faster than the collector marks. Allocate less (reuse buffers, sync.Pool), or give it "
		"room: raise GOGC, or set GOMEMLIMIT with some memory to spare; a GOMEMLIMIT too close to what is "
		"live makes it worse.");
	return true;
}
