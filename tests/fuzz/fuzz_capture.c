/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The capture reader on hostile input. The first byte chooses: a file as it is; a file whose checksums are set right
 * first, so that what is behind them is reached; the same as a stream; a part of a block whose columns need no
 * decompression.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/fault.h"
#include "capture/capture.h"
#include "capture/decode.h"
#include "capture/format.h"
#include "tests/fuzz/fuzz.h"

struct sum {
	uint64_t n, bytes;
};

/* Looks at all that a consumer may look at. */
static void on_event(void *ctx, const struct event *ev)
{
	struct sum *s = ctx;

	s->n++;
	if (ev->head.kind == EV_LOC)
		s->bytes += strlen(ev->loc.func) + strlen(ev->loc.file);
	else
		s->bytes += XXH64(ev, sizeof(*ev), 0) & 1;
}

static void read_all(struct capture_reader *r)
{
	struct sum sum = {0};
	const struct event_sink sink = {.event = on_event, .ctx = &sum};
	const struct capture_block *blocks;
	struct capture_damage damage;
	char text[256];

	while (capture_reader_next_block(r, &sink) > 0)
		;
	capture_reader_damage(r, &damage);
	capture_damage_text(&damage, text, sizeof(text));
	size_t n = capture_reader_blocks(r, &blocks);
	if (n && capture_reader_seek(r, n - 1) == 0)
		capture_reader_next_block(r, &sink);
}

static void read_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct capture_reader *r = NULL;
	struct fault fault;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (capture_reader_open_fd(fd, "fuzz", &r, &fault) == 0)
		read_all(r);
	capture_reader_close(r);
	close(fd);
}

static void read_stream(const uint8_t *data, size_t size)
{
	struct capture_reader *r = NULL;
	struct fault fault;
	int fds[2];

	/* What a pipe takes without a reader. */
	if (size > 60000 || pipe(fds) < 0)
		return;
	if (write(fds[1], data, size) != (ssize_t)size)
		abort();
	close(fds[1]);
	if (capture_reader_open_fd(fds[0], "fuzz", &r, &fault) == 0)
		read_all(r);
	capture_reader_close(r);
	close(fds[0]);
}

static void set_sums_right(uint8_t *data, size_t size)
{
	uint64_t sum;

	if (size >= FILE_HEAD_SIZE) {
		sum = XXH64(data, 24, 0);
		store_le(data + 24, sum, 8);
	}
	for (size_t at = 0; at + BLOCK_HEAD_SIZE <= size; at++) {
		if (load_le(data + at, 4) != BLOCK_MAGIC)
			continue;
		uint64_t stored = load_le(data + at + 8, 4);
		if (stored > size - at - BLOCK_HEAD_SIZE)
			stored = size - at - BLOCK_HEAD_SIZE;
		store_le(data + at + 8, stored, 4);
		store_le(data + at + 48, XXH64(data + at + BLOCK_HEAD_SIZE, stored, 0), 8);
		store_le(data + at + 56, XXH64(data + at, 56, 0), 8);
	}
}

static void decode_part(const uint8_t *data, size_t size)
{
	static struct part_decoder d;
	struct cursor src = {.p = data, .end = data + size};
	struct sum sum = {0};
	struct event ev;
	uint32_t raw = 1U << 20;

	if (!d.zstd && part_decoder_init(&d) < 0)
		abort();
	if (part_decoder_begin(&d, &src, &raw) < 0)
		return;
	for (unsigned i = 0; i < 20000 && part_decoder_event(&d, &ev) == 0; i++) {
		part_decoder_known(&d);
		on_event(&sum, &ev);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	uint8_t how = data[0];
	uint8_t *copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (how & 1)
		set_sums_right(copy, size - 1);
	switch (how >> 1 & 3) {
	case 0:
		read_file(copy, size - 1);
		break;
	case 1:
		read_stream(copy, size - 1);
		break;
	default:
		decode_part(copy, size - 1);
	}
	free(copy);
	return 0;
}
