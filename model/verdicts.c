/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Judges: each looks at the model and either finds nothing or writes a verdict for somebody who was woken up at night.
 * A new verdict is one function in the file of its subject and one row in the table here.
 */
#include "model/verdicts_internal.h"

#include <stdlib.h>
#include <string.h>

#define PS_JUDGED 4096U

/* In the order in which verdicts of one severity are shown. */
static const struct judge {
	const char *code;
	bool (*judge)(const struct case_file *c, struct verdict *v);
} judges[] = {
	{"async-preempt-off", judge_async},
	{"goroutine-hogs-p", judge_hog},
	{"stw-stopping", judge_stw},
	{"throttled", judge_throttled},
	{"kernel-gap", judge_kernel_gap},
	{"starvation", judge_starvation},
	{"gc-assist", judge_gc_assist},
	{"too-many-procs", judge_too_many_procs},
	{"oversubscribed", judge_oversubscribed},
	{"too-few-procs", judge_too_few_procs},
	{"skew", judge_skew},
	{"not-go", judge_not_go},
	{"detail-stepped-down", judge_detail},
	{"lost-events", judge_lost},
};

#define N_JUDGES (sizeof(judges) / sizeof(judges[0]))

static bool is_runtimes_own(const struct model *m, const struct gap *g)
{
	const struct goroutine *of = goroutine_find(m, g->goid);

	return of && names_is_system(m, of->start_func);
}

/*
 * The gap in which a goroutine itself ran on for longest: what the kernel added is another verdict's business. A
 * goroutine of the runtime goes behind one of the program that is a hog: a GC worker that wants to scan the stack of
 * one that doesn't yield spins in runtime.suspendG, asked to yield itself, for as long as that lasts.
 */
static bool worst_held(const struct model *m, struct gap *ret)
{
	struct gap all[WORST_KEPT];
	size_t n = model_worst_gaps(m, all, WORST_KEPT);
	const struct gap *worst[2] = {NULL}; /* of the program's, of the runtime's own */
	uint64_t most[2] = {0};

	for (size_t i = 0; i < n; i++) {
		uint64_t held = verdict_held_ns(&all[i], m->now_ns);
		bool own = is_runtimes_own(m, &all[i]);

		if (held > most[own]) {
			most[own] = held;
			worst[own] = &all[i];
		}
	}
	const struct gap *g = worst[0] && (most[0] > HOG_GAP_NS || most[0] >= most[1]) ? worst[0] : worst[1];
	if (g)
		*ret = *g;
	return g != NULL;
}

/* Kernel gaps with those that still last at their length so far. */
static void sum_up_kernel_gaps(const struct model *m, struct case_file *c)
{
	struct hist h = m->h_kgap;

	for (size_t i = 0; i < m->n_threads; i++) {
		if (m->threads[i]->kgap_start_ns)
			hist_add(&h, m->now_ns - m->threads[i]->kgap_start_ns);
	}
	hist_summarize(&h, &c->kgap);
	c->kgap_sum_ns = h.sum;
}

static void gather_sched(const struct model *m, struct case_file *c)
{
	struct p_use *ps = calloc(PS_JUDGED, sizeof(*ps));
	struct detail_state d;

	c->exact = model_g_wait_summary(m, &c->g_wait);
	model_detail(m, &d);
	/* Where no level was announced exact events speak for themselves. */
	c->exact_ns = d.level_ns[DETAIL_EXACT] ? d.level_ns[DETAIL_EXACT] : c->duration_ns;
	model_sched(m, &c->sched);
	model_runq_summary(m, &c->runq);
	c->n_ps = ps ? model_p_use(m, ps, PS_JUDGED) : 0;
	for (size_t i = 0; i < c->n_ps; i++) {
		c->ps_run_ns += ps[i].run_ns;
		if (!i || ps[i].run_ns > c->most_used.run_ns)
			c->most_used = ps[i];
		if (!i || ps[i].run_ns < c->least_used.run_ns)
			c->least_used = ps[i];
	}
	free(ps);
}

static void gather(const struct model *m, struct case_file *c)
{
	*c = (struct case_file){.m = m, .duration_ns = m->now_ns - m->start_ns};
	model_counts(m, &c->n);
	model_gap_summary(m, &c->gap);
	model_stw_summary(m, &c->stw_total, &c->stw_stopping);
	sum_up_kernel_gaps(m, c);
	hist_summarize(&m->h_runqueue, &c->runqueue);
	gather_sched(m, c);
	c->have_gap = worst_held(m, &c->worst_gap);
	for (size_t i = 0; i < m->n_threads; i++) {
		uint64_t run, wait, sleep;

		thread_times(m->threads[i], m->now_ns, &run, &wait, &sleep);
		c->run_ns += run;
		c->wait_ns += wait;
	}
}

size_t model_verdicts(const struct model *m, struct verdict *ret, size_t cap)
{
	struct verdict all[N_JUDGES + 1];
	struct case_file c;
	size_t n = 0, n_out = 0;
	bool trouble = false;

	gather(m, &c);
	for (size_t i = 0; i < N_JUDGES; i++) {
		memset(&all[n], 0, sizeof(all[n]));
		all[n].code = judges[i].code;
		if (!judges[i].judge(&c, &all[n]))
			continue;
		trouble |= all[n].severity > SEVERITY_INFO;
		n++;
	}
	if (!trouble) {
		memset(&all[n], 0, sizeof(all[n]));
		judge_ok(&c, &all[n++]);
	}
	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
		for (size_t i = 0; i < n && n_out < cap; i++) {
			if ((int)all[i].severity == severity)
				ret[n_out++] = all[i];
		}
	}
	return n_out;
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info", [SEVERITY_WARNING] = "warning", [SEVERITY_CRITICAL] = "critical"};

	return s <= SEVERITY_CRITICAL ? names[s] : "unknown";
}
