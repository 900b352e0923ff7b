/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/perf_set.h"

#include <errno.h>
#include <perf/core.h>
#include <perf/cpumap.h>
#include <perf/event.h>
#include <perf/evlist.h>
#include <perf/evsel.h>
#include <perf/mmap.h>
#include <perf/threadmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define PAGES_MIN 8U
/* libperf counts a ring's bytes in an int. */
#define BYTES_MAX ((size_t)256 << 20)

static int on_log(enum libperf_print_level level, const char *fmt, va_list ap)
{
	char text[256];

	if (level > LIBPERF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_write(LOG_COLLECT, "libperf: %s", text);
	return 0;
}

struct perf_event_attr perf_set_attr(uint32_t type, uint64_t config)
{
	return (struct perf_event_attr){
		.type = type,
		.size = sizeof(struct perf_event_attr),
		.config = config,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
		.sample_id_all = 1,
		.disabled = 1,
		.exclude_hv = 1,
		.exclude_callchain_kernel = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = UINT32_MAX, /* that is: when the ring is full */
	};
}

static int map_rings(struct perf_set *s, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = PAGES_MIN;
	struct perf_mmap *map;

	while (pages * 2 * page <= bytes && pages * 2 * page <= BYTES_MAX)
		pages *= 2;
	/* perf_event_mlock_kb bounds what an ordinary user may lock, over all that he records. */
	int err = -ENOMEM;
	for (; pages >= PAGES_MIN; pages /= 2) {
		errno = 0;
		err = perf_evlist__mmap(s->evlist, (int)pages) == 0 ? 0 : errno ? -errno : -ENOMEM;
		if (err != -EPERM && err != -ENOMEM)
			break;
	}
	if (err < 0)
		return err;
	log_write(LOG_COLLECT, "perf: rings of %zu KiB", pages * page / 1024);
	perf_evlist__for_each_mmap(s->evlist, map, false) s->n_maps++;
	s->maps = calloc(s->n_maps, sizeof(struct perf_mmap *));
	s->held = calloc(s->n_maps, sizeof(*s->held));
	if (!s->maps || !s->held)
		return -ENOMEM;
	size_t i = 0;
	perf_evlist__for_each_mmap(s->evlist, map, false) s->maps[i++] = map;
	return 0;
}

int perf_set_open(struct perf_set *s, struct perf_event_attr *attrs, size_t n_attrs, pid_t *tids, size_t n_tids,
		  size_t bytes)
{
	struct perf_thread_map *threads;
	struct perf_cpu_map *cpus;
	int err = 0;

	libperf_init(on_log);
	*s = (struct perf_set){.evlist = perf_evlist__new(), .layout.sample_type = attrs[0].sample_type};
	threads = n_tids ? perf_thread_map__new_array((int)n_tids, tids) : perf_thread_map__new_dummy();
	cpus = perf_cpu_map__new(NULL);
	if (!s->evlist || !threads || !cpus)
		err = -ENOMEM;
	for (size_t i = 0; i < n_attrs && err == 0; i++) {
		struct perf_evsel *evsel = perf_evsel__new(&attrs[i]);

		if (evsel)
			perf_evlist__add(s->evlist, evsel);
		else
			err = -ENOMEM;
	}
	if (err == 0) {
		perf_evlist__set_maps(s->evlist, cpus, threads);
		err = perf_evlist__open(s->evlist);
	}
	/* The list has taken references of its own. */
	perf_cpu_map__put(cpus);
	perf_thread_map__put(threads);
	if (err == 0)
		err = map_rings(s, bytes);
	if (err < 0)
		perf_set_close(s);
	return err;
}

void perf_set_enable(struct perf_set *s)
{
	if (s->evlist)
		perf_evlist__enable(s->evlist);
}

void perf_set_disable(struct perf_set *s)
{
	if (s->evlist)
		perf_evlist__disable(s->evlist);
}

void perf_set_close(struct perf_set *s)
{
	if (s->evlist) {
		perf_evlist__munmap(s->evlist);
		perf_evlist__close(s->evlist);
		/* perf_evlist__delete() leaves each event's reference to the maps behind: taking them away drops it. */
		perf_evlist__set_maps(s->evlist, NULL, NULL);
		perf_evlist__delete(s->evlist);
	}
	free(s->maps);
	free(s->held);
	*s = (struct perf_set){0};
}

void perf_set_read(struct perf_set *s, size_t i, void (*fn)(void *ctx, const struct perf_rec *rec), void *ctx)
{
	struct perf_mmap *map = s->maps[i];
	union perf_event *event;
	struct perf_rec rec;

	if (perf_mmap__read_init(map) < 0)
		return;
	while ((event = perf_mmap__read_event(map))) {
		const struct perf_event_header *h = (const struct perf_event_header *)event;

		fn(ctx, perf_record_parse(event, h->size, &s->layout, &rec) == 0 ? &rec : NULL);
	}
	perf_mmap__consume(map);
	perf_mmap__read_done(map);
}
