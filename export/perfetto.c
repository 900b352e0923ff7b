/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace for the Perfetto UI and trace_processor: track events of one packet sequence. A reader sorts them by time, so
 * that the tracks needn't be in step; on one track they come in order.
 *
 * Cost: two packets a span, each measured and packed by libprotobuf-c (tests/export/bench_export.c prints it).
 */
#include "export/perfetto.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define SEQUENCE_ID        1 /* anything but 0 */
#define CLOCK_REALTIME_ID  1
#define CLOCK_MONOTONIC_ID 3
#define CLOCK_BOOTTIME_ID  6

static const char *const note_names[NOTE_COUNT] = {
	[NOTE_GOID] = "goid",
	[NOTE_TID] = "tid",
	[NOTE_CPU] = "cpu",
	[NOTE_P] = "p",
	[NOTE_CAUSE] = "cause",
	[NOTE_END] = "end",
	[NOTE_WHY] = "why",
	[NOTE_FUNC] = "func",
	[NOTE_FILE] = "file",
	[NOTE_LINE] = "line",
	[NOTE_OFF_CPU] = "off_cpu_ns",
	[NOTE_SIGNALS] = "signals",
	[NOTE_DELIVERED] = "delivered",
	[NOTE_WAITED] = "waited_ns",
	[NOTE_PENDING] = "pending",
	[NOTE_FROM] = "from",
	[NOTE_TO] = "to",
	[NOTE_BY] = "by",
	[NOTE_STUCK] = "stuck",
	[NOTE_REPAIRED] = "repaired",
};

void perfetto_put(struct export *x, Pf__TracePacket *p, uint32_t flags)
{
	Pf__TracePacket *packets[] = {p};
	Pf__Trace trace = PF__TRACE__INIT;

	p->has_trusted_packet_sequence_id = true;
	p->trusted_packet_sequence_id = SEQUENCE_ID;
	p->has_sequence_flags = true;
	p->sequence_flags = flags;
	/* A trace is a message of packets, and messages are joined by writing one behind the other. */
	trace.n_packet = 1;
	trace.packet = packets;
	size_t n = pf__trace__get_packed_size(&trace);
	if (n > OUTBUF_MAX) {
		x->out.err = x->out.err ? x->out.err : -EMSGSIZE;
		return;
	}
	pf__trace__pack(&trace, (uint8_t *)outbuf_room(&x->out, n));
	outbuf_took(&x->out, n);
}

static const char *category_name(unsigned c)
{
	switch (c) {
	case CATEGORY_STW:
		return "stw";
	case CATEGORY_GAP:
		return "gap";
	case CATEGORY_SETTING:
		return "setting";
	default:
		return export_class_name((uint8_t)c);
	}
}

/* What every later packet refers to: the clock of its time, categories, and names of annotations. */
static void put_state(struct export *x)
{
	struct perfetto *pf = x->state;
	Pf__InternedName names[CATEGORY_COUNT + NOTE_COUNT], *list[CATEGORY_COUNT + NOTE_COUNT];
	Pf__TracePacketDefaults defaults = PF__TRACE_PACKET_DEFAULTS__INIT;
	Pf__InternedData interned = PF__INTERNED_DATA__INIT;
	Pf__TracePacket p = PF__TRACE_PACKET__INIT;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		bool is_note = i >= CATEGORY_COUNT;

		pf__interned_name__init(&names[i]);
		names[i].has_iid = true;
		names[i].iid = (is_note ? i - CATEGORY_COUNT : i) + 1;
		names[i].name = (char *)(is_note ? note_names[i - CATEGORY_COUNT] : category_name(i));
		list[i] = &names[i];
	}
	interned.n_event_categories = CATEGORY_COUNT;
	interned.event_categories = list;
	interned.n_debug_annotation_names = NOTE_COUNT;
	interned.debug_annotation_names = list + CATEGORY_COUNT;
	defaults.has_timestamp_clock_id = true;
	defaults.timestamp_clock_id = CLOCK_MONOTONIC_ID;
	p.interned_data = &interned;
	p.trace_packet_defaults = &defaults;
	perfetto_put(x, &p, PERFETTO_CLEARED);
	perfetto_names_clear(&pf->names);
}

/*
 * Ties our clock to the others. How long the machine had been suspended isn't recorded, so BOOTTIME is given as if it
 * never was: it differs by a constant that nothing here depends on.
 */
static void put_clocks(struct export *x)
{
	const struct session *s = model_session(x->model);
	uint64_t now = s->start_ns ? s->start_ns : model_now(x->model);
	Pf__Clock clocks[3], *list[3];
	Pf__ClockSnapshot snapshot = PF__CLOCK_SNAPSHOT__INIT;
	Pf__TracePacket p = PF__TRACE_PACKET__INIT;
	static const uint32_t ids[] = {CLOCK_MONOTONIC_ID, CLOCK_BOOTTIME_ID, CLOCK_REALTIME_ID};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		pf__clock__init(&clocks[i]);
		clocks[i].has_clock_id = clocks[i].has_timestamp = true;
		clocks[i].clock_id = ids[i];
		clocks[i].timestamp = ids[i] == CLOCK_REALTIME_ID ? s->start_wall_ns : now;
		list[i] = &clocks[i];
	}
	snapshot.n_clocks = s->start_wall_ns && s->start_ns ? 3 : 2;
	snapshot.clocks = list;
	snapshot.has_primary_trace_clock = true;
	snapshot.primary_trace_clock = CLOCK_MONOTONIC_ID;
	p.clock_snapshot = &snapshot;
	perfetto_put(x, &p, PERFETTO_NEEDS_STATE);
}

static int begin(struct export *x)
{
	put_state(x);
	put_clocks(x);
	perfetto_tracks_begin(x);
	return 0;
}

/* Annotations of one event. */
struct notes {
	Pf__DebugAnnotation note[NOTE_COUNT], *list[NOTE_COUNT];
	size_t n;
	char text[2][1024]; /* escaped: function and file */
};

static Pf__DebugAnnotation *add(struct notes *n, enum perfetto_note name)
{
	Pf__DebugAnnotation *a = &n->note[n->n];

	pf__debug_annotation__init(a);
	a->has_name_iid = true;
	a->name_iid = name + 1U;
	n->list[n->n++] = a;
	return a;
}

static void add_uint(struct notes *n, enum perfetto_note name, uint64_t v, bool known)
{
	Pf__DebugAnnotation *a;

	if (!known)
		return;
	a = add(n, name);
	a->has_uint_value = true;
	a->uint_value = v;
}

static void add_int(struct notes *n, enum perfetto_note name, int64_t v)
{
	Pf__DebugAnnotation *a = add(n, name);

	a->has_int_value = true;
	a->int_value = v;
}

/* One of our own words; NULL = unknown. */
static void add_word(struct notes *n, enum perfetto_note name, const char *word)
{
	if (word)
		add(n, name)->string_value = (char *)word;
}

static void add_foreign(struct notes *n, enum perfetto_note name, const char *text, char *room, size_t size)
{
	if (!text)
		return;
	text_escape(room, size, text, strlen(text));
	add_word(n, name, room);
}

static void add_place(struct notes *n, const struct export_place *place)
{
	add_foreign(n, NOTE_FUNC, place->func, n->text[0], sizeof(n->text[0]));
	add_foreign(n, NOTE_FILE, place->file, n->text[1], sizeof(n->text[1]));
	add_uint(n, NOTE_LINE, place->line, place->line != 0);
}

static void add_pending(struct notes *n)
{
	Pf__DebugAnnotation *a = add(n, NOTE_PENDING);

	a->has_bool_value = a->bool_value = true;
}

static void put_event(struct export *x, Pf__TracePacket *p, Pf__TrackEvent *e, uint64_t track, uint64_t t)
{
	e->has_type = e->has_track_uuid = true;
	e->track_uuid = track;
	p->track_event = e;
	p->has_timestamp = true;
	p->timestamp = t;
	perfetto_put(x, p, PERFETTO_NEEDS_STATE);
}

/* What has a name: the beginning of a slice, or an instant. @name is foreign text. @notes may be NULL. */
static void put_named(struct export *x, Pf__TrackEvent__Type type, uint64_t track, uint64_t t, unsigned category,
		      const char *name, struct notes *notes)
{
	struct perfetto *pf = x->state;
	Pf__InternedName fresh = PF__INTERNED_NAME__INIT, *names[] = {&fresh};
	Pf__InternedData interned = PF__INTERNED_DATA__INIT;
	Pf__TracePacket p = PF__TRACE_PACKET__INIT;
	Pf__TrackEvent e = PF__TRACK_EVENT__INIT;
	uint64_t category_iid = category + 1;
	bool is_new = false;

	if (perfetto_names_full(&pf->names))
		put_state(x);
	e.has_name_iid = true;
	e.name_iid = perfetto_name(&pf->names, name, &is_new);
	if (!e.name_iid) {
		x->out.err = x->out.err ? x->out.err : -ENOMEM;
		return;
	}
	if (is_new) {
		text_escape(pf->escaped, sizeof(pf->escaped), name, strlen(name));
		fresh.has_iid = true;
		fresh.iid = e.name_iid;
		fresh.name = pf->escaped;
		interned.n_event_names = 1;
		interned.event_names = names;
		p.interned_data = &interned;
	}
	e.n_category_iids = 1;
	e.category_iids = &category_iid;
	e.type = type;
	if (notes) {
		e.n_debug_annotations = notes->n;
		e.debug_annotations = notes->list;
	}
	put_event(x, &p, &e, track, t);
}

static void put_begin(struct export *x, uint64_t track, uint64_t t, unsigned category, const char *name,
		      struct notes *notes)
{
	put_named(x, PF__TRACK_EVENT__TYPE__SLICE_BEGIN, track, t, category, name, notes);
}

static void put_end(struct export *x, uint64_t track, uint64_t t)
{
	Pf__TracePacket p = PF__TRACE_PACKET__INIT;
	Pf__TrackEvent e = PF__TRACK_EVENT__INIT;

	e.type = PF__TRACK_EVENT__TYPE__SLICE_END;
	put_event(x, &p, &e, track, t);
}

/* A goroutine's own row says what it does; elsewhere a run is called by what runs. */
static const char *span_name(const struct export *x, enum row_kind kind, const struct span *s)
{
	static const char *const names[SPAN_CLASS_COUNT] = {
		[SPAN_IDLE] = "idle",
		[SPAN_RUN] = "running",
		[SPAN_RUNTIME] = "Go scheduler",
		[SPAN_UNLABELLED] = "running (unlabelled)",
		[SPAN_RUNNABLE] = "waiting for a CPU",
		[SPAN_OTHER] = "another process",
		[SPAN_SYSCALL] = "system call",
		[SPAN_WAITING_P] = "waiting for a P",
		[SPAN_UNKNOWN] = "others or idle (not known)",
	};
	const struct func_info *f = s->klass == SPAN_RUN && kind != ROW_G ? model_func(x->model, s->func) : NULL;
	const char *comm = s->klass == SPAN_OTHER ? model_comm(x->model, s->tid) : "";

	return f ? f->name : *comm ? comm : names[s->klass];
}

static void span(struct export *x, enum row_kind kind, uint64_t id, const struct span *s)
{
	static const enum perfetto_track tracks[] = {
		[ROW_CPU] = TRACK_CPU, [ROW_P] = TRACK_P, [ROW_M] = TRACK_M, [ROW_G] = TRACK_G};
	uint64_t track = perfetto_track(x, tracks[kind], id, s->func);
	struct notes notes;

	notes.n = 0;
	add_uint(&notes, NOTE_GOID, s->goid, s->goid && kind != ROW_G);
	add_uint(&notes, NOTE_TID, s->tid, s->tid && kind != ROW_M);
	add_uint(&notes, NOTE_CPU, s->cpu, s->cpu != UINT16_MAX && kind != ROW_CPU);
	add_uint(&notes, NOTE_P, s->p, s->p != EV_NO_P && kind != ROW_P);
	put_begin(x, track, s->start_ns, s->klass, span_name(x, kind, s), &notes);
	put_end(x, track, s->end_ns);
}

/* On one of these tracks gaps don't overlap: a request ends what was asked before of the same P, thread or goroutine.
 */
static uint64_t gap_track(struct export *x, const struct gap *g)
{
	if (g->p != EV_NO_P)
		return perfetto_track(x, TRACK_GAP_P, g->p, 0);
	if (g->tid)
		return perfetto_track(x, TRACK_GAP_M, g->tid, 0);
	return perfetto_track(x, TRACK_GAP_G, g->goid, 0);
}

static void gap(struct export *x, const struct gap *g)
{
	struct export_place place = export_place_of(x->model, g->func, g->loc);
	uint64_t track = gap_track(x, g);
	struct notes notes;

	notes.n = 0;
	add_word(&notes, NOTE_CAUSE, gap_cause_name(g->cause));
	add_word(&notes, NOTE_END, gap_end_name(g->end));
	add_word(&notes, NOTE_WHY, gap_why_name(g->why));
	add_place(&notes, &place);
	add_uint(&notes, NOTE_GOID, g->goid, g->goid != 0);
	add_uint(&notes, NOTE_TID, g->tid, g->tid != 0);
	add_uint(&notes, NOTE_CPU, g->cpu, g->cpu != UINT16_MAX);
	add_uint(&notes, NOTE_P, g->p, g->p != EV_NO_P);
	add_uint(&notes, NOTE_OFF_CPU, g->off_cpu_ns, true);
	add_uint(&notes, NOTE_SIGNALS, g->signals, true);
	add_uint(&notes, NOTE_DELIVERED, g->delivered, true);
	if (!g->taken_ns)
		add_pending(&notes);
	put_begin(x, track, g->request_ns, CATEGORY_GAP, place.func ? place.func : "preemption gap", &notes);
	put_end(x, track, export_end_ns(x->model, g->taken_ns));
}

static void stw(struct export *x, const struct stw_pause *p)
{
	uint64_t track = perfetto_track(x, TRACK_STW, 0, 0), end_ns = export_end_ns(x->model, p->end_ns);
	struct export_place place = export_place_of(x->model, p->waited_func, p->waited_loc);
	bool is_stopping = !p->stopped_ns && !p->end_ns;
	struct notes notes;

	notes.n = 0;
	add_uint(&notes, NOTE_TID, p->tid, p->tid != 0);
	add_uint(&notes, NOTE_GOID, p->waited_goid, p->waited_goid != 0);
	add_uint(&notes, NOTE_WAITED, p->waited_ns, p->waited_goid != 0);
	add_uint(&notes, NOTE_OFF_CPU, p->waited_off_cpu_ns, p->waited_goid != 0);
	add_place(&notes, &place);
	if (!p->end_ns)
		add_pending(&notes);
	put_begin(x, track, p->asked_ns, CATEGORY_STW, stw_reason_name(p->reason), &notes);
	if (p->stopped_ns || is_stopping) {
		put_begin(x, track, p->asked_ns, CATEGORY_STW, "stopping", NULL);
		put_end(x, track, is_stopping ? end_ns : p->stopped_ns);
	}
	if (p->stopped_ns) {
		put_begin(x, track, p->stopped_ns, CATEGORY_STW, "stopped", NULL);
		put_end(x, track, end_ns);
	}
	put_end(x, track, end_ns);
}

/* One that was written before the recording is put at its start. */
static void setting(struct export *x, const struct intervention *i)
{
	uint64_t at_ns = i->at_ns ? i->at_ns : model_start(x->model);
	char name[64];
	struct notes notes;

	snprintf(name, sizeof(name), "%s=%d", setting_name(i->setting), (int)i->to);
	notes.n = 0;
	add_int(&notes, NOTE_FROM, i->from);
	add_int(&notes, NOTE_TO, i->to);
	add_word(&notes, NOTE_BY, export_by_name(i));
	add_uint(&notes, NOTE_STUCK, i->stuck, i->looked);
	add_uint(&notes, NOTE_REPAIRED, i->repaired, i->looked);
	put_named(x, PF__TRACK_EVENT__TYPE__INSTANT, perfetto_track(x, TRACK_SETTING, 0, 0), at_ns, CATEGORY_SETTING,
		  name, &notes);
}

static void counter(struct export *x, const struct counter_value *v)
{
	uint64_t track = perfetto_track(x, TRACK_COUNTER, (uint64_t)v->id << PERFETTO_COUNTER_BITS | v->kind, 0);
	Pf__TracePacket p = PF__TRACE_PACKET__INIT;
	Pf__TrackEvent e = PF__TRACK_EVENT__INIT;

	e.type = PF__TRACK_EVENT__TYPE__COUNTER;
	e.has_counter_value = true;
	e.counter_value = v->value < INT64_MAX ? (int64_t)v->value : INT64_MAX;
	put_event(x, &p, &e, track, v->time_ns);
}

static void end(struct export *x)
{
	perfetto_tracks_end(x);
}

static void done(struct export *x)
{
	struct perfetto *pf = x->state;

	perfetto_names_clear(&pf->names);
}

const struct export_format export_perfetto = {
	.name = "perfetto",
	.help = "for the Perfetto UI",
	.is_binary = true,
	.state_size = sizeof(struct perfetto),
	.begin = begin,
	.span = span,
	.gap = gap,
	.stw = stw,
	.counter = counter,
	.setting = setting,
	.end = end,
	.done = done,
};
