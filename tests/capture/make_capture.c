/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a capture of a synthetic session of any size: make_capture FILE EVENTS. For benches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "capture/capture.h"
#include "tests/capture/generate.h"

int main(int argc, char **argv)
{
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	struct capture_writer_opts opts = {.size = sizeof(opts), .path = argc == 3 ? argv[1] : NULL};
	struct capture_writer_stats stats;
	struct capture_writer *w;
	struct fault fault = {0};
	struct session session;

	if (!n) {
		fputs("usage: make_capture FILE EVENTS\n", stderr);
		return 2;
	}
	session_init(&session);
	session.exe = strdup("/synthetic");
	session.go_version = strdup("go1.26");
	session.n_cpus = 8;
	session.start_ns = 1000000000;
	session.collector = "ebpf";
	session.detail = DETAIL_SCHED;
	/* Nothing is dropped: the queue is as long as the session. */
	opts.queue_events = (size_t)n + (size_t)n / 4;
	if (capture_writer_new(&opts, &session, &w, &fault) < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	generate(
		&(struct generate_opts){
			.n_events = n, .n_cpus = 8, .n_threads = 40, .n_goroutines = 2000, .start_ns = 1000000000},
		&(struct event_sink){.event = capture_writer_sink_event, .ctx = w});
	int err = capture_writer_end(w, &stats, &fault);
	session_done(&session);
	if (err < 0 || stats.dropped) {
		fprintf(stderr, "make_capture: %llu events dropped\n", (unsigned long long)stats.dropped);
		return 1;
	}
	return 0;
}
