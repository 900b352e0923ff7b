/* SPDX-License-Identifier: GPL-2.0-only */
/* What comes out is what went in: every kind, every field, any value. */
#include <stdio.h>
#include <unistd.h>

#include "capture/decode.h"
#include "capture/encode.h"
#include "capture/quantum.h"
#include "tests/capture/generate.h"
#include "tests/capture/tape.h"

/* Encodes in parts of up to @part events and decodes again. */
static void round_trip(const struct tape *t, size_t part, uint64_t quantum)
{
	static struct part_encoder enc;
	static struct part_decoder dec;
	struct bytes out = {0};

	assert_int_equal(part_encoder_init(&enc), 0);
	assert_int_equal(part_decoder_init(&dec), 0);
	for (size_t first = 0; first < t->n; first += part) {
		size_t n = t->n - first < part ? t->n - first : part;
		struct event ev;
		uint32_t raw;

		part_encoder_begin(&enc, quantum);
		for (size_t i = 0; i < n; i++)
			part_encoder_event(&enc, &t->events[first + i]);
		out.len = 0;
		assert_int_equal(part_encoder_finish(&enc, &out, &raw), 0);
		struct cursor src = {.p = out.data, .end = out.data + out.len};
		assert_int_equal(part_decoder_begin(&dec, &src, &raw), 0);
		assert_int_equal(raw, 0);
		assert_ptr_equal(src.p, src.end);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(part_decoder_event(&dec, &ev), 0);
			if (!same_event(&t->events[first + i], &ev))
				fail_msg("event %zu (kind %u) changed", first + i, ev.head.kind);
		}
	}
	bytes_done(&out);
	part_encoder_done(&enc);
	part_decoder_done(&dec);
}

static void all_ways(const struct tape *t)
{
	static const uint64_t quanta[] = {QUANTUM_ONE, 43030878208ULL /* 10.0189 ns */, 3 * QUANTUM_ONE + 12345,
					  1ULL << 40};

	for (size_t i = 0; i < sizeof(quanta) / sizeof(quanta[0]); i++)
		round_trip(t, 4096, quanta[i]);
	round_trip(t, 1, quanta[1]);
	round_trip(t, 7, quanta[0]);
}

static void test_synthetic(void **state)
{
	struct tape t = {0};

	(void)state;
	for (uint32_t exact = 0; exact < 2; exact++) {
		generate(
			&(struct generate_opts){
				.n_events = 20000, .n_cpus = 1 + 7 * exact, .exact = exact, .seed = exact},
			&(struct event_sink){.event = tape_add, .ctx = &t});
		assert_int_equal(t.n, 20000);
		all_ways(&t);
		tape_done(&t);
	}
}

/* A value that is like the others: equal ones and neighbours matter as much as far ones. */
static uint64_t any_value(uint64_t *rng)
{
	uint64_t r = generate_random(rng);

	switch (r % 6) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return (r >> 8) % 5;
	case 3:
		return (r >> 8) % 300 * 1000;
	case 4:
		return generate_random(rng) >> (r >> 8) % 64;
	default:
		return generate_random(rng);
	}
}

static struct event any_event(uint64_t *rng, uint64_t *time_ns)
{
	struct event ev = {0};
	uint64_t words[4];
	static char names[64][40];

	for (size_t i = 0; i < 4; i++)
		words[i] = any_value(rng);
	memcpy(&ev.sw, words, sizeof(words));
	*time_ns = generate_random(rng) % 4 ? *time_ns + any_value(rng) % 100000 : any_value(rng);
	ev.head = (struct ev_head){
		.time_ns = *time_ns,
		.tid = (uint32_t)any_value(rng),
		.cpu = (uint16_t)any_value(rng),
		.kind = (uint8_t)(generate_random(rng) % 8 ? generate_random(rng) % EV_KIND_COUNT : any_value(rng)),
		.flags = (uint8_t)any_value(rng),
	};
	if (ev.head.kind == EV_LOC) {
		char *func = names[generate_random(rng) % 64], *file = names[generate_random(rng) % 64];

		snprintf(func, sizeof(names[0]), "%.*s", (int)(generate_random(rng) % 30),
			 "main.\xff\x01"
			 "abcdefghijklmnopqrstuvwxyz");
		ev.loc.func = func;
		ev.loc.file = file;
	}
	return ev;
}

static void test_garbage(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct tape t = {0};
		uint64_t rng = seed, time_ns = seed % 2 ? 0 : 123456789;

		for (size_t i = 0; i < 3000; i++) {
			struct event ev = any_event(&rng, &time_ns);

			tape_add(&t, &ev);
		}
		round_trip(&t, 3000, seed % 3 ? QUANTUM_ONE : 43030878208ULL);
		round_trip(&t, 100, seed % 3 ? 43030878208ULL : QUANTUM_ONE);
		tape_done(&t);
	}
}

/* The kinds of tomorrow, and what has no kind, pass as they are. */
static void test_unknown_kinds(void **state)
{
	struct tape t = {0};
	uint64_t rng = 7, time_ns = 1000;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		struct event ev = any_event(&rng, &time_ns);

		ev.head.kind =
			(uint8_t)(i % 10 ? EV_KIND_COUNT + generate_random(&rng) % (256 - EV_KIND_COUNT) : EV_NONE);
		tape_add(&t, &ev);
	}
	all_ways(&t);
	tape_done(&t);
}

/* Numbers at the edges of their buckets. */
static void test_numbers(void **state)
{
	struct bytes col = {0};
	struct bit_writer bits = {0};
	uint64_t values[64 * 5 + 600];
	size_t n = 0;

	(void)state;
	for (uint64_t v = 0; v < 600; v++)
		values[n++] = v;
	for (unsigned bit = 0; bit < 64; bit++) {
		values[n++] = (1ULL << bit) - 1;
		values[n++] = 1ULL << bit;
		values[n++] = (1ULL << bit) + 1;
		values[n++] = (1ULL << bit) | (1ULL << bit) >> 1;
		values[n++] = UINT64_MAX >> bit;
	}
	for (size_t i = 0; i < n; i++)
		put_number(&col, &bits, values[i]);
	bits_flush(&bits);
	assert_true(bytes_room(&bits.out, BYTES_PAD));
	struct cursor c = {.p = col.data, .end = col.data + col.len};
	struct bit_reader r = {.data = bits.out.data, .n_bits = bits.out.len * 8};
	for (size_t i = 0; i < n; i++)
		assert_int_equal(get_number(&c, &r), values[i]);
	assert_false(r.bad);
	get_number(&c, &r);
	assert_true(r.bad);
	bytes_done(&col);
	bytes_done(&bits.out);
}

/* Names longer than the limit are cut, and nothing else happens to them. */
static void test_long_name(void **state)
{
	static char name[10000];
	struct event ev = {.head.kind = EV_LOC, .loc = {.func = name, .file = "", .id = 1}}, out;
	struct part_encoder enc;
	struct part_decoder dec;
	struct bytes bytes = {0};
	uint32_t raw;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	assert_int_equal(part_encoder_init(&enc), 0);
	assert_int_equal(part_decoder_init(&dec), 0);
	part_encoder_event(&enc, &ev);
	assert_int_equal(part_encoder_finish(&enc, &bytes, &raw), 0);
	struct cursor src = {.p = bytes.data, .end = bytes.data + bytes.len};
	assert_int_equal(part_decoder_begin(&dec, &src, &raw), 0);
	assert_int_equal(part_decoder_event(&dec, &out), 0);
	assert_int_equal(strlen(out.loc.func), 4096);
	assert_string_equal(out.loc.file, "");
	bytes_done(&bytes);
	part_encoder_done(&enc);
	part_decoder_done(&dec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),       cmocka_unit_test(test_synthetic), cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_unknown_kinds), cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
