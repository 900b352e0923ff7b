/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/counters.h"

static const struct counter_info infos[COUNTER_KIND_COUNT] = {
	[COUNTER_RUNQ] = {.name = "run_queue", .title = "run queue of P", .has_id = true},
	[COUNTER_RUNQ_GLOBAL] = {.name = "run_queue_global", .title = "run queue, global"},
	[COUNTER_CPU_PCT] = {.name = "cpu_pct", .title = "CPU use, percent of one CPU"},
	[COUNTER_THROTTLED] = {.name = "throttled_ns", .title = "cgroup throttled", .is_ns = true},
	[COUNTER_PROBE] = {.name = "probe_ns", .title = "schedtop: probes in the target", .is_ns = true},
	[COUNTER_SELF] = {.name = "self_ns", .title = "schedtop: its own CPU time", .is_ns = true},
};

const struct counter_info *counter_info(enum counter_kind kind)
{
	return &infos[kind];
}

void counters_init(struct counters *c, void (*value)(void *ctx, const struct counter_value *v), void *ctx)
{
	*c = (struct counters){.value = value, .ctx = ctx, .last_pct = UINT64_MAX};
}

static void tell(const struct counters *c, enum counter_kind kind, uint16_t id, uint64_t t, uint64_t value)
{
	const struct counter_value v = {.kind = kind, .id = id, .time_ns = t, .value = value};

	c->value(c->ctx, &v);
}

static void tell_pct(struct counters *c, uint64_t t, uint64_t used_ns, uint64_t of_ns)
{
	uint64_t pct = (used_ns * 100 + of_ns / 2) / of_ns;

	if (pct != c->last_pct)
		tell(c, COUNTER_CPU_PCT, 0, t, pct);
	c->last_pct = pct;
}

/* Counts up to @t. A long time in which nothing changed is one window, whatever its length. */
static void count_to(struct counters *c, uint64_t t)
{
	uint64_t end = c->from_ns + COUNTER_WINDOW_NS;

	if (!c->from_ns) {
		c->from_ns = c->done_ns = t;
		return;
	}
	if (t >= end) {
		uint64_t whole = (t - end) / COUNTER_WINDOW_NS;

		tell_pct(c, c->from_ns, c->used_ns + (end - c->done_ns) * c->n_busy, COUNTER_WINDOW_NS);
		if (whole)
			tell_pct(c, end, COUNTER_WINDOW_NS * c->n_busy, COUNTER_WINDOW_NS);
		c->from_ns = c->done_ns = end + whole * COUNTER_WINDOW_NS;
		c->used_ns = 0;
	}
	c->used_ns += (t - c->done_ns) * c->n_busy;
	c->done_ns = t;
}

static void on_switch(struct counters *c, const struct ev_head *head, uint64_t t)
{
	uint8_t busy = (head->flags & EVF_NEXT_TARGET) != 0;

	count_to(c, t);
	c->n_busy += busy;
	c->n_busy -= c->busy[head->cpu];
	c->busy[head->cpu] = busy;
}

void counters_event(struct counters *c, const struct event *ev, uint64_t now_ns, uint64_t throttled_ns)
{
	switch (ev->head.kind) {
	case EV_SWITCH:
		on_switch(c, &ev->head, now_ns);
		break;
	case EV_RUNQ:
		if (ev->runq.p == EV_NO_P)
			tell(c, COUNTER_RUNQ_GLOBAL, 0, now_ns, ev->runq.len);
		else
			tell(c, COUNTER_RUNQ, ev->runq.p, now_ns, ev->runq.len);
		break;
	case EV_CGROUP_STAT:
		tell(c, COUNTER_THROTTLED, 0, now_ns, throttled_ns);
		break;
	case EV_OVERHEAD:
		tell(c, COUNTER_PROBE, 0, now_ns, ev->overhead.probe_ns);
		tell(c, COUNTER_SELF, 0, now_ns, ev->overhead.self_ns);
		break;
	default:
		break;
	}
}

void counters_end(struct counters *c, uint64_t now_ns)
{
	if (!c->from_ns)
		return;
	count_to(c, now_ns);
	if (now_ns > c->from_ns)
		tell_pct(c, c->from_ns, c->used_ns, now_ns - c->from_ns);
}
