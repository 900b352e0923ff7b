/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "model/model.h"
#include "report/report.h"

#define STATS STAT_NUMBER

static const struct figure figures[] = {
#define HIST_FIGURE(id, path, suffix, unit_of, better_of, merge_of, stat_of)                                           \
	{.name = path "." suffix,                                                                                      \
	 .unit = UNIT_##unit_of,                                                                                       \
	 .better = BETTER_##better_of,                                                                                 \
	 .merge = MERGE_##merge_of,                                                                                    \
	 .stat = STAT_##stat_of,                                                                                       \
	 .hist = TALLY_##id},
#define HIST_FIGURES(id, path)                                                                                         \
	HIST_FIGURE(id, path, "count", COUNT, NEITHER, SUM, COUNT)                                                     \
	HIST_FIGURE(id, path, "min", NS, LOWER, HIST, MIN)                                                             \
	HIST_FIGURE(id, path, "mean", NS, LOWER, HIST, MEAN)                                                           \
	HIST_FIGURE(id, path, "p50", NS, LOWER, HIST, P50)                                                             \
	HIST_FIGURE(id, path, "p90", NS, LOWER, HIST, P90)                                                             \
	HIST_FIGURE(id, path, "p95", NS, LOWER, HIST, P95)                                                             \
	HIST_FIGURE(id, path, "p99", NS, LOWER, HIST, P99)                                                             \
	HIST_FIGURE(id, path, "max", NS, LOWER, HIST, MAX)
	TALLY_HISTS(HIST_FIGURES)
#undef HIST_FIGURES
#undef HIST_FIGURE
#define NUMBER_FIGURE(id, path, unit_of, better_of, merge_of)                                                          \
	{.name = (path),                                                                                               \
	 .unit = UNIT_##unit_of,                                                                                       \
	 .better = BETTER_##better_of,                                                                                 \
	 .merge = MERGE_##merge_of,                                                                                    \
	 .stat = STAT_NUMBER,                                                                                          \
	 .number = TALLY_##id},
		TALLY_NUMBERS(NUMBER_FIGURE)
#undef NUMBER_FIGURE
};

static const enum figure_merge merges[] = {
#define NUMBER_MERGE(id, path, unit_of, better_of, merge_of) [TALLY_##id] = MERGE_##merge_of,
	TALLY_NUMBERS(NUMBER_MERGE)
#undef NUMBER_MERGE
};

const struct figure *figure_at(size_t i)
{
	return i < ARRAY_SIZE(figures) ? &figures[i] : NULL;
}

size_t figure_count(void)
{
	return ARRAY_SIZE(figures);
}

const struct figure *figure_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		if (strlen(figures[i].name) == len && memcmp(figures[i].name, name, len) == 0)
			return &figures[i];
	}
	return NULL;
}

/* Edit distance; names longer than this aren't like any. */
#define NAME_MAX_LEN 64
static unsigned distance(const char *a, size_t n, const char *b)
{
	unsigned row[NAME_MAX_LEN + 1];
	size_t m = strlen(b);

	if (m > NAME_MAX_LEN)
		return (unsigned)(n + m);
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			unsigned one = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			row[j] = replaced < one ? replaced : one;
		}
	}
	return row[m];
}

const struct figure *figure_like(const char *name, size_t len)
{
	const struct figure *best = &figures[0];
	unsigned least = UINT32_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		unsigned d = distance(name, len < NAME_MAX_LEN ? len : NAME_MAX_LEN, figures[i].name);

		if (d < least) {
			least = d;
			best = &figures[i];
		}
	}
	return best;
}

void tally_init(struct tally *t)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < TALLY_HISTS_COUNT; i++)
		hist_init(&t->hist[i]);
}

static void set_number(struct tally *t, enum tally_number id, double value, bool known)
{
	if (!known || !isfinite(value))
		return;
	t->number[id].value = value;
	t->number[id].runs = 1;
}

static void numbers_of_runtime(const struct model *m, struct tally *t)
{
	struct model_counts c;
	struct sched_total s;

	model_counts(m, &c);
	model_sched(m, &s);
	set_number(t, TALLY_REQUESTS, (double)c.requests, true);
	set_number(t, TALLY_TAKEN_ASYNC, (double)c.taken_async, true);
	set_number(t, TALLY_TAKEN_COOPERATIVE, (double)c.taken_cooperative, true);
	set_number(t, TALLY_TAKEN_VOLUNTARY, (double)c.taken_voluntary, true);
	set_number(t, TALLY_TAKEN_HANDED_OFF, (double)c.taken_handed_off, true);
	set_number(t, TALLY_PENDING, (double)c.pending, true);
	set_number(t, TALLY_SIGNALS, (double)c.signals, true);
	set_number(t, TALLY_STW_COUNT, (double)c.stw_count, true);
	set_number(t, TALLY_MAX_SLICE, (double)model_max_slice(m), true);
	set_number(t, TALLY_GC_WORKER, (double)s.gc_worker_ns, true);
	set_number(t, TALLY_GC_CYCLES, (double)s.gc_cycles, true);
	set_number(t, TALLY_GC_MARK, (double)s.gc_mark_ns, true);
	set_number(t, TALLY_GC_MARK_MAX, (double)s.gc_mark_max_ns, true);
}

static void numbers_of_exact(const struct model *m, struct tally *t)
{
	struct sched_total s;
	uint64_t count, ns;

	model_sched(m, &s);
	model_starved_total(m, &count, &ns);
	set_number(t, TALLY_WAIT, (double)s.wait_ns, true);
	set_number(t, TALLY_WAIT_KERNEL, (double)s.wait_kernel_ns, true);
	set_number(t, TALLY_ASSIST, (double)s.assist_ns, true);
	set_number(t, TALLY_ASSISTS, (double)s.assists, true);
	set_number(t, TALLY_STARVED_COUNT, (double)count, true);
	set_number(t, TALLY_STARVED, (double)ns, true);
}

static void numbers_of_all(const struct model *m, struct tally *t)
{
	struct model_counts c;
	struct runq_summary q;

	model_counts(m, &c);
	model_runq_summary(m, &q);
	set_number(t, TALLY_RUNQ_READS, (double)q.rounds, q.rounds != 0);
	set_number(t, TALLY_RUNQ_MAX, q.max, q.rounds != 0);
	set_number(t, TALLY_RUNQ_MEAN, q.mean, q.rounds != 0);
	set_number(t, TALLY_RUNQ_MEAN_LONGEST, q.mean_longest, q.rounds != 0);
	set_number(t, TALLY_RUNQ_IMBALANCE, q.imbalance, q.rounds != 0);
	set_number(t, TALLY_RUNQ_MAX_SPREAD, q.max_spread, q.rounds != 0);
	set_number(t, TALLY_EVENTS, (double)c.events, true);
	set_number(t, TALLY_LOST, (double)report_lost(&c), true);
	set_number(t, TALLY_DURATION, (double)(model_now(m) - model_start(m)), true);
	set_number(t, TALLY_OVERHEAD, model_overhead_pct(m), model_overhead_pct(m) >= 0);
	set_number(t, TALLY_PROBE_HITS, (double)c.overhead_hits, true);
}

/* false = it wasn't watched; *ret is untouched then. */
static bool hist_of_model(const struct model *m, enum tally_hist id, struct hist *ret)
{
	bool seen = report_runtime_seen(model_session(m));
	struct model_hists h;
	struct hist other;

	model_hists(m, &h);
	switch (id) {
	case TALLY_LATENCY:
		if (seen)
			model_gap_hist(m, ret);
		return seen;
	case TALLY_STW_TOTAL:
		if (seen)
			model_stw_hists(m, ret, &other);
		return seen;
	case TALLY_STW_STOPPING:
		if (seen)
			model_stw_hists(m, &other, ret);
		return seen;
	case TALLY_RUNQUEUE:
		*ret = *h.runqueue;
		return true;
	case TALLY_KERNEL_GAP:
		*ret = *h.kernel_gap;
		return true;
	case TALLY_G_WAIT:
		return model_g_wait_hist(m, ret);
	case TALLY_HISTS_COUNT:
		break;
	}
	return false;
}

static void numbers_of_model(const struct model *m, struct tally *t)
{
	numbers_of_all(m, t);
	if (report_runtime_seen(model_session(m)))
		numbers_of_runtime(m, t);
	if (model_exact_seen(m))
		numbers_of_exact(m, t);
}

void tally_of_model(const struct model *m, struct tally *ret)
{
	tally_init(ret);
	ret->runs = 1;
	for (size_t i = 0; i < TALLY_HISTS_COUNT; i++)
		ret->hist_runs[i] = hist_of_model(m, (enum tally_hist)i, &ret->hist[i]);
	numbers_of_model(m, ret);
}

void tally_add(struct tally *into, const struct tally *from)
{
	into->runs += from->runs;
	for (size_t i = 0; i < TALLY_HISTS_COUNT; i++) {
		if (!from->hist_runs[i])
			continue;
		into->hist_runs[i] += from->hist_runs[i];
		hist_merge(&into->hist[i], &from->hist[i]);
	}
	for (size_t i = 0; i < TALLY_NUMBERS_COUNT; i++) {
		if (!from->number[i].runs)
			continue;
		if (merges[i] != MERGE_MAX)
			into->number[i].value += from->number[i].value;
		else if (!into->number[i].runs || from->number[i].value > into->number[i].value)
			into->number[i].value = from->number[i].value;
		into->number[i].runs += from->number[i].runs;
	}
}

static double hist_stat(const struct hist *h, unsigned runs, enum figure_stat stat)
{
	static const double quantiles[STATS] = {
		[STAT_P50] = 0.50, [STAT_P90] = 0.90, [STAT_P95] = 0.95, [STAT_P99] = 0.99};

	if (stat == STAT_COUNT)
		return (double)h->count / runs;
	if (!h->count)
		return NAN;
	if (stat == STAT_MEAN)
		return (double)h->sum / (double)h->count;
	if (stat == STAT_MIN)
		return (double)h->min;
	if (stat == STAT_MAX)
		return (double)h->max;
	return (double)hist_quantile(h, quantiles[stat]);
}

double figure_value(const struct figure *f, const struct tally *t)
{
	if (f->stat != STAT_NUMBER)
		return t->hist_runs[f->hist] ? hist_stat(&t->hist[f->hist], t->hist_runs[f->hist], f->stat) : NAN;
	if (!t->number[f->number].runs)
		return NAN;
	if (f->merge == MERGE_MAX)
		return t->number[f->number].value;
	return t->number[f->number].value / t->number[f->number].runs;
}

double figure_of_model(const struct figure *f, const struct model *m)
{
	struct hist h;
	struct tally t;

	if (f->stat != STAT_NUMBER)
		return hist_of_model(m, f->hist, &h) ? hist_stat(&h, 1, f->stat) : NAN;
	memset(t.number, 0, sizeof(t.number));
	numbers_of_model(m, &t);
	return t.number[f->number].runs ? t.number[f->number].value : NAN;
}

char *figure_text(char *dst, size_t cap, const struct figure *f, double value)
{
	if (!isfinite(value) || value < 0)
		snprintf(dst, cap, "-");
	else if (f->unit == UNIT_NS)
		text_duration(dst, cap, value < (double)(1ULL << 62) ? (uint64_t)llround(value) : 1ULL << 62);
	else if (f->unit == UNIT_PERCENT)
		snprintf(dst, cap, "%.1f %%", value);
	else if (value < 1000)
		snprintf(dst, cap, value < 100 && value != floor(value) ? "%.1f" : "%.0f", value);
	else
		text_count(dst, cap, value < (double)(1ULL << 62) ? (uint64_t)value : 1ULL << 62);
	return dst;
}
