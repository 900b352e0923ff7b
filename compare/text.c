/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "compare/comparison.h"
#include "compare/hang.h"
#include "compare/preset.h"
#include "compare/variant.h"

#define VALUE_CAP 32
#define NAME_CAP  (4 * VARIANT_NAME_MAX + 1)
/* The baseline against itself: from here on it is worth a warning. */
#define NOISY_FACTOR 1.5

static const char *const default_figures[] = {"preempt.latency_ns.mean",
					      "preempt.latency_ns.p99",
					      "preempt.latency_ns.max",
					      "sched.max_slice_ns",
					      "stw.total_ns.p95",
					      "stw.total_ns.max",
					      "stw.stopping_ns.max",
					      "runqueue_ns.p99",
					      "runqueue_ns.max",
					      "kernel_gap_ns.p99",
					      "goroutine_wait_ns.p99",
					      "sched.gc_cycles",
					      NULL};

static const char *escaped(char *dst, size_t cap, const char *s)
{
	text_escape(dst, cap, s, strlen(s));
	return dst;
}

/* Three digits. */
static const char *ratio_text(char *dst, size_t cap, double v)
{
	if (!isfinite(v))
		snprintf(dst, cap, v > 0 ? "any" : "-");
	else
		snprintf(dst, cap, v < 0.1 ? "%.3f" : v < 10 ? "%.2f" : v < 100 ? "%.1f" : "%.0f", v);
	return dst;
}

static const char *interval_text(char *dst, size_t cap, const struct comparison_ratio *r)
{
	char lo[VALUE_CAP], hi[VALUE_CAP];

	if (isnan(r->lo))
		snprintf(dst, cap, "-");
	else
		snprintf(dst, cap, "%s to %s", ratio_text(lo, sizeof(lo), r->lo), ratio_text(hi, sizeof(hi), r->hi));
	return dst;
}

static const char *why_text(enum insignificance why)
{
	static const char *const texts[] = {[SIGNIFICANT] = "yes",
					    [TOO_FEW_ROUNDS] = "not told: too few rounds",
					    [NOT_MEASURED] = "not told: not measured in all",
					    [INTERVAL_HAS_ONE] = "no: the interval includes 1",
					    [WITHIN_NOISE] = "no: within the noise"};

	return texts[why];
}

/* Cells, not bytes: names may be in any script. */
static void print_cell(FILE *out, const char *text, size_t cols, bool right)
{
	size_t have = text_cols(text), pad = have < cols ? cols - have : 0;

	if (right)
		fprintf(out, "%*s%s", (int)pad, "", text);
	else
		fprintf(out, "%s%*s", text, (int)pad, "");
}

/* The significant ratio that is furthest from 1 with its whole interval. */
static const struct comparison_ratio *headline_of(const struct comparison *c, size_t variant,
						  const char *const *figures)
{
	const struct comparison_ratio *best = NULL;
	double furthest = 0;

	for (; *figures; figures++) {
		const struct figure *f = figure_find(*figures, strlen(*figures));
		const struct comparison_ratio *r = f ? comparison_ratio(c, variant, f) : NULL;

		if (!r || r->why != SIGNIFICANT || f->better == BETTER_NEITHER)
			continue;
		double near = r->lo > 1 ? r->lo : 1 / r->hi;
		if (near > furthest) {
			furthest = near;
			best = r;
		}
	}
	return best;
}

static void print_headline(const struct comparison *c, size_t variant, const char *const *figures, FILE *out)
{
	const struct comparison_variant *base = &c->variants[0], *v = &c->variants[variant];
	const struct comparison_ratio *r = headline_of(c, variant, figures);
	char base_name[NAME_CAP], name[NAME_CAP], a[VALUE_CAP], b[VALUE_CAP], lo[VALUE_CAP], hi[VALUE_CAP],
		times[VALUE_CAP];

	escaped(base_name, sizeof(base_name), base->name);
	escaped(name, sizeof(name), v->name);
	if (!v->n_rounds || !base->n_rounds) {
		fprintf(out, "%s could not be compared with %s: there is no round of %s.\n", name, base_name,
			v->n_rounds ? base_name : name);
		return;
	}
	if (v->n_rounds < COMPARISON_ROUNDS_MIN || base->n_rounds < COMPARISON_ROUNDS_MIN) {
		fprintf(out, "%zu rounds of %s and %zu of %s are too few to tell a difference: %d each are needed.\n",
			base->n_rounds, base_name, v->n_rounds, name, COMPARISON_ROUNDS_MIN);
		return;
	}
	if (!r) {
		fprintf(out, "No difference between %s and %s is significant (%zu and %zu rounds).\n", base_name, name,
			base->n_rounds, v->n_rounds);
		return;
	}
	bool more = r->ratio > 1, ns = r->figure->unit == UNIT_NS;
	ratio_text(times, sizeof(times), ratio_factor(r->ratio));
	ratio_text(lo, sizeof(lo), more ? r->lo : 1 / r->hi);
	ratio_text(hi, sizeof(hi), more ? r->hi : 1 / r->lo);
	fprintf(out, "With %s, %s is %s times %s than with %s: %s instead of %s (95 %% CI %s to %s, ", name,
		r->figure->name, times, ns ? (more ? "longer" : "shorter") : (more ? "larger" : "smaller"), base_name,
		figure_text(b, sizeof(b), r->figure, r->value), figure_text(a, sizeof(a), r->figure, r->baseline_value),
		lo, hi);
	if (v->n_rounds == base->n_rounds)
		fprintf(out, "%zu rounds each).\n", v->n_rounds);
	else
		fprintf(out, "%zu and %zu rounds).\n", base->n_rounds, v->n_rounds);
}

static void print_table(const struct comparison *c, size_t variant, const char *const *figures, FILE *out)
{
	char name[NAME_CAP], value[VALUE_CAP], interval[2 * VALUE_CAP + 4];
	size_t w = 26;

	for (size_t i = 0; figures[i]; i++)
		w = strlen(figures[i]) > w ? strlen(figures[i]) : w;
	fputs("\n", out);
	print_cell(out, "figure", w, false);
	print_cell(out, escaped(name, sizeof(name), c->variants[0].name), 12, true);
	print_cell(out, escaped(name, sizeof(name), c->variants[variant].name), 12, true);
	print_cell(out, "ratio", 9, true);
	fprintf(out, "  %-17s %s\n", "95 % interval", "significant?");
	for (; *figures; figures++) {
		const struct figure *f = figure_find(*figures, strlen(*figures));
		const struct comparison_ratio *r = f ? comparison_ratio(c, variant, f) : NULL;

		if (!r || (isnan(r->value) && isnan(r->baseline_value)))
			continue;
		print_cell(out, f->name, w, false);
		print_cell(out, figure_text(value, sizeof(value), f, r->baseline_value), 12, true);
		print_cell(out, figure_text(value, sizeof(value), f, r->value), 12, true);
		print_cell(out, ratio_text(value, sizeof(value), r->ratio), 9, true);
		fputs("  ", out);
		print_cell(out, interval_text(interval, sizeof(interval), r), 17, false);
		fprintf(out, " %s\n", why_text(r->why));
	}
}

static void print_published(const struct preset *p, FILE *out)
{
	char a[VALUE_CAP], b[VALUE_CAP], times[VALUE_CAP];

	fprintf(out, "\nPublished (%s):\n", p->published);
	for (const struct preset_figure *f = p->figures; f->name; f++) {
		if (f->baseline_ns <= 0)
			continue;
		text_duration(a, sizeof(a), (uint64_t)f->baseline_ns);
		text_duration(b, sizeof(b), (uint64_t)f->variant_ns);
		print_cell(out, f->name, 26, false);
		print_cell(out, a, 12, true);
		print_cell(out, b, 12, true);
		print_cell(out, ratio_text(times, sizeof(times), f->variant_ns / f->baseline_ns), 9, true);
		fputs("\n", out);
	}
	for (size_t i = 0; p->note[i]; i++)
		fprintf(out, "%s\n", p->note[i]);
}

static void print_noise(const struct comparison *c, const char *const *figures, FILE *out)
{
	const struct comparison_ratio *worst = NULL;
	char a[VALUE_CAP], b[VALUE_CAP], times[VALUE_CAP];

	for (; *figures; figures++) {
		const struct figure *f = figure_find(*figures, strlen(*figures));
		const struct comparison_ratio *r = f ? comparison_noise(c, f) : NULL;

		if (!r || !isfinite(r->ratio) || r->ratio <= 0)
			continue;
		if (!worst || ratio_factor(r->ratio) > ratio_factor(worst->ratio))
			worst = r;
	}
	if (!worst) {
		if (!c->noise.checked)
			fputs("\nThe noise wasn't checked.\n", out);
		return;
	}
	ratio_text(times, sizeof(times), ratio_factor(worst->ratio));
	figure_text(a, sizeof(a), worst->figure, worst->baseline_value);
	figure_text(b, sizeof(b), worst->figure, worst->value);
	if (ratio_factor(worst->ratio) > NOISY_FACTOR)
		fprintf(out,
			"\nThis machine is noisy: the baseline against itself differs by a factor of %s in %s (%s, "
			"%s).\n"
			"Differences that are no larger in the same figure aren't called significant; more rounds or a "
			"longer --duration help.\n",
			times, worst->figure->name, a, b);
	else
		fprintf(out, "\nNoise: the baseline against itself differs by a factor of %s at most (%s: %s, %s).\n",
			times, worst->figure->name, a, b);
}

static void print_hang(const struct comparison_variant *v, FILE *out)
{
	char name[NAME_CAP], text[1200], after[VALUE_CAP];

	for (size_t i = 0; i < v->n_rounds; i++) {
		const struct hang *h = &v->rounds[i].hang;

		if (!h->hung)
			continue;
		fprintf(out, "%s HUNG in %u of %zu rounds. It was ended after %s: %s.\n",
			escaped(name, sizeof(name), v->name), v->hung, v->n_rounds,
			text_duration(after, sizeof(after), h->after_ns), hang_text(h, text, sizeof(text)));
		return;
	}
}

static void print_fault(const struct comparison_variant *v, FILE *out)
{
	char name[NAME_CAP], what[sizeof(v->fault.what) * 4], why[sizeof(v->fault.why) * 4];

	if (v->fault.err >= 0)
		return;
	fprintf(out, "%s could not be run%s: %s: %s.\n", escaped(name, sizeof(name), v->name),
		v->n_rounds ? " to the end" : "", escaped(what, sizeof(what), v->fault.what),
		escaped(why, sizeof(why), v->fault.why));
}

/* What each variant is, in the order of the command line. */
static void print_variants(const struct comparison *c, FILE *out)
{
	char text[1024];

	fputs("\n", out);
	for (size_t i = 0; i < c->n_variants; i++) {
		const struct comparison_variant *v = &c->variants[i];

		fprintf(out, "%s:", escaped(text, sizeof(text), v->name));
		for (char *const *env = v->env; env && *env; env++)
			fprintf(out, " %s", escaped(text, sizeof(text), *env));
		if (v->binary)
			fprintf(out, " binary %s", escaped(text, sizeof(text), v->binary));
		if (v->cpus)
			fprintf(out, " CPUs %s", escaped(text, sizeof(text), v->cpus));
		if (!(v->env && *v->env) && !v->binary && !v->cpus)
			fputs(" as it is", out);
		fprintf(out, "%s; %zu rounds\n", i ? "" : " (the baseline)", v->n_rounds);
	}
}

/* Those of a preset are put into @room. */
static const char *const *figures_shown(const struct preset *preset, const char *const *figures,
					const char *room[PRESET_FIGURES_MAX + 1])
{
	size_t n = 0;

	if (figures || !preset)
		return figures ? figures : default_figures;
	for (; preset->figures[n].name; n++)
		room[n] = preset->figures[n].name;
	room[n] = NULL;
	return room;
}

void comparison_headline(const struct comparison *c, size_t variant, const char *const *figures, FILE *out)
{
	const char *room[PRESET_FIGURES_MAX + 1];

	print_headline(c, variant, figures_shown(c->preset ? preset_find(c->preset) : NULL, figures, room), out);
}

int comparison_text(const struct comparison *c, const char *const *figures, FILE *out)
{
	const struct preset *preset = c->preset ? preset_find(c->preset) : NULL;
	const char *room[PRESET_FIGURES_MAX + 1];

	figures = figures_shown(preset, figures, room);
	errno = 0;
	for (size_t i = 1; i < c->n_variants; i++)
		print_headline(c, i, figures, out);
	for (size_t i = 0; i < c->n_variants; i++) {
		print_hang(&c->variants[i], out);
		print_fault(&c->variants[i], out);
	}
	for (size_t i = 1; i < c->n_variants; i++) {
		if (c->variants[i].n_rounds && c->variants[0].n_rounds)
			print_table(c, i, figures, out);
	}
	if (preset)
		print_published(preset, out);
	print_noise(c, figures, out);
	print_variants(c, out);
	if (c->interrupted)
		fputs("The comparison was interrupted: there are fewer rounds than asked for.\n", out);
	if (fflush(out) != 0 || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
