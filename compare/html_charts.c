/* SPDX-License-Identifier: GPL-2.0-only */
/* Ratios with their intervals, and distributions. */
#include <math.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "compare/comparison.h"
#include "compare/html_write.h"

#define RATIO_W 180.0
#define RATIO_H 18.0

#define PLOT_W     1000.0
#define PLOT_H     150.0
#define PLOT_LEFT  92.0
#define PLOT_RIGHT 16.0
#define STRIP_H    18.0
#define AXIS_H     22.0
/* Bins of a decade: two or three buckets of the histogram each, so that none looks emptier than its neighbours. */
#define BINS_DECADE 20
#define DECADES_MAX 11 /* 10 ns to 1000 s */
#define LOWEST_NS   10.0

static double clamp(double v, double lo, double hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static double ratio_x(double ratio, double reach)
{
	double at = ratio > 0 ? log(ratio) / log(reach) : -1;

	return RATIO_W / 2 + clamp(at, -1, 1) * (RATIO_W / 2 - 6);
}

void html_draw_ratio(double ratio, double lo, double hi, double reach, const char *class, FILE *out)
{
	if (isnan(ratio))
		return;
	double x = ratio_x(ratio, reach), mid = RATIO_H / 2;

	fprintf(out,
		"<svg class=\"%s\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">"
		"<path class=\"axis\" d=\"M0 %.1fH%.0f\"/><path class=\"one\" d=\"M%.1f 0V%.0f\"/>",
		class, RATIO_W, RATIO_H, RATIO_W, RATIO_H, mid, RATIO_W, RATIO_W / 2, RATIO_H);
	if (!isnan(lo) && !isnan(hi))
		fprintf(out, "<path class=\"bar\" d=\"M%.1f %.1fH%.1f\"/>", ratio_x(lo, reach), mid,
			fmax(ratio_x(hi, reach), ratio_x(lo, reach) + 1));
	fprintf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/></svg>", x, mid);
}

/* A logarithmic axis of time, in whole decades. */
struct log_axis {
	int first, decades; /* 10^first ns */
};

static double log_x(const struct log_axis *a, double ns)
{
	double at = ns > 0 ? (log10(ns) - a->first) / a->decades : 0;

	return PLOT_LEFT + clamp(at, 0, 1) * (PLOT_W - PLOT_LEFT - PLOT_RIGHT);
}

static const struct hist *hist_of(const struct comparison *c, size_t variant, int hist)
{
	const struct tally *t = &c->variants[variant].merged;

	return t->runs && t->hist_runs[hist] && t->hist[hist].count ? &t->hist[hist] : NULL;
}

static bool choose_axis(const struct comparison *c, int hist, struct log_axis *ret)
{
	double lo = INFINITY, hi = 0;

	for (size_t v = 0; v < c->n_variants; v++) {
		const struct hist *h = hist_of(c, v, hist);

		if (!h)
			continue;
		lo = fmin(lo, fmax((double)h->min, LOWEST_NS));
		hi = fmax(hi, fmax((double)h->max, LOWEST_NS));
	}
	if (hi == 0)
		return false;
	ret->first = (int)floor(log10(lo));
	ret->decades = (int)clamp(ceil(log10(hi * 1.0001)) - ret->first, 1, DECADES_MAX);
	return true;
}

static uint64_t bin_edge(const struct log_axis *a, int bin)
{
	return (uint64_t)(pow(10, a->first + (double)bin / BINS_DECADE) + 0.5);
}

/* What is shorter than the axis begins is in the first bin. */
static double bin_share(const struct hist *h, const struct log_axis *a, int bin)
{
	uint64_t from = bin ? bin_edge(a, bin) : 0, to = bin_edge(a, bin + 1);

	return (double)hist_count_between(h, from, to) / (double)h->count;
}

static double highest_share(const struct comparison *c, int hist, const struct log_axis *a)
{
	double top = 0;

	for (size_t v = 0; v < c->n_variants; v++) {
		const struct hist *h = hist_of(c, v, hist);

		for (int i = 0; h && i < a->decades * BINS_DECADE; i++)
			top = fmax(top, bin_share(h, a, i));
	}
	return top > 0 ? top : 1;
}

static void draw_area(const struct hist *h, const struct log_axis *a, double top, size_t v, FILE *out)
{
	double y = PLOT_H;

	fprintf(out, "<path class=\"area v%zu\" d=\"M%.1f %.1f", v, PLOT_LEFT, y);
	for (int i = 0; i < a->decades * BINS_DECADE; i++) {
		double next = PLOT_H - bin_share(h, a, i) / top * (PLOT_H - 10);

		if (fabs(next - y) >= 0.05) {
			fprintf(out, "H%.1fV%.1f", log_x(a, (double)bin_edge(a, i)), next);
			y = next;
		}
	}
	fprintf(out, "H%.1fV%.1fz\"/>\n", PLOT_W - PLOT_RIGHT, PLOT_H);
}

static void draw_axis(const struct log_axis *a, double y0, double y1, FILE *out)
{
	char text[32];

	for (int i = 0; i <= a->decades; i++) {
		double ns = pow(10, a->first + i), x = log_x(a, ns);

		fprintf(out,
			"<path class=\"axis\" d=\"M%.1f %.1fV%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"%s\">%s</text>\n",
			x, y0, y1, x, y1 + 14, i == a->decades ? "end" : "middle",
			text_duration(text, sizeof(text), (uint64_t)ns));
	}
}

/* From the shortest to the longest, with the percentiles: the long ones are too few to be seen in the histogram. */
static void draw_strip(const struct comparison_variant *variant, const struct hist *h, const struct log_axis *a,
		       size_t v, double y, FILE *out)
{
	static const struct {
		const char *name;
		double q;
	} marks[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};

	fprintf(out, "<g class=\"v%zu\"><text class=\"strong\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", v,
		PLOT_LEFT - 8, y + 4);
	html_text(variant->name, out);
	fprintf(out, "</text><path class=\"bar\" d=\"M%.1f %.1fH%.1f\"/>", log_x(a, (double)h->min), y,
		fmax(log_x(a, (double)h->max), log_x(a, (double)h->min) + 1));
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		uint64_t ns = hist_quantile(h, marks[i].q);

		fprintf(out, "<path class=\"tick\" d=\"M%.1f %.1fv12\"><title>%s ", log_x(a, (double)ns), y - 6,
			marks[i].name);
		html_duration(ns, out);
		fputs("</title></path>", out);
	}
	fprintf(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>longest ", log_x(a, (double)h->max),
		y);
	html_duration(h->max, out);
	fputs("</title></circle></g>\n", out);
}

void html_draw_histogram(const struct comparison *c, int hist, FILE *out)
{
	double y = PLOT_H + STRIP_H / 2 + 2;
	struct log_axis a;

	if (!choose_axis(c, hist, &a))
		return;
	double top = highest_share(c, hist, &a), height = PLOT_H + STRIP_H * (double)c->n_variants + AXIS_H + 4;

	fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n", PLOT_W, height);
	draw_axis(&a, 4, height - AXIS_H, out);
	fprintf(out, "<text x=\"%.1f\" y=\"14\" text-anchor=\"end\">%.3g %%</text>\n", PLOT_LEFT - 8, top * 100);
	for (size_t v = 0; v < c->n_variants; v++, y += STRIP_H) {
		const struct hist *h = hist_of(c, v, hist);

		if (!h)
			continue;
		draw_area(h, &a, top, v, out);
		draw_strip(&c->variants[v], h, &a, v, y, out);
	}
	fputs("</svg>\n", out);
}
