/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror of encode.c. Reads past the end of a column give 0 and set bits.bad, which is looked at once an event:
 * until then every index has been checked where it is used.
 */
#include "capture/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/columns.h"
#include "capture/format.h"
#include "capture/quantum.h"

int part_decoder_init(struct part_decoder *d)
{
	memset(d, 0, sizeof(*d));
	d->zstd = columns_unpacker_new();
	return d->zstd ? 0 : -ENOMEM;
}

void part_decoder_done(struct part_decoder *d)
{
	columns_unpacker_free(d->zstd);
	bytes_done(&d->mem);
	predict_done(&d->state);
	free(d->shapes);
	free(d->goids);
	free(d->locs);
	free(d->texts);
	memset(d, 0, sizeof(*d));
}

static struct bit_reader bits_of(const struct cursor *col)
{
	return (struct bit_reader){.data = col->p, .n_bits = (uint64_t)(col->end - col->p) * 8};
}

int part_decoder_begin(struct part_decoder *d, struct cursor *src, uint32_t *raw_left)
{
	d->error = columns_unpack(d->zstd, src, raw_left, &d->mem, d->cols);
	if (d->error)
		return d->error;
	d->bits = bits_of(&d->cols[COL_BITS]);
	d->time_offs = bits_of(&d->cols[COL_TIME_OFF]);
	d->wait_offs = bits_of(&d->cols[COL_WAIT_OFF]);
	d->comms = d->cols[COL_COMMS];
	d->n_comms = 0;
	d->n_shapes = d->n_goids = d->n_locs = d->n_texts = 0;
	uint64_t quantum = QUANTUM_ONE;
	if (d->cols[COL_QUANTUM].p < d->cols[COL_QUANTUM].end)
		quantum = get_leb(&d->cols[COL_QUANTUM], &d->bits.bad);
	d->error = quantum < QUANTUM_ONE || d->bits.bad ? -EBADMSG : predict_begin(&d->state, quantum);
	return d->error;
}

static uint64_t fail_part(struct part_decoder *d, int err)
{
	if (!d->error)
		d->error = err;
	return 0;
}

/* Room for one more in a dictionary that others' bytes fill. */
static bool dict_room(struct part_decoder *d, void **mem, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 64;
	if (more > DICT_MAX) {
		fail_part(d, -EBADMSG);
		return false;
	}
	void *grown = realloc(*mem, more * size);
	if (!grown) {
		fail_part(d, -ENOMEM);
		return false;
	}
	*mem = grown;
	*cap = more;
	return true;
}

static uint64_t get_col(struct part_decoder *d, unsigned col)
{
	return get_number(&d->cols[col], &d->bits);
}

static uint64_t get_index(struct part_decoder *d, unsigned col)
{
	return get_leb(&d->cols[col], &d->bits.bad);
}

/* The next new key of a dictionary. */
static uint64_t get_new(struct part_decoder *d, unsigned col)
{
	d->state.last[col] += unzigzag(get_col(d, col));
	return d->state.last[col];
}

static uint32_t get_thread_number(struct part_decoder *d, unsigned col)
{
	uint64_t number = get_index(d, col);

	if (number < d->state.n_threads)
		return (uint32_t)number;
	if (number > d->state.n_threads)
		return (uint32_t)fail_part(d, -EBADMSG);
	int err = predict_add_thread(&d->state, (uint32_t)get_new(d, COL_TIDS));
	return err < 0 ? (uint32_t)fail_part(d, err == -ENOMEM ? err : -EBADMSG) : (uint32_t)number;
}

static uint32_t get_thread(struct part_decoder *d, unsigned mode, uint32_t same, uint32_t also, unsigned col)
{
	switch (mode) {
	case MODE_NONE:
		return 0;
	case MODE_SAME:
		return same;
	case MODE_ALSO:
		return also;
	default:
		return get_thread_number(d, col);
	}
}

static uint64_t get_goid(struct part_decoder *d, unsigned col)
{
	uint64_t number = get_index(d, col);

	if (number < d->n_goids)
		return d->goids[number];
	if (number > d->n_goids || !dict_room(d, (void **)&d->goids, &d->cap_goids, d->n_goids, sizeof(*d->goids)))
		return fail_part(d, -EBADMSG);
	return d->goids[d->n_goids++] = get_new(d, COL_GOIDS);
}

static uint32_t get_loc(struct part_decoder *d, unsigned col)
{
	uint64_t number = get_index(d, col);

	if (number < d->n_locs)
		return d->locs[number];
	if (number > d->n_locs || !dict_room(d, (void **)&d->locs, &d->cap_locs, d->n_locs, sizeof(*d->locs)))
		return (uint32_t)fail_part(d, -EBADMSG);
	return d->locs[d->n_locs++] = (uint32_t)get_new(d, COL_LOCS);
}

static const char *get_text(struct part_decoder *d, unsigned mode, unsigned col)
{
	struct cursor *store = &d->cols[COL_TEXT];

	if (mode == MODE_NONE)
		return "";
	uint64_t number = get_index(d, col);
	if (number < d->n_texts)
		return d->texts[number];
	size_t left = (size_t)(store->end - store->p);
	const uint8_t *end = left ? memchr(store->p, 0, left) : NULL;
	if (number > d->n_texts || !end || end - store->p > STRING_MAX ||
	    !dict_room(d, (void **)&d->texts, &d->cap_texts, d->n_texts, sizeof(*d->texts))) {
		fail_part(d, -EBADMSG);
		return "";
	}
	const char *text = (const char *)store->p;
	store->p = end + 1;
	return d->texts[d->n_texts++] = text;
}

static void get_comm(struct part_decoder *d, unsigned mode, unsigned col, uint8_t *dst)
{
	size_t stored = (size_t)(d->comms.end - d->comms.p) / EV_COMM_SIZE;

	if (mode == MODE_NONE)
		return;
	uint64_t number = get_index(d, col);
	if (number > d->n_comms || number >= stored) {
		fail_part(d, -EBADMSG);
		return;
	}
	d->n_comms += number == d->n_comms;
	memcpy(dst, d->comms.p + number * EV_COMM_SIZE, EV_COMM_SIZE);
}

static void store_field(struct event *ev, const struct field *f, uint64_t v)
{
	uint8_t *at = (uint8_t *)ev + f->offset;
	uint32_t v32 = (uint32_t)v;
	uint16_t v16 = (uint16_t)v;

	switch (f->width) {
	case 1:
		*at = (uint8_t)v;
		return;
	case 2:
		memcpy(at, &v16, sizeof(v16));
		return;
	case 4:
		memcpy(at, &v32, sizeof(v32));
		return;
	default:
		memcpy(at, &v, sizeof(v));
	}
}

struct walk {
	struct event *ev;
	struct known_cpu *cpu;
	uint32_t head, subject, next, waker;
};

static uint64_t get_off(struct part_decoder *d, struct bit_reader *offs)
{
	if (d->state.quantum == QUANTUM_ONE)
		return 0;
	uint64_t code = get_bits_57(offs, 2);
	if (code == 3)
		code += get_col(d, COL_OFF_FAR);
	d->bits.bad |= offs->bad;
	return unzigzag(code);
}

static uint32_t get_wait(struct part_decoder *d, const struct walk *w, unsigned mode, unsigned col)
{
	const struct predict *s = &d->state;

	if (mode == MODE_NONE)
		return 0;
	if (mode == MODE_SAME) {
		uint64_t n = unzigzag(get_col(d, COL_WAIT_BACK));
		bool negative = (int64_t)n < 0;
		uint64_t at = lattice_at(s->quantum, negative ? 0 - n : n);
		uint64_t off = (negative ? 0 - at : at) + get_off(d, &d->wait_offs);

		return (uint32_t)(s->time_ns - s->threads[w->next].left_ns - off);
	}
	uint64_t n = get_col(d, w->ev->head.flags & EVF_PREV_TARGET ? COL_WAIT_BUSY : col);
	if (mode == MODE_ALSO)
		return (uint32_t)n;
	return (uint32_t)(lattice_at(s->quantum, n) + get_off(d, &d->wait_offs));
}

/* Inlined where the coder is known, which makes a switch of it a case. */
static inline __attribute__((always_inline)) uint64_t get_field(struct part_decoder *d, struct walk *w,
								enum coder coder, unsigned col, unsigned mode)
{
	struct predict *s = &d->state;
	struct known_thread *subject = &s->threads[w->subject];
	uint64_t *last = &s->last[col], v;
	uint32_t thread;

	switch (coder) {
	case CODE_NUMBER:
		if (mode == MODE_EXPLICIT)
			*last = get_col(d, col);
		return mode == MODE_NONE ? 0 : *last;
	case CODE_CPU_DELTA_0:
	case CODE_CPU_DELTA_1:
		last = &w->cpu->last[coder - CODE_CPU_DELTA_0];
		__attribute__((fallthrough));
	case CODE_DELTA:
		if (mode == MODE_EXPLICIT)
			*last += unzigzag(get_col(d, col));
		return *last;
	case CODE_TIME:
		return mode == MODE_NONE ? 0 : w->ev->head.time_ns - unzigzag(get_col(d, col));
	case CODE_TID:
		thread = get_thread(d, mode, w->head, w->head, col);
		return s->threads[thread].tid;
	case CODE_TID_SUBJECT:
		w->subject = get_thread(d, mode, w->head, w->head, col);
		return s->threads[w->subject].tid;
	case CODE_TID_NEXT:
		w->next = get_thread(d, mode, w->cpu->left, s->threads[w->head].after, col);
		return s->threads[w->next].tid;
	case CODE_TID_WAKER:
		w->waker = get_thread(d, mode, s->threads[w->next].waker, w->head, col);
		return s->threads[w->waker].tid;
	case CODE_WAIT:
		return get_wait(d, w, mode, col);
	case CODE_GOID:
		v = mode == MODE_NONE ? 0 : mode == MODE_EXPLICIT ? get_goid(d, col) : subject->goid;
		return subject->goid = v;
	case CODE_GOID_OTHER:
		if (mode == MODE_EXPLICIT)
			*last = get_goid(d, col);
		return mode == MODE_NONE ? 0 : *last;
	case CODE_P:
		if (mode == MODE_NONE)
			return EV_NO_P;
		if (mode == MODE_EXPLICIT)
			subject->p = (uint16_t)get_index(d, col);
		return subject->p;
	case CODE_LOC:
		if (mode == MODE_NONE)
			return EV_NO_LOC;
		if (mode != MODE_SAME)
			*last = mode == MODE_ALSO ? s->loc : get_loc(d, col);
		return s->loc = (uint32_t)*last;
	default:
		return 0;
	}
}

/* Nine of ten events are switches: theirs without the table. */
static void get_switch(struct part_decoder *d, struct walk *w, uint64_t shape)
{
	const unsigned s = SHAPE_FIELD_SHIFT;
	struct ev_switch *sw = &w->ev->sw;

	sw->goid = get_field(d, w, CODE_GOID, COL_SWITCH, SHAPE_MODE(shape, s));
	sw->p = (uint16_t)get_field(d, w, CODE_P, COL_SWITCH + 1, SHAPE_MODE(shape, s + 2));
	sw->next_tid = (uint32_t)get_field(d, w, CODE_TID_NEXT, COL_SWITCH + 2, SHAPE_MODE(shape, s + 4));
	sw->waker_tid = (uint32_t)get_field(d, w, CODE_TID_WAKER, COL_SWITCH + 3, SHAPE_MODE(shape, s + 6));
	sw->wake_delta_ns = (uint32_t)get_field(d, w, CODE_WAIT, COL_SWITCH + 4, SHAPE_MODE(shape, s + 8));
	sw->state = SHAPE_SMALL_A(shape);
	sw->reserved = SHAPE_SMALL_B(shape);
}

static void get_fields(struct part_decoder *d, struct walk *w, const struct field *f, uint64_t shape)
{
	unsigned shift = SHAPE_FIELD_SHIFT;

	for (; f->coder != CODE_END; f++) {
		uint8_t *at = (uint8_t *)w->ev + f->offset;
		const char *text;

		switch (f->coder) {
		case CODE_SMALL_A:
			*at = SHAPE_SMALL_A(shape);
			continue;
		case CODE_SMALL_B:
			*at = SHAPE_SMALL_B(shape);
			continue;
		case CODE_COMM:
			get_comm(d, SHAPE_MODE(shape, shift), f->column, at);
			break;
		case CODE_TEXT:
			text = get_text(d, SHAPE_MODE(shape, shift), f->column);
			memcpy(at, &text, sizeof(text));
			break;
		default:
			store_field(w->ev, f, get_field(d, w, f->coder, f->column, SHAPE_MODE(shape, shift)));
		}
		shift += 2;
	}
}

static uint64_t get_time(struct part_decoder *d, const struct ev_head *h, unsigned mode)
{
	struct predict *s = &d->state;

	if (mode == MODE_NONE)
		return s->time_ns;
	uint64_t n = get_col(d, COL_TIME + time_class(h->kind, h->flags));
	if (mode != MODE_SAME) {
		s->time_ns += mode == MODE_EXPLICIT ? n : 0 - n;
		if (mode == MODE_EXPLICIT && h->kind != EV_TICK)
			predict_jump(s);
		return s->time_ns;
	}
	uint64_t at = (uint64_t)s->phase + n * s->quantum;
	uint64_t delta = (uint64_t)((int64_t)(at + LATTICE_HALF) >> 32) + get_off(d, &d->time_offs);
	predict_phase(s, at, delta);
	return s->time_ns = s->lattice_ns;
}

static void get_head(struct part_decoder *d, struct walk *w, uint64_t shape)
{
	struct ev_head *h = &w->ev->head;
	struct predict *s = &d->state;
	unsigned mode;

	h->kind = SHAPE_KIND(shape);
	h->flags = SHAPE_FLAGS(shape);
	h->time_ns = get_time(d, h, SHAPE_MODE(shape, SHAPE_TIME_SHIFT));
	mode = SHAPE_MODE(shape, SHAPE_CPU_SHIFT);
	h->cpu = mode == MODE_NONE       ? 0
		 : mode == MODE_SAME     ? s->cpu
		 : mode == MODE_EXPLICIT ? (uint16_t)get_index(d, COL_CPU)
					 : s->other_cpu;
	if (mode != MODE_NONE)
		predict_saw_cpu(s, h->cpu);
	w->cpu = predict_cpu(s, h->cpu);
	w->head = w->subject = get_thread(d, SHAPE_MODE(shape, SHAPE_TID_SHIFT), w->cpu->on, s->thread, COL_TID);
	h->tid = s->threads[w->head].tid;
}

static uint64_t get_shape(struct part_decoder *d)
{
	uint64_t number = get_index(d, COL_SHAPE + d->state.time_class);

	if (number < d->n_shapes)
		return d->shapes[number];
	if (number > d->n_shapes || !dict_room(d, (void **)&d->shapes, &d->cap_shapes, d->n_shapes, sizeof(*d->shapes)))
		return fail_part(d, -EBADMSG);
	return d->shapes[d->n_shapes++] = get_index(d, COL_SHAPES);
}

/*
 * A kind that this version has no row for is opaque; one that it has may be, in a file of an older version that had
 * none. But pointers never come from a file.
 */
static const struct field *fields_of(struct part_decoder *d, uint64_t shape)
{
	const struct field *f = schema_fields(SHAPE_KIND(shape));
	bool opaque = shape & SHAPE_OPAQUE;

	if (opaque ? SHAPE_KIND(shape) == EV_LOC : f == schema_opaque())
		fail_part(d, -EBADMSG);
	return opaque ? schema_opaque() : f;
}

int part_decoder_event(struct part_decoder *d, struct event *ret)
{
	struct walk w = {.ev = ret};
	uint64_t shape = get_shape(d);
	const struct field *f = fields_of(d, shape);

	memset(ret, 0, sizeof(*ret));
	get_head(d, &w, shape);
	if (ret->head.kind == EV_SWITCH && f != schema_opaque())
		get_switch(d, &w, shape);
	else
		get_fields(d, &w, f, shape);
	predict_after(&d->state, ret->head.kind, ret->head.flags, w.cpu, w.head, w.next, w.waker);
	if (d->bits.bad)
		fail_part(d, -EBADMSG);
	return d->error;
}

uint64_t part_decoder_known(struct part_decoder *d)
{
	uint64_t blocks = get_index(d, COL_KNOWN);

	return d->bits.bad ? 0 : blocks;
}
