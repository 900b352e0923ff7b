/* SPDX-License-Identifier: GPL-2.0-only */
/* The timelines: a row for each P, under them the pauses of all; the variants on one axis of time. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "compare/comparison.h"
#include "compare/html_write.h"
#include "compare/timeline.h"

#define LEFT        44.0
#define WIDTH       1000.0
#define PLOT        (WIDTH - LEFT - 8)
#define ROW_TALL    20.0
#define ROW_LOW     9.0 /* where there are many */
#define ROWS_TALL   12
#define ROW_GAP     3.0
#define TOP         4.0
#define AXIS_H      20.0
#define TICKS_ABOUT 8
#define SEEN_PX     0.4 /* a mark that is narrower isn't drawn */
#define HUES        12
#define LEGEND_MAX  12
/* Paths of a row: the hues, then goroutines without a function, then what isn't a goroutine. */
enum { PATH_NO_FUNC = HUES, PATH_RUNTIME, PATH_RUNNABLE, PATH_COUNT };

/* Where a view lies on the paper. */
struct place {
	const struct timeline *t;
	const struct timeline_view *view;
	uint64_t axis_ns; /* of the whole width: the longest variant's */
	double row_h;
	size_t id; /* of what is defined for it in the document */
};

static double x_of(const struct place *p, uint64_t at_ns)
{
	uint64_t from = p->view->from_ns;
	double x = at_ns > from ? (double)(at_ns - from) / (double)p->axis_ns * PLOT : 0;

	return LEFT + (x < PLOT ? x : PLOT);
}

static double row_y(const struct place *p, size_t row)
{
	return TOP + (double)row * (p->row_h + ROW_GAP);
}

static int path_of(const struct timeline *t, const struct timeline_cell *c)
{
	return c->func ? (int)(t->funcs[c->func - 1].hash % HUES) : PATH_NO_FUNC;
}

/* The share of a cell that belongs to a path, in steps of which the eye can tell. */
static int steps_of(const struct timeline *t, const struct timeline_cell *c, int path, int steps)
{
	int share = 0;

	if (path == PATH_RUNTIME)
		share = c->runtime;
	else if (path == PATH_RUNNABLE)
		share = c->runnable;
	else if (c->run && path_of(t, c) == path)
		share = c->run;
	return (share * steps + 254) / 255;
}

static void path_class(int path, FILE *out)
{
	static const char *const names[] = {"run-none", "run-none", "runnable"};

	if (path < HUES)
		fprintf(out, "run f%d", path);
	else
		fputs(names[path - HUES], out);
}

/* Runs from the bottom up; what waits for a CPU, and the runtime's own work, from the top down. */
static void draw_path(const struct place *p, size_t row, int path, FILE *out)
{
	const struct timeline_cell *cells = p->view->cells + row * TIMELINE_COLS;
	const int steps = (int)p->row_h;
	bool begun = false;

	for (int i = 0; i < TIMELINE_COLS;) {
		int h = steps_of(p->t, &cells[i], path, steps), n = 1;

		while (i + n < TIMELINE_COLS && steps_of(p->t, &cells[i + n], path, steps) == h)
			n++;
		if (h) {
			if (!begun) {
				fputs("<path class=\"", out);
				path_class(path, out);
				fputs("\" d=\"", out);
			}
			fprintf(out, "M%d %dh%dv%dh-%dz", i, path < PATH_RUNTIME ? steps - h : 0, n, h, n);
			begun = true;
		}
		i += n;
	}
	if (begun)
		fputs("\"/>", out);
}

static void draw_row(const struct place *p, size_t row, FILE *out)
{
	double y = row_y(p, row), w = x_of(p, p->view->to_ns) - LEFT;

	fprintf(out, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">P%llu</text>", LEFT - 6, y + p->row_h / 2 + 4,
		(unsigned long long)p->t->row_id[row]);
	fprintf(out, "<rect class=\"idle\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", LEFT, y, w,
		p->row_h);
	fprintf(out, "<g transform=\"translate(%.1f %.1f) scale(%.5f 1)\">", LEFT, y, w / TIMELINE_COLS);
	for (int path = 0; path < PATH_COUNT; path++)
		draw_path(p, row, path, out);
	fputs("</g>\n", out);
}

/* false: outside, or too narrow to be seen. */
static bool mark_on_paper(const struct place *p, const struct timeline_mark *m, double *ret_x, double *ret_w)
{
	if (m->to_ns < p->view->from_ns || m->from_ns > p->view->to_ns)
		return false;
	uint64_t to_ns = m->to_ns < p->view->to_ns ? m->to_ns : p->view->to_ns;

	*ret_x = x_of(p, m->from_ns);
	*ret_w = x_of(p, to_ns) - *ret_x;
	if (*ret_w < SEEN_PX)
		return false;
	if (*ret_w < 1)
		*ret_w = 1;
	return true;
}

static void mark_title(const struct timeline_mark *m, const char *what, FILE *out)
{
	fprintf(out, "<title>%s of ", what);
	html_duration(m->to_ns - m->from_ns, out);
	fputs(m->open ? " so far, at " : " at ", out);
	html_duration(m->from_ns, out);
	if (m->goid)
		fprintf(out, ", goroutine %llu", (unsigned long long)m->goid);
	if (m->place) {
		fputs(" in ", out);
		html_text(m->place, out);
	}
	fprintf(out, " (%s)</title>", m->reason);
}

static void draw_marks(const struct place *p, double height, FILE *out)
{
	const struct timeline *t = p->t;
	double x, w;

	for (size_t i = 0; i < t->n_stws; i++) {
		if (!mark_on_paper(p, &t->stws[i], &x, &w))
			continue;
		fprintf(out, "<rect class=\"stw\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">", x, TOP, w,
			height - TOP);
		mark_title(&t->stws[i], "stop of the world", out);
		fputs("</rect>\n", out);
	}
	for (size_t i = 0; i < t->n_gaps; i++) {
		if (t->gaps[i].row < 0 || !mark_on_paper(p, &t->gaps[i], &x, &w))
			continue;
		fprintf(out,
			"<rect class=\"gap\" fill=\"url(#hatch%zu)\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\">",
			p->id, x, row_y(p, (size_t)t->gaps[i].row), w, p->row_h);
		mark_title(&t->gaps[i], "preemption gap", out);
		fputs("</rect>\n", out);
	}
}

/* 1, 2 or 5 times a power of ten. */
static uint64_t tick_step(uint64_t span_ns)
{
	double about = (double)span_ns / TICKS_ABOUT, power = pow(10, floor(log10(about > 1 ? about : 1)));
	double times = about / power;

	return (uint64_t)(power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10));
}

static void draw_axis(const struct place *p, double y, FILE *out)
{
	uint64_t step = tick_step(p->axis_ns), from = p->view->from_ns;
	uint64_t first = (from + step - 1) / step * step;
	char text[32];

	for (uint64_t at = first; at <= from + p->axis_ns; at += step) {
		double x = x_of(p, at);

		fprintf(out,
			"<path class=\"axis\" d=\"M%.1f %.1fv5\"/><text x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"%s\">%s</text>",
			x, y, x, y + 16, x > WIDTH - 30 ? "end" : "middle",
			at ? text_duration(text, sizeof(text), at) : "0");
	}
	fputs("\n", out);
}

static void draw_view(const struct place *p, const char *caption, FILE *out)
{
	double height = row_y(p, p->t->n_rows) - ROW_GAP + 2;

	fprintf(out,
		"<figure><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\"><defs><pattern id=\"hatch%zu\" width=\"6\" "
		"height=\"6\" "
		"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V6\"/>"
		"</pattern></defs>\n",
		WIDTH, height + AXIS_H, p->id);
	for (size_t row = 0; row < p->t->n_rows; row++)
		draw_row(p, row, out);
	draw_marks(p, height, out);
	draw_axis(p, height, out);
	fprintf(out, "</svg><figcaption>%s", caption);
	if (p->t->rows_left_out)
		fprintf(out, " %zu more Ps aren't drawn.", p->t->rows_left_out);
	fputs("</figcaption></figure>\n", out);
}

static int shorter_first(const void *a, const void *b)
{
	const struct comparison_round *const *x = a, *const *y = b;
	uint64_t mx = (*x)->tally.hist[TALLY_LATENCY].max, my = (*y)->tally.hist[TALLY_LATENCY].max;

	return (mx > my) - (mx < my);
}

/* One that hung tells most; else the one whose longest gap is in the middle. */
static const struct comparison_round *round_to_show(const struct comparison_variant *v)
{
	cleanup_free const struct comparison_round **seen = calloc(v->n_rounds ? v->n_rounds : 1, sizeof(const void *));
	size_t n = 0;

	for (size_t i = 0; seen && i < v->n_rounds; i++) {
		if (!v->rounds[i].timeline || !v->rounds[i].timeline->n_rows)
			continue;
		if (v->rounds[i].hang.hung)
			return &v->rounds[i];
		seen[n++] = &v->rounds[i];
	}
	if (!n)
		return NULL;
	qsort(seen, n, sizeof(const void *), shorter_first);
	return seen[n / 2];
}

struct legend {
	const struct timeline_func *func[LEGEND_MAX];
	size_t n;
};

static int more_time_first(const void *a, const void *b)
{
	const struct timeline_func *const *x = a, *const *y = b;

	return ((*x)->ns < (*y)->ns) - ((*x)->ns > (*y)->ns);
}

static bool in_legend(const struct legend *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->func[i]->name, name) == 0)
			return true;
	}
	return false;
}

/* A few of each variant: what takes most time in one may not even run in another. */
static void add_to_legend(struct legend *l, const struct timeline *t, size_t most)
{
	cleanup_free const struct timeline_func **funcs = calloc(t->n_funcs ? t->n_funcs : 1, sizeof(const void *));

	if (!funcs)
		return;
	for (size_t i = 0; i < t->n_funcs; i++)
		funcs[i] = &t->funcs[i];
	qsort(funcs, t->n_funcs, sizeof(const void *), more_time_first);
	for (size_t i = 0; i < t->n_funcs && i < most && l->n < LEGEND_MAX; i++) {
		if (funcs[i]->ns && !in_legend(l, funcs[i]->name))
			l->func[l->n++] = funcs[i];
	}
}

static void draw_legend(const struct legend *l, FILE *out)
{
	fputs("<ul class=\"legend\">", out);
	for (size_t i = 0; i < l->n; i++) {
		fprintf(out, "<li><span class=\"chip f%u\"></span><code>", l->func[i]->hash % HUES);
		html_text(l->func[i]->name, out);
		fputs("</code></li>", out);
	}
	fputs("<li><span class=\"chip\" style=\"background:var(--runtime)\"></span>runtime, or unknown</li>"
	      "<li><span class=\"chip\" style=\"background:var(--runnable)\"></span>waits for a CPU</li>"
	      "<li><span class=\"chip\" style=\"background:var(--stw)\"></span>stop of the world</li>"
	      "<li><span class=\"chip\" style=\"background:repeating-linear-gradient(45deg,var(--gap) 0 "
	      "2px,transparent "
	      "2px 4px)\"></span>preemption gap</li></ul>\n",
	      out);
}

static void draw_variant(const struct comparison_variant *v, size_t index, const struct timeline *t, uint64_t whole_ns,
			 uint64_t part_ns, FILE *out)
{
	struct place p = {.t = t, .id = 2 * index, .row_h = t->n_rows > ROWS_TALL ? ROW_LOW : ROW_TALL};

	fprintf(out, "<h3><span class=\"chip v%zu\"></span>", index);
	html_text(v->name, out);
	fputs("</h3>\n", out);
	p.view = &t->whole;
	p.axis_ns = whole_ns;
	draw_view(&p, "The whole run.", out);
	if (part_ns == 0 || part_ns == whole_ns)
		return;
	p.id++;
	p.view = &t->part;
	p.axis_ns = part_ns;
	draw_view(&p, "A part out of its middle.", out);
}

void html_draw_timelines(const struct comparison *c, FILE *out)
{
	const struct comparison_round *rounds[COMPARISON_VARIANTS_MAX] = {NULL};
	uint64_t whole_ns = 0, part_ns = 0;
	struct legend legend = {.n = 0};

	for (size_t i = 0; i < c->n_variants && i < COMPARISON_VARIANTS_MAX; i++) {
		rounds[i] = round_to_show(&c->variants[i]);
		if (!rounds[i])
			continue;
		const struct timeline *t = rounds[i]->timeline;
		uint64_t whole = t->whole.to_ns - t->whole.from_ns, part = t->part.to_ns - t->part.from_ns;

		whole_ns = whole > whole_ns ? whole : whole_ns;
		part_ns = part > part_ns ? part : part_ns;
		add_to_legend(&legend, t, LEGEND_MAX / c->n_variants);
	}
	if (whole_ns == 0) {
		fputs("<p class=\"note\">No timeline: no run could be seen.</p>\n", out);
		return;
	}
	fputs("<p class=\"note\">One run of each, on one axis since its start: the one whose longest preemption gap "
	      "lies in the "
	      "middle of its rounds, or one that hung. A row is a P; its height is the share of the time that a "
	      "goroutine "
	      "ran on it.</p>\n",
	      out);
	draw_legend(&legend, out);
	for (size_t i = 0; i < c->n_variants && i < COMPARISON_VARIANTS_MAX; i++) {
		if (rounds[i])
			draw_variant(&c->variants[i], i, rounds[i]->timeline, whole_ns, part_ns, out);
	}
}
