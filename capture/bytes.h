/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Columns of bytes and the three ways in which a number is written to one: LEB128 (small indexes), a bucket and extra
 * bits (times and counts), raw bits. Writers never fail one by one: a column that couldn't grow says so in .failed.
 * Readers never run over: past the end they give 0 and set .bad.
 */
#ifndef SCHEDTOP_CAPTURE_BYTES_H
#define SCHEDTOP_CAPTURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	uint8_t *data;
	size_t len, cap;
	bool failed; /* out of memory: what it holds is not complete */
};

/** Makes room for @more bytes behind what is there. false on ENOMEM, and failed is set. */
bool bytes_grow(struct bytes *b, size_t more);
void bytes_done(struct bytes *b);

static inline bool bytes_room(struct bytes *b, size_t more)
{
	return (b->cap - b->len >= more) || bytes_grow(b, more);
}

static inline void bytes_put(struct bytes *b, const void *src, size_t n)
{
	if (!n || !bytes_room(b, n))
		return;
	memcpy(b->data + b->len, src, n);
	b->len += n;
}

static inline void put_u8(struct bytes *b, uint8_t v)
{
	if (bytes_room(b, 1))
		b->data[b->len++] = v;
}

/* Little endian, on every machine. */
static inline void store_le(uint8_t *dst, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		dst[i] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t load_le(const uint8_t *src, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)src[i] << (8 * i);
	return v;
}

#define LEB128_MAX 10

/* Seven bits a byte, lowest first; the top bit says that more follow. */
static inline void put_leb(struct bytes *b, uint64_t v)
{
	if (!bytes_room(b, LEB128_MAX))
		return;
	uint8_t *p = b->data + b->len;
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	b->len = (size_t)(p - b->data);
}

static inline uint64_t zigzag(uint64_t difference)
{
	return (difference << 1) ^ (uint64_t)((int64_t)difference >> 63);
}

static inline uint64_t unzigzag(uint64_t code)
{
	return (code >> 1) ^ (0 - (code & 1));
}

/* ---- raw bits, lowest first ---- */

struct bit_writer {
	struct bytes out;
	uint64_t acc;
	unsigned n; /* bits in acc, below 8 between calls */
};

/* @n is at most 32. */
static inline void put_bits_32(struct bit_writer *w, uint64_t v, unsigned n)
{
	w->acc |= v << w->n;
	w->n += n;
	if (w->n < 8)
		return;
	if (!bytes_room(&w->out, 8))
		return;
	store_le(w->out.data + w->out.len, w->acc, 8);
	w->out.len += w->n / 8;
	w->acc >>= w->n & ~7U;
	w->n &= 7;
}

static inline void put_bits(struct bit_writer *w, uint64_t v, unsigned n)
{
	if (n > 32) {
		put_bits_32(w, (uint32_t)v, 32);
		v >>= 32;
		n -= 32;
	}
	put_bits_32(w, v, n);
}

static inline void bits_flush(struct bit_writer *w)
{
	if (w->n)
		put_u8(&w->out, (uint8_t)w->acc);
	w->acc = 0;
	w->n = 0;
}

/* ---- reading ---- */

struct cursor {
	const uint8_t *p, *end;
};

/* Shared by all cursors of a part: one check an event instead of one a number. */
struct bit_reader {
	const uint8_t *data; /* BYTES_PAD readable bytes follow its end */
	uint64_t pos, n_bits;
	bool bad;
};

#define BYTES_PAD 16

static inline uint8_t get_u8(struct cursor *c, bool *bad)
{
	if (c->p == c->end) {
		*bad = true;
		return 0;
	}
	return *c->p++;
}

static inline uint64_t get_leb(struct cursor *c, bool *bad)
{
	uint64_t v = 0;

	if (c->p < c->end && *c->p < 0x80)
		return *c->p++;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = get_u8(c, bad);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	*bad = true;
	return 0;
}

/* @n is at most 57. */
static inline uint64_t get_bits_57(struct bit_reader *r, unsigned n)
{
	if (r->pos + n > r->n_bits) {
		r->bad = true;
		return 0;
	}
	uint64_t v;
	memcpy(&v, r->data + r->pos / 8, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	v >>= r->pos & 7;
	r->pos += n;
	return v & ((1ULL << n) - 1);
}

static inline uint64_t get_bits(struct bit_reader *r, unsigned n)
{
	if (n <= 32)
		return get_bits_57(r, n);
	uint64_t low = get_bits_57(r, 32);

	return low | get_bits_57(r, n - 32) << 32;
}

/* ---- numbers as a bucket and extra bits ---- */

/*
 * Below 16 the bucket is the number. An octave has 8 buckets as long as three bits below its top one make sense for
 * times that matter (up to 2^29 ns, half a second), one bucket beyond. What is left below are extra bits: they are
 * noise, and no compressor could make less of them.
 */
#define BUCKET_FINE_FIRST 4  /* the first octave with 8 buckets */
#define BUCKET_FINE_END   29 /* the first with one */
#define BUCKET_FINE       16
#define BUCKET_COARSE     (BUCKET_FINE + (BUCKET_FINE_END - BUCKET_FINE_FIRST) * 8)
#define BUCKET_COUNT      (BUCKET_COARSE + 64 - BUCKET_FINE_END)

static inline uint8_t bucket_of(uint64_t v, unsigned *ret_extra)
{
	if (v < BUCKET_FINE) {
		*ret_extra = 0;
		return (uint8_t)v;
	}
	unsigned top = 63 - (unsigned)__builtin_clzll(v);
	if (top < BUCKET_FINE_END) {
		*ret_extra = top - 3;
		return (uint8_t)(BUCKET_FINE + (top - BUCKET_FINE_FIRST) * 8 + ((v >> (top - 3)) & 7));
	}
	*ret_extra = top;
	return (uint8_t)(BUCKET_COARSE + (top - BUCKET_FINE_END));
}

static inline void put_number(struct bytes *col, struct bit_writer *bits, uint64_t v)
{
	unsigned extra;

	put_u8(col, bucket_of(v, &extra));
	if (extra)
		put_bits(bits, v & ((1ULL << extra) - 1), extra);
}

static inline uint64_t get_number(struct cursor *c, struct bit_reader *bits)
{
	unsigned s = get_u8(c, &bits->bad);

	if (s < BUCKET_FINE)
		return s;
	if (s < BUCKET_COARSE) {
		unsigned octave = (s - BUCKET_FINE) / 8, extra = octave + BUCKET_FINE_FIRST - 3;

		return (uint64_t)(8 + ((s - BUCKET_FINE) & 7)) << extra | get_bits_57(bits, extra);
	}
	if (s >= BUCKET_COUNT) {
		bits->bad = true;
		return 0;
	}
	unsigned top = s - BUCKET_COARSE + BUCKET_FINE_END;
	return 1ULL << top | get_bits(bits, top);
}

#endif
