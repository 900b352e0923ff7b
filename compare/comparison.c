/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "compare/bootstrap.h"
#include "compare/hang.h"
#include "compare/timeline.h"
#include "compare/variant.h"
#include "report/merge.h"

#define SEED 0x5c4ed70bULL

void comparison_init(struct comparison *c)
{
	*c = (struct comparison){.seed = SEED};
}

static void round_done(struct comparison_round *r)
{
	hang_done(&r->hang);
	free(r->capture);
	cJSON_Delete(r->report);
	timeline_free(r->timeline);
}

void comparison_variant_done(struct comparison_variant *v)
{
	for (size_t i = 0; i < v->n_rounds; i++)
		round_done(&v->rounds[i]);
	free(v->rounds);
	cJSON_Delete(v->report);
	free(v->name);
	free(v->binary);
	free(v->cpus);
	variant_free_list(v->env);
	variant_free_list(v->argv);
	*v = (struct comparison_variant){0};
}

void comparison_done(struct comparison *c)
{
	for (size_t i = 0; i < c->n_variants; i++)
		comparison_variant_done(&c->variants[i]);
	free(c->variants);
	free(c->ratios);
	comparison_variant_done(&c->noise.again);
	free(c->noise.ratios);
	variant_free_list(c->argv);
	comparison_init(c);
}

double ratio_factor(double ratio)
{
	return ratio < 1 ? 1 / ratio : ratio;
}

static int merge_rounds(struct comparison_variant *v)
{
	struct report_merged_hist hists[TALLY_HISTS_COUNT] = {
#define HIST_PATH(id, hist_path) [TALLY_##id] = {.path = (hist_path)},
		TALLY_HISTS(HIST_PATH)
#undef HIST_PATH
	};
	cleanup_free cJSON **reports = calloc(v->n_rounds + 1, sizeof(cJSON *));

	if (!reports)
		return -ENOMEM;
	tally_init(&v->merged);
	for (size_t i = 0; i < v->n_rounds; i++) {
		tally_add(&v->merged, &v->rounds[i].tally);
		reports[i] = v->rounds[i].report;
	}
	for (size_t i = 0; i < TALLY_HISTS_COUNT; i++) {
		hists[i].known = v->merged.hist_runs[i] > 0;
		hist_summarize(&v->merged.hist[i], &hists[i].summary);
	}
	cJSON_Delete(v->report);
	v->report = report_merge(reports, v->n_rounds, hists, TALLY_HISTS_COUNT);
	return v->report || !v->n_rounds ? 0 : -ENOMEM;
}

/* Is an interval's end that is nearer to 1 on the ratio's own side of 1 and of the noise? */
static enum insignificance judge(const struct comparison_ratio *r, size_t rounds, const struct comparison_ratio *noise)
{
	if (rounds < COMPARISON_ROUNDS_MIN)
		return TOO_FEW_ROUNDS;
	if (!isfinite(r->ratio) || isnan(r->lo))
		return NOT_MEASURED;
	if (r->lo <= 1 && r->hi >= 1)
		return INTERVAL_HAS_ONE;
	/*
	 * The baseline's difference from itself is no property of the program: what is claimed must lie beyond it with
	 * its whole interval.
	 */
	double near = r->lo > 1 ? r->lo : 1 / r->hi;
	if (noise && isfinite(noise->ratio) && noise->ratio > 0 && near <= ratio_factor(noise->ratio))
		return WITHIN_NOISE;
	return SIGNIFICANT;
}

static const struct tally **tallies_of(const struct comparison_variant *v)
{
	const struct tally **list = calloc(v->n_rounds + 1, sizeof(*list));

	for (size_t i = 0; list && i < v->n_rounds; i++)
		list[i] = &v->rounds[i].tally;
	return list;
}

/* All figures of @v against @base into @ret; @noise may be NULL. */
static int compare(const struct comparison *c, const struct comparison_variant *base,
		   const struct comparison_variant *v, size_t index, const struct comparison_ratio *noise,
		   struct comparison_ratio *ret)
{
	size_t rounds = v->n_rounds < base->n_rounds ? v->n_rounds : base->n_rounds;
	cleanup_free struct interval *intervals = calloc(figure_count(), sizeof(*intervals));
	cleanup_free const struct tally **a = tallies_of(base), **b = tallies_of(v);

	if (!intervals || !a || !b)
		return -ENOMEM;
	int err = bootstrap_ratios(a, base->n_rounds, b, v->n_rounds, c->seed + index, intervals);
	if (err < 0)
		return err;
	for (size_t i = 0; i < figure_count(); i++) {
		const struct figure *f = figure_at(i);
		struct comparison_ratio *r = &ret[i];

		*r = (struct comparison_ratio){.figure = f,
					       .variant = index,
					       .baseline_value = figure_value(f, &base->merged),
					       .value = figure_value(f, &v->merged),
					       .lo = intervals[i].lo,
					       .hi = intervals[i].hi};
		r->ratio = r->baseline_value > 0 ? r->value / r->baseline_value : NAN;
		if (isnan(r->ratio))
			r->lo = r->hi = NAN;
		r->why = judge(r, rounds, noise ? &noise[i] : NULL);
	}
	return 0;
}

int comparison_judge(struct comparison *c)
{
	size_t n = figure_count(), others = c->n_variants ? c->n_variants - 1 : 0;
	int err = 0;

	free(c->ratios);
	free(c->noise.ratios);
	c->n_ratios = c->noise.n_ratios = 0;
	c->ratios = calloc(others * n + 1, sizeof(*c->ratios));
	c->noise.ratios = calloc(n, sizeof(*c->noise.ratios));
	if (!c->ratios || !c->noise.ratios)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < c->n_variants; i++)
		err = merge_rounds(&c->variants[i]);
	if (err == 0)
		err = merge_rounds(&c->noise.again);
	if (err < 0 || !c->n_variants)
		return err;
	const struct comparison_variant *base = &c->variants[0];
	if (c->noise.checked) {
		err = compare(c, base, &c->noise.again, 0, NULL, c->noise.ratios);
		c->noise.n_ratios = err < 0 ? 0 : n;
	}
	for (size_t i = 1; err == 0 && i < c->n_variants; i++)
		err = compare(c, base, &c->variants[i], i, c->noise.n_ratios ? c->noise.ratios : NULL,
			      &c->ratios[(i - 1) * n]);
	c->n_ratios = err < 0 ? 0 : others * n;
	return err;
}

static size_t index_of(const struct figure *f)
{
	size_t i = 0;

	while (figure_at(i) && figure_at(i) != f)
		i++;
	return i;
}

const struct comparison_ratio *comparison_ratio(const struct comparison *c, size_t variant, const struct figure *f)
{
	size_t i = variant ? (variant - 1) * figure_count() + index_of(f) : c->n_ratios;

	return i < c->n_ratios ? &c->ratios[i] : NULL;
}

const struct comparison_ratio *comparison_noise(const struct comparison *c, const struct figure *f)
{
	size_t i = index_of(f);

	return i < c->noise.n_ratios ? &c->noise.ratios[i] : NULL;
}

bool comparison_succeeded(const struct comparison *c, bool ignore_status)
{
	bool ok = !c->interrupted;

	for (size_t i = 0; i < c->n_variants; i++) {
		const struct comparison_variant *v = &c->variants[i];

		ok = ok && v->n_rounds && v->fault.err >= 0 && !v->hung && (ignore_status || !v->ended_badly);
	}
	return ok;
}
