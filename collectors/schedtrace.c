/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The collector: lines come through collector_ops.line, a block of them (SCHED, then its Ps, Ms and Gs) is one look at
 * the scheduler. There are no thread ids in it: a thread goes by its M's number, and the first by the process's id.
 */
#include "collectors/schedtrace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "collectors/collector.h"
#include "collectors/decode.h"
#include "collectors/sampler_tell.h"

#define IDS_MAX   10000U
#define PERIOD_NS (200 * NS_PER_MS)
/* A block is printed at one go. */
#define QUIET_NS  (20 * NS_PER_MS)
#define G_RUNNING 2U

struct schedtrace {
	struct collector_opts opts;
	struct look look;
	struct tell *tell;
	bool open; /* a block has begun */
	uint64_t block_ns, line_ns;
	uint32_t gomaxprocs, told_procs;
	size_t told_ms; /* Ms up to that number have been announced */
	uint64_t events;
};

static void schedtrace_close(struct collector *c)
{
	struct schedtrace *s = (struct schedtrace *)c;

	if (!s)
		return;
	look_done(&s->look);
	if (s->tell) {
		decoder_free(s->tell->decoder);
		tell_done(s->tell);
		free(s->tell);
	}
	free(s);
}

static int schedtrace_open(const struct collector_opts *opts, struct collector **ret, struct fault *fault)
{
	struct schedtrace *s = calloc(1, sizeof(*s));

	if (s) {
		s->opts = *opts;
		s->look.ms = calloc(IDS_MAX, sizeof(*s->look.ms));
		s->look.ps = calloc(IDS_MAX, sizeof(*s->look.ps));
		s->tell = calloc(1, sizeof(*s->tell));
	}
	if (s && s->tell)
		s->tell->decoder = decoder_new();
	if (!s || !s->look.ms || !s->look.ps || !s->tell || !s->tell->decoder) {
		schedtrace_close((struct collector *)s);
		return fault_set(fault, -ENOMEM, "schedtrace", "out of memory");
	}
	s->tell->period_ns = PERIOD_NS;
	s->tell->held = true;
	*ret = (struct collector *)s;
	return 0;
}

static int schedtrace_start(struct collector *c, struct session *session, struct fault *fault)
{
	(void)c;
	(void)fault;
	if (session->detail == DETAIL_EXACT)
		session->detail = DETAIL_SCHED;
	session->no_pauses = true;
	return session_missing(session, "threads' times, gaps and pauses: the runtime prints five times a second which "
					"goroutine has which P, and how long the run queues are; threads go by their "
					"M's number");
}

/* A line comes where the entry before it may be missing: those between are Ms without a thread. */
static struct look_m *m_at(struct schedtrace *s, uint64_t id)
{
	while (s->look.n_ms <= id) {
		size_t i = s->look.n_ms++;

		s->look.ms[i] = (struct look_m){.addr = i + 1, .p = EV_NO_P};
	}
	return &s->look.ms[id];
}

static void begin_block(struct schedtrace *s, const struct schedtrace_row *r)
{
	s->open = true;
	s->block_ns = clock_now_ns();
	s->gomaxprocs = r->gomaxprocs;
	s->look.runq = r->runqueue;
	s->look.has_runqs = true;
	s->look.n_ps = 0;
}

static void take_row(struct schedtrace *s, const struct schedtrace_row *r)
{
	struct look_m *m;

	if (r->kind == SCHEDTRACE_SCHED) {
		begin_block(s, r);
	} else if (!s->open || r->id >= IDS_MAX) {
		return;
	} else if (r->kind == SCHEDTRACE_P) {
		if (r->id == s->look.n_ps)
			s->look.ps[s->look.n_ps++] = (struct look_p){.tick = r->schedtick, .runq = r->runqsize};
	} else if (r->kind == SCHEDTRACE_M) {
		m = m_at(s, r->id);
		m->tid = r->id ? (uint32_t)r->id : s->opts.pid;
		m->goid = r->curg > 0 ? (uint64_t)r->curg : 0;
		m->p = r->p >= 0 && (size_t)r->p < s->look.n_ps ? (uint16_t)r->p : EV_NO_P;
		m->tick = m->p != EV_NO_P ? s->look.ps[m->p].tick : 0;
		m->running = false;
	} else if (r->m >= 0 && (size_t)r->m < s->look.n_ms) {
		m = &s->look.ms[r->m];
		m->running = m->goid == r->id && r->status == G_RUNNING;
	}
}

static void deliver(struct schedtrace *s, const struct event_sink *sink, struct event ev, uint64_t t)
{
	ev.head.time_ns = t;
	event_deliver(sink, &ev);
	s->events++;
}

static void end_block(struct schedtrace *s, const struct event_sink *sink)
{
	if (!s->open)
		return;
	s->open = false;
	if (s->gomaxprocs != s->told_procs && s->gomaxprocs <= INT32_MAX)
		deliver(s, sink,
			(struct event){.head.kind = EV_RUNTIME,
				       .runtime = {.gomaxprocs = (int32_t)s->gomaxprocs, .asyncpreemptoff = -1}},
			s->block_ns);
	s->told_procs = s->gomaxprocs;
	for (; s->told_ms < s->look.n_ms; s->told_ms++) {
		struct event ev = {.head = {.kind = EV_THREAD_NEW, .tid = s->look.ms[s->told_ms].tid}};

		snprintf(ev.thread.comm, sizeof(ev.thread.comm), "M%u", (unsigned)s->told_ms & 0xffffU);
		if (ev.head.tid)
			deliver(s, sink, ev, s->block_ns);
	}
	int n = tell_look(s->tell, &s->look, s->block_ns, sink);
	if (n > 0)
		s->events += (uint64_t)n;
}

static bool schedtrace_line(struct collector *c, const char *line, size_t len, const struct event_sink *sink)
{
	struct schedtrace *s = (struct schedtrace *)c;
	struct schedtrace_row row;

	if (!schedtrace_parse(line, len, &row))
		return false;
	if (row.kind == SCHEDTRACE_SCHED)
		end_block(s, sink);
	take_row(s, &row);
	s->line_ns = clock_now_ns();
	return true;
}

static int schedtrace_poll(struct collector *c, const struct event_sink *sink)
{
	struct schedtrace *s = (struct schedtrace *)c;
	uint64_t before = s->events, now_ns = clock_now_ns();

	if (s->open && now_ns - s->line_ns > QUIET_NS)
		end_block(s, sink);
	/* A block that is still being read carries the time of its begin. */
	deliver(s, sink, (struct event){.head.kind = EV_TICK}, s->open ? s->block_ns : now_ns);
	return (int)(s->events - before);
}

static void schedtrace_stop(struct collector *c, const struct event_sink *sink)
{
	end_block((struct schedtrace *)c, sink);
}

static int schedtrace_retarget(struct collector *c, struct go_target *go, struct session *session, struct fault *fault)
{
	(void)c;
	(void)go;
	(void)session;
	(void)fault;
	return 0;
}

static void schedtrace_stats(const struct collector *c, struct collector_stats *ret)
{
	*ret = (struct collector_stats){.events = ((const struct schedtrace *)c)->events};
}

const struct collector_ops collector_schedtrace = {
	.name = "schedtrace",
	.open = schedtrace_open,
	.start = schedtrace_start,
	.poll = schedtrace_poll,
	.stop = schedtrace_stop,
	.retarget = schedtrace_retarget,
	.stats = schedtrace_stats,
	.close = schedtrace_close,
	.line = schedtrace_line,
};
