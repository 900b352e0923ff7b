/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The perf collector: useful without BPF, and without any privilege for a user's own processes. The rings are read on
 * a timer, never because of an event; their records are put in order together with those of the other CPUs.
 *
 * Cost: two records of 32 to 48 bytes a switch, written by the kernel (`./dev bench --only perf`).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "collectors/perf_internal.h"

#define ORDER_BYTES_MAX ((size_t)128 << 20)
/* How far back a record may lie behind one of another ring that has been read already. */
#define HOLD_NS NS_PER_MS
/* A thread that left is held back so long for who comes. */
#define HELD_NS 20000U

/* What a record costs, ns: tests/bench/run --only perf on a virtual machine; a sample by its stack walk. */
static const uint64_t hit_ns[PERF_HITS_COUNT] = {
	[PERF_HITS_RECORD] = 300, [PERF_HITS_SAMPLE] = 2000, [PERF_HITS_WAKE] = 500, [PERF_HITS_PROBE] = 7000};

static void perf_close(struct collector *c);

static int perf_open(const struct collector_opts *opts, struct collector **ret, struct fault *fault)
{
	struct perf *p = calloc(1, sizeof(*p));

	if (!p)
		return fault_set(fault, -ENOMEM, "perf", "out of memory");
	p->opts = *opts;
	if (p->opts.detail == DETAIL_EXACT)
		p->opts.detail = DETAIL_SCHED;
	p->level = p->opts.detail;
	p->go = opts->go;
	p->order = order_new(ORDER_BYTES_MAX);
	p->decoder = decoder_new();
	p->memory = perf_memory_new(opts->pid);
	p->threads = calloc(PERF_THREADS, sizeof(*p->threads));
	p->answers = calloc(PERF_ANSWERS, sizeof(*p->answers));
	if (!p->order || !p->decoder || !p->memory || !p->threads || !p->answers) {
		perf_close((struct collector *)p);
		return fault_set(fault, -ENOMEM, "perf", "out of memory");
	}
	if (p->opts.detail == DETAIL_THREADS)
		p->opts.sample_hz = 0;
	*ret = (struct collector *)p;
	return 0;
}

static void set_target(struct perf *p, struct session *session)
{
	p->labels = false;
	decoder_set_target(p->decoder, p->go);
	int err = perf_memory_set_target(p->memory, p->opts.detail == DETAIL_THREADS ? NULL : p->go);
	if (err < 0)
		session_missing(session,
				"goroutines can't be named: the runtime's layout of this Go version isn't known");
	p->labels = p->go && err == 0 && p->opts.detail != DETAIL_THREADS && perf_regs_mask();
	perf_memory_announce_to(p->memory, p->order);
	perf_place_probes(p, session);
}

static int perf_start(struct collector *c, struct session *session, struct fault *fault)
{
	struct perf *p = (struct perf *)c;

	p->cut_ns = clock_now_ns();
	int err = perf_open_events(p, session, fault);
	if (err < 0)
		return err;
	if (session->detail == DETAIL_EXACT)
		session_missing(session, "every goroutine switch (detail exact) can't be seen: that needs ebpf");
	session->detail = p->opts.detail;
	set_target(p, session);
	return 0;
}

struct flush {
	struct perf *p;
	const struct event_sink *sink;
};

static void flush_record(void *ctx, const void *record, size_t len, int late)
{
	struct flush *f = ctx;
	struct perf *p = f->p;
	struct wire_switch sw;
	struct ev_head head;
	int n = 0;

	memcpy(&head, record, sizeof(head));
	p->lost[EV_LOST_LATE] += late != 0;
	switch (head.kind) {
	case PERF_WAKE:
		perf_on_wake(p, record);
		return;
	case PERF_HIT:
		n = perf_deliver_hit(p, record, f->sink);
		break;
	case EV_SWITCH:
		sw = *(const struct wire_switch *)record;
		perf_in_order(p, &sw);
		n = decoder_record(p->decoder, &sw, sizeof(sw), p->cut_ns, f->sink);
		break;
	default:
		n = decoder_record(p->decoder, record, len, p->cut_ns, f->sink);
	}
	if (n > 0)
		p->events += (uint64_t)n;
}

static void tell(struct perf *p, const struct event_sink *sink, struct event ev)
{
	ev.head.time_ns = p->cut_ns;
	event_deliver(sink, &ev);
	p->events++;
}

static void tell_lost(struct perf *p, const struct event_sink *sink)
{
	for (uint32_t cause = 0; cause < EV_LOST_CAUSE_COUNT; cause++) {
		if (p->lost[cause] == p->told[cause])
			continue;
		tell(p, sink,
		     (struct event){.head.kind = EV_LOST,
				    .lost = {.count = p->lost[cause] - p->told[cause], .cause = cause}});
		p->told[cause] = p->lost[cause];
	}
}

static void tell_first(struct perf *p, const struct event_sink *sink)
{
	for (size_t i = 0; i < p->n_first; i++) {
		struct event ev = {.head = {.kind = EV_THREAD_NEW, .tid = p->first[i].tid, .flags = EVF_INITIAL}};

		memcpy(ev.thread.comm, p->first[i].comm, EV_COMM_SIZE);
		tell(p, sink, ev);
	}
	free(p->first);
	p->first = NULL;
	p->n_first = 0;
}

/* A thread that left a moment ago: who comes is recorded within microseconds. */
static void settle_held(struct perf_ring *ring)
{
	const struct perf_rec *held = &ring->set->held[ring->i];

	while (held->kind == PERF_REC_SWITCH_OUT && clock_now_ns() - held->time_ns < HELD_NS)
		perf_set_read(ring->set, ring->i, perf_on_record, ring);
	perf_release_held(ring);
}

static void read_set(struct perf *p, struct perf_set *set)
{
	for (size_t i = 0; i < set->n_maps; i++) {
		struct perf_ring ring = {.p = p, .set = set, .i = i};

		perf_set_read(set, i, set == &p->probes ? perf_on_hit : perf_on_record, &ring);
		settle_held(&ring);
	}
}

static int drain(struct perf *p, const struct event_sink *sink, uint64_t until_ns)
{
	struct flush f = {.p = p, .sink = sink};
	uint64_t before = p->events;

	tell_first(p, sink);
	read_set(p, &p->base);
	read_set(p, &p->late);
	read_set(p, &p->trace);
	read_set(p, &p->probes);
	order_flush(p->order, NULL, 0, until_ns, flush_record, &f);
	if (until_ns > p->cut_ns)
		p->cut_ns = until_ns;
	tell_lost(p, sink);
	tell(p, sink, (struct event){.head.kind = EV_TICK});
	return (int)(p->events - before);
}

static int perf_poll(struct collector *c, const struct event_sink *sink)
{
	return drain((struct perf *)c, sink, clock_now_ns() - HOLD_NS);
}

static void perf_stop(struct collector *c, const struct event_sink *sink)
{
	struct perf *p = (struct perf *)c;

	if (p->stopped)
		return;
	p->stopped = true;
	perf_set_disable(&p->base);
	perf_set_disable(&p->late);
	perf_set_disable(&p->trace);
	perf_set_disable(&p->probes);
	drain(p, sink, clock_now_ns());
	perf_set_close(&p->probes);
}

static int perf_retarget(struct collector *c, struct go_target *go, struct session *session, struct fault *fault)
{
	struct perf *p = (struct perf *)c;

	(void)fault;
	p->go = go;
	set_target(p, session);
	return 0;
}

static int perf_set_detail(struct collector *c, enum detail_level level, struct session *session)
{
	struct perf *p = (struct perf *)c;

	if (level > p->opts.detail)
		return -EINVAL;
	p->level = level;
	perf_place_probes(p, session);
	return 0;
}

static void perf_stats(const struct collector *c, struct collector_stats *ret)
{
	const struct perf *p = (const struct perf *)c;

	*ret = (struct collector_stats){.events = p->events};
	memcpy(ret->lost, p->lost, sizeof(ret->lost));
	for (int i = 0; i < PERF_HITS_COUNT; i++) {
		ret->probe_hits += p->hits[i];
		ret->probe_ns += p->hits[i] * hit_ns[i];
	}
}

static void perf_close(struct collector *c)
{
	struct perf *p = (struct perf *)c;

	if (!p)
		return;
	perf_set_close(&p->base);
	perf_set_close(&p->late);
	perf_set_close(&p->trace);
	perf_set_close(&p->probes);
	order_free(p->order);
	decoder_free(p->decoder);
	perf_memory_free(p->memory);
	free(p->threads);
	free(p->answers);
	free(p->first);
	free(p);
}

const struct collector_ops collector_perf = {
	.name = "perf",
	.open = perf_open,
	.start = perf_start,
	.poll = perf_poll,
	.stop = perf_stop,
	.retarget = perf_retarget,
	.set_detail = perf_set_detail,
	.stats = perf_stats,
	.close = perf_close,
};
