/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a fuzz target without an engine: each file of a corpus as it is, and then mutations of them, the same ones every
 * time.
 *
 *   TARGET MUTATIONS FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1U << 20)

struct input {
	uint8_t *data;
	size_t n;
};

static uint64_t rng = 1;

static uint64_t below(uint64_t n)
{
	uint64_t z = (rng += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return n ? z % n : 0;
}

static void load(const char *path, struct input *ret)
{
	FILE *f = fopen(path, "rb");

	ret->data = malloc(INPUT_MAX);
	if (!f || !ret->data) {
		fprintf(stderr, "mutate: %s: can't be read\n", path);
		exit(1);
	}
	ret->n = fread(ret->data, 1, INPUT_MAX, f);
	fclose(f);
}

static uint8_t any_byte(void)
{
	static const uint8_t edges[] = {0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff};

	return below(2) ? edges[below(sizeof(edges))] : (uint8_t)below(256);
}

/* A piece of another input takes the place of one of this. */
static void splice(struct input *in, const struct input *other)
{
	size_t at = below(in->n), from = below(other->n), n = 1 + below(64);

	if (n > in->n - at)
		n = in->n - at;
	if (n > other->n - from)
		n = other->n - from;
	memcpy(in->data + at, other->data + from, n);
}

/* Bytes go away, or come. */
static void shift(struct input *in)
{
	size_t at = below(in->n), n = 1 + below(16);

	if (below(2) && n < in->n - at) {
		memmove(in->data + at, in->data + at + n, in->n - at - n);
		in->n -= n;
	} else if (in->n + n <= INPUT_MAX) {
		memmove(in->data + at + n, in->data + at, in->n - at);
		in->n += n;
	}
}

static void mutate(struct input *in, const struct input *other)
{
	if (!in->data || !other->data)
		abort();
	for (uint64_t i = 1 + below(6); i > 0; i--) {
		switch (below(8)) {
		case 0:
			splice(in, other);
			break;
		case 1:
			shift(in);
			break;
		case 2:
			in->n = below(8) ? in->n : 1 + below(in->n);
			break;
		case 3:
			in->data[below(in->n)] ^= (uint8_t)(1U << below(8));
			break;
		default:
			in->data[below(in->n)] = any_byte();
		}
	}
}

int main(int argc, char **argv)
{
	struct input *corpus = calloc((size_t)argc, sizeof(*corpus)), work = {.data = malloc(INPUT_MAX)};
	size_t n = 0;

	if (argc < 3 || !corpus || !work.data) {
		fprintf(stderr, "usage: %s MUTATIONS FILE...\n", argv[0]);
		return 2;
	}
	for (int i = 2; i < argc; i++, n++) {
		load(argv[i], &corpus[n]);
		LLVMFuzzerTestOneInput(corpus[n].data, corpus[n].n);
	}
	unsigned long mutations = strtoul(argv[1], NULL, 10);
	for (unsigned long i = 0; i < mutations; i++) {
		const struct input *from = &corpus[i % n];

		memcpy(work.data, from->data, from->n);
		work.n = from->n;
		mutate(&work, &corpus[below(n)]);
		LLVMFuzzerTestOneInput(work.data, work.n);
	}
	printf("%zu inputs and %lu mutations of them\n", n, mutations);
	for (size_t i = 0; i < n; i++)
		free(corpus[i].data);
	free(corpus);
	free(work.data);
	return 0;
}
