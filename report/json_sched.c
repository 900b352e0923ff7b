/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/json_sched.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/json_write.h"
#include "report/report_internal.h"

static void add_park(cJSON *reasons, const struct park_total *p)
{
	cJSON *o = cJSON_AddObjectToObject(reasons, wait_reason_name(p->reason));

	json_add_uint(o, "count", p->count);
	json_add_uint(o, "ns", p->ns);
}

static void add_parks(cJSON *sched, const struct model *m, bool exact)
{
	struct park_total parks[WAIT_REASON_COUNT];
	size_t n = exact ? model_parks(m, parks, WAIT_REASON_COUNT) : 0;
	cJSON *o;

	if (!exact) {
		cJSON_AddNullToObject(sched, "park_reasons");
		return;
	}
	o = cJSON_AddObjectToObject(sched, "park_reasons");
	for (size_t i = 0; i < n; i++)
		add_park(o, &parks[i]);
}

static int add_runq(cJSON *sched, const struct model *m)
{
	cleanup_free struct runq_total *queues = calloc(REPORT_CPUS_MAX, sizeof(*queues));
	struct runq_summary s;

	if (!queues)
		return -ENOMEM;
	model_runq_summary(m, &s);
	if (!s.rounds) {
		cJSON_AddNullToObject(sched, "runq");
		return 0;
	}
	cJSON *o = cJSON_AddObjectToObject(sched, "runq");
	json_add_uint(o, "reads", s.rounds);
	json_add_uint(o, "max", s.max);
	json_add_decimal(o, "mean", s.mean);
	json_add_decimal(o, "mean_longest", s.mean_longest);
	json_add_decimal(o, "imbalance", s.imbalance);
	json_add_uint(o, "max_spread", s.max_spread);
	cJSON *a = cJSON_AddArrayToObject(o, "queues");
	size_t n = model_runqs(m, queues, REPORT_CPUS_MAX);
	for (size_t i = 0; i < n; i++) {
		cJSON *q = cJSON_CreateObject();

		json_add_known(q, "p", queues[i].p, queues[i].p != EV_NO_P);
		json_add_uint(q, "latest", queues[i].latest);
		json_add_uint(q, "max", queues[i].max);
		json_add_decimal(q, "mean", queues[i].mean);
		cJSON_AddItemToArray(a, q);
	}
	return 0;
}

static int add_ps(cJSON *sched, const struct model *m)
{
	cleanup_free struct p_use *ps = calloc(REPORT_CPUS_MAX, sizeof(*ps));
	cJSON *a = cJSON_AddArrayToObject(sched, "ps");

	if (!ps)
		return -ENOMEM;
	size_t n = model_p_use(m, ps, REPORT_CPUS_MAX);
	for (size_t i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		json_add_uint(o, "p", ps[i].p);
		json_add_uint(o, "run_ns", ps[i].run_ns);
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

static cJSON *starved_json(const struct model *m, const struct starved *s)
{
	const struct func_info *f = model_func(m, s->func);
	cJSON *o = cJSON_CreateObject();

	json_add_uint(o, "goid", s->goid);
	json_add_text(o, "func", f ? f->name : NULL);
	json_add_uint(o, "at_ns", report_since_start(m, s->from_ns));
	json_add_uint(o, "wait_ns", (s->to_ns ? s->to_ns : model_now(m)) - s->from_ns);
	cJSON_AddBoolToObject(o, "pending", !s->to_ns);
	json_add_known(o, "kernel_ns", s->kernel_ns, s->to_ns != 0);
	json_add_uint(o, "ps_without_cpu_ns", s->no_cpu_ns);
	cJSON *a = cJSON_AddArrayToObject(o, "held_by");
	for (size_t i = 0; i < s->n_holders; i++) {
		const struct func_info *by = model_func(m, s->holder[i].func);
		cJSON *h = cJSON_CreateObject();

		json_add_uint(h, "goid", s->holder[i].goid);
		json_add_text(h, "func", by ? by->name : NULL);
		json_add_uint(h, "run_ns", s->holder[i].ns);
		cJSON_AddItemToArray(a, h);
	}
	return o;
}

static void add_starved(cJSON *sched, const struct model *m, bool exact)
{
	struct starved s[STARVED_KEPT];
	uint64_t count, ns;
	size_t n;

	model_starved_total(m, &count, &ns);
	json_add_known(sched, "starved_count", count, exact);
	json_add_known(sched, "starved_ns", ns, exact);
	if (!exact) {
		cJSON_AddNullToObject(sched, "starved");
		return;
	}
	cJSON *a = cJSON_AddArrayToObject(sched, "starved");
	n = model_starved(m, s, STARVED_KEPT);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(a, starved_json(m, &s[i]));
}

int json_sched(cJSON *root, const struct model *m, bool seen)
{
	cJSON *o = cJSON_AddObjectToObject(root, "sched");
	bool exact = model_exact_seen(m);
	struct sched_total s;
	int err;

	model_sched(m, &s);
	json_add_known(o, "wait_ns", s.wait_ns, exact);
	json_add_known(o, "wait_kernel_ns", s.wait_kernel_ns, exact);
	json_add_known(o, "max_slice_ns", model_max_slice(m), seen);
	json_add_known(o, "gc_worker_ns", s.gc_worker_ns, seen);
	json_add_known(o, "assist_ns", s.assist_ns, exact);
	json_add_known(o, "assists", s.assists, exact);
	json_add_known(o, "gc_cycles", s.gc_cycles, seen);
	json_add_known(o, "gc_mark_ns", s.gc_mark_ns, seen);
	json_add_known(o, "gc_mark_max_ns", s.gc_mark_max_ns, seen);
	add_parks(o, m, exact);
	err = add_ps(o, m);
	if (err == 0)
		err = add_runq(o, m);
	add_starved(o, m, exact);
	return err;
}

static void add_created_at(cJSON *o, const struct model *m, uint32_t loc)
{
	struct report_place place = report_place_of(m, 0, loc);

	if (!place.func) {
		cJSON_AddNullToObject(o, "created_at");
		return;
	}
	cJSON *at = cJSON_AddObjectToObject(o, "created_at");
	json_add_text(at, "func", place.func);
	json_add_text(at, "file", place.file);
	json_add_known(at, "line", place.line, place.line != 0);
}

void json_sched_goroutine(cJSON *o, const struct model *m, const struct g_total *t)
{
	bool exact = model_exact_seen(m);

	json_add_known(o, "wait_ns", t->wait_ns, exact);
	json_add_known(o, "max_wait_ns", t->max_wait_ns, exact);
	json_add_known(o, "wait_kernel_ns", t->wait_kernel_ns, exact);
	json_add_known(o, "parked_ns", t->parked_ns, exact);
	json_add_known(o, "syscalls", t->syscalls, exact);
	json_add_known(o, "syscall_ns", t->syscall_ns, exact);
	json_add_known(o, "assist_ns", t->assist_ns, exact);
	if (exact) {
		cJSON *reasons = cJSON_AddObjectToObject(o, "park_reasons");

		for (size_t i = 0; i < t->n_park; i++)
			add_park(reasons, &t->park[i]);
	} else {
		cJSON_AddNullToObject(o, "park_reasons");
	}
	json_add_known(o, "parent", t->parent_goid, t->parent_goid != 0);
	add_created_at(o, m, t->create_loc);
}

int json_sched_by_func(cJSON *preempt, const struct model *m, size_t max)
{
	cJSON *a = cJSON_AddArrayToObject(preempt, "by_func");
	cleanup_free struct gap_func *funcs = calloc(max, sizeof(*funcs));

	if (!funcs)
		return -ENOMEM;
	size_t n = model_gap_funcs(m, funcs, max);
	for (size_t i = 0; i < n; i++) {
		const struct gap_func *f = &funcs[i];
		struct report_place place = report_place_of(m, f->func, f->loc);
		cJSON *o = cJSON_CreateObject();

		json_add_text(o, "func", place.func);
		json_add_text(o, "file", place.file);
		json_add_known(o, "line", place.line, place.line != 0);
		json_add_uint(o, "requests", f->requests);
		json_add_uint(o, "unserved", f->unserved);
		json_add_uint(o, "worst_ns", f->worst_ns);
		json_add_text(o, "why", gap_why_name(gap_func_main_why(f)));
		cJSON_AddItemToArray(a, o);
	}
	return 0;
}

void json_sched_detail(cJSON *collector, const struct model *m)
{
	static const char *const whys[] = {
		[EV_DETAIL_ASKED] = "asked", [EV_DETAIL_OVERHEAD] = "overhead", [EV_DETAIL_CALM] = "calm"};
	struct detail_change changes[DETAIL_CHANGES_KEPT];
	size_t n = model_detail_changes(m, changes, DETAIL_CHANGES_KEPT);
	struct detail_state d;

	model_detail(m, &d);
	json_add_text(collector, "detail", detail_name((enum detail_level)d.level));
	json_add_text(collector, "detail_asked", detail_name((enum detail_level)d.asked));
	cJSON *a = cJSON_AddArrayToObject(collector, "detail_changes");
	for (size_t i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		json_add_uint(o, "at_ns", report_since_start(m, changes[i].at_ns));
		json_add_text(o, "level", detail_name((enum detail_level)changes[i].level));
		json_add_text(o, "why", whys[changes[i].why]);
		if (changes[i].why == EV_DETAIL_ASKED)
			cJSON_AddNullToObject(o, "overhead_pct");
		else
			json_add_decimal(o, "overhead_pct", (double)changes[i].overhead_bp / 100.0);
		cJSON_AddItemToArray(a, o);
	}
}
