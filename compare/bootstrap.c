/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/bootstrap.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* More draws than these without a value: there is no interval. */
#define UNKNOWN_MAX 0.05
#define Z_975       1.959963985

/* splitmix64 (S. Vigna, public domain): tiny, and good enough for drawing rounds. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Student's t at 97.5 %, by the expansion of Cornish and Fisher: 0.7 % off at three degrees of freedom, then less. */
static double t_975(double df)
{
	double z = Z_975, z2 = z * z;

	return z + z * (z2 + 1) / (4 * df) + z * ((5 * z2 + 16) * z2 + 3) / (96 * df * df) +
	       z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * df * df * df);
}

double bootstrap_tail(size_t n)
{
	double df = (double)n - 1;

	if (n < 2)
		return 0;
	return 0.5 * erfc(sqrt((double)n / df) * t_975(df) / M_SQRT2);
}

/* The values of one histogram in all rounds, without the buckets that are always empty. */
struct packed {
	size_t n_rounds, n_buckets;
	const struct hist **hists; /* NULL = not watched in that round */
	uint64_t *high;            /* of each bucket */
	uint32_t *counts;          /* [round * n_buckets + bucket] */
	uint64_t *drawn;           /* room for one draw */
};

static void packed_done(struct packed *p)
{
	free(p->hists);
	free(p->high);
	free(p->counts);
	free(p->drawn);
}

static int pack(const struct tally *const *rounds, size_t n, enum tally_hist id, struct packed *ret)
{
	struct packed p = {.n_rounds = n, .hists = calloc(n, sizeof(*p.hists))};
	size_t at[HIST_BUCKETS];

	*ret = p;
	if (!p.hists)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		p.hists[i] = rounds[i]->hist_runs[id] ? &rounds[i]->hist[id] : NULL;
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		bool used = false;

		for (size_t i = 0; i < n && !used; i++)
			used = p.hists[i] && p.hists[i]->bucket[b];
		if (used)
			at[p.n_buckets++] = b;
	}
	size_t room = p.n_buckets ? p.n_buckets : 1;
	p.high = calloc(room, sizeof(*p.high));
	p.drawn = calloc(room, sizeof(*p.drawn));
	p.counts = calloc(n * room, sizeof(*p.counts));
	*ret = p;
	if (!p.high || !p.drawn || !p.counts)
		return -ENOMEM;
	for (size_t k = 0; k < p.n_buckets; k++) {
		p.high[k] = hist_bucket_high((unsigned)at[k]);
		for (size_t i = 0; i < n; i++)
			p.counts[i * p.n_buckets + k] = p.hists[i] ? p.hists[i]->bucket[at[k]] : 0;
	}
	return 0;
}

/* All percentiles in one pass. */
static void drawn_quantiles(const struct packed *p, uint64_t count, uint64_t max, double ret[STAT_NUMBER])
{
	static const struct {
		enum figure_stat stat;
		double q;
	} wanted[] = {{STAT_P50, 0.50}, {STAT_P90, 0.90}, {STAT_P95, 0.95}, {STAT_P99, 0.99}};
	uint64_t seen = 0;
	size_t w = 0;

	for (size_t k = 0; k < p->n_buckets; k++) {
		seen += p->drawn[k];
		while (w < ARRAY_SIZE(wanted) && seen && (double)seen >= ceil(wanted[w].q * (double)count))
			ret[wanted[w++].stat] = (double)(p->high[k] < max ? p->high[k] : max);
	}
	/* Counts of a bucket saturate before the whole does. */
	while (w < ARRAY_SIZE(wanted))
		ret[wanted[w++].stat] = (double)max;
}

/* One draw of the rounds: every statistic of it. */
static void draw_hist(struct packed *p, uint64_t *random, double ret[STAT_NUMBER])
{
	uint64_t count = 0, min = UINT64_MAX, max = 0, runs = 0;
	double sum = 0;

	memset(p->drawn, 0, p->n_buckets * sizeof(*p->drawn));
	for (size_t i = 0; i < p->n_rounds; i++) {
		size_t r = (size_t)(next_random(random) % p->n_rounds);
		const struct hist *h = p->hists[r];

		if (!h)
			continue;
		runs++;
		count += h->count;
		sum += (double)h->sum;
		min = h->min < min ? h->min : min;
		max = h->max > max ? h->max : max;
		for (size_t k = 0; k < p->n_buckets; k++)
			p->drawn[k] += p->counts[r * p->n_buckets + k];
	}
	for (int s = 0; s < STAT_NUMBER; s++)
		ret[s] = NAN;
	if (runs)
		ret[STAT_COUNT] = (double)count / (double)runs;
	if (!count)
		return;
	ret[STAT_MIN] = (double)min;
	ret[STAT_MAX] = (double)max;
	ret[STAT_MEAN] = sum / (double)count;
	drawn_quantiles(p, count, max, ret);
}

static bool is_known(const struct tally *const *rounds, size_t n, const struct figure *f)
{
	for (size_t i = 0; i < n; i++) {
		if (rounds[i]->number[f->number].runs)
			return true;
	}
	return false;
}

static double draw_number(const struct tally *const *rounds, size_t n, const struct figure *f, uint64_t *random)
{
	double sum = 0, max = 0;
	unsigned runs = 0;

	for (size_t i = 0; i < n; i++) {
		const struct tally *t = rounds[next_random(random) % n];
		unsigned known = t->number[f->number].runs;
		double v = t->number[f->number].value;

		if (!known)
			continue;
		sum += v;
		max = !runs || v > max ? v : max;
		runs += known;
	}
	if (!runs)
		return NAN;
	return f->merge == MERGE_MAX ? max : sum / runs;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* @ratios is sorted in place; NaN are left out. */
static struct interval interval_of(double *ratios, size_t n, double tail, bool bucketed)
{
	const double step = bucketed ? 1.0 + 1.0 / (1 << HIST_SUB_BITS) : 1.0;
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isnan(ratios[i]))
			ratios[known++] = ratios[i];
	}
	if ((double)(n - known) > UNKNOWN_MAX * (double)n)
		return (struct interval){NAN, NAN};
	qsort(ratios, known, sizeof(*ratios), by_value);
	size_t beyond = (size_t)(tail * (double)known);
	return (struct interval){ratios[beyond] / step, ratios[known - 1 - beyond] * step};
}

static double ratio_of(double a, double b)
{
	return a == 0 && b == 0 ? NAN : b / a;
}

static int ratios_of_hist(const struct tally *const *a, size_t n_a, const struct tally *const *b, size_t n_b,
			  enum tally_hist id, uint64_t seed, struct interval *ret)
{
	cleanup_with(packed_done) struct packed pa = {0}, pb = {0};
	cleanup_free double *ratios = calloc((size_t)STAT_NUMBER * BOOTSTRAP_DRAWS, sizeof(*ratios));
	double tail = bootstrap_tail(n_a < n_b ? n_a : n_b);
	int err = ratios ? pack(a, n_a, id, &pa) : -ENOMEM;

	if (err == 0)
		err = pack(b, n_b, id, &pb);
	if (err < 0 || !pa.n_buckets) /* an empty baseline has no ratio */
		return err;
	for (size_t i = 0; i < BOOTSTRAP_DRAWS; i++) {
		double va[STAT_NUMBER], vb[STAT_NUMBER];

		draw_hist(&pa, &seed, va);
		draw_hist(&pb, &seed, vb);
		for (size_t s = 0; s < STAT_NUMBER; s++)
			ratios[s * BOOTSTRAP_DRAWS + i] = ratio_of(va[s], vb[s]);
	}
	for (size_t i = 0; i < figure_count(); i++) {
		const struct figure *f = figure_at(i);
		bool bucketed = f->stat >= STAT_P50 && f->stat <= STAT_P99;

		if (f->stat != STAT_NUMBER && f->hist == id)
			ret[i] = interval_of(&ratios[(size_t)f->stat * BOOTSTRAP_DRAWS], BOOTSTRAP_DRAWS, tail,
					     bucketed);
	}
	return 0;
}

int bootstrap_ratios(const struct tally *const *a, size_t n_a, const struct tally *const *b, size_t n_b, uint64_t seed,
		     struct interval *ret)
{
	double tail = bootstrap_tail(n_a < n_b ? n_a : n_b);
	cleanup_free double *ratios = calloc(BOOTSTRAP_DRAWS, sizeof(*ratios));

	if (!ratios)
		return -ENOMEM;
	for (size_t i = 0; i < figure_count(); i++)
		ret[i] = (struct interval){NAN, NAN};
	if (n_a < 2 || n_b < 2)
		return 0;
	for (unsigned id = 0; id < TALLY_HISTS_COUNT; id++) {
		int err = ratios_of_hist(a, n_a, b, n_b, (enum tally_hist)id, seed + id, ret);

		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < figure_count(); i++) {
		const struct figure *f = figure_at(i);
		uint64_t random = seed ^ (i << 32);

		if (f->stat != STAT_NUMBER || !is_known(a, n_a, f))
			continue;
		for (size_t k = 0; k < BOOTSTRAP_DRAWS; k++) {
			double va = draw_number(a, n_a, f, &random), vb = draw_number(b, n_b, f, &random);

			ratios[k] = ratio_of(va, vb);
		}
		ret[i] = interval_of(ratios, BOOTSTRAP_DRAWS, tail, false);
	}
	return 0;
}
