/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the HTML report that are text: the table, the rounds, the verdicts, the method. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "compare/comparison.h"
#include "compare/html.h"
#include "compare/html_write.h"

#define REACH_MIN 2.0
#define REACH_MAX 10000.0

/* What tells most, where the user has named nothing. */
static const char *const key_figures[] = {
	"preempt.latency_ns.mean", "preempt.latency_ns.p99", "preempt.latency_ns.max",
	"preempt.pending",         "stw.total_ns.p95",       "stw.total_ns.max",
	"stw.stopping_ns.max",     "runqueue_ns.p99",        "runqueue_ns.max",
	"goroutine_wait_ns.p99",   "kernel_gap_ns.max",      "sched.max_slice_ns",
	"sched.gc_cycles",         "sched.starved_ns",       NULL,
};

static const char *class_of(const struct comparison_ratio *r)
{
	if (r->why != SIGNIFICANT || r->figure->better != BETTER_LOWER)
		return "same";
	return r->ratio > 1 ? "worse" : "better";
}

static const char *words_of(const struct comparison_ratio *r)
{
	switch (r->why) {
	case SIGNIFICANT:
		if (r->figure->better != BETTER_LOWER)
			return "differs";
		return r->ratio > 1 ? "worse" : "better";
	case TOO_FEW_ROUNDS:
		return "too few rounds";
	case NOT_MEASURED:
		return "not measured";
	case INTERVAL_HAS_ONE:
		return "not significant";
	case WITHIN_NOISE:
		return "within the noise";
	}
	return "";
}

/* How far the axis of all ratios has to go. */
static double reach_of(const struct comparison *c)
{
	double reach = REACH_MIN;

	for (size_t i = 0; i < c->n_ratios; i++) {
		const double ends[] = {c->ratios[i].ratio, c->ratios[i].lo, c->ratios[i].hi};

		for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
			double factor = isfinite(ends[e]) && ends[e] > 0 ? ratio_factor(ends[e]) : 1;

			reach = fmax(reach, fmin(factor * 1.2, REACH_MAX));
		}
	}
	return reach;
}

static void value_cell(const struct figure *f, double value, FILE *out)
{
	char text[32];

	fprintf(out, "<td>%s</td>", figure_text(text, sizeof(text), f, value));
}

static void ratio_cells(const struct comparison_ratio *r, double reach, FILE *out)
{
	value_cell(r->figure, r->value, out);
	fputs("<td>", out);
	html_ratio(r->ratio, out);
	fputs("</td><td>", out);
	html_draw_ratio(r->ratio, r->lo, r->hi, reach, class_of(r), out);
	fputs("</td><td>", out);
	if (!isnan(r->lo) && !isnan(r->hi)) {
		html_ratio(r->lo, out);
		fputs(" to ", out);
		html_ratio(r->hi, out);
	}
	fprintf(out, "</td><td class=\"%s\">%s</td>", class_of(r), words_of(r));
}

static bool known(const struct comparison *c, const struct figure *f)
{
	for (size_t v = 0; v < c->n_variants; v++) {
		if (!isnan(figure_value(f, &c->variants[v].merged)))
			return true;
	}
	return false;
}

static void table_head(const struct comparison *c, FILE *out)
{
	fputs("<div class=\"wide\"><table><thead><tr><th>figure</th>", out);
	for (size_t v = 0; v < c->n_variants; v++) {
		fprintf(out, "<th><span class=\"chip v%zu\"></span>", v);
		html_text(c->variants[v].name, out);
		fputs(v ? "</th><th>ratio</th><th></th><th>95 % interval</th><th>significant?</th>" : "</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
}

static void table_row(const struct comparison *c, const struct figure *f, double reach, FILE *out)
{
	if (!known(c, f))
		return;
	fputs("<tr><td><code>", out);
	html_text(f->name, out);
	fputs("</code></td>", out);
	value_cell(f, figure_value(f, &c->variants[0].merged), out);
	for (size_t v = 1; v < c->n_variants; v++) {
		const struct comparison_ratio *r = comparison_ratio(c, v, f);

		if (r)
			ratio_cells(r, reach, out);
		else
			fputs("<td></td><td></td><td></td><td></td><td></td>", out);
	}
	fputs("</tr>\n", out);
}

void html_section_table(const struct comparison *c, const struct html_facts *f, FILE *out)
{
	const char *const *names = f->figures ? f->figures : key_figures;
	double reach = reach_of(c);

	if (c->n_variants == 0)
		return;
	fputs("<h2>Figures</h2>\n", out);
	table_head(c, out);
	for (size_t i = 0; names[i]; i++) {
		const struct figure *figure = figure_find(names[i], strlen(names[i]));

		if (figure)
			table_row(c, figure, reach, out);
	}
	fputs("</tbody></table></div>\n<p class=\"note\">The ratio is that of the variant to the first one. The bar is "
	      "its 95 % "
	      "interval on a logarithmic axis, the dashed line is 1: no difference. Percentiles are those of all "
	      "rounds "
	      "together; a gap that hadn't ended counts with its length so far; counts are per run.</p>\n"
	      "<details><summary>Every figure</summary>\n",
	      out);
	table_head(c, out);
	for (size_t i = 0; i < figure_count(); i++)
		table_row(c, figure_at(i), reach, out);
	fputs("</tbody></table></div></details>\n", out);
}

static void round_row(const struct comparison_variant *v, size_t index, const struct comparison_round *r, FILE *out)
{
	static const char *const shown[] = {"preempt.latency_ns.p99", "preempt.latency_ns.max", "stw.total_ns.max"};

	fprintf(out, "<tr><td>%u</td><td class=\"left\"><span class=\"chip v%zu\"></span>", r->order + 1, index);
	html_text(v->name, out);
	fputs("</td><td>", out);
	html_duration(r->duration_ns, out);
	fputs("</td>", out);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		const struct figure *f = figure_find(shown[i], strlen(shown[i]));

		value_cell(f, figure_value(f, &r->tally), out);
	}
	fputs("<td class=\"left\">", out);
	if (r->hang.hung)
		fputs("hung", out);
	else if (r->exit_status >= 0)
		fprintf(out, "ended with status %d", r->exit_status);
	else
		fputs("ended by schedtop", out);
	if (r->load_status > 0)
		fprintf(out, "; its load with status %d", r->load_status);
	if (r->capture) {
		fputs(", <code>", out);
		html_text(r->capture, out);
		fputs("</code>", out);
	}
	fputs("</td></tr>\n", out);
}

/* The next one in the order in which they were made; NULL at the end. */
static const struct comparison_round *next_round(const struct comparison *c, unsigned from, size_t *ret_variant)
{
	const struct comparison_round *best = NULL;

	for (size_t v = 0; v < c->n_variants; v++) {
		for (size_t i = 0; i < c->variants[v].n_rounds; i++) {
			const struct comparison_round *r = &c->variants[v].rounds[i];

			if (r->order >= from && (!best || r->order < best->order)) {
				best = r;
				*ret_variant = v;
			}
		}
	}
	return best;
}

void html_section_rounds(const struct comparison *c, FILE *out)
{
	size_t v = 0;

	fputs("<h2>Rounds</h2>\n<div class=\"wide\"><table><thead><tr><th>run</th><th class=\"left\">variant</th>"
	      "<th>measured</th><th>latency p99</th><th>latency max</th><th>longest pause</th><th class=\"left\">its "
	      "end</th>"
	      "</tr></thead><tbody>\n",
	      out);
	for (unsigned from = 0;;) {
		const struct comparison_round *r = next_round(c, from, &v);

		if (!r)
			break;
		/* Two that were made at once (--parallel) may have one number. */
		for (v = 0; v < c->n_variants; v++) {
			for (size_t i = 0; i < c->variants[v].n_rounds; i++) {
				if (c->variants[v].rounds[i].order == r->order)
					round_row(&c->variants[v], v, &c->variants[v].rounds[i], out);
			}
		}
		from = r->order + 1;
	}
	fputs("</tbody></table></div>\n", out);
}

static const char *json_text(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void verdict(const cJSON *v, FILE *out)
{
	const char *severity = json_text(v, "severity"), *title = json_text(v, "title"),
		   *advice = json_text(v, "advice");
	const cJSON *line;

	/* The class is foreign text as the rest is: a name of ours or none. */
	bool loud = severity && (strcmp(severity, "warning") == 0 || strcmp(severity, "critical") == 0);
	fprintf(out, "<div class=\"verdict%s%s\"><p><strong>", loud ? " " : "", loud ? severity : "");
	html_text(title ? title : "", out);
	fputs("</strong></p>", out);
	cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(v, "evidence"))
	{
		fputs("<p>", out);
		html_text(cJSON_IsString(line) ? line->valuestring : "", out);
		fputs("</p>", out);
	}
	if (advice && *advice) {
		fputs("<p class=\"note\">", out);
		html_text(advice, out);
		fputs("</p>", out);
	}
	fputs("</div>\n", out);
}

void html_section_verdicts(const struct comparison *c, FILE *out)
{
	fputs("<h2>Verdicts</h2>\n", out);
	for (size_t i = 0; i < c->n_variants; i++) {
		const cJSON *verdicts = cJSON_GetObjectItemCaseSensitive(c->variants[i].report, "verdicts"), *v;

		fprintf(out, "<h3><span class=\"chip v%zu\"></span>", i);
		html_text(c->variants[i].name, out);
		fputs("</h3>\n", out);
		if (cJSON_GetArraySize(verdicts) == 0)
			fputs("<p class=\"note\">None.</p>\n", out);
		cJSON_ArrayForEach(v, verdicts) verdict(v, out);
	}
}

static void fact(const char *name, const char *value, FILE *out)
{
	if (!value || !*value)
		return;
	fprintf(out, "<dt>%s</dt><dd>", name);
	html_text(value, out);
	fputs("</dd>\n", out);
}

static void words(char *const *argv, FILE *out)
{
	for (size_t i = 0; argv && argv[i]; i++) {
		if (i)
			putc(' ', out);
		html_shell_word(argv[i], out);
	}
}

static void order_of_runs(const struct comparison *c, FILE *out)
{
	size_t v = 0;

	fputs("<dt>order of the runs</dt><dd>", out);
	for (unsigned from = 0;;) {
		const struct comparison_round *r = next_round(c, from, &v);

		if (!r)
			break;
		if (from)
			putc(' ', out);
		html_text(c->variants[v].name, out);
		from = r->order + 1;
	}
	fprintf(out, "%s</dd>\n", c->parallel ? " (side by side, on CPUs of their own)" : "");
}

static void how_long(const struct comparison *c, FILE *out)
{
	fprintf(out, "<dt>rounds</dt><dd>%u asked for, %u run%s to warm up, ", c->rounds_asked, c->warmups,
		c->warmups == 1 ? "" : "s");
	if (c->duration_s > 0)
		fprintf(out, "%g s each", c->duration_s);
	else
		fputs("each until the program ends", out);
	if (c->timeout_s > 0)
		fprintf(out, ", %g s at most", c->timeout_s);
	fputs(c->interrupted ? "; interrupted by the user</dd>\n" : "</dd>\n", out);
	fprintf(out, "<dt>noise</dt><dd>%s</dd>\n",
		c->noise.checked ? "the first variant was run against itself as well" : "not checked");
}

static void variant_command(const struct comparison_variant *v, size_t index, FILE *out)
{
	const cJSON *target = cJSON_GetObjectItemCaseSensitive(v->report, "target");
	const char *go = json_text(target, "go_version");

	fprintf(out, "<h3><span class=\"chip v%zu\"></span>", index);
	html_text(v->name, out);
	if (go) {
		fputs(" <span class=\"note\">", out);
		html_text(go, out);
		fputs("</span>", out);
	}
	fputs("</h3>\n<pre>", out);
	if (v->env && v->env[0]) {
		fputs("env ", out);
		words(v->env, out);
		putc(' ', out);
	}
	if (v->cpus) {
		fputs("taskset -c ", out);
		html_shell_word(v->cpus, out);
		putc(' ', out);
	}
	words(v->argv, out);
	fputs("</pre>\n", out);
}

void html_section_method(const struct comparison *c, const struct html_facts *f, FILE *out)
{
	fputs("<h2>How it was measured</h2>\n<dl>\n", out);
	fact("when", f->when, out);
	fact("machine", f->machine, out);
	fact("kernel", f->kernel, out);
	fact("schedtop", f->version, out);
	how_long(c, out);
	order_of_runs(c, out);
	fact("network", c->isolate_net ? "each variant in a namespace of its own" : NULL, out);
	fact("ready when", c->ready, out);
	fact("load", c->load, out);
	fputs("<dt>intervals</dt><dd>by the bootstrap over rounds, 4,000 draws; a difference counts as significant "
	      "when the "
	      "interval leaves out 1 and it is more than the first variant differs from itself</dd>\n</dl>\n",
	      out);
	for (size_t i = 0; i < c->n_variants; i++)
		variant_command(&c->variants[i], i, out);
	if (!f->command || !f->command[0])
		return;
	fputs("<h3>To repeat it</h3>\n<pre>", out);
	words(f->command, out);
	fputs("</pre>\n", out);
}
