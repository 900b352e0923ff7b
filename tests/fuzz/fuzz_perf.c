/* SPDX-License-Identifier: GPL-2.0-only */
/* The reader of perf's records on hostile input: a byte that chooses the layout, then the record. */
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf_record.h"
#include "tests/fuzz/fuzz.h"

#define ALWAYS (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)

static void read_format(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct perf_field f;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	perf_format_field(text, "pid", &f);
	perf_format_field(text, "common_type", &f);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t layouts[] = {
		ALWAYS,
		ALWAYS | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER,
		ALWAYS | PERF_SAMPLE_IP | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER,
		ALWAYS | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER,
	};
	struct perf_layout layout;
	struct perf_event_header h;
	struct perf_rec rec;
	uint64_t v;

	if (size < 1 + sizeof(h))
		return 0;
	layout.sample_type = layouts[data[0] % 4];
	read_format(data + 1, size - 1);
	/* Memory of its own, so that reading beyond its end is seen; its size as it is, and made right. */
	size--;
	uint8_t *record = malloc(size);
	if (!record)
		abort();
	memcpy(record, data + 1, size);
	perf_record_parse(record, size, &layout, &rec);
	memcpy(&h, record, sizeof(h));
	h.size = (uint16_t)size;
	memcpy(record, &h, sizeof(h));
	if (size <= UINT16_MAX && perf_record_parse(record, size, &layout, &rec) == 0) {
		if (rec.n_frames > WIRE_FRAMES || memchr(rec.comm, 0, sizeof(rec.comm)) == NULL ||
		    (rec.raw && (rec.raw < record || rec.raw + rec.raw_len > record + size)))
			abort();
		for (uint16_t offset = 0; offset < 64; offset++)
			perf_raw_uint(&rec, (struct perf_field){.offset = offset, .size = 8}, &v);
	}
	free(record);
	return 0;
}
