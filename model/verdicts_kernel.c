/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges of what the kernel does to the process: quotas, other processes, too many threads. */
#include "model/verdicts_internal.h"

/* The kernel's own slices are 3 to 4 ms; beyond 10 ms a goroutine waits longer than the Go scheduler would let it. */
#define KGAP_NS           10000000ULL
#define KGAP_CRITICAL_PCT 30
#define KGAP_MIN_PCT      1 /* long but rare gaps below this share are the ordinary life of a shared machine */
/* A twentieth of the time in which nothing may run is a tail latency of a whole period (100 ms) for many requests. */
#define THROTTLED_CRITICAL_PCT 5
/* Threads that wait a quarter of the time they run, mostly for their own siblings, are too many. */
#define OVERSUBSCRIBED_PCT 25

bool judge_throttled(const struct case_file *c, struct verdict *v)
{
	const struct ev_cgroup *cg = &c->n.cgroup;
	uint64_t share = verdict_pct(c->n.throttled_ns, c->duration_ns);

	if (!c->n.nr_throttled)
		return false;
	v->severity = share >= THROTTLED_CRITICAL_PCT ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title), "The cgroup's CPU quota stopped the process %s, for %s in all",
		    words_number(c->n.nr_throttled, "time").s, words_dur(c->n.throttled_ns).s);
	if (cg->quota_ns && cg->period_ns)
		verdict_evidence(v, "Quota: %s of CPU time every %s, that is %.2f CPUs", words_dur(cg->quota_ns).s,
				 words_dur(cg->period_ns).s, (double)cg->quota_ns / (double)cg->period_ns);
	verdict_evidence(v, "Throttled %llu%% of the %s watched", (unsigned long long)share,
			 words_dur(c->duration_ns).s);
	if (c->n.gomaxprocs > 0)
		verdict_evidence(v, "GOMAXPROCS is %d", c->n.gomaxprocs);
	verdict_say(
		v->advice, sizeof(v->advice),
		"Raise the quota (cpu.max, or cpu.cfs_quota_us), or set GOMAXPROCS to the quota rounded up, so that "
		"the "
		"period's time isn't used up at once (Go 1.25 and later do that by themselves).");
	return true;
}

/* The thread that took most CPU time from running goroutines. */
static struct kgap_other main_taker(const struct model *m)
{
	struct kgap_other best = m->kgap_others[0];
	struct kernel_gap g;

	for (size_t i = 1; i < KGAP_OTHERS; i++) {
		if (m->kgap_others[i].ns > best.ns)
			best = m->kgap_others[i];
	}
	if (!best.ns && model_worst_kernel_gaps(m, &g, 1)) /* none has ended yet */
		best = (struct kgap_other){
			.tid = g.other_tid, .is_target = g.other_is_target, .ns = m->now_ns - g.start_ns};
	return best;
}

static struct words taker_name(const struct model *m, const struct kgap_other *o)
{
	const char *comm = model_comm(m, o->tid);
	struct words w, name;

	if (o->tid == EV_TID_UNKNOWN) {
		verdict_say(w.s, sizeof(w.s), "something that this collector can't see");
	} else if (!o->tid) {
		verdict_say(w.s, sizeof(w.s), "nobody (the CPU stood idle)");
	} else if (comm[0]) {
		name = words_escaped(comm);
		verdict_say(w.s, sizeof(w.s), "%.48s (thread %u%s)", name.s, o->tid,
			    o->is_target ? " of this process" : "");
	} else {
		verdict_say(w.s, sizeof(w.s), "thread %u%s", o->tid, o->is_target ? " of this process" : "");
	}
	return w;
}

bool judge_kernel_gap(const struct case_file *c, struct verdict *v)
{
	uint64_t sum = c->kgap_sum_ns, share = verdict_pct(sum, c->run_ns + sum);
	struct kgap_other taker = main_taker(c->m);
	struct words name = taker_name(c->m, &taker);

	if (sum < KGAP_MIN_NS || (share < KGAP_SHARE_PCT && (c->kgap.p99 <= KGAP_NS || share < KGAP_MIN_PCT)))
		return false;
	v->severity = share >= KGAP_CRITICAL_PCT ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title),
		    "The kernel kept running goroutines off the CPU %llu%% of the time, up to %s at once",
		    (unsigned long long)share, words_dur(c->kgap.max).s);
	verdict_evidence(v, "%s: p50 %s, p99 %s, together %s", words_number(c->kgap.count, "kernel gap").s,
			 words_dur(c->kgap.p50).s, words_dur(c->kgap.p99).s, words_dur(sum).s);
	verdict_evidence(v, "Most of it (%s) went to %s", words_dur(taker.ns).s, name.s);
	verdict_evidence(v, "%llu%% of it went to other threads of this process",
			 (unsigned long long)verdict_pct(c->m->kgap_by_target_ns, sum));
	if (c->m->kgap_by_target_ns > sum / 2)
		verdict_say(
			v->advice, sizeof(v->advice),
			"The process competes with itself: more threads run than there are CPUs. Lower GOMAXPROCS, or "
			"see what "
			"runs outside the Go scheduler (C code, blocking system calls).");
	else
		verdict_say(
			v->advice, sizeof(v->advice),
			"Others want the same CPUs. Move them, or give this process its own (cpuset), a higher weight "
			"(cpu.weight, nice), or fewer Ps than CPUs.");
	return true;
}

bool judge_oversubscribed(const struct case_file *c, struct verdict *v)
{
	const struct session *s = c->m->session;
	uint64_t share = verdict_pct(c->wait_ns, c->run_ns);

	if (c->wait_ns < KGAP_MIN_NS || share < OVERSUBSCRIBED_PCT || c->m->kgap_by_target_ns <= c->m->h_kgap.sum / 2)
		return false;
	v->severity = SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title), "More runnable threads than CPUs: they waited %s for a CPU and ran %s",
		    words_dur(c->wait_ns).s, words_dur(c->run_ns).s);
	verdict_evidence(v, "Run-queue latency: p50 %s, p99 %s, longest %s", words_dur(c->runqueue.p50).s,
			 words_dur(c->runqueue.p99).s, words_dur(c->runqueue.max).s);
	verdict_evidence(v, "%llu%% of the kernel gaps' time went to other threads of this process",
			 (unsigned long long)verdict_pct(c->m->kgap_by_target_ns, c->m->h_kgap.sum));
	if (c->n.gomaxprocs > 0 && s && s->n_cpus)
		verdict_evidence(v, "GOMAXPROCS is %d on %u CPUs", c->n.gomaxprocs, s->n_cpus);
	verdict_say(
		v->advice, sizeof(v->advice),
		"Set GOMAXPROCS to at most the CPUs that the process may use, and bound what runs beside it (C code, "
		"system "
		"calls that block).");
	return true;
}
