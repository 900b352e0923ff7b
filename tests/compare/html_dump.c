/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes an HTML report: of captures, one round each (html_dump NAME=FILE...), or without arguments of a comparison in
 * which every text is hostile. Its intervals are made up: what is drawn is looked at here, not what is judged.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "compare/comparison.h"
#include "compare/html.h"
#include "compare/timeline.h"
#include "engine/load.h"
#include "report/report.h"

#define EVIL "<script src=\"http://evil/\">'&amp;]]>\x1b[2J\xff\xe2\x80\xae</style><!--"

static struct comparison_variant variants[COMPARISON_VARIANTS_MAX];
static struct comparison_round rounds[COMPARISON_VARIANTS_MAX];

static cJSON *report_of(const struct model *m)
{
	cleanup_free char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f || report_json(m, NULL, f) < 0 || fclose(f) != 0)
		return NULL;
	return cJSON_Parse(text);
}

static int load(struct comparison_variant *v, struct comparison_round *r, const char *arg, unsigned order)
{
	const struct load_opts opts = {.until_ns = UINT64_MAX};
	const char *eq = strchr(arg, '=');
	static const char *const argv[] = {"./server", "-addr", "it's :8080", NULL};
	struct fault fault;
	struct loaded l;

	if (!eq || load_capture(eq + 1, &opts, &l, &fault) < 0) {
		fprintf(stderr, "%s: can't be read\n", arg);
		return -1;
	}
	v->name = strndup(arg, (size_t)(eq - arg));
	v->argv = (char **)argv;
	*r = (struct comparison_round){.order = order, .exit_status = -1, .load_status = -1};
	tally_of_model(l.model, &r->tally);
	r->duration_ns = model_now(l.model) - model_start(l.model);
	r->timeline = timeline_new(l.model);
	v->report = report_of(l.model);
	load_done(&l);
	return r->timeline && v->report ? 0 : -1;
}

/* Two variants with a value in each histogram, and whatever may be missing missing. */
static void hostile(struct comparison *c)
{
	static char evil[] = EVIL, empty[] = "", setting[] = "GODEBUG=" EVIL;
	static char *argv[] = {evil, empty, NULL}, *env[] = {setting, NULL};
	static char func[] = EVIL, file[] = EVIL;

	c->n_variants = 2;
	c->argv = argv;
	for (size_t i = 0; i < 2; i++) {
		variants[i] = (struct comparison_variant){
			.name = strdup(EVIL), .env = env, .argv = argv, .cpus = argv[0], .ended_badly = 1, .hung = 1};
		tally_init(&rounds[i].tally);
		rounds[i].order = (unsigned)i;
		rounds[i].capture = argv[0];
		rounds[i].hang = (struct hang){
			.hung = true, .pending_ns = NS_PER_S, .goid = 7, .func = func, .file = file, .line = 12};
		rounds[i].tally.runs = 1;
		for (int h = 0; h < TALLY_HISTS_COUNT; h++) {
			rounds[i].tally.hist_runs[h] = 1;
			for (uint64_t ns = 1; ns < NS_PER_S; ns = ns * 2 + i)
				hist_add(&rounds[i].tally.hist[h], ns);
		}
		fault_set(&variants[i].fault, -EINVAL, EVIL, "%s", EVIL);
		variants[i].report =
			cJSON_Parse("{\"target\":{\"go_version\":\"<b>\"},\"verdicts\":[{\"severity\":\"\\\"><b>\","
				    "\"title\":\"<i>\",\"evidence\":[1,\"</p>\"],\"advice\":\"&\"},7]}");
		struct timeline *t = calloc(1, sizeof(*t));
		rounds[i].timeline = t;
		if (!t)
			exit(1);
		t->n_rows = 1;
		t->whole = (struct timeline_view){.to_ns = 3 * NS_PER_S,
						  .cells = calloc(TIMELINE_COLS, sizeof(*t->whole.cells))};
		t->part = (struct timeline_view){.from_ns = NS_PER_S,
						 .to_ns = 2 * NS_PER_S,
						 .cells = calloc(TIMELINE_COLS, sizeof(*t->part.cells))};
		t->gaps = calloc(1, sizeof(*t->gaps));
		if (!t->whole.cells || !t->part.cells || !t->gaps)
			exit(1);
		t->n_gaps = 1;
		t->gaps[0] = (struct timeline_mark){.from_ns = NS_PER_S,
						    .to_ns = 2 * NS_PER_S,
						    .goid = 7,
						    .reason = "pending",
						    .place = strdup(EVIL)};
		t->funcs[0] = (struct timeline_func){.name = strdup(EVIL), .ns = 1, .hash = UINT32_MAX};
		t->n_funcs = 1;
		for (size_t at = 0; at < TIMELINE_COLS; at += 2)
			t->whole.cells[at] = (struct timeline_cell){.run = (uint8_t)at, .func = 1};
	}
}

static void judge(struct comparison *c, bool all_kinds)
{
	static const double ends[] = {1.1, 2, INFINITY, NAN};

	if (c->n_variants < 2)
		return;
	c->n_ratios = (c->n_variants - 1) * figure_count();
	c->ratios = calloc(c->n_ratios, sizeof(*c->ratios));
	for (size_t i = 0; c->ratios && i < c->n_ratios; i++) {
		struct comparison_ratio *r = &c->ratios[i];

		r->variant = 1 + i / figure_count();
		r->figure = figure_at(i % figure_count());
		r->baseline_value = figure_value(r->figure, &c->variants[0].merged);
		r->value = figure_value(r->figure, &c->variants[r->variant].merged);
		r->ratio = r->value / r->baseline_value;
		double times = all_kinds ? ends[i % ARRAY_SIZE(ends)] : 1.1;
		r->lo = r->ratio / times;
		r->hi = r->ratio * times;
		r->why = all_kinds                ? (enum insignificance)(i % (WITHIN_NOISE + 1))
			 : isnan(r->ratio)        ? NOT_MEASURED
			 : r->lo < 1 && r->hi > 1 ? INTERVAL_HAS_ONE
						  : SIGNIFICANT;
	}
}

int main(int argc, char **argv)
{
	struct comparison c = {.variants = variants,
			       .rounds_asked = 1,
			       .duration_s = 5,
			       .timeout_s = 20,
			       .isolate_net = true,
			       .ready = "tcp:8080",
			       .load = "wrk -d 5 http://localhost:8080/"};
	const struct html_facts facts = {.version = argc > 1 ? "0" : EVIL,
					 .when = argc > 1 ? "2026-01-01" : EVIL,
					 .kernel = argc > 1 ? "Linux" : EVIL,
					 .machine = argc > 1 ? "a machine" : EVIL,
					 .command = argv};
	int err = 0;

	for (int i = 1; i < argc && i <= COMPARISON_VARIANTS_MAX && err == 0; i++)
		err = load(&variants[c.n_variants++], &rounds[i - 1], argv[i], (unsigned)i - 1);
	if (err < 0)
		return 1;
	if (argc < 2)
		hostile(&c);
	for (size_t i = 0; i < c.n_variants; i++) {
		variants[i].rounds = &rounds[i];
		variants[i].n_rounds = 1;
		variants[i].merged = rounds[i].tally;
	}
	judge(&c, argc < 2);
	err = comparison_html(&c, &facts, stdout);
	for (size_t i = 0; i < c.n_variants; i++) {
		free(variants[i].name);
		cJSON_Delete(variants[i].report);
		timeline_free(rounds[i].timeline);
	}
	free(c.ratios);
	return err < 0;
}
