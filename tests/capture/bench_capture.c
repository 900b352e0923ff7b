/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A developer's tool and a benchmark: what a capture costs.
 *
 *   bench_capture [-c] FILE | -g EVENTS     -c: also what each column takes
 *
 * Reads a capture (or generates a stream), encodes it anew in blocks as the writer would, and prints bytes an event by
 * kind, the rates of both ways, and the peak of resident memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/fault.h"
#include "capture/capture.h"
#include "capture/decode.h"
#include "capture/encode.h"
#include "capture/quantum.h"
#include "tests/capture/generate.h"

struct tape {
	struct event *events;
	size_t n, cap;
};

static void check(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_capture: %s\n", what);
		exit(1);
	}
}

static void on_event(void *ctx, const struct event *ev)
{
	struct tape *t = ctx;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 4096;
		t->events = realloc(t->events, t->cap * sizeof(*t->events));
		check(t->events != NULL, "out of memory");
	}
	t->events[t->n] = *ev;
	if (ev->head.kind == EV_LOC) {
		t->events[t->n].loc.func = strdup(ev->loc.func);
		t->events[t->n].loc.file = strdup(ev->loc.file);
	}
	t->n++;
}

static void load(const char *path, struct tape *t)
{
	const struct event_sink sink = {.event = on_event, .ctx = t};
	struct capture_reader *r = NULL;
	struct fault fault = {0};

	if (capture_reader_open(path, &r, &fault) < 0) {
		fault_print(&fault, stderr);
		exit(1);
	}
	while (capture_reader_next_block(r, &sink) > 0)
		;
	capture_reader_close(r);
}

/* This machine's: right for what was recorded here. */
static uint64_t find_quantum(void)
{
	struct quantum q = {0};

	for (int i = 0; i < 30; i++) {
		quantum_round(&q);
		uint64_t ns = quantum_next_ns(&q);
		nanosleep(&(struct timespec){.tv_nsec = (long)(ns && ns < 50000000 ? ns : 50000000)}, NULL);
	}
	printf("the clock's step: %.6f ns\n", (double)quantum_get(&q) / (double)QUANTUM_ONE);
	return quantum_get(&q);
}

static void print_kinds(const struct tape *t)
{
	uint64_t counts[256] = {0};

	for (size_t i = 0; i < t->n; i++)
		counts[t->events[i].head.kind]++;
	for (unsigned kind = 0; kind < 256; kind++) {
		if (counts[kind])
			printf("  kind %2u: %9" PRIu64 "\n", kind, counts[kind]);
	}
}

static void measure(const struct tape *t, bool columns, uint64_t quantum)
{
	static struct part_encoder enc;
	static struct part_decoder dec;
	static struct column_size sizes[COL_COUNT];
	struct bytes out = {0};
	uint64_t encode_ns = 0, decode_ns = 0, bytes = 0, switches = 0, blocks = 0;

	check(part_encoder_init(&enc) == 0 && part_decoder_init(&dec) == 0, "out of memory");
	enc.sizes = sizes;
	for (size_t i = 0, first = 0; i < t->n; first = i, blocks++) {
		uint32_t raw;
		uint64_t t0 = clock_now_ns();

		part_encoder_begin(&enc, quantum);
		/* As the writer does: a second at most. */
		while (i < t->n && !part_encoder_full(&enc) &&
		       t->events[i].head.time_ns < t->events[first].head.time_ns + 800 * NS_PER_MS) {
			switches += t->events[i].head.kind == EV_SWITCH;
			part_encoder_event(&enc, &t->events[i++]);
		}
		if (i == first)
			part_encoder_event(&enc, &t->events[i++]);
		out.len = 0;
		check(part_encoder_finish(&enc, &out, &raw) == 0, "encoding failed");
		uint64_t t1 = clock_now_ns();
		struct cursor src = {.p = out.data, .end = out.data + out.len};
		struct event ev;
		uint64_t sum = 0;

		check(part_decoder_begin(&dec, &src, &raw) == 0, "decoding failed");
		for (size_t n = first; n < i; n++) {
			check(part_decoder_event(&dec, &ev) == 0, "decoding failed");
			sum += ev.head.time_ns;
		}
		uint64_t t2 = clock_now_ns();
		encode_ns += t1 - t0;
		decode_ns += t2 - t1;
		bytes += out.len;
		check(sum != 1, "unlikely");
		src = (struct cursor){.p = out.data, .end = out.data + out.len};
		raw = UINT32_MAX;
		check(part_decoder_begin(&dec, &src, &raw) == 0, "decoding failed");
		for (size_t n = first; n < i; n++) {
			check(part_decoder_event(&dec, &ev) == 0, "decoding failed");
			check(ev.head.time_ns == t->events[n].head.time_ns && ev.head.tid == t->events[n].head.tid,
			      "an event changed");
		}
	}
	if (columns) {
		for (unsigned c = 0; c < COL_COUNT; c++) {
			if (sizes[c].raw)
				printf("  column %2u: %9" PRIu64 " raw, %9" PRIu64 " stored, %.3f a switch\n", c,
				       sizes[c].raw, sizes[c].stored,
				       switches ? (double)sizes[c].stored / (double)switches : 0);
		}
	}
	printf("%zu events, %" PRIu64 " switches, %" PRIu64 " blocks, %" PRIu64
	       " bytes: %.3f an event, %.3f a switch\n",
	       t->n, switches, blocks, bytes, (double)bytes / (double)t->n,
	       switches ? (double)bytes / (double)switches : 0);
	printf("encode %.1f ns an event, decode %.1f ns\n", (double)encode_ns / (double)t->n,
	       (double)decode_ns / (double)t->n);
	bytes_done(&out);
	part_encoder_done(&enc);
	part_decoder_done(&dec);
}

int main(int argc, char **argv)
{
	struct tape tape = {0};
	bool columns = argc > 1 && strcmp(argv[1], "-c") == 0;
	struct rusage ru;

	argc -= columns;
	argv += columns;
	if (argc == 3 && strcmp(argv[1], "-g") == 0) {
		generate(&(struct generate_opts){.n_events = strtoull(argv[2], NULL, 10)},
			 &(struct event_sink){.event = on_event, .ctx = &tape});
	} else if (argc == 2) {
		load(argv[1], &tape);
	} else {
		fprintf(stderr, "usage: bench_capture [-c] FILE | -g EVENTS\n");
		return 2;
	}
	print_kinds(&tape);
	measure(&tape, columns, find_quantum());
	getrusage(RUSAGE_SELF, &ru);
	printf("peak memory %ld MB, the events themselves included\n", ru.ru_maxrss / 1024);
	for (size_t i = 0; i < tape.n; i++) {
		if (tape.events[i].head.kind == EV_LOC) {
			free((char *)tape.events[i].loc.func);
			free((char *)tape.events[i].loc.file);
		}
	}
	free(tape.events);
	return 0;
}
