/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges of GOMAXPROCS against the CPUs that the process may use. */
#include "model/verdicts_internal.h"

#include <math.h>

/*
 * More Ps than the quota has CPUs use a period's time up at once and are stopped for the rest. Without throttling it is
 * only a trap; from twice as many on it is worth a note (Go 1.25 and later set it by themselves).
 */
#define TRAP_FACTOR 2

/* Too few: the Ps are busy nearly all the time, goroutines wait, and CPUs are idle. */
#define FEW_BUSY_PCT   90
#define FEW_WAIT_NS    1000000ULL /* with a free P it takes microseconds */
#define FEW_MIN_WAITS  100U
#define FEW_IDLE_PCT   50 /* of one CPU: what is idle less than that is others' to use */
#define MIN_WATCHED_NS 1000000000ULL

double verdict_quota_cpus(const struct case_file *c)
{
	const struct ev_cgroup *cg = &c->n.cgroup;

	return cg->quota_ns && cg->period_ns ? (double)cg->quota_ns / (double)cg->period_ns : -1;
}

static uint32_t online_cpus(const struct case_file *c)
{
	return c->m->session ? c->m->session->n_cpus : 0;
}

bool judge_too_many_procs(const struct case_file *c, struct verdict *v)
{
	double quota = verdict_quota_cpus(c);
	uint32_t online = online_cpus(c), procs = c->n.gomaxprocs > 0 ? (uint32_t)c->n.gomaxprocs : 0;
	uint32_t allowed = quota > 0 ? (uint32_t)ceil(quota) : 0;
	bool over_quota = allowed && procs > allowed, over_cpus = online && procs > online;
	uint64_t siblings = verdict_pct(c->m->kgap_by_target_ns, c->run_ns + c->kgap_sum_ns);

	if (over_quota && (c->n.nr_throttled || procs > TRAP_FACTOR * allowed)) {
		v->severity = c->n.nr_throttled ? SEVERITY_WARNING : SEVERITY_INFO;
		verdict_say(v->title, sizeof(v->title), "GOMAXPROCS is %u, but the cgroup may use %.2f CPUs", procs,
			    quota);
		if (c->n.nr_throttled)
			verdict_evidence(v, "The quota stopped the process %s, for %s in all",
					 words_number(c->n.nr_throttled, "time").s, words_dur(c->n.throttled_ns).s);
		else
			verdict_evidence(v, "No harm yet: the quota hasn't stopped it in the %s watched",
					 words_dur(c->duration_ns).s);
		verdict_evidence(v, "%u Ps can use %s of CPU time in %s; the quota is %s", procs,
				 words_dur(c->n.cgroup.period_ns * procs).s, words_dur(c->n.cgroup.period_ns).s,
				 words_dur(c->n.cgroup.quota_ns).s);
		verdict_say(v->advice, sizeof(v->advice),
			    "Set GOMAXPROCS=%u (Go 1.25 and later follow the quota by themselves, unless GOMAXPROCS is "
			    "set), "
			    "or raise the quota.",
			    allowed);
		return true;
	}
	if (!over_cpus || c->m->kgap_by_target_ns < KGAP_MIN_NS || siblings < KGAP_SHARE_PCT)
		return false;
	v->severity = SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title), "GOMAXPROCS is %u on %s", procs, words_number(online, "CPU").s);
	verdict_evidence(
		v, "Threads of the process took CPUs from its own running goroutines for %s, %llu%% of their time",
		words_dur(c->m->kgap_by_target_ns).s, (unsigned long long)siblings);
	verdict_say(v->advice, sizeof(v->advice),
		    "Set GOMAXPROCS=%u, or leave it unset: more Ps than CPUs only make the kernel switch between them.",
		    online);
	return true;
}

/* Idle time of all CPUs in percent of one; negative = unknown. */
static double idle_pct(const struct case_file *c)
{
	double idle = 0;
	bool known = false;

	for (unsigned i = 0; i < c->m->n_cpus; i++) {
		const struct cpu *cpu = c->m->cpus[i];

		if (!cpu || cpu->n_stats < 2 || cpu->last_stat.idle_ns < cpu->first_stat.idle_ns)
			continue;
		known = true;
		idle += (double)(cpu->last_stat.idle_ns - cpu->first_stat.idle_ns);
	}
	return known && c->duration_ns ? idle * 100.0 / (double)c->duration_ns : -1;
}

bool judge_too_few_procs(const struct case_file *c, struct verdict *v)
{
	double quota = verdict_quota_cpus(c), idle = idle_pct(c);
	uint32_t may_use = online_cpus(c), procs = c->n.gomaxprocs > 0 ? (uint32_t)c->n.gomaxprocs : 0;
	uint64_t busy = verdict_pct(c->ps_run_ns, c->duration_ns * (procs ? procs : 1));

	if (quota > 0 && quota < may_use)
		may_use = quota >= 1 ? (uint32_t)quota : 1;
	if (!c->exact || !procs || procs >= may_use || c->duration_ns < MIN_WATCHED_NS)
		return false;
	if (busy < FEW_BUSY_PCT || c->g_wait.count < FEW_MIN_WAITS || c->g_wait.p90 < FEW_WAIT_NS ||
	    idle < FEW_IDLE_PCT)
		return false;
	v->severity = SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title),
		    "GOMAXPROCS is %u: goroutines wait %s (p90) for a P, though the process may use %s", procs,
		    words_dur(c->g_wait.p90).s, words_number(may_use, "CPU").s);
	verdict_evidence(v, "The Ps were busy %llu%% of the time", (unsigned long long)busy);
	verdict_evidence(v, "CPUs stood idle meanwhile: %.0f%% of one, all together", idle);
	verdict_evidence(v, "Goroutine wait: p50 %s, p99 %s, over %s", words_dur(c->g_wait.p50).s,
			 words_dur(c->g_wait.p99).s, words_number(c->g_wait.count, "wait").s);
	verdict_say(
		v->advice, sizeof(v->advice),
		"Raise GOMAXPROCS to at most %u, or find who sets it (environment, runtime.GOMAXPROCS in the program).",
		may_use);
	return true;
}
