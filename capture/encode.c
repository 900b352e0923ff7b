/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass: the values of an event go to their columns while its shape is put together, and the shape, which a reader
 * needs first, has a column of its own. Nothing is allocated but when a column or a table grows.
 */
#include "capture/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "capture/columns.h"
#include "capture/format.h"
#include "capture/quantum.h"

/* Names are the only thing that makes a part of WRITER_BLOCK_EVENTS big. */
#define TEXT_FULL (4U << 20)

int part_encoder_init(struct part_encoder *e)
{
	memset(e, 0, sizeof(*e));
	e->zstd = columns_packer_new();
	if (!e->zstd)
		return -ENOMEM;
	part_encoder_begin(e, QUANTUM_ONE);
	return e->error;
}

void part_encoder_done(struct part_encoder *e)
{
	for (unsigned i = 0; i < COL_COUNT; i++)
		bytes_done(&e->cols[i]);
	struct bit_writer *bits[] = {&e->bits, &e->time_offs, &e->wait_offs};
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		bytes_done(&bits[i]->out);
	struct dict *dicts[] = {&e->shapes, &e->tids, &e->goids, &e->locs, &e->texts, &e->comms};
	for (size_t i = 0; i < ARRAY_SIZE(dicts); i++)
		dict_done(dicts[i]);
	free(e->text_at);
	predict_done(&e->state);
	columns_packer_free(e->zstd);
	memset(e, 0, sizeof(*e));
}

static void keep_error(struct part_encoder *e, int err)
{
	if (err < 0 && !e->error)
		e->error = err;
}

void part_encoder_begin(struct part_encoder *e, uint64_t quantum)
{
	for (unsigned i = 0; i < COL_COUNT; i++) {
		e->cols[i].len = 0;
		e->cols[i].failed = false;
	}
	struct bit_writer *bits[] = {&e->bits, &e->time_offs, &e->wait_offs};
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		bits[i]->out.len = 0;
		bits[i]->out.failed = false;
		bits[i]->acc = 0;
		bits[i]->n = 0;
	}
	struct dict *dicts[] = {&e->shapes, &e->tids, &e->goids, &e->locs, &e->texts, &e->comms};
	for (size_t i = 0; i < ARRAY_SIZE(dicts); i++)
		dict_clear(dicts[i]);
	e->n_events = 0;
	e->first_ns = UINT64_MAX;
	e->last_ns = 0;
	e->error = 0;
	keep_error(e, predict_begin(&e->state, quantum));
	if (quantum != QUANTUM_ONE)
		put_leb(&e->cols[COL_QUANTUM], quantum);
	keep_error(e, dict_add(&e->tids, 0));
}

static void put_col(struct part_encoder *e, unsigned col, uint64_t v)
{
	put_number(&e->cols[col], &e->bits, v);
}

/* The number of a key in its dictionary; a new one is written to @col as the difference to the last new one. */
static uint32_t number_of(struct part_encoder *e, struct dict *d, uint64_t key, unsigned col, bool *ret_new)
{
	uint32_t number = dict_find(d, key);

	*ret_new = number == DICT_NONE;
	if (number != DICT_NONE)
		return number;
	number = (uint32_t)d->n;
	keep_error(e, dict_add(d, key));
	put_col(e, col, zigzag(key - e->state.last[col]));
	e->state.last[col] = key;
	return number;
}

static uint32_t thread_of(struct part_encoder *e, uint32_t tid)
{
	bool is_new;
	uint32_t number = number_of(e, &e->tids, tid, COL_TIDS, &is_new);

	if (is_new)
		keep_error(e, predict_add_thread(&e->state, tid));
	return e->error ? 0 : number;
}

/* A thread: by one of two predictions, or by its number. */
static unsigned put_thread(struct part_encoder *e, uint32_t tid, uint32_t same, uint32_t also, unsigned col,
			   uint32_t *ret)
{
	const struct known_thread *threads = e->state.threads;

	*ret = 0;
	if (tid == 0)
		return MODE_NONE;
	if (threads[same].tid == tid) {
		*ret = same;
		return MODE_SAME;
	}
	if (threads[also].tid == tid) {
		*ret = also;
		return MODE_ALSO;
	}
	*ret = thread_of(e, tid);
	put_leb(&e->cols[col], *ret);
	return MODE_EXPLICIT;
}

static void put_goid(struct part_encoder *e, uint64_t goid, unsigned col)
{
	bool is_new;

	put_leb(&e->cols[col], number_of(e, &e->goids, goid, COL_GOIDS, &is_new));
}

static unsigned put_text(struct part_encoder *e, const char *text, unsigned col)
{
	size_t len = text ? strnlen(text, STRING_MAX) : 0;
	struct bytes *store = &e->cols[COL_TEXT];

	if (!len)
		return MODE_NONE;
	uint64_t hash = XXH64(text, len, 0);
	uint32_t number = dict_find(&e->texts, hash);
	if (number != DICT_NONE) {
		const char *known = (const char *)store->data + e->text_at[number];

		if (strlen(known) == len && memcmp(known, text, len) == 0) {
			put_leb(&e->cols[col], number);
			return MODE_EXPLICIT;
		}
		hash += e->texts.n; /* another text with the same hash: any free key will do */
		while (dict_find(&e->texts, hash) != DICT_NONE)
			hash++;
	}
	if (e->texts.n == e->cap_texts) {
		size_t cap = e->cap_texts ? e->cap_texts * 2 : 64;
		size_t *grown = realloc(e->text_at, cap * sizeof(*grown));

		if (!grown) {
			keep_error(e, -ENOMEM);
			return MODE_NONE;
		}
		e->text_at = grown;
		e->cap_texts = cap;
	}
	e->text_at[e->texts.n] = store->len;
	put_leb(&e->cols[col], e->texts.n);
	keep_error(e, dict_add(&e->texts, hash));
	bytes_put(store, text, len);
	put_u8(store, 0);
	return MODE_EXPLICIT;
}

static unsigned put_comm(struct part_encoder *e, const uint8_t *comm, unsigned col)
{
	static const uint8_t none[EV_COMM_SIZE];
	struct bytes *store = &e->cols[COL_COMMS];

	if (memcmp(comm, none, EV_COMM_SIZE) == 0)
		return MODE_NONE;
	uint64_t hash = XXH64(comm, EV_COMM_SIZE, 0);
	uint32_t number = dict_find(&e->comms, hash);
	while (number != DICT_NONE && memcmp(store->data + (size_t)number * EV_COMM_SIZE, comm, EV_COMM_SIZE) != 0)
		number = dict_find(&e->comms, ++hash);
	if (number == DICT_NONE) {
		number = (uint32_t)e->comms.n;
		keep_error(e, dict_add(&e->comms, hash));
		bytes_put(store, comm, EV_COMM_SIZE);
	}
	put_leb(&e->cols[col], number);
	return MODE_EXPLICIT;
}

static uint64_t load_field(const struct event *ev, const struct field *f)
{
	const uint8_t *at = (const uint8_t *)ev + f->offset;
	uint32_t v32;
	uint64_t v64;
	uint16_t v16;

	switch (f->width) {
	case 1:
		return *at;
	case 2:
		memcpy(&v16, at, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, at, sizeof(v32));
		return v32;
	default:
		memcpy(&v64, at, sizeof(v64));
		return v64;
	}
}

static unsigned put_delta(struct part_encoder *e, uint64_t v, uint64_t *last, unsigned col)
{
	if (v == *last)
		return MODE_SAME;
	put_col(e, col, zigzag(v - *last));
	*last = v;
	return MODE_EXPLICIT;
}

/* What the fields of one event have in common. */
struct walk {
	const struct event *ev;
	struct known_cpu *cpu;
	uint32_t head;    /* the head's thread */
	uint32_t subject; /* whose goroutine and P the event tells */
	uint32_t next, waker;
	uint64_t shape;
};

/* What is left of a time that was stored as a multiple of the clock's step: two bits, 3 = see COL_OFF_FAR. */
static void put_off(struct part_encoder *e, struct bit_writer *offs, int64_t off)
{
	uint64_t code = zigzag((uint64_t)off);

	if (e->state.quantum == QUANTUM_ONE)
		return;
	put_bits(offs, code < 3 ? code : 3, 2);
	if (code >= 3)
		put_col(e, COL_OFF_FAR, code - 3);
}

static unsigned put_wait(struct part_encoder *e, const struct walk *w, uint32_t v, unsigned col)
{
	const struct predict *s = &e->state;
	const struct known_thread *next = &s->threads[w->next];
	int64_t off = (int64_t)(s->time_ns - next->left_ns - v);

	if (v == 0)
		return MODE_NONE;
	if (next->preempted && off < (int64_t)LATTICE_MAX && off > -(int64_t)LATTICE_MAX) {
		uint64_t n = lattice_nearest(s->quantum, (uint64_t)(off < 0 ? -off : off));
		int64_t at = (int64_t)lattice_at(s->quantum, n);

		put_col(e, COL_WAIT_BACK, zigzag(off < 0 ? 0 - n : n));
		put_off(e, &e->wait_offs, off < 0 ? off + at : off - at);
		return MODE_SAME;
	}
	if (w->ev->head.flags & EVF_PREV_TARGET)
		col = COL_WAIT_BUSY;
	if (v >= LATTICE_MAX) {
		put_col(e, col, v);
		return MODE_ALSO;
	}
	uint64_t n = lattice_nearest(s->quantum, v);
	put_col(e, col, n);
	put_off(e, &e->wait_offs, (int64_t)(v - lattice_at(s->quantum, n)));
	return MODE_EXPLICIT;
}

static unsigned put_field(struct part_encoder *e, struct walk *w, const struct field *f, uint64_t v)
{
	struct predict *s = &e->state;
	struct known_thread *subject = &s->threads[w->subject];
	uint32_t thread;
	unsigned mode;
	bool is_new;

	switch ((enum coder)f->coder) {
	case CODE_NUMBER:
		if (v == 0)
			return MODE_NONE;
		if (v == s->last[f->column])
			return MODE_SAME;
		s->last[f->column] = v;
		put_col(e, f->column, v);
		return MODE_EXPLICIT;
	case CODE_DELTA:
		return put_delta(e, v, &s->last[f->column], f->column);
	case CODE_CPU_DELTA_0:
	case CODE_CPU_DELTA_1:
		return put_delta(e, v, &w->cpu->last[f->coder - CODE_CPU_DELTA_0], f->column);
	case CODE_TIME:
		if (v == 0)
			return MODE_NONE;
		put_col(e, f->column, zigzag(w->ev->head.time_ns - v));
		return MODE_EXPLICIT;
	case CODE_TID:
		return put_thread(e, (uint32_t)v, w->head, w->head, f->column, &thread);
	case CODE_TID_SUBJECT:
		return put_thread(e, (uint32_t)v, w->head, w->head, f->column, &w->subject);
	case CODE_TID_NEXT:
		return put_thread(e, (uint32_t)v, w->cpu->left, s->threads[w->head].after, f->column, &w->next);
	case CODE_TID_WAKER:
		return put_thread(e, (uint32_t)v, s->threads[w->next].waker, w->head, f->column, &w->waker);
	case CODE_WAIT:
		return put_wait(e, w, (uint32_t)v, f->column);
	case CODE_GOID:
		mode = v == 0 ? MODE_NONE : v == subject->goid ? MODE_SAME : MODE_EXPLICIT;
		if (mode == MODE_EXPLICIT)
			put_goid(e, v, f->column);
		subject->goid = v;
		return mode;
	case CODE_GOID_OTHER:
		mode = v == 0 ? MODE_NONE : v == s->last[f->column] ? MODE_SAME : MODE_EXPLICIT;
		if (mode == MODE_EXPLICIT)
			put_goid(e, v, f->column);
		if (v)
			s->last[f->column] = v;
		return mode;
	case CODE_P:
		mode = v == EV_NO_P ? MODE_NONE : v == subject->p ? MODE_SAME : MODE_EXPLICIT;
		if (mode == MODE_EXPLICIT)
			put_leb(&e->cols[f->column], v);
		if (v != EV_NO_P)
			subject->p = (uint16_t)v;
		return mode;
	case CODE_LOC:
		if (v == EV_NO_LOC)
			return MODE_NONE;
		mode = v == s->last[f->column] ? MODE_SAME : v == s->loc ? MODE_ALSO : MODE_EXPLICIT;
		if (mode == MODE_EXPLICIT)
			put_leb(&e->cols[f->column], number_of(e, &e->locs, v, COL_LOCS, &is_new));
		s->last[f->column] = v;
		s->loc = (uint32_t)v;
		return mode;
	default:
		return MODE_NONE;
	}
}

static void put_fields(struct part_encoder *e, struct walk *w, const struct field *f)
{
	unsigned shift = SHAPE_FIELD_SHIFT;

	for (; f->coder != CODE_END; f++) {
		const uint8_t *at = (const uint8_t *)w->ev + f->offset;
		const char *text;
		uint64_t mode;

		switch (f->coder) {
		case CODE_SMALL_A:
			w->shape |= (uint64_t)*at << 40;
			continue;
		case CODE_SMALL_B:
			w->shape |= (uint64_t)*at << 48;
			continue;
		case CODE_COMM:
			mode = put_comm(e, at, f->column);
			break;
		case CODE_TEXT:
			memcpy(&text, at, sizeof(text));
			mode = put_text(e, text, f->column);
			break;
		default:
			mode = put_field(e, w, f, load_field(w->ev, f));
		}
		w->shape |= mode << shift;
		shift += 2;
	}
}

static unsigned put_time(struct part_encoder *e, const struct ev_head *h)
{
	struct predict *s = &e->state;
	unsigned col = COL_TIME + time_class(h->kind, h->flags);
	uint64_t before_ns = s->time_ns, delta = h->time_ns - s->lattice_ns;

	if (h->time_ns == before_ns)
		return MODE_NONE;
	s->time_ns = h->time_ns;
	if (h->time_ns < before_ns) {
		put_col(e, col, before_ns - h->time_ns);
		return MODE_ALSO;
	}
	/* A tick is no time of the clock: it is made up. */
	if (h->kind == EV_TICK || delta >= LATTICE_MAX || delta == 0) {
		put_col(e, col, h->time_ns - before_ns);
		if (h->kind != EV_TICK)
			predict_jump(s);
		return MODE_EXPLICIT;
	}
	uint64_t n = ((delta << 32) - (uint64_t)s->phase + s->quantum / 2) / s->quantum;
	uint64_t at = (uint64_t)s->phase + n * s->quantum;
	put_col(e, col, n);
	put_off(e, &e->time_offs, (int64_t)delta - ((int64_t)(at + LATTICE_HALF) >> 32));
	predict_phase(s, at, delta);
	return MODE_SAME;
}

static void put_head(struct part_encoder *e, struct walk *w)
{
	const struct ev_head *h = &w->ev->head;
	struct predict *s = &e->state;
	uint64_t mode = put_time(e, h);

	w->shape = h->kind | (uint64_t)h->flags << 8;
	w->shape |= mode << SHAPE_TIME_SHIFT;
	mode = h->cpu == 0 && !(h->flags & EVF_CPU) ? MODE_NONE
	       : h->cpu == s->cpu                   ? MODE_SAME
	       : h->cpu == s->other_cpu             ? MODE_ALSO
						    : MODE_EXPLICIT;
	if (mode == MODE_EXPLICIT)
		put_leb(&e->cols[COL_CPU], h->cpu);
	if (mode != MODE_NONE)
		predict_saw_cpu(s, h->cpu);
	w->shape |= mode << SHAPE_CPU_SHIFT;
	w->cpu = predict_cpu(s, h->cpu);
	mode = put_thread(e, h->tid, w->cpu->on, s->thread, COL_TID, &w->head);
	w->shape |= mode << SHAPE_TID_SHIFT;
	w->subject = w->head;
}

void part_encoder_event(struct part_encoder *e, const struct event *ev)
{
	struct walk w = {.ev = ev};
	const struct field *f = schema_fields(ev->head.kind);
	bool is_new;

	if (e->error)
		return;
	unsigned before = e->state.time_class;
	put_head(e, &w);
	if (f == schema_opaque())
		w.shape |= SHAPE_OPAQUE;
	put_fields(e, &w, f);
	predict_after(&e->state, ev->head.kind, ev->head.flags, w.cpu, w.head, w.next, w.waker);
	uint32_t number = dict_find(&e->shapes, w.shape);
	is_new = number == DICT_NONE;
	if (is_new) {
		number = (uint32_t)e->shapes.n;
		keep_error(e, dict_add(&e->shapes, w.shape));
		put_leb(&e->cols[COL_SHAPES], w.shape);
	}
	put_leb(&e->cols[COL_SHAPE + before], number);
	if (ev->head.time_ns < e->first_ns)
		e->first_ns = ev->head.time_ns;
	if (ev->head.time_ns > e->last_ns)
		e->last_ns = ev->head.time_ns;
	e->n_events++;
}

void part_encoder_known(struct part_encoder *e, uint64_t blocks_ago)
{
	put_leb(&e->cols[COL_KNOWN], blocks_ago);
}

bool part_encoder_full(const struct part_encoder *e)
{
	return e->n_events >= WRITER_BLOCK_EVENTS || e->cols[COL_TEXT].len >= TEXT_FULL;
}

int part_encoder_finish(struct part_encoder *e, struct bytes *out, uint32_t *ret_raw)
{
	struct bit_writer *bits[] = {&e->bits, &e->time_offs, &e->wait_offs};
	const unsigned cols[] = {COL_BITS, COL_TIME_OFF, COL_WAIT_OFF};

	/* Bits are columns like the others, but for how they are made. */
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		bits_flush(bits[i]);
		e->cols[cols[i]] = bits[i]->out;
	}
	for (unsigned i = 0; i < COL_COUNT; i++) {
		if (e->cols[i].failed)
			keep_error(e, -ENOMEM);
	}
	int err = e->error ? e->error : columns_pack(e->zstd, e->cols, out, ret_raw, e->sizes);
	for (size_t i = 0; i < ARRAY_SIZE(cols); i++)
		e->cols[cols[i]] = (struct bytes){0};
	return err;
}
