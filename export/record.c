/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/record.h"

const struct record_info record_infos[RECORD_COLUMN_COUNT] = {
#define RECORD_INFO(id, text, kind_of, in)                                                                             \
	[RECORD_##id] = {.name = (text), .type = RECORD_TYPE_##kind_of, .kinds = (in)},
	RECORD_COLUMNS(RECORD_INFO)
#undef RECORD_INFO
};

_Static_assert(RECORD_COLUMN_COUNT <= 32, "a bit for each column in record.known");

static void set_uint(struct record *r, enum record_column c, uint64_t v)
{
	r->v[c].uint = v;
	r->known |= 1U << c;
}

static void set_known(struct record *r, enum record_column c, uint64_t v, bool known)
{
	if (known)
		set_uint(r, c, v);
}

static void set_int(struct record *r, enum record_column c, int64_t v)
{
	r->v[c].sint = v;
	r->known |= 1U << c;
}

/* NULL and "" = unknown. */
static void set_text(struct record *r, enum record_column c, const char *text)
{
	if (!text || !*text)
		return;
	r->v[c].text = text;
	r->known |= 1U << c;
}

static void init(struct record *r, enum record_kind kind, const char *name)
{
	r->kind = kind;
	r->known = 0;
	set_text(r, RECORD_KIND, name);
}

static void set_place(struct record *r, const struct model *m, uint32_t func, uint32_t loc)
{
	struct export_place place = export_place_of(m, func, loc);

	set_text(r, RECORD_FUNC, place.func);
	set_text(r, RECORD_FILE, place.file);
	set_known(r, RECORD_LINE, place.line, place.line != 0);
}

static void set_thread(struct record *r, const struct model *m, uint32_t tid)
{
	if (!tid)
		return;
	set_uint(r, RECORD_TID, tid);
	set_text(r, RECORD_COMM, model_comm(m, tid));
}

static void put(struct export *x, const struct record *r)
{
	((const struct record_writer *)x->state)->put(&x->out, r);
}

void record_on_span(struct export *x, enum row_kind kind, uint64_t id, const struct span *s)
{
	const struct func_info *f = model_func(x->model, s->func);
	struct record r;

	init(&r, RECORD_SPAN, "span");
	set_text(&r, RECORD_ROW, export_row_name(kind));
	set_uint(&r, RECORD_ID, id);
	set_uint(&r, RECORD_START, s->start_ns);
	set_uint(&r, RECORD_END, s->end_ns);
	set_text(&r, RECORD_CLASS, export_class_name(s->klass));
	set_known(&r, RECORD_GOID, s->goid, s->goid != 0);
	set_text(&r, RECORD_FUNC, f ? f->name : NULL);
	set_thread(&r, x->model, s->tid);
	set_known(&r, RECORD_CPU, s->cpu, s->cpu != UINT16_MAX);
	set_known(&r, RECORD_P, s->p, s->p != EV_NO_P);
	put(x, &r);
}

void record_on_gap(struct export *x, const struct gap *g)
{
	struct record r;

	init(&r, RECORD_GAP, "gap");
	set_uint(&r, RECORD_START, g->request_ns);
	set_known(&r, RECORD_END, g->taken_ns, g->taken_ns != 0);
	set_known(&r, RECORD_GOID, g->goid, g->goid != 0);
	set_place(&r, x->model, g->func, g->loc);
	set_thread(&r, x->model, g->tid);
	set_known(&r, RECORD_CPU, g->cpu, g->cpu != UINT16_MAX);
	set_known(&r, RECORD_P, g->p, g->p != EV_NO_P);
	set_text(&r, RECORD_CAUSE, gap_cause_name(g->cause));
	set_text(&r, RECORD_TAKEN, gap_end_name(g->end));
	set_text(&r, RECORD_WHY, gap_why_name(g->why));
	set_uint(&r, RECORD_OFF_CPU, g->off_cpu_ns);
	set_uint(&r, RECORD_SIGNALS, g->signals);
	set_uint(&r, RECORD_DELIVERED, g->delivered);
	put(x, &r);
}

void record_on_stw(struct export *x, const struct stw_pause *p)
{
	struct record r;

	init(&r, RECORD_STW, "stw");
	set_uint(&r, RECORD_START, p->asked_ns);
	set_known(&r, RECORD_END, p->end_ns, p->end_ns != 0);
	set_known(&r, RECORD_GOID, p->waited_goid, p->waited_goid != 0);
	set_place(&r, x->model, p->waited_func, p->waited_loc);
	set_thread(&r, x->model, p->tid);
	set_text(&r, RECORD_REASON, stw_reason_name(p->reason));
	set_known(&r, RECORD_STOPPED, p->stopped_ns, p->stopped_ns != 0);
	set_known(&r, RECORD_WAITED, p->waited_ns, p->waited_goid != 0);
	put(x, &r);
}

void record_on_counter(struct export *x, const struct counter_value *v)
{
	const struct counter_info *info = counter_info(v->kind);
	struct record r;

	init(&r, RECORD_COUNTER, "counter");
	set_text(&r, RECORD_NAME, info->name);
	set_known(&r, RECORD_ID, v->id, info->has_id);
	set_uint(&r, RECORD_START, v->time_ns);
	set_uint(&r, RECORD_VALUE, v->value);
	put(x, &r);
}

void record_on_setting(struct export *x, const struct intervention *i)
{
	struct record r;

	init(&r, RECORD_SETTING, "setting");
	set_text(&r, RECORD_NAME, setting_name(i->setting));
	set_known(&r, RECORD_START, i->at_ns, i->at_ns != 0);
	set_int(&r, RECORD_FROM, i->from);
	set_int(&r, RECORD_TO, i->to);
	set_text(&r, RECORD_BY, export_by_name(i));
	set_known(&r, RECORD_STUCK, i->stuck, i->looked);
	set_known(&r, RECORD_REPAIRED, i->repaired, i->looked);
	put(x, &r);
}
