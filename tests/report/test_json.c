/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON report against its schema: every key is there with its type, unknown is null, integers are integers. */
#include "tests/report/synthetic.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "report/report.h"

/* Types of a member, as letters: o object, a array, i integer, n number, s string, b boolean, 0 null. */
struct rule {
	const char *path; /* members separated by dots; "[]" stands for each element of an array */
	const char *types;
};

static const struct rule schema[] = {
	{"schema", "s"},
	{"schedtop_version", "s"},
	{"target", "o"},
	{"target.pid", "i"},
	{"target.exe", "s0"},
	{"target.args", "a0"},
	{"target.exit_status", "i0"},
	{"target.go_version", "s0"},
	{"target.build_settings", "o"},
	{"target.stripped", "b0"},
	{"target.linkmode", "s0"},
	{"target.gomaxprocs", "i0"},
	{"target.env", "o"},
	{"collector", "o"},
	{"collector.name", "s"},
	{"collector.detail", "s"},
	{"collector.detail_asked", "s"},
	{"collector.detail_changes", "a"},
	{"collector.detail_changes[].at_ns", "i"},
	{"collector.detail_changes[].level", "s"},
	{"collector.detail_changes[].why", "s"},
	{"collector.detail_changes[].overhead_pct", "n0"},
	{"interventions", "a"},
	{"interventions[].at_ns", "i"},
	{"interventions[].setting", "s"},
	{"interventions[].from", "i"},
	{"interventions[].to", "i"},
	{"interventions[].by", "s"},
	{"interventions[].stuck", "i0"},
	{"interventions[].repaired", "i0"},
	{"collector.events", "i"},
	{"collector.lost", "i"},
	{"collector.lost_by_cause", "o"},
	{"collector.duration_ns", "i"},
	{"collector.overhead_pct", "n0"},
	{"collector.probe_hits", "i"},
	{"collector.missing", "a"},
	{"async_preempt", "o"},
	{"async_preempt.enabled", "b0"},
	{"async_preempt.source", "s0"},
	{"async_preempt.evidence", "a"},
	{"preempt", "o"},
	{"preempt.requests", "i0"},
	{"preempt.taken", "o"},
	{"preempt.taken.async", "i0"},
	{"preempt.taken.cooperative", "i0"},
	{"preempt.taken.voluntary", "i0"},
	{"preempt.taken.handed_off", "i0"},
	{"preempt.pending", "i0"},
	{"preempt.signals", "i0"},
	{"preempt.latency_ns", "o0"},
	{"preempt.worst", "a"},
	{"preempt.worst[].goid", "i0"},
	{"preempt.worst[].func", "s0"},
	{"preempt.worst[].file", "s0"},
	{"preempt.worst[].line", "i0"},
	{"preempt.worst[].cpu", "i0"},
	{"preempt.worst[].at_ns", "i"},
	{"preempt.worst[].latency_ns", "i"},
	{"preempt.worst[].pending", "b"},
	{"preempt.worst[].why", "s0"},
	{"preempt.by_func", "a"},
	{"preempt.by_func[].func", "s0"},
	{"preempt.by_func[].file", "s0"},
	{"preempt.by_func[].line", "i0"},
	{"preempt.by_func[].requests", "i"},
	{"preempt.by_func[].unserved", "i"},
	{"preempt.by_func[].worst_ns", "i"},
	{"preempt.by_func[].why", "s0"},
	{"stw", "o"},
	{"stw.count", "i0"},
	{"stw.by_reason", "o"},
	{"stw.total_ns", "o0"},
	{"stw.stopping_ns", "o0"},
	{"runqueue_ns", "o"},
	{"runqueue_ns.count", "i"},
	{"runqueue_ns.min", "i0"},
	{"runqueue_ns.mean", "i0"},
	{"runqueue_ns.p50", "i0"},
	{"runqueue_ns.p90", "i0"},
	{"runqueue_ns.p95", "i0"},
	{"runqueue_ns.p99", "i0"},
	{"runqueue_ns.max", "i0"},
	{"kernel_gap_ns", "o"},
	{"goroutine_wait_ns", "o0"},
	{"sched", "o"},
	{"sched.wait_ns", "i0"},
	{"sched.wait_kernel_ns", "i0"},
	{"sched.gc_worker_ns", "i0"},
	{"sched.assist_ns", "i0"},
	{"sched.assists", "i0"},
	{"sched.gc_cycles", "i0"},
	{"sched.gc_mark_ns", "i0"},
	{"sched.gc_mark_max_ns", "i0"},
	{"sched.park_reasons", "o0"},
	{"sched.ps", "a"},
	{"sched.ps[].p", "i"},
	{"sched.ps[].run_ns", "i"},
	{"sched.runq", "o0"},
	{"sched.starved_count", "i0"},
	{"sched.starved_ns", "i0"},
	{"sched.starved", "a0"},
	{"sched.starved[].goid", "i"},
	{"sched.starved[].func", "s0"},
	{"sched.starved[].at_ns", "i"},
	{"sched.starved[].wait_ns", "i"},
	{"sched.starved[].pending", "b"},
	{"sched.starved[].kernel_ns", "i0"},
	{"sched.starved[].ps_without_cpu_ns", "i"},
	{"sched.starved[].held_by", "a"},
	{"cpus", "a"},
	{"cpus[].cpu", "i"},
	{"cpus[].target_ns", "i"},
	{"cpus[].other_ns", "i0"},
	{"cpus[].idle_ns", "i0"},
	{"cpus[].switches", "i"},
	{"cpus[].migrations_in", "i"},
	{"threads", "a"},
	{"threads[].tid", "i"},
	{"threads[].comm", "s0"},
	{"threads[].run_ns", "i"},
	{"threads[].wait_ns", "i"},
	{"threads[].sleep_ns", "i"},
	{"threads[].voluntary", "i"},
	{"threads[].involuntary", "i"},
	{"threads[].migrations", "i"},
	{"goroutines", "a"},
	{"goroutines[].goid", "i"},
	{"goroutines[].func", "s0"},
	{"goroutines[].run_ns", "i"},
	{"goroutines[].slices", "i"},
	{"goroutines[].max_slice_ns", "i"},
	{"goroutines[].overrun_ns", "i"},
	{"goroutines[].wait_ns", "i0"},
	{"goroutines[].max_wait_ns", "i0"},
	{"goroutines[].wait_kernel_ns", "i0"},
	{"goroutines[].parked_ns", "i0"},
	{"goroutines[].syscalls", "i0"},
	{"goroutines[].syscall_ns", "i0"},
	{"goroutines[].assist_ns", "i0"},
	{"goroutines[].park_reasons", "o0"},
	{"goroutines[].parent", "i0"},
	{"goroutines[].created_at", "o0"},
	{"verdicts", "a"},
	{"verdicts[].code", "s"},
	{"verdicts[].severity", "s"},
	{"verdicts[].title", "s"},
	{"verdicts[].evidence", "a"},
	{"verdicts[].advice", "s"},
};

static bool has_type(const cJSON *j, const char *types)
{
	for (; *types; types++) {
		if ((*types == 'o' && cJSON_IsObject(j)) || (*types == 'a' && cJSON_IsArray(j)) ||
		    (*types == 's' && cJSON_IsString(j)) || (*types == 'b' && cJSON_IsBool(j)) ||
		    (*types == '0' && cJSON_IsNull(j)) || (*types == 'n' && cJSON_IsNumber(j)) ||
		    (*types == 'i' && cJSON_IsNumber(j) && j->valuedouble >= 0 &&
		     j->valuedouble == (double)(uint64_t)j->valuedouble))
			return true;
	}
	return false;
}

static void check_rule(const cJSON *at, const char *path, const struct rule *rule)
{
	size_t len = strcspn(path, ".[");
	char name[64];

	if (cJSON_IsNull(at))
		return; /* an array that isn't known has no elements */
	const cJSON *element;

	snprintf(name, sizeof(name), "%.*s", (int)len, path);
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(at, name);
	if (!member)
		fail_msg("%s: no member %s", rule->path, name);
	path += len;
	if (*path == '.') {
		check_rule(member, path + 1, rule);
	} else if (*path == '[') {
		cJSON_ArrayForEach(element, member) check_rule(element, path + strlen("[]."), rule);
	} else if (member && !has_type(member, rule->types)) {
		fail_msg("%s: not of type %s", rule->path, rule->types);
	}
}

static char *report_of(const struct model *m, const struct report_opts *opts)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(report_json(m, opts, f), 0);
	fclose(f);
	return text;
}

static cJSON *parsed(const struct model *m, const struct report_opts *opts)
{
	char *text = report_of(m, opts);
	cJSON *root = cJSON_Parse(text);

	assert_non_null(root);
	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++)
		check_rule(root, schema[i].path, &schema[i]);
	/* What would act on a terminal, or is no UTF-8, is nowhere. */
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\xff'));
	assert_null(strstr(text, "\\u001b"));
	free(text);
	return root;
}

static const cJSON *get(const cJSON *at, const char *a, const char *b)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(at, a);

	j = b ? cJSON_GetObjectItemCaseSensitive(j, b) : j;
	assert_non_null(j);
	return j;
}

static void whole_session(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	synthetic_events(y.model);
	cJSON *root = parsed(y.model, NULL);

	assert_string_equal(get(root, "schema", NULL)->valuestring, "schedtop.report/1");
	assert_int_equal(get(root, "target", "pid")->valueint, 100);
	assert_int_equal(get(root, "target", "gomaxprocs")->valueint, 2);
	assert_true(cJSON_IsNull(get(root, "target", "exit_status")));
	assert_true(cJSON_IsFalse(get(root, "async_preempt", "enabled")));
	assert_string_equal(get(root, "async_preempt", "source")->valuestring, "environment");
	assert_int_equal(get(root, "preempt", "requests")->valueint, 2);
	assert_int_equal(get(root, "preempt", "pending")->valueint, 1);
	assert_int_equal(get(get(root, "preempt", NULL), "taken", "cooperative")->valueint, 1);
	assert_int_equal(get(root, "stw", "count")->valueint, 1);
	assert_int_equal(get(get(root, "stw", NULL), "by_reason", "GC sweep termination")->valueint, 1);
	assert_true(cJSON_IsNull(get(root, "goroutine_wait_ns", NULL)));
	assert_int_equal(get(root, "collector", "duration_ns")->valueint, 200000000);

	/* The pending gap counts with its length so far, and is the longest. */
	const cJSON *worst = cJSON_GetArrayItem(get(root, "preempt", "worst"), 0);
	assert_true(cJSON_IsTrue(get(worst, "pending", NULL)));
	assert_int_equal(get(worst, "latency_ns", NULL)->valueint, 98000000);
	assert_int_equal(get(worst, "at_ns", NULL)->valueint, 102000000);
	assert_int_equal(get(worst, "goid", NULL)->valueint, 8);
	assert_string_equal(get(worst, "why", NULL)->valuestring, "async-off");
	const cJSON *ended = cJSON_GetArrayItem(get(root, "preempt", "worst"), 1);
	assert_string_equal(get(ended, "func", NULL)->valuestring, "main.spin");
	assert_int_equal(get(ended, "line", NULL)->valueint, 42);
	assert_int_equal(get(ended, "latency_ns", NULL)->valueint, 50000000);
	cJSON_Delete(root);
	synthetic_done(&y);
}

static const cJSON *find_goid(const cJSON *array, int goid)
{
	const cJSON *element;

	cJSON_ArrayForEach(element, array) if (get(element, "goid", NULL)->valueint == goid) return element;
	fail_msg("no goroutine %d", goid);
	return NULL;
}

static void detail_exact(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	synthetic_exact_events(y.model);
	cJSON *root = parsed(y.model, NULL);

	const cJSON *sched = get(root, "sched", NULL), *g = find_goid(get(root, "goroutines", NULL), 9);
	assert_int_equal(get(root, "goroutine_wait_ns", "count")->valueint, 8);
	assert_int_equal(get(root, "goroutine_wait_ns", "max")->valueint, 40000000);
	assert_int_equal(get(sched, "gc_worker_ns", NULL)->valueint, 4000000);
	assert_int_equal(get(sched, "gc_cycles", NULL)->valueint, 1);
	assert_int_equal(get(sched, "gc_mark_ns", NULL)->valueint, 10000000);
	assert_int_equal(get(sched, "assist_ns", NULL)->valueint, 400000);
	assert_int_equal(get(get(sched, "park_reasons", "chan receive"), "count", NULL)->valueint, 4);
	assert_int_equal(get(sched, "runq", "max")->valueint, 4);
	assert_true(get(sched, "runq", "imbalance")->valuedouble == 2.0);
	assert_int_equal(get(sched, "starved_count", NULL)->valueint, 4);
	const cJSON *held =
		cJSON_GetArrayItem(get(cJSON_GetArrayItem(get(sched, "starved", NULL), 0), "held_by", NULL), 0);
	assert_string_equal(get(held, "func", NULL)->valuestring, "main.spin");
	assert_int_equal(get(g, "wait_ns", NULL)->valueint, 160000000);
	assert_int_equal(get(g, "max_wait_ns", NULL)->valueint, 40000000);
	assert_int_equal(get(g, "syscalls", NULL)->valueint, 4);
	assert_int_equal(get(g, "syscall_ns", NULL)->valueint, 1200000);
	assert_int_equal(get(g, "assist_ns", NULL)->valueint, 400000);
	assert_int_equal(get(g, "parent", NULL)->valueint, 1);
	assert_int_equal(get(g, "created_at", "line")->valueint, 42);
	assert_string_equal(get(root, "collector", "detail")->valuestring, "sched");
	assert_string_equal(get(root, "collector", "detail_asked")->valuestring, "exact");
	const cJSON *change = cJSON_GetArrayItem(get(root, "collector", "detail_changes"), 1);
	assert_string_equal(get(change, "why", NULL)->valuestring, "overhead");
	assert_true(get(change, "overhead_pct", NULL)->valuedouble == 7.5);
	assert_int_equal(get(change, "at_ns", NULL)->valueint, 430000000);
	cJSON_Delete(root);
	synthetic_done(&y);
}

static void what_was_written(void **state)
{
	struct event ev = ev_make(150000, EV_SETTING, 0);
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	synthetic_events(y.model);
	ev.head.time_ns = AT_US(200000);
	ev.setting = (struct ev_setting){.from = 1, .setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_WRITTEN};
	model_feed(y.model, &ev);
	cJSON *root = parsed(y.model, NULL);
	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++)
		check_rule(root, schema[i].path, &schema[i]);
	const cJSON *v = cJSON_GetArrayItem(get(root, "interventions", NULL), 0);
	assert_string_equal(get(v, "setting", NULL)->valuestring, "asyncpreemptoff");
	assert_string_equal(get(v, "by", NULL)->valuestring, "schedtop");
	assert_int_equal(get(v, "at_ns", NULL)->valueint, 200000000);
	assert_int_equal(get(v, "from", NULL)->valueint, 1);
	assert_int_equal(get(v, "to", NULL)->valueint, 0);
	assert_true(cJSON_IsNull(get(v, "repaired", NULL))); /* not looked for yet */
	cJSON_Delete(root);
	ev.setting = (struct ev_setting){
		.stuck = 2, .repaired = 2, .setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_REPAIRED};
	model_feed(y.model, &ev);
	root = parsed(y.model, NULL);
	v = cJSON_GetArrayItem(get(root, "interventions", NULL), 0);
	assert_int_equal(get(v, "repaired", NULL)->valueint, 2);
	cJSON_Delete(root);
	synthetic_done(&y);
}

/* A program whose runtime can't be seen has no count of pauses, rather than none. */
static void unknown_is_null(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, false);
	tick(y.model, 0);
	comes(y.model, 10, 0, 100);
	tick(y.model, 1000);
	cJSON *root = parsed(y.model, NULL);

	assert_true(cJSON_IsNull(get(root, "target", "go_version")));
	assert_true(cJSON_IsNull(get(root, "target", "gomaxprocs")));
	assert_true(cJSON_IsNull(get(root, "async_preempt", "enabled")));
	assert_true(cJSON_IsNull(get(root, "async_preempt", "source")));
	assert_true(cJSON_IsNull(get(root, "preempt", "requests")));
	assert_true(cJSON_IsNull(get(root, "preempt", "latency_ns")));
	assert_true(cJSON_IsNull(get(root, "stw", "count")));
	assert_true(cJSON_IsNull(get(root, "collector", "overhead_pct")));
	assert_true(cJSON_IsNull(get(root, "sched", "gc_worker_ns")));
	assert_true(cJSON_IsNull(get(root, "sched", "park_reasons")));
	assert_true(cJSON_IsNull(get(root, "sched", "runq")));
	assert_true(cJSON_IsNull(get(root, "sched", "starved")));
	assert_true(cJSON_IsNull(get(root, "kernel_gap_ns", "p99")));
	assert_int_equal(get(root, "kernel_gap_ns", "count")->valueint, 0);
	assert_true(cJSON_IsNull(get(cJSON_GetArrayItem(get(root, "cpus", NULL), 0), "idle_ns", NULL)));
	cJSON_Delete(root);
	synthetic_done(&y);
}

static void nothing_at_all(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	cJSON *root = parsed(y.model, NULL);

	assert_int_equal(get(root, "preempt", "requests")->valueint, 0);
	assert_true(cJSON_IsNull(get(get(root, "preempt", NULL), "latency_ns", "max")));
	assert_int_equal(cJSON_GetArraySize(get(root, "threads", NULL)), 0);
	cJSON_Delete(root);
	synthetic_done(&y);
}

static void exit_status_as_a_shell(void **state)
{
	static const struct {
		int wait_status, want;
	} cases[] = {{0, 0}, {42 << 8, 42}, {9, 137}, {15, 143}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct synthetic y;

		synthetic_init(&y, true);
		synthetic_events(y.model);
		target_exit(y.model, 200000, cases[i].wait_status);
		cJSON *root = parsed(y.model, NULL);
		assert_int_equal(get(root, "target", "exit_status")->valueint, cases[i].want);
		cJSON_Delete(root);
		synthetic_done(&y);
	}
}

/* 12 days in nanoseconds: a double printed with 15 digits would show an exponent. */
static void long_times_are_integers(void **state)
{
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	tick(y.model, 0);
	tick(y.model, 1036800000001ULL);
	char *text = report_of(y.model, NULL);
	assert_non_null(strstr(text, "1036800000001000"));
	free(text);
	synthetic_done(&y);
}

static void lists_are_bounded(void **state)
{
	const struct report_opts opts = {.size = sizeof(opts), .max_worst = 1, .max_threads = 1, .max_goroutines = 1};
	struct synthetic y;

	(void)state;
	synthetic_init(&y, true);
	synthetic_events(y.model);
	cJSON *root = parsed(y.model, &opts);
	assert_int_equal(cJSON_GetArraySize(get(root, "preempt", "worst")), 1);
	assert_int_equal(cJSON_GetArraySize(get(root, "threads", NULL)), 1);
	assert_int_equal(cJSON_GetArraySize(get(root, "goroutines", NULL)), 1);
	cJSON_Delete(root);
	synthetic_done(&y);
}

static void full_disk_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct synthetic y;

	(void)state;
	assert_non_null(full);
	synthetic_init(&y, true);
	synthetic_events(y.model);
	assert_true(report_json(y.model, NULL, full) < 0);
	assert_true(report_text(y.model, NULL, full) < 0);
	fclose(full);
	synthetic_done(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_session),          cmocka_unit_test(detail_exact),
		cmocka_unit_test(unknown_is_null),        cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(exit_status_as_a_shell), cmocka_unit_test(long_times_are_integers),
		cmocka_unit_test(what_was_written),       cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
