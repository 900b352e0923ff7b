/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/html.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "compare/comparison.h"
#include "compare/html_write.h"

static const struct {
	int hist;
	const char *title;
} histograms[] = {
	{TALLY_LATENCY, "Preemption latency"},
	{TALLY_STW_TOTAL, "Stops of the world"},
	{TALLY_RUNQUEUE, "Run-queue latency: a thread waits for a CPU"},
	{TALLY_KERNEL_GAP, "Kernel gaps: a goroutine's thread has no CPU"},
	{TALLY_G_WAIT, "A goroutine waits for a P"},
};

/* What the report in text begins with, as a heading or a paragraph. */
static void headline(const struct comparison *c, const struct html_facts *f, size_t variant, FILE *out)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	FILE *f_text = open_memstream(&text, &len);

	if (!f_text)
		return;
	comparison_headline(c, variant, f->figures, f_text);
	if (fclose(f_text) != 0)
		return;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	fputs(variant == 1 ? "<h1>" : "<p><strong>", out);
	html_text(text, out);
	fputs(variant == 1 ? "</h1>\n" : "</strong></p>\n", out);
}

static void hung(const struct comparison_variant *v, FILE *out)
{
	const struct hang *h = NULL;

	for (size_t i = 0; i < v->n_rounds && !h; i++)
		h = v->rounds[i].hang.hung ? &v->rounds[i].hang : NULL;
	fputs("<p class=\"warn\"><strong>", out);
	html_text(v->name, out);
	fprintf(out, "</strong> hung in %u of its %zu rounds", v->hung, v->n_rounds);
	if (h && h->func) {
		fputs(", held by ", out);
		if (h->goid)
			fprintf(out, "goroutine %llu in ", (unsigned long long)h->goid);
		fputs("<code>", out);
		html_text(h->func, out);
		fputs("</code>", out);
		if (h->file) {
			fputs(" (", out);
			html_text(h->file, out);
			fprintf(out, ":%u)", h->line);
		}
	}
	if (h && h->pending_ns) {
		fputs(", which had been asked to yield for ", out);
		html_duration(h->pending_ns, out);
	}
	fputs(".</p>\n", out);
}

static void warnings(const struct comparison *c, FILE *out)
{
	for (size_t i = 0; i < c->n_variants; i++) {
		const struct comparison_variant *v = &c->variants[i];

		if (v->fault.err < 0) {
			fputs("<p class=\"warn\"><strong>", out);
			html_text(v->name, out);
			fputs("</strong> could not be run: ", out);
			html_text(v->fault.what, out);
			fputs(": ", out);
			html_text(v->fault.why, out);
			fputs(".</p>\n", out);
		}
		if (v->hung)
			hung(v, out);
		if (v->ended_badly) {
			fputs("<p class=\"warn\"><strong>", out);
			html_text(v->name, out);
			fprintf(out, "</strong> ended by itself with an error in %u of its %zu rounds.</p>\n",
				v->ended_badly, v->n_rounds);
		}
	}
}

static void head(const struct comparison *c, const struct html_facts *f, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	      "'unsafe-inline'\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>schedtop compare: ",
	      out);
	for (size_t i = 0; i < c->n_variants; i++) {
		fputs(i ? " and " : "", out);
		html_text(c->variants[i].name, out);
	}
	fputs("</title>\n<style>\n", out);
	html_style(out);
	fputs("</style></head>\n<body>\n<header><p class=\"kicker\">schedtop compare</p>\n", out);
	if (c->n_variants < 2)
		fputs("<h1>One variant alone: there is nothing to compare</h1>\n", out);
	for (size_t i = 1; i < c->n_variants; i++)
		headline(c, f, i, out);
	fputs("<ul class=\"legend\">", out);
	for (size_t i = 0; i < c->n_variants; i++) {
		fprintf(out, "<li><span class=\"chip v%zu\"></span>", i);
		html_text(c->variants[i].name, out);
		for (size_t e = 0; c->variants[i].env && c->variants[i].env[e]; e++) {
			fputs(" <code>", out);
			html_text(c->variants[i].env[e], out);
			fputs("</code>", out);
		}
		fputs(i ? "</li>" : " (the one that the others are compared with)</li>", out);
	}
	fputs("</ul></header>\n", out);
}

static bool any_values(const struct comparison *c, int hist)
{
	for (size_t i = 0; i < c->n_variants; i++) {
		if (c->variants[i].merged.runs && c->variants[i].merged.hist[hist].count)
			return true;
	}
	return false;
}

static void distributions(const struct comparison *c, FILE *out)
{
	fputs("<h2>Distributions</h2>\n<p class=\"note\">The share of values by their length, all rounds together. "
	      "Below: from the "
	      "shortest to the longest (dot), with p50, p90 and p99.</p>\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(histograms); i++) {
		if (!any_values(c, histograms[i].hist))
			continue;
		fprintf(out, "<h3>%s</h3>\n<figure>", histograms[i].title);
		html_draw_histogram(c, histograms[i].hist, out);
		fputs("<figcaption>", out);
		for (size_t v = 0; v < c->n_variants; v++) {
			fputs(v ? ", " : "", out);
			html_text(c->variants[v].name, out);
			fprintf(out, ": %llu values",
				(unsigned long long)c->variants[v].merged.hist[histograms[i].hist].count);
		}
		fputs("</figcaption></figure>\n", out);
	}
}

int comparison_html(const struct comparison *c, const struct html_facts *facts, FILE *out)
{
	head(c, facts, out);
	warnings(c, out);
	html_section_table(c, facts, out);
	distributions(c, out);
	fputs("<h2>Timelines</h2>\n", out);
	html_draw_timelines(c, out);
	html_section_verdicts(c, out);
	html_section_rounds(c, out);
	html_section_method(c, facts, out);
	fputs("</body></html>\n", out);
	return ferror(out) ? -EIO : 0;
}
