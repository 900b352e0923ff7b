/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A developer's tool: records what the eBPF collector delivers about a process, to measure the capture on real streams.
 *
 *   record_raw [-t | -x] PID SECONDS FILE
 *
 * -t: detail level threads, -x: exact. Ends early when the process ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "capture/capture.h"
#include "collectors/collector.h"
#include "target/go_target.h"
#include "target/proc.h"

#define POLL_US 10000

static int watch(struct collector *c, uint32_t pid, uint64_t seconds, struct session *session,
		 struct capture_writer *writer, struct fault *fault)
{
	const struct event_sink sink = {.event = capture_writer_sink_event, .ctx = writer};
	uint64_t start_ns = clock_now_ns();
	int err = collector_ebpf.start(c, session, fault);

	while (err >= 0 && clock_now_ns() < start_ns + seconds * NS_PER_S && proc_alive((pid_t)pid) == 1) {
		usleep(POLL_US);
		err = collector_ebpf.poll(c, &sink);
	}
	collector_ebpf.stop(c, &sink);
	capture_writer_session(writer, session);
	return err < 0 ? err : 0;
}

static int record(uint32_t pid, uint64_t seconds, enum detail_level detail, const char *path, struct fault *fault)
{
	struct collector_opts opts = {.size = sizeof(opts), .pid = pid, .detail = detail, .sample_hz = 99};
	const struct capture_writer_opts writer_opts = {.size = sizeof(writer_opts), .path = path};
	struct capture_writer_stats stats = {0};
	struct capture_writer *writer = NULL;
	struct collector *c = NULL;
	struct session session;
	int err = go_target_open((pid_t)pid, NULL, &opts.go, fault);

	if (err < 0)
		return err;
	session_init(&session);
	session.collector = collector_ebpf.name;
	session.detail = detail;
	go_target_describe(opts.go, &session);
	err = capture_writer_new(&writer_opts, &session, &writer, fault);
	if (err == 0)
		err = go_target_locate(opts.go);
	if (err == 0)
		err = collector_ebpf.open(&opts, &c, fault);
	if (err == 0)
		err = watch(c, pid, seconds, &session, writer, fault);
	collector_ebpf.close(c);
	int end_err = capture_writer_end(writer, &stats, fault);
	fprintf(stderr, "%" PRIu64 " events, %" PRIu64 " dropped, %" PRIu64 " bytes\n", stats.events, stats.dropped,
		stats.bytes);
	session_done(&session);
	go_target_close(opts.go);
	return err < 0 ? err : end_err;
}

int main(int argc, char **argv)
{
	enum detail_level detail = DETAIL_SCHED;
	struct fault fault = {0};

	log_init();
	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++)
		detail = strcmp(argv[1], "-t") == 0 ? DETAIL_THREADS : DETAIL_EXACT;
	if (argc != 4) {
		fprintf(stderr, "usage: record_raw [-t | -x] PID SECONDS FILE\n");
		return 2;
	}
	int err = record((uint32_t)strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10), detail, argv[3], &fault);
	if (err < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	return 0;
}
