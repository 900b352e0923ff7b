/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exports a generated session: for measuring, and for tests that need more than a capture of a few kilobytes.
 *
 *   export_stream FORMAT EVENTS [NAMES]     to standard output; with NAMES, so many other processes run, each with a
 *                                           name of its own
 *
 * Standard error tells how many spans there were, the CPU time of export and model together, that of the model alone,
 * and the largest memory.
 */
#include "export/export.h"
#include "model/model.h"
#include "tests/capture/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FOREIGN 100000U
#define OTHERS_CPU    4000

struct stream {
	struct model *model;
	struct export *export; /* NULL = none */
	uint64_t names, n_switches;
};

static void feed(struct stream *s, const struct event *ev)
{
	model_feed(s->model, ev);
	if (s->export && export_event(s->export, ev) < 0)
		exit(EXIT_FAILURE);
}

/* On a CPU that the target never uses the other processes take turns. */
static void switch_others(struct stream *s, uint64_t t)
{
	uint32_t tid = FIRST_FOREIGN + (uint32_t)(s->n_switches++ % s->names);
	struct event comm = {.head = {.kind = EV_COMM, .time_ns = t}, .comm.tid = tid};
	struct event sw = {.head = {.kind = EV_SWITCH, .time_ns = t, .cpu = OTHERS_CPU, .flags = EVF_CPU},
			   .sw = {.next_tid = tid, .p = EV_NO_P}};

	snprintf(comm.comm.comm, sizeof(comm.comm.comm), "name %u", tid);
	feed(s, &comm);
	feed(s, &sw);
}

static void on_event(void *ctx, const struct event *ev)
{
	struct stream *s = ctx;

	feed(s, ev);
	if (s->names)
		switch_others(s, model_now(s->model));
}

/* The largest memory of this program; getrusage() counts that of who started it. */
static long memory_mb(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	}
	if (f)
		fclose(f);
	return kb / 1024;
}

static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double run(const struct export_format *f, uint64_t n_events, uint64_t names, struct export_counts *ret)
{
	const struct generate_opts opts = {.n_events = n_events, .start_ns = 1000000000, .exact = true};
	struct session session;
	struct stream s = {.names = names};
	const struct event_sink sink = {.event = on_event, .ctx = &s};
	double start = cpu_s();

	session_init(&session);
	session.pid = 1000;
	session.start_ns = opts.start_ns;
	session.start_wall_ns = 1700000000000000000;
	s.model = model_new(NULL, &session);
	if (!s.model || (f && export_new(f, STDOUT_FILENO, s.model, &s.export) < 0))
		exit(EXIT_FAILURE);
	generate(&opts, &sink);
	if (s.export && export_end(s.export, ret) < 0)
		exit(EXIT_FAILURE);
	export_free(s.export);
	model_free(s.model);
	session_done(&session);
	return cpu_s() - start;
}

int main(int argc, char **argv)
{
	const struct export_format *f = argc > 2 ? export_format_find(argv[1]) : NULL;
	uint64_t n_events = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	struct export_counts n = {0};

	if (!f || !n_events) {
		fputs("usage: export_stream FORMAT EVENTS [NAMES]\n", stderr);
		return 2;
	}
	uint64_t names = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	double with = run(f, n_events, names, &n);
	long mb = memory_mb();
	double without = run(NULL, n_events, names, NULL);
	fprintf(stderr, "%s: %llu spans in %.2f s, %.2f s of it the model: %.2f million spans a second; %ld MB\n",
		argv[1], (unsigned long long)n.spans, with, without, (double)n.spans / (with - without) / 1e6, mb);
	return 0;
}
