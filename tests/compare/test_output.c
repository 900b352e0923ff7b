/* SPDX-License-Identifier: GPL-2.0-only */
/* The comparison as JSON and as text, and reports that are merged. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/merge.h"
#include "tests/compare/rounds.h"
#include "tests/report/synthetic.h"

static char *text_of(const struct comparison *c, bool json, const char *const *figures)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(json ? comparison_json(c, f) : comparison_text(c, figures, f), 0);
	fclose(f);
	assert_non_null(text);
	return text;
}

static const cJSON *get(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	if (!item)
		fail_msg("no key %s", key);
	return item;
}

static void fill(struct comparison *c, double factor)
{
	rounds_state = 4;
	make_comparison(c, 5, factor, 0.02);
	c->variants[1].env = calloc(2, sizeof(char *));
	c->variants[1].env[0] = strdup("GODEBUG=asyncpreemptoff=1");
	c->variants[1].binary = strdup("/srv/" EVIL_NAME);
	c->argv = calloc(2, sizeof(char *));
	c->argv[0] = strdup("./" EVIL_NAME);
}

static void json_has_the_schemas_keys(void **state)
{
	struct comparison c;

	(void)state;
	fill(&c, 10);
	assert_int_equal(comparison_judge(&c), 0);
	cleanup_free char *text = text_of(&c, true, NULL);
	cJSON *root = cJSON_Parse(text);
	assert_non_null(root);
	assert_string_equal(get(root, "schema")->valuestring, "schedtop.compare/1");
	const cJSON *variants = get(root, "variants"), *b = cJSON_GetArrayItem(variants, 1), *item;
	assert_int_equal(cJSON_GetArraySize(variants), 2);
	assert_string_equal(get(b, "name")->valuestring, "b");
	assert_string_equal(get(get(b, "env"), "GODEBUG")->valuestring, "asyncpreemptoff=1");
	assert_string_equal(get(b, "binary")->valuestring, "/srv/ev\\x1b[2Jil\\xff");
	assert_int_equal((int)get(b, "rounds")->valuedouble, 5);
	const cJSON *hist = get(get(get(b, "report"), "preempt"), "latency_ns");
	assert_int_equal((int)get(hist, "count")->valuedouble, 1500);
	assert_true(fabs(get(hist, "p99")->valuedouble -
			 figure_value(figure_find("preempt.latency_ns.p99", 22), &c.variants[1].merged)) < 1);
	size_t found = 0;
	cJSON_ArrayForEach(item, get(root, "ratios"))
	{
		assert_string_equal(get(item, "baseline")->valuestring, "a");
		assert_string_equal(get(item, "variant")->valuestring, "b");
		if (strcmp(get(item, "figure")->valuestring, "preempt.latency_ns.p50") == 0) {
			const cJSON *ci = get(item, "ci95");

			assert_true(get(item, "ratio")->valuedouble > 9 && get(item, "ratio")->valuedouble < 11);
			assert_true(cJSON_GetArrayItem(ci, 0)->valuedouble < 10);
			assert_true(cJSON_GetArrayItem(ci, 1)->valuedouble > 10);
			assert_true(cJSON_IsTrue(get(item, "significant")));
			found++;
		}
		if (strcmp(get(item, "figure")->valuestring, "stw.total_ns.max") == 0) {
			assert_true(cJSON_IsNull(get(item, "ratio")) && cJSON_IsNull(get(item, "ci95")));
			assert_true(cJSON_IsFalse(get(item, "significant")));
			found++;
		}
	}
	assert_int_equal(found, 2);
	assert_int_equal(cJSON_GetArraySize(get(root, "ratios")), (int)figure_count());
	assert_int_equal(cJSON_GetArraySize(get(get(root, "noise_check"), "ratios")), (int)figure_count());
	cJSON_Delete(root);
	comparison_done(&c);
}

static void the_sentence_comes_first(void **state)
{
	struct comparison c;

	(void)state;
	fill(&c, 10);
	assert_int_equal(comparison_judge(&c), 0);
	char *text = text_of(&c, false, NULL);
	assert_int_equal(strncmp(text, "With b, preempt.latency_ns.", 27), 0);
	assert_non_null(strstr(text, " times longer than with a: "));
	assert_non_null(strstr(text, "5 rounds each)"));
	assert_null(strchr(text, '\x1b'));
	free(text);
	comparison_done(&c);
	fill(&c, 0.1);
	assert_int_equal(comparison_judge(&c), 0);
	text = text_of(&c, false, NULL);
	assert_non_null(strstr(text, " times shorter than with a: "));
	free(text);
	comparison_done(&c);
	fill(&c, 1);
	assert_int_equal(comparison_judge(&c), 0);
	text = text_of(&c, false, NULL);
	assert_int_equal(strncmp(text, "No difference between a and b is significant", 44), 0);
	free(text);
	comparison_done(&c);
}

static void who_hung_is_named(void **state)
{
	struct comparison c;

	(void)state;
	fill(&c, 10);
	c.variants[1].hung = 1;
	c.variants[1].rounds[2].hang = (struct hang){.hung = true,
						     .after_ns = 3000000000,
						     .pending_ns = 2500000000,
						     .stw = "GC mark termination",
						     .goid = 18,
						     .func = strdup("main." EVIL_NAME),
						     .file = strdup("/src/main.go"),
						     .line = 22};
	assert_int_equal(comparison_judge(&c), 0);
	assert_false(comparison_succeeded(&c, false));
	char *text = text_of(&c, false, NULL);
	assert_non_null(strstr(text,
			       "b HUNG in 1 of 5 rounds. It was ended after 3.00 s: for 2.50 s the world couldn't be "
			       "stopped for GC mark termination: held by goroutine 18 in main.ev\\x1b[2Jil\\xff "
			       "(main.go:22)."));
	free(text);
	text = text_of(&c, true, NULL);
	cJSON *root = cJSON_Parse(text);
	const cJSON *run = cJSON_GetArrayItem(get(cJSON_GetArrayItem(get(root, "variants"), 1), "runs"), 2);
	assert_int_equal((int)get(get(run, "hung"), "line")->valuedouble, 22);
	cJSON_Delete(root);
	free(text);
	comparison_done(&c);
}

/* Of nothing at all too: a variant that never ran. */
static void a_variant_without_rounds(void **state)
{
	struct comparison c;

	(void)state;
	fill(&c, 1);
	for (size_t i = 0; i < c.variants[1].n_rounds; i++)
		cJSON_Delete(c.variants[1].rounds[i].report);
	c.variants[1].n_rounds = 0;
	fault_set(&c.variants[1].fault, -ENOENT, "/srv/x", "No such file");
	assert_int_equal(comparison_judge(&c), 0);
	assert_false(comparison_succeeded(&c, true));
	char *text = text_of(&c, false, NULL);
	assert_non_null(strstr(text, "b could not be run: /srv/x: No such file."));
	free(text);
	text = text_of(&c, true, NULL);
	cJSON *root = cJSON_Parse(text);
	assert_true(cJSON_IsNull(get(cJSON_GetArrayItem(get(root, "variants"), 1), "report")));
	assert_string_equal(get(cJSON_GetArrayItem(get(root, "variants"), 1), "error")->valuestring,
			    "/srv/x: No such file");
	cJSON_Delete(root);
	free(text);
	comparison_done(&c);
}

static double number_at(const cJSON *o, const char *a, const char *b)
{
	const cJSON *item = get(get(o, a), b);

	return cJSON_IsRaw(item) ? strtod(item->valuestring, NULL) : item->valuedouble;
}

static void reports_are_merged(void **state)
{
	struct synthetic y;
	const struct report_merged_hist hist = {
		.path = "preempt.latency_ns", .known = true, .summary = {.count = 42, .max = 7}};

	(void)state;
	synthetic_init(&y, true);
	synthetic_exact_events(y.model);
	cJSON *one = report_object(y.model, NULL), *two = report_object(y.model, NULL), *pair[] = {one, two};
	cJSON *all = report_merge(pair, 2, &hist, 1);
	assert_non_null(all);
	assert_string_equal(get(all, "schema")->valuestring, "schedtop.report/1");
	assert_true(number_at(all, "preempt", "requests") == 2 * number_at(one, "preempt", "requests"));
	assert_true(number_at(get(all, "preempt"), "latency_ns", "count") == 42);
	assert_true(number_at(all, "sched", "max_slice_ns") == number_at(one, "sched", "max_slice_ns"));
	assert_true(number_at(all, "collector", "overhead_pct") == number_at(one, "collector", "overhead_pct"));
	assert_true(number_at(all, "target", "pid") == 100);
	assert_int_equal(cJSON_GetArraySize(get(all, "cpus")), cJSON_GetArraySize(get(one, "cpus")));
	assert_int_equal(cJSON_GetArraySize(get(all, "threads")), 2 * cJSON_GetArraySize(get(one, "threads")));
	assert_int_equal(cJSON_GetArraySize(get(all, "verdicts")), cJSON_GetArraySize(get(one, "verdicts")));
	assert_true(cJSON_Compare(get(all, "async_preempt"), get(one, "async_preempt"), true));
	/* Every key is still there. */
	const cJSON *item;
	cJSON_ArrayForEach(item, one) assert_non_null(get(all, item->string));
	/* A sum is unknown when a part is; text is what all agree on. */
	cJSON_ReplaceItemInObject((cJSON *)get(two, "preempt"), "signals", cJSON_CreateNull());
	cJSON_ReplaceItemInObject((cJSON *)get(two, "target"), "go_version", cJSON_CreateString("go1.26"));
	cJSON *other = report_merge(pair, 2, &hist, 1);
	assert_true(cJSON_IsNull(get(get(other, "preempt"), "signals")));
	assert_true(cJSON_IsNull(get(get(other, "target"), "go_version")));
	assert_null(report_merge(pair, 0, &hist, 1));
	cJSON_Delete(other);
	cJSON_Delete(all);
	cJSON_Delete(one);
	cJSON_Delete(two);
	synthetic_done(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_the_schemas_keys), cmocka_unit_test(the_sentence_comes_first),
		cmocka_unit_test(who_hung_is_named),         cmocka_unit_test(a_variant_without_rounds),
		cmocka_unit_test(reports_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
