/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A developer's tool: what the eBPF collector delivers about a process, one event a line.
 *
 *   collect_dump [-t | -x] PID [SECONDS]
 *
 * -t: detail level threads; -x: exact, times in CLOCK_MONOTONIC ns, and what a script may want as key=value words (see
 * tests/integration/test_exact.py); SECONDS: 5 unless given.
 *
 * Ends early when the process ends. Standard error gets the totals.
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
#include "base/text.h"
#include "collectors/collector.h"
#include "events/wait_reason.h"
#include "target/go_target.h"
#include "target/proc.h"

#define POLL_US     10000
#define SECONDS_MAX 3600

static const char *const kind_names[EV_KIND_COUNT] = {
	[EV_TICK] = "tick",
	[EV_SWITCH] = "switch",
	[EV_THREAD_NEW] = "thread-new",
	[EV_THREAD_EXIT] = "thread-exit",
	[EV_EXEC] = "exec",
	[EV_SIGNAL_SEND] = "signal-send",
	[EV_SIGNAL_DELIVER] = "signal-deliver",
	[EV_SAMPLE] = "sample",
	[EV_STW_STOP] = "stw-stop",
	[EV_STW_STOPPED] = "stw-stopped",
	[EV_STW_START] = "stw-start",
	[EV_PREEMPT_REQUEST] = "preempt-request",
	[EV_PREEMPT_TAKEN] = "preempt-taken",
	[EV_GOROUTINE] = "goroutine",
	[EV_LOST] = "lost",
	[EV_LOC] = "loc",
	[EV_COMM] = "comm",
	[EV_G] = "g",
	[EV_P] = "p",
};

static const char *const changes[EV_G_CHANGE_COUNT] = {
	[EV_G_NEW] = "new",
	[EV_G_READY] = "ready",
	[EV_G_RUN] = "run",
	[EV_G_PARK] = "park",
	[EV_G_YIELD] = "yield",
	[EV_G_SYSCALL] = "syscall",
	[EV_G_SYSCALL_EXIT] = "syscall-exit",
	[EV_G_SYSCALL_WAIT] = "syscall-wait",
	[EV_G_HANDOFF] = "handoff",
	[EV_G_ASSIST] = "assist",
	[EV_G_ASSIST_END] = "assist-end",
	[EV_G_EXIT] = "exit",
};

struct dump {
	bool absolute; /* times are CLOCK_MONOTONIC ns rather than µs since the start */
	uint64_t start_ns;
	uint64_t last_ns;
	uint64_t disorder; /* events before the one delivered last: there must be none */
	uint64_t count[EV_KIND_COUNT];
};

/* A thread's name as it may be printed. */
static const char *printable(const char comm[EV_COMM_SIZE], char *dst, size_t cap)
{
	text_escape(dst, cap, comm, strnlen(comm, EV_COMM_SIZE));
	return dst;
}

static void print_switch(const struct event *ev)
{
	printf(" %u -> %u state %u", ev->head.tid, ev->sw.next_tid, ev->sw.state);
	if (ev->head.flags & EVF_LABEL)
		printf(" goid %" PRIu64 " p %d", ev->sw.goid, ev->sw.p == EV_NO_P ? -1 : ev->sw.p);
	if (ev->head.flags & EVF_WOKEN)
		printf(" woken by %u %u ns ago", ev->sw.waker_tid, ev->sw.wake_delta_ns);
	printf("%s%s%s", ev->head.flags & EVF_PREV_TARGET ? " out" : "", ev->head.flags & EVF_NEXT_TARGET ? " in" : "",
	       ev->head.flags & EVF_PREEMPTED ? " preempted" : "");
}

static void print_payload(const struct event *ev)
{
	char text[256], file[256];

	switch (ev->head.kind) {
	case EV_SWITCH:
		print_switch(ev);
		return;
	case EV_THREAD_NEW:
		printf(" %s by %u%s", printable(ev->thread.comm, text, sizeof(text)), ev->thread.creator_tid,
		       ev->head.flags & EVF_INITIAL ? " (initial)" : "");
		return;
	case EV_SIGNAL_SEND:
		printf(" from %u", ev->signal.sender_tid);
		return;
	case EV_SIGNAL_DELIVER:
	case EV_SAMPLE:
		printf(" goid %" PRIu64 " p %d loc %u blame %u", ev->at.goid, ev->at.p == EV_NO_P ? -1 : ev->at.p,
		       ev->at.loc, ev->at.blame);
		return;
	case EV_STW_STOP:
		printf(" goid %" PRIu64 " reason %u", ev->stw.goid, ev->stw.reason);
		return;
	case EV_STW_START:
		printf(" asked %" PRIu64 " stopped %" PRIu64 " reason %u", ev->stw_end.asked_ns, ev->stw_end.stopped_ns,
		       ev->stw_end.reason);
		return;
	case EV_PREEMPT_REQUEST:
	case EV_PREEMPT_TAKEN:
		printf(" goid %" PRIu64 " m_tid %u p %d how %u loc %u", ev->preempt.goid, ev->preempt.m_tid,
		       ev->preempt.p == EV_NO_P ? -1 : ev->preempt.p, ev->preempt.how, ev->preempt.loc);
		return;
	case EV_GOROUTINE:
		printf(" goid %" PRIu64 " parent %" PRIu64 " start %u created %u", ev->goroutine.goid,
		       ev->goroutine.parent_goid, ev->goroutine.start_loc, ev->goroutine.create_loc);
		return;
	case EV_LOST:
		printf(" cause %u count %" PRIu64, ev->lost.cause, ev->lost.count);
		return;
	case EV_LOC:
		text_escape(text, sizeof(text), ev->loc.func, strlen(ev->loc.func));
		text_escape(file, sizeof(file), ev->loc.file, strlen(ev->loc.file));
		printf(" %u %s %s:%u%s", ev->loc.id, text, file, ev->loc.line, ev->loc.is_runtime ? " (runtime)" : "");
		return;
	case EV_COMM:
		printf(" tid %u tgid %u %s", ev->comm.tid, ev->comm.tgid, printable(ev->comm.comm, text, sizeof(text)));
		return;
	default:
		return;
	}
}

/* The kinds that scripts read. false = not one of them. */
static bool print_words(const struct event *ev)
{
	switch (ev->head.kind) {
	case EV_G:
		printf(" g %s goid=%" PRIu64 " tid=%u p=%d", changes[ev->g.change], ev->g.goid, ev->head.tid,
		       ev->g.p == EV_NO_P ? -1 : ev->g.p);
		if (ev->g.other)
			printf(" other=%" PRIu64, ev->g.other);
		if (ev->g.change == EV_G_PARK)
			printf(" reason=\"%s\"", wait_reason_name(ev->g.reason));
		return true;
	case EV_P:
		printf(" p %s p=%u tid=%u", ev->p.change == EV_P_ACQUIRE ? "acquire" : "release", ev->p.p,
		       ev->head.tid);
		return true;
	case EV_PREEMPT_TAKEN:
		printf(" preempt-taken goid=%" PRIu64 " tid=%u p=%d how=%u", ev->preempt.goid, ev->head.tid,
		       ev->preempt.p == EV_NO_P ? -1 : ev->preempt.p, ev->preempt.how);
		return true;
	case EV_SWITCH:
		printf(" switch from=%u to=%u", ev->head.tid, ev->sw.next_tid);
		return true;
	case EV_LOST:
		printf(" lost cause=%u count=%" PRIu64, ev->lost.cause, ev->lost.count);
		return true;
	default:
		return false;
	}
}

static void on_event(void *ctx, const struct event *ev)
{
	struct dump *d = ctx;
	const char *name = ev->head.kind < EV_KIND_COUNT ? kind_names[ev->head.kind] : NULL;

	if (ev->head.time_ns < d->last_ns)
		d->disorder++;
	d->last_ns = ev->head.time_ns;
	if (ev->head.kind < EV_KIND_COUNT)
		d->count[ev->head.kind]++;
	if (ev->head.kind == EV_TICK)
		return;
	if (d->absolute)
		printf("%" PRIu64, ev->head.time_ns);
	else
		printf("%12.3f us", (double)(int64_t)(ev->head.time_ns - d->start_ns) / (double)NS_PER_US);
	if (!d->absolute || !print_words(ev)) {
		if (ev->head.flags & EVF_CPU)
			printf(" cpu %u", ev->head.cpu);
		printf(" tid %u %s", ev->head.tid, name ? name : "?");
		print_payload(ev);
	}
	putchar('\n');
}

static void print_totals(const struct dump *d, const struct collector_stats *s)
{
	for (size_t kind = 0; kind < EV_KIND_COUNT; kind++) {
		if (d->count[kind])
			fprintf(stderr, "%-16s %10" PRIu64 "\n", kind_names[kind] ? kind_names[kind] : "?",
				d->count[kind]);
	}
	fprintf(stderr,
		"events %" PRIu64 ", out of order %" PRIu64 "; lost: ring %" PRIu64 ", queue %" PRIu64 ", late %" PRIu64
		", label %" PRIu64 "; hits %" PRIu64 ", about %.3f ms\n",
		s->events, d->disorder, s->lost[EV_LOST_RING], s->lost[EV_LOST_QUEUE], s->lost[EV_LOST_LATE],
		s->lost[EV_LOST_LABEL], s->probe_hits, (double)s->probe_ns / (double)NS_PER_MS);
}

static int watch(struct collector *c, uint32_t pid, uint64_t seconds, bool absolute, struct session *session,
		 struct fault *fault)
{
	struct dump d = {.absolute = absolute, .start_ns = clock_now_ns()};
	const struct event_sink sink = {.event = on_event, .ctx = &d};
	struct collector_stats stats;
	int err = collector_ebpf.start(c, session, fault);

	if (err < 0)
		return err;
	uint64_t placed_ns = clock_now_ns();
	for (size_t i = 0; session->missing && session->missing[i]; i++)
		fprintf(stderr, "missing: %s\n", session->missing[i]);
	while (clock_now_ns() < d.start_ns + seconds * NS_PER_S && proc_alive((pid_t)pid) == 1) {
		usleep(POLL_US);
		err = collector_ebpf.poll(c, &sink);
		if (err < 0)
			return fault_set(fault, err, "eBPF", "reading the ring: %s", strerror(-err));
	}
	uint64_t stop_ns = clock_now_ns();
	collector_ebpf.stop(c, &sink);
	collector_ebpf.stats(c, &stats);
	fprintf(stderr, "start took %.1f ms, stop %.1f ms\n", (double)(placed_ns - d.start_ns) / (double)NS_PER_MS,
		(double)(clock_now_ns() - stop_ns) / (double)NS_PER_MS);
	print_totals(&d, &stats);
	return d.disorder ? fault_set(fault, -EPROTO, "eBPF", "events came out of order") : 0;
}

static int dump(uint32_t pid, uint64_t seconds, enum detail_level detail, bool absolute, struct fault *fault)
{
	struct collector_opts opts = {.size = sizeof(opts), .pid = pid, .detail = detail, .sample_hz = 99};
	struct collector *c = NULL;
	struct session session;
	int err = go_target_open((pid_t)pid, NULL, &opts.go, fault);

	if (err < 0)
		return err;
	session_init(&session);
	err = go_target_locate(opts.go);
	if (err < 0)
		fault_set(fault, err, "the process", "it can't be read (%s)", strerror(-err));
	else
		err = collector_ebpf.open(&opts, &c, fault);
	if (err == 0)
		err = watch(c, pid, seconds, absolute, &session, fault);
	collector_ebpf.close(c);
	session_done(&session);
	go_target_close(opts.go);
	return err;
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	return errno || *end || end == text || n > max ? 0 : n;
}

int main(int argc, char **argv)
{
	enum detail_level detail = DETAIL_SCHED;
	struct fault fault = {0};

	bool absolute = false;

	log_init();
	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (strcmp(argv[1], "-t") == 0)
			detail = DETAIL_THREADS;
		else if (strcmp(argv[1], "-x") == 0)
			detail = DETAIL_EXACT, absolute = true;
	}
	unsigned long pid = argc > 1 ? number(argv[1], INT32_MAX) : 0;
	unsigned long seconds = argc > 2 ? number(argv[2], SECONDS_MAX) : 5;
	if (!pid || !seconds || argc > 3) {
		fprintf(stderr, "usage: collect_dump [-t | -x] PID [SECONDS]\n");
		return 2;
	}
	if (dump((uint32_t)pid, seconds, detail, absolute, &fault) < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	return 0;
}
