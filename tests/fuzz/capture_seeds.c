/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A developer's tool: makes the corpus of fuzz_capture anew, after a change of the format.
 *
 *   capture_seeds FOLDER
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/columns.h"
#include "capture/encode.h"
#include "capture/quantum.h"
#include "tests/capture/generate.h"

static void check(bool ok)
{
	if (!ok) {
		perror("capture_seeds");
		exit(1);
	}
}

static FILE *make(const char *folder, const char *name, uint8_t how)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	check(f != NULL);
	fputc(how, f);
	return f;
}

static void write_file(const char *folder, const char *name, uint8_t how, bool exact)
{
	char copy[4096], temp[4096];
	struct capture_writer *w = NULL;
	struct session s;
	size_t n;

	session_init(&s);
	s.pid = 4711;
	session_missing(&s, "samples on CPU 1: refused");
	snprintf(temp, sizeof(temp), "%s/temp", folder);
	check(capture_writer_new(
		      &(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts), .path = temp}, &s, &w,
		      NULL) == 0);
	for (int i = 0; i < 2; i++) {
		generate(&(struct generate_opts){.n_events = 200, .n_cpus = 2, .n_goroutines = 8, .exact = exact},
			 &(struct event_sink){.event = capture_writer_sink_event, .ctx = w});
		usleep(900000); /* a block each */
	}
	check(capture_writer_end(w, NULL, NULL) == 0);
	FILE *in = fopen(temp, "rb"), *out = make(folder, name, how);
	check(in != NULL);
	while ((n = fread(copy, 1, sizeof(copy), in)) > 0)
		check(fwrite(copy, 1, n, out) == n);
	fclose(in);
	fclose(out);
	unlink(temp);
	session_done(&s);
}

static void encode_one(void *ctx, const struct event *ev)
{
	part_encoder_event(ctx, ev);
	part_encoder_known(ctx, 1);
}

/* A part as it would be if nothing could be compressed. */
static void write_part(const char *folder, const char *name, bool exact, uint64_t quantum)
{
	struct part_encoder e;
	struct bytes packed = {0}, mem = {0}, plain = {0};
	struct cursor cols[COL_COUNT];
	uint32_t raw;
	unsigned n = 0;

	check(part_encoder_init(&e) == 0);
	part_encoder_begin(&e, quantum);
	generate(&(struct generate_opts){.n_events = 300, .n_cpus = 2, .n_goroutines = 8, .exact = exact},
		 &(struct event_sink){.event = encode_one, .ctx = &e});
	for (unsigned kind = 0; kind < EV_KIND_COUNT + 2; kind++)
		encode_one(&e, &(struct event){.head = {.time_ns = kind, .kind = kind == EV_LOC ? 0 : (uint8_t)kind},
					       .sw = {.goid = 5, .next_tid = 6, .waker_tid = 7}});
	check(part_encoder_finish(&e, &packed, &raw) == 0);
	void *unpacker = columns_unpacker_new();
	check(columns_unpack(unpacker, &(struct cursor){packed.data, packed.data + packed.len}, &raw, &mem, cols) == 0);
	for (unsigned i = 0; i < COL_COUNT; i++)
		n += cols[i].p < cols[i].end;
	put_leb(&plain, n);
	for (unsigned i = 0; i < COL_COUNT; i++) {
		size_t len = (size_t)(cols[i].end - cols[i].p);

		if (len) {
			put_leb(&plain, i);
			put_leb(&plain, len);
			put_leb(&plain, len);
		}
	}
	put_leb(&plain, 0);
	for (unsigned i = 0; i < COL_COUNT; i++)
		bytes_put(&plain, cols[i].p, (size_t)(cols[i].end - cols[i].p));
	FILE *out = make(folder, name, 4);
	check(fwrite(plain.data, 1, plain.len, out) == plain.len);
	fclose(out);
	columns_unpacker_free(unpacker);
	bytes_done(&packed);
	bytes_done(&mem);
	bytes_done(&plain);
	part_encoder_done(&e);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: capture_seeds FOLDER\n");
		return 2;
	}
	write_file(argv[1], "file", 0, false);
	write_file(argv[1], "file-summed", 1, true);
	write_file(argv[1], "stream", 2, true);
	write_file(argv[1], "stream-summed", 3, false);
	write_part(argv[1], "part", false, 43030878208ULL);
	write_part(argv[1], "part-exact", true, QUANTUM_ONE);
	return 0;
}
