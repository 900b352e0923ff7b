/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/json_sched.h"
#include "report/json_write.h"
#include "report/merge.h"
#include "report/report.h"
#include "report/report_internal.h"

static void add_target(cJSON *root, const struct session *s, const struct model_counts *c)
{
	cJSON *o = cJSON_AddObjectToObject(root, "target");
	int status = report_exit_status(c);

	json_add_known(o, "pid", s->pid, s->pid != 0);
	json_add_known(o, "ns_pid", s->ns_pid, s->ns_pid != 0);
	json_add_text(o, "exe", s->exe);
	if (s->args)
		json_add_texts(o, "args", s->args);
	else
		cJSON_AddNullToObject(o, "args");
	json_add_known(o, "exit_status", (uint64_t)status, status >= 0);
	json_add_text(o, "go_version", s->go_version);
	json_add_kvs(o, "build_settings", s->build_settings, s->n_build_settings);
	json_add_tristate(o, "stripped", s->stripped);
	json_add_text(o, "linkmode", s->linkmode);
	json_add_known(o, "gomaxprocs", (uint64_t)c->gomaxprocs, c->gomaxprocs > 0);
	json_add_kvs(o, "env", s->env, s->n_env);
}

static void add_collector(cJSON *root, const struct model *m, const struct session *s, const struct model_counts *c)
{
	static const char *const causes[EV_LOST_CAUSE_COUNT] = {
		[EV_LOST_RING] = "ring",   [EV_LOST_QUEUE] = "queue",     [EV_LOST_LATE] = "late",
		[EV_LOST_LABEL] = "label", [EV_LOST_CAPTURE] = "capture", [EV_LOST_THROTTLE] = "throttle",
	};
	cJSON *o = cJSON_AddObjectToObject(root, "collector");
	double pct = model_overhead_pct(m);

	json_add_text(o, "name", s->collector);
	json_sched_detail(o, m);
	json_add_uint(o, "events", c->events);
	json_add_uint(o, "lost", report_lost(c));
	cJSON *by_cause = cJSON_AddObjectToObject(o, "lost_by_cause");
	for (size_t i = 0; i < EV_LOST_CAUSE_COUNT; i++)
		json_add_uint(by_cause, causes[i], c->lost[i]);
	json_add_uint(o, "duration_ns", model_now(m) - model_start(m));
	if (pct < 0 || !isfinite(pct))
		cJSON_AddNullToObject(o, "overhead_pct");
	else
		json_add_decimal(o, "overhead_pct", pct);
	json_add_uint(o, "probe_hits", c->overhead_hits);
	json_add_texts(o, "missing", s->missing);
	json_add_texts(o, "why_not", s->why_not);
}

/* null: no quota, and never throttled. The counts are of the session, not of the cgroup's life. */
static void add_cgroup(cJSON *root, const struct model_counts *c)
{
	if (!c->cgroup.period_ns) {
		cJSON_AddNullToObject(root, "cgroup");
		return;
	}
	cJSON *o = cJSON_AddObjectToObject(root, "cgroup");
	json_add_known(o, "quota_ns", c->cgroup.quota_ns, c->cgroup.quota_ns != 0);
	json_add_uint(o, "period_ns", c->cgroup.period_ns);
	json_add_uint(o, "nr_throttled", c->nr_throttled);
	json_add_uint(o, "throttled_ns", c->throttled_ns);
}

static void add_async(cJSON *root, const struct model *m, const struct session *s)
{
	char signals[200];
	cJSON *o = cJSON_AddObjectToObject(root, "async_preempt");

	json_add_tristate(o, "enabled", s->async_enabled);
	json_add_text(o, "source", async_source_name(s->async_source));
	json_add_texts_n(o, "evidence", s->async_evidence, s->n_async_evidence);
	if (*report_signals(m, signals, sizeof(signals)))
		cJSON_AddItemToArray(cJSON_GetObjectItem(o, "evidence"), cJSON_CreateString(signals));
}

static void add_interventions(cJSON *root, const struct model *m)
{
	cJSON *a = cJSON_AddArrayToObject(root, "interventions");
	struct intervention all[INTERVENTIONS_KEPT];
	size_t n = model_interventions(m, all, INTERVENTIONS_KEPT);

	for (size_t i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		json_add_known(o, "at_ns", report_since_start(m, all[i].at_ns), all[i].at_ns != 0);
		cJSON_AddStringToObject(o, "setting", setting_name(all[i].setting));
		cJSON_AddNumberToObject(o, "from", all[i].from);
		cJSON_AddNumberToObject(o, "to", all[i].to);
		cJSON_AddStringToObject(o, "by", all[i].ours ? "schedtop" : "other");
		json_add_known(o, "stuck", all[i].stuck, all[i].looked);
		json_add_known(o, "repaired", all[i].repaired, all[i].looked);
		cJSON_AddItemToArray(a, o);
	}
}

static int add_worst(cJSON *preempt, const struct model *m, size_t max)
{
	cJSON *a = cJSON_AddArrayToObject(preempt, "worst");
	cleanup_free struct gap *gaps = calloc(max, sizeof(*gaps));

	if (!gaps)
		return -ENOMEM;
	size_t n = model_worst_gaps(m, gaps, max);
	for (size_t i = 0; i < n; i++) {
		const struct gap *g = &gaps[i];
		struct report_place place = report_place_of(m, g->func, g->loc);
		cJSON *o = cJSON_CreateObject();

		json_add_known(o, "goid", g->goid, g->goid != 0);
		json_add_text(o, "func", place.func);
		json_add_text(o, "file", place.file);
		json_add_known(o, "line", place.line, place.line != 0);
		json_add_known(o, "cpu", g->cpu, g->cpu != UINT16_MAX);
		json_add_uint(o, "at_ns", report_since_start(m, g->request_ns));
		json_add_uint(o, "latency_ns", gap_ns(g, model_now(m)));
		cJSON_AddBoolToObject(o, "pending", g->end == GAP_PENDING);
		json_add_text(o, "why", gap_why_name(g->why));
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

/* Are these figures made of looks into the process's memory, and how far can each be wrong? */
static bool add_estimated(cJSON *o, const struct model *m, bool seen)
{
	uint64_t resolution_ns = 0;
	bool estimated = seen && model_estimates(m, &resolution_ns);

	json_add_tristate(o, "estimated", seen ? estimated : -1);
	json_add_known(o, "resolution_ns", resolution_ns, estimated);
	return estimated;
}

static int add_preempt(cJSON *root, const struct model *m, const struct model_counts *c, bool seen, size_t max_worst)
{
	cJSON *o = cJSON_AddObjectToObject(root, "preempt");
	struct hist_summary latency;

	bool how = seen && !add_estimated(o, m, seen);
	json_add_known(o, "requests", c->requests, seen);
	cJSON *taken = cJSON_AddObjectToObject(o, "taken");
	json_add_known(taken, "async", c->taken_async, how);
	json_add_known(taken, "cooperative", c->taken_cooperative, how);
	json_add_known(taken, "voluntary", c->taken_voluntary, how);
	json_add_known(taken, "handed_off", c->taken_handed_off, how);
	json_add_known(o, "pending", c->pending, seen);
	json_add_known(o, "signals", c->signals, how || (seen && c->signals));
	model_gap_summary(m, &latency);
	json_add_hist(o, "latency_ns", seen ? &latency : NULL);
	int err = add_worst(o, m, max_worst);
	return err < 0 ? err : json_sched_by_func(o, m, max_worst);
}

static void add_stw(cJSON *root, const struct model *m, const struct model_counts *c, bool seen)
{
	cJSON *o = cJSON_AddObjectToObject(root, "stw");
	struct hist_summary total, stopping;

	add_estimated(o, m, seen);
	json_add_known(o, "count", c->stw_count, seen);
	cJSON *by_reason = cJSON_AddObjectToObject(o, "by_reason");
	for (unsigned i = 0; i < EV_STW_REASON_COUNT; i++) {
		if (c->stw_by_reason[i])
			json_add_uint(by_reason, stw_reason_name((uint8_t)i), c->stw_by_reason[i]);
	}
	model_stw_summary(m, &total, &stopping);
	json_add_hist(o, "total_ns", seen ? &total : NULL);
	json_add_hist(o, "stopping_ns", seen ? &stopping : NULL);
}

static void add_hists(cJSON *root, const struct model *m)
{
	struct model_hists h;
	struct hist_summary s;

	model_hists(m, &h);
	hist_summarize(h.runqueue, &s);
	json_add_hist(root, "runqueue_ns", &s);
	hist_summarize(h.kernel_gap, &s);
	json_add_hist(root, "kernel_gap_ns", &s);
	json_add_hist(root, "goroutine_wait_ns", model_g_wait_summary(m, &s) ? &s : NULL);
}

static int add_cpus(cJSON *root, const struct model *m)
{
	cJSON *a = cJSON_AddArrayToObject(root, "cpus");
	cleanup_free struct cpu_total *cpus = calloc(REPORT_CPUS_MAX, sizeof(*cpus));

	if (!cpus)
		return -ENOMEM;
	size_t n = model_cpus(m, cpus, REPORT_CPUS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct cpu_total *t = &cpus[i];
		cJSON *o = cJSON_CreateObject();

		json_add_uint(o, "cpu", t->cpu);
		json_add_uint(o, "target_ns", t->target_ns);
		json_add_known(o, "other_ns", t->other_ns, t->other_ns != UINT64_MAX);
		json_add_known(o, "idle_ns", t->idle_ns, t->idle_ns != UINT64_MAX);
		json_add_uint(o, "switches", t->switches);
		json_add_uint(o, "migrations_in", t->migrations_in);
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

static int add_threads(cJSON *root, const struct model *m, size_t max)
{
	cJSON *a = cJSON_AddArrayToObject(root, "threads");
	cleanup_free struct thread_total *threads = calloc(max, sizeof(*threads));

	if (!threads)
		return -ENOMEM;
	size_t n = model_threads(m, threads, max);
	for (size_t i = 0; i < n; i++) {
		const struct thread_total *t = &threads[i];
		cJSON *o = cJSON_CreateObject();

		json_add_uint(o, "tid", t->tid);
		json_add_text(o, "comm", t->comm && *t->comm ? t->comm : NULL);
		json_add_uint(o, "run_ns", t->run_ns);
		json_add_uint(o, "wait_ns", t->wait_ns);
		json_add_uint(o, "sleep_ns", t->sleep_ns);
		json_add_uint(o, "voluntary", t->voluntary);
		json_add_uint(o, "involuntary", t->involuntary);
		json_add_uint(o, "migrations", t->migrations);
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

static int add_goroutines(cJSON *root, const struct model *m, size_t max)
{
	cJSON *a = cJSON_AddArrayToObject(root, "goroutines");
	cleanup_free struct g_total *gs = calloc(max, sizeof(*gs));

	if (!gs)
		return -ENOMEM;
	size_t n = model_goroutines(m, gs, max);
	for (size_t i = 0; i < n; i++) {
		const struct g_total *t = &gs[i];
		const struct func_info *f = model_func(m, t->start_func);
		cJSON *o = cJSON_CreateObject();

		json_add_uint(o, "goid", t->goid);
		json_add_text(o, "func", f ? f->name : NULL);
		json_add_uint(o, "run_ns", t->run_ns);
		json_add_uint(o, "slices", t->slices);
		json_add_uint(o, "max_slice_ns", t->max_slice_ns);
		json_add_uint(o, "overrun_ns", t->overrun_ns);
		json_sched_goroutine(o, m, t);
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

/* Verdicts are sentences of our own; the model has escaped what they quote. */
static int add_verdicts(cJSON *root, const struct model *m)
{
	cJSON *a = cJSON_AddArrayToObject(root, "verdicts");
	cleanup_free struct verdict *verdicts = calloc(REPORT_VERDICTS_MAX, sizeof(*verdicts));

	if (!verdicts)
		return -ENOMEM;
	size_t n = model_verdicts(m, verdicts, REPORT_VERDICTS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct verdict *v = &verdicts[i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "code", v->code);
		cJSON_AddStringToObject(o, "severity", severity_name(v->severity));
		cJSON_AddStringToObject(o, "title", v->title);
		cJSON *evidence = cJSON_AddArrayToObject(o, "evidence");
		for (size_t j = 0; j < v->n_evidence; j++)
			cJSON_AddItemToArray(evidence, cJSON_CreateString(v->evidence[j]));
		cJSON_AddStringToObject(o, "advice", v->advice);
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

static size_t limit(size_t wanted, size_t dflt)
{
	return wanted ? wanted : dflt;
}

/* Fills an object. 0 or -ENOMEM. */
static int build(cJSON *root, const struct model *m, const struct report_opts *opts)
{
	static const struct report_opts defaults;
	const struct session *s = model_session(m);
	bool seen = report_runtime_seen(s);
	struct model_counts c;

	if (!opts)
		opts = &defaults;
	model_counts(m, &c);
	cJSON_AddStringToObject(root, "schema", "schedtop.report/1");
	cJSON_AddStringToObject(root, "schedtop_version", SCHEDTOP_VERSION);
	add_target(root, s, &c);
	add_collector(root, m, s, &c);
	add_cgroup(root, &c);
	add_async(root, m, s);
	add_interventions(root, m);
	int err = add_preempt(root, m, &c, seen, limit(opts->max_worst, 20));
	if (err < 0)
		return err;
	add_stw(root, m, &c, seen);
	add_hists(root, m);
	err = json_sched(root, m, seen);
	if (err == 0)
		err = add_cpus(root, m);
	if (err == 0)
		err = add_threads(root, m, limit(opts->max_threads, 200));
	if (err == 0)
		err = add_goroutines(root, m, limit(opts->max_goroutines, 50));
	if (err == 0)
		err = add_verdicts(root, m);
	return err;
}

cJSON *report_object(const struct model *m, const struct report_opts *opts)
{
	cleanup_with(json_write_delete) cJSON *root = cJSON_CreateObject();

	return build(root, m, opts) < 0 ? NULL : take_ptr(root);
}

int report_json(const struct model *m, const struct report_opts *opts, FILE *out)
{
	cleanup_with(json_write_delete) cJSON *root = report_object(m, opts);

	return root ? json_write_print(root, out) : -ENOMEM;
}
