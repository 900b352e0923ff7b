/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds from a generator that makes the same ones each time: log-normal latencies, with a level that differs by round.
 */
#ifndef SCHEDTOP_TESTS_COMPARE_ROUNDS_H
#define SCHEDTOP_TESTS_COMPARE_ROUNDS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/comparison.h"
#include "report/json_write.h"

static uint64_t rounds_state = 1;

static inline double uniform(void)
{
	rounds_state ^= rounds_state >> 12;
	rounds_state ^= rounds_state << 25;
	rounds_state ^= rounds_state >> 27;
	return ((double)((rounds_state * 0x2545f4914f6cdd1dULL) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* @level_ns is the median; rounds differ by @between, values within one by @within (both in log units). */
static inline void make_round(struct tally *t, double level_ns, double between, double within, size_t values)
{
	double level = level_ns * exp(between * normal());

	tally_init(t);
	t->runs = 1;
	t->hist_runs[TALLY_LATENCY] = 1;
	for (size_t i = 0; i < values; i++)
		hist_add(&t->hist[TALLY_LATENCY], (uint64_t)(level * exp(within * normal())));
	t->number[TALLY_REQUESTS].value = (double)values;
	t->number[TALLY_REQUESTS].runs = 1;
}

static inline void add_rounds(struct comparison_variant *v, size_t n, double level_ns, double between)
{
	v->rounds = calloc(n, sizeof(*v->rounds));
	for (size_t i = 0; v->rounds && i < n; i++) {
		cJSON *report = cJSON_CreateObject();

		make_round(&v->rounds[i].tally, level_ns, between, 0.8, 300);
		v->rounds[i].exit_status = -1;
		cJSON_AddStringToObject(report, "schema", "schedtop.report/1");
		cJSON_AddNullToObject(cJSON_AddObjectToObject(report, "preempt"), "latency_ns");
		v->rounds[i].report = report;
		v->n_rounds++;
	}
}

/* Baseline "a" and "b" at @factor times its level; the noise check is the baseline's level again. */
static inline void make_comparison(struct comparison *c, size_t rounds, double factor, double between)
{
	comparison_init(c);
	c->variants = calloc(2, sizeof(*c->variants));
	c->n_variants = c->variants ? 2 : 0;
	c->rounds_asked = (unsigned)rounds;
	c->duration_s = 1;
	c->timeout_s = 30;
	for (size_t i = 0; i < c->n_variants; i++) {
		c->variants[i].name = strdup(i ? "b" : "a");
		add_rounds(&c->variants[i], rounds, i ? 1e6 * factor : 1e6, between);
	}
	c->noise.checked = true;
	c->noise.again.name = strdup("noise-check");
	add_rounds(&c->noise.again, rounds, 1e6, between);
}

#endif
