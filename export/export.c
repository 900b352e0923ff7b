/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/format.h"
#include "model/observe.h"

static const struct export_format *const formats[] = {&export_perfetto, &export_json, &export_csv};

/* One allocation: what the formats see, and what only this file does. */
struct exporter {
	struct export x;
	struct model_observer observer;
	struct counters counters;
	bool begun;
};

const struct export_format *export_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
}

const char *export_format_names(char *dst, size_t cap)
{
	size_t n = 0;

	*dst = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(formats) && n < cap; i++)
		n += (size_t)snprintf(dst + n, cap - n, "%s%s (%s)", i ? ", " : "", formats[i]->name, formats[i]->help);
	return dst;
}

bool export_format_is_binary(const struct export_format *f)
{
	return f->is_binary;
}

/* The session of a stream is known only when its first event is. */
static void begin(struct exporter *e)
{
	if (e->begun)
		return;
	e->begun = true;
	int err = e->x.format->begin(&e->x);
	if (err < 0 && !e->x.out.err)
		e->x.out.err = err;
}

static void on_span(void *ctx, enum row_kind kind, uint64_t id, const struct span *s)
{
	struct exporter *e = ctx;

	begin(e);
	e->x.counts.spans++;
	e->x.format->span(&e->x, kind, id, s);
}

static void on_gap(void *ctx, const struct gap *g)
{
	struct exporter *e = ctx;

	begin(e);
	e->x.counts.gaps++;
	e->x.format->gap(&e->x, g);
}

static void on_stw(void *ctx, const struct stw_pause *p)
{
	struct exporter *e = ctx;

	begin(e);
	e->x.counts.stws++;
	e->x.format->stw(&e->x, p);
}

static void on_counter(void *ctx, const struct counter_value *v)
{
	struct exporter *e = ctx;

	begin(e);
	e->x.counts.counters++;
	e->x.format->counter(&e->x, v);
}

static void on_setting(void *ctx, const struct intervention *i)
{
	struct exporter *e = ctx;

	begin(e);
	e->x.counts.settings++;
	e->x.format->setting(&e->x, i);
}

int export_new(const struct export_format *f, int fd, struct model *m, struct export **ret)
{
	struct exporter *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->x.format = f;
	e->x.model = m;
	e->x.state = calloc(1, f->state_size ? f->state_size : 1);
	if (outbuf_init(&e->x.out, fd) < 0 || !e->x.state) {
		export_free(&e->x);
		return -ENOMEM;
	}
	counters_init(&e->counters, on_counter, e);
	e->observer =
		(struct model_observer){.span = on_span, .gap = on_gap, .stw = on_stw, .setting = on_setting, .ctx = e};
	model_observe(m, &e->observer);
	*ret = &e->x;
	return 0;
}

int export_event(struct export *x, const struct event *ev)
{
	struct exporter *e = (struct exporter *)x;
	struct model_counts counts;
	uint64_t throttled_ns = 0;

	/* What is told before the first moment has no time yet. */
	if (!model_now(x->model))
		return x->out.err;
	begin(e);
	if (ev->head.kind == EV_CGROUP_STAT) {
		model_counts(x->model, &counts);
		throttled_ns = counts.throttled_ns;
	}
	counters_event(&e->counters, ev, model_now(x->model), throttled_ns);
	return x->out.err;
}

int export_end(struct export *x, struct export_counts *ret)
{
	struct exporter *e = (struct exporter *)x;

	begin(e);
	int err = model_observe_end(x->model);
	counters_end(&e->counters, model_now(x->model));
	x->format->end(x);
	if (outbuf_flush(&x->out) < 0)
		err = x->out.err;
	if (ret)
		*ret = x->counts;
	return err;
}

void export_free(struct export *x)
{
	if (!x)
		return;
	if (x->format->done && x->state)
		x->format->done(x);
	free(x->state);
	outbuf_done(&x->out);
	free((struct exporter *)x);
}

struct export_place export_place_of(const struct model *m, uint32_t func, uint32_t loc)
{
	struct export_place place = {0};
	struct loc_info at;

	if (model_loc(m, loc, &at)) {
		place.file = at.file && *at.file ? at.file : NULL;
		place.line = at.line;
		if (!func)
			func = at.func;
	}
	const struct func_info *f = model_func(m, func);
	if (f)
		place.func = f->name;
	return place;
}

const char *export_class_name(uint8_t klass)
{
	static const char *const names[SPAN_CLASS_COUNT] = {
		[SPAN_IDLE] = "idle",         [SPAN_RUN] = "run",
		[SPAN_RUNTIME] = "runtime",   [SPAN_UNLABELLED] = "unlabelled",
		[SPAN_RUNNABLE] = "runnable", [SPAN_OTHER] = "other",
		[SPAN_SYSCALL] = "syscall",   [SPAN_WAITING_P] = "waiting_p",
		[SPAN_UNKNOWN] = "unknown",
	};

	return names[klass];
}

const char *export_row_name(enum row_kind kind)
{
	static const char *const names[] = {[ROW_CPU] = "cpu", [ROW_P] = "p", [ROW_M] = "m", [ROW_G] = "g"};

	return names[kind];
}
