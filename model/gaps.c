/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preemption gaps: from the request to the moment when the goroutine left its P. That it was taken is an event; that it
 * went by itself must be seen in what its thread or its P carries afterwards, so those ends are estimates: the middle
 * between the last time it was seen and the first time it wasn't.
 */
#include "model/model_internal.h"

#include <string.h>

static uint64_t clamp_u64(uint64_t v, uint64_t lo, uint64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void keep_worst(struct model *m, const struct gap *g)
{
	uint64_t ns = gap_ns(g, m->now_ns);
	size_t i = m->n_worst_gaps;

	while (i > 0 && gap_ns(&m->worst_gaps[i - 1], m->now_ns) < ns)
		i--;
	if (i == WORST_KEPT)
		return;
	if (m->n_worst_gaps < WORST_KEPT)
		m->n_worst_gaps++;
	memmove(&m->worst_gaps[i + 1], &m->worst_gaps[i], (m->n_worst_gaps - 1 - i) * sizeof(*m->worst_gaps));
	m->worst_gaps[i] = *g;
}

/* A pending gap as it is now, a kernel gap that still lasts included. */
static struct gap as_of_now(const struct model *m, const struct pending_gap *pg)
{
	const struct thread *th = thread_find(m, pg->gap.tid);
	struct gap g = pg->gap;

	if (th && th->kgap_start_ns)
		g.off_cpu_ns += m->now_ns - (th->kgap_start_ns > g.request_ns ? th->kgap_start_ns : g.request_ns);
	if (!g.taken_ns) {
		struct pending_gap so_far = *pg;

		so_far.gap.off_cpu_ns = g.off_cpu_ns;
		gap_judge(m, &so_far, gap_ns(&g, m->now_ns));
		g.unserved = so_far.gap.unserved;
		g.why = so_far.gap.why;
	}
	return g;
}

/* The function that was seen most often during the gap. */
static void settle_place(struct pending_gap *pg)
{
	uint32_t best = 0;

	for (size_t i = 0; i < GAP_FUNCS; i++) {
		if (pg->seen[i].count > best) {
			best = pg->seen[i].count;
			pg->gap.func = pg->seen[i].func;
			pg->gap.loc = pg->seen[i].loc;
		}
	}
}

/* Ends pending[i] at @end_ns; the last pending one takes its place. @seen: the end was seen, not inferred from a stop.
 */
static void finish(struct model *m, size_t i, uint64_t end_ns, enum gap_end end, bool seen)
{
	struct pending_gap *pg = &m->pending[i];
	struct gap *kept = log_at(&m->gaps, pg->seq);
	uint64_t ns;

	pg->gap = as_of_now(m, pg);
	pg->gap.taken_ns = clamp_u64(end_ns, pg->gap.request_ns, m->now_ns);
	if (pg->gap.estimated)
		end = GAP_LEFT;
	pg->gap.end = end;
	ns = pg->gap.taken_ns - pg->gap.request_ns;
	if (pg->gap.off_cpu_ns > ns)
		pg->gap.off_cpu_ns = ns;
	gap_judge(m, pg, ns);
	if (kept)
		*kept = pg->gap;
	if (ns > m->longest_gap_ns)
		m->longest_gap_ns = ns;
	hist_add(&m->h_gap, ns);
	keep_worst(m, &pg->gap);
	gap_funcs_add(m, &pg->gap);
	observe_gap(m, &pg->gap);
	if (end == GAP_ASYNC)
		m->counts.taken_async++;
	else if (end == GAP_COOPERATIVE)
		m->counts.taken_cooperative++;
	else if (end == GAP_HANDED_OFF)
		m->counts.taken_handed_off++;
	else if (end == GAP_LEFT)
		m->counts.taken_unseen++;
	else
		m->counts.taken_voluntary++;
	stw_on_gap_end(m, &pg->gap, seen);
	/* Order is kept: it is the order of the requests. */
	m->n_pending--;
	memmove(pg, pg + 1, (m->n_pending - i) * sizeof(*pg));
}

static void finish_between(struct model *m, size_t i, uint64_t not_later_ns)
{
	uint64_t from = m->pending[i].seen_ns;

	m->pending[i].estimated = true;
	finish(m, i, from < not_later_ns ? from + (not_later_ns - from) / 2 : from, GAP_VOLUNTARY, true);
}

/* First requests come once per stay of a goroutine on its P: an earlier one for the same thread or P has ended unseen.
 */
static void finish_superseded(struct model *m, const struct gap *g)
{
	/* sysmon asks when the slice is over, so the new stay began at least a slice ago. */
	uint64_t began =
		g->cause == GAP_BY_SYSMON && g->request_ns > GO_SLICE_NS ? g->request_ns - GO_SLICE_NS : g->request_ns;

	for (size_t i = m->n_pending; i-- > 0;) {
		const struct gap *o = &m->pending[i].gap;

		if ((g->tid && o->tid == g->tid) || (g->p != EV_NO_P && o->p == g->p) ||
		    (g->goid && o->goid == g->goid))
			finish_between(m, i, began);
	}
}

static void add_pending(struct model *m, struct gap g, const struct thread *th)
{
	struct pending_gap *pg;
	struct gap *kept;

	finish_superseded(m, &g);
	if (m->n_pending >= MAX_PENDING ||
	    array_reserve((void **)&m->pending, &m->cap_pending, m->n_pending, sizeof(*m->pending))) {
		model_invalid(m);
		return;
	}
	if (th && g.goid && th->seen_goid == g.goid) {
		g.func = th->seen_func;
		g.loc = th->seen_loc;
	} else if (g.estimated) {
		const struct goroutine *gp = goroutine_find(m, g.goid);

		g.func = gp ? gp->start_func : 0; /* until it is seen where it runs */
	}
	kept = log_push(&m->gaps);
	if (!kept) {
		model_invalid(m);
		return;
	}
	*kept = g;
	m->counts.requests++;
	pg = &m->pending[m->n_pending++];
	*pg = (struct pending_gap){
		.gap = g, .seq = m->gaps.next - 1, .seen_ns = g.request_ns, .estimated = g.estimated};
}

void gaps_on_request(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_preempt *req = &ev->preempt;
	const struct thread *th = thread_find(m, req->m_tid);
	struct gap g = {.request_ns = t,
			.goid = req->goid,
			.loc = EV_NO_LOC,
			.tid = req->m_tid,
			.cpu = th && th->state == TH_RUN ? th->cpu : NO_CPU,
			.p = req->p,
			.end = GAP_PENDING};

	if (!g.tid && !g.goid)
		return; /* a P without an M (in a system call): nobody runs there who could be asked */
	if (req->how == EV_REQ_PREEMPTONE && g.tid && g.tid == ev->head.tid)
		return; /* preemptone leaves its caller's own P alone; in older captures such calls are requests */
	if (req->how == EV_REQ_SUSPEND)
		g.cause = GAP_BY_SCAN;
	else
		g.cause = stw_is_stopping(m) ? GAP_BY_STW : GAP_BY_SYSMON;
	add_pending(m, g, th);
}

void gaps_on_asked(struct model *m, const struct event *ev, uint64_t t)
{
	const struct thread *th = thread_find(m, ev->head.tid);
	struct gap g = {.request_ns = t,
			.goid = ev->sampled.goid,
			.loc = EV_NO_LOC,
			.tid = ev->head.tid,
			.cpu = th ? th->cpu : NO_CPU,
			.p = ev->sampled.p,
			.end = GAP_PENDING,
			.cause = stw_is_stopping(m) ? GAP_BY_STW : GAP_BY_SYSMON,
			.estimated = true};

	if (g.tid && g.goid)
		add_pending(m, g, th);
	else
		model_invalid(m);
}

void gaps_on_yielded(struct model *m, const struct event *ev, uint64_t t)
{
	uint32_t back = ev->sampled.gap_ns;

	for (size_t i = m->n_pending; i-- > 0;) {
		struct pending_gap *pg = &m->pending[i];

		if (pg->gap.tid != ev->head.tid || pg->gap.goid != ev->sampled.goid)
			continue;
		/* It was still there at the look before. */
		if (t - pg->gap.request_ns > back && t - back > pg->seen_ns)
			pg->seen_ns = t - back;
		finish(m, i, t, GAP_LEFT, true);
	}
}

void gaps_on_taken(struct model *m, const struct event *ev, uint64_t t)
{
	static const uint8_t ends[] = {
		[EV_TAKEN_ASYNC] = GAP_ASYNC, [EV_TAKEN_COOP] = GAP_COOPERATIVE, [EV_TAKEN_YIELD] = GAP_VOLUNTARY};
	uint8_t how = ev->preempt.how;

	if (how < EV_TAKEN_ASYNC || how > EV_TAKEN_YIELD) {
		model_invalid(m);
		return;
	}
	for (size_t i = m->n_pending; i-- > 0;) {
		const struct gap *g = &m->pending[i].gap;

		if (ev->preempt.goid && g->goid ? g->goid == ev->preempt.goid : g->tid && g->tid == ev->head.tid)
			finish(m, i, t, ends[how], true);
	}
}

void gaps_on_signal(struct model *m, uint32_t tid)
{
	m->counts.signals++;
	for (size_t i = 0; i < m->n_pending; i++) {
		struct gap *g = &m->pending[i].gap;

		if (g->tid != tid)
			continue;
		if (g->signals)
			m->counts.repeated++;
		if (g->signals < UINT32_MAX)
			g->signals++;
	}
}

void gaps_on_delivery(struct model *m, uint32_t tid)
{
	for (size_t i = 0; i < m->n_pending; i++) {
		struct gap *g = &m->pending[i].gap;

		if (g->tid == tid && g->delivered < UINT32_MAX)
			g->delivered++;
	}
}

void gaps_on_seen(struct model *m, uint32_t tid, uint32_t func, uint32_t loc)
{
	for (size_t i = 0; func && i < m->n_pending; i++) {
		struct pending_gap *pg = &m->pending[i];
		size_t k = 0;

		if (pg->gap.tid != tid)
			continue;
		while (k < GAP_FUNCS && pg->seen[k].count && pg->seen[k].func != func)
			k++;
		if (k == GAP_FUNCS)
			continue;
		pg->seen[k].func = func;
		pg->seen[k].loc = loc;
		pg->seen[k].count++;
		settle_place(pg);
	}
}

void gaps_on_off_cpu(struct model *m, uint32_t tid, uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < m->n_pending; i++) {
		struct gap *g = &m->pending[i].gap;

		if (g->tid == tid)
			g->off_cpu_ns += b - clamp_u64(g->request_ns, a, b);
	}
}

void gaps_on_blocked(struct model *m, uint32_t tid, uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < m->n_pending; i++) {
		struct pending_gap *pg = &m->pending[i];

		if (pg->gap.tid == tid)
			pg->blocked_ns += b - clamp_u64(pg->gap.request_ns, a, b);
	}
}

void gaps_on_label(struct model *m, const struct thread *th, struct label label, uint64_t t)
{
	for (size_t i = m->n_pending; i-- > 0;) {
		struct pending_gap *pg = &m->pending[i];
		struct gap *g = &pg->gap;
		bool same_thread = g->tid == th->tid;

		if (same_thread && !g->goid)
			g->goid = label.goid; /* the request couldn't tell */
		if (same_thread && label.goid && label.goid == g->goid)
			pg->seen_ns = t;
		else if (same_thread || (label.goid && label.goid == g->goid) ||
			 (label.p != EV_NO_P && label.p == g->p && g->goid))
			finish_between(m, i, t);
	}
}

void gaps_on_thread_left(struct model *m, uint32_t tid, uint64_t t)
{
	for (size_t i = m->n_pending; i-- > 0;) {
		if (m->pending[i].gap.tid == tid)
			finish(m, i, t, GAP_VOLUNTARY, true);
	}
}

void gaps_on_left(struct model *m, uint32_t tid, uint64_t goid, uint64_t t)
{
	for (size_t i = m->n_pending; i-- > 0;) {
		const struct gap *g = &m->pending[i].gap;

		if (goid && g->goid ? g->goid == goid : g->tid == tid)
			finish(m, i, t, GAP_VOLUNTARY, true);
	}
}

void gaps_on_run(struct model *m, uint32_t tid, struct label label, uint64_t t)
{
	for (size_t i = m->n_pending; i-- > 0;) {
		const struct gap *g = &m->pending[i].gap;

		if (g->tid == tid || (g->goid && g->goid == label.goid) || (label.p != EV_NO_P && g->p == label.p))
			finish_between(m, i, t);
	}
}

void gaps_on_handoff(struct model *m, uint64_t goid, uint16_t p, uint64_t t)
{
	for (size_t i = m->n_pending; i-- > 0;) {
		const struct gap *g = &m->pending[i].gap;

		if (p != EV_NO_P && g->p != EV_NO_P ? g->p == p : goid && g->goid == goid)
			finish(m, i, t, GAP_HANDED_OFF, true);
	}
}

struct gap gaps_pending(const struct model *m, size_t i)
{
	return as_of_now(m, &m->pending[i]);
}

bool gaps_oldest_pending(const struct model *m, struct gap *ret)
{
	if (!m->n_pending)
		return false;
	*ret = as_of_now(m, &m->pending[0]);
	return true;
}

void gaps_on_world_stopped(struct model *m, uint64_t t)
{
	for (size_t i = m->n_pending; i-- > 0;)
		finish(m, i, t, GAP_VOLUNTARY, false);
}

static bool touches(const struct gap *g, uint64_t now, uint64_t t0, uint64_t t1)
{
	return g->request_ns < t1 && g->request_ns + gap_ns(g, now) >= t0;
}

/* The current state of a gap in the log: a pending one is kept up to date outside of it. */
static struct gap current(const struct model *m, const struct gap *g)
{
	for (size_t i = 0; !g->taken_ns && i < m->n_pending; i++) {
		if (m->pending[i].gap.request_ns == g->request_ns && m->pending[i].gap.tid == g->tid &&
		    m->pending[i].gap.p == g->p)
			return as_of_now(m, &m->pending[i]);
	}
	return *g;
}

/* Number of the first gap in the log that was requested at or after @t. */
static uint64_t first_since(const struct model *m, uint64_t t)
{
	uint64_t lo = log_first(&m->gaps), hi = m->gaps.next;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		const struct gap *g = log_at(&m->gaps, mid);

		if (g->request_ns >= t)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

size_t model_gaps(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, struct gap *ret, size_t cap)
{
	/* No gap that ended is longer than the longest: what began before can't reach into the window. */
	uint64_t from = first_since(m, t0_ns > m->longest_gap_ns ? t0_ns - m->longest_gap_ns : 0);
	size_t n = 0;

	for (size_t i = 0; i < m->n_pending && n < cap; i++) {
		const struct pending_gap *pg = &m->pending[i];

		if (pg->seq < from && touches(&pg->gap, m->now_ns, t0_ns, t1_ns))
			ret[n++] = as_of_now(m, pg);
	}
	for (uint64_t seq = from; seq < m->gaps.next && n < cap; seq++) {
		struct gap g = current(m, log_at(&m->gaps, seq));

		if (g.request_ns >= t1_ns)
			break;
		if (touches(&g, m->now_ns, t0_ns, t1_ns))
			ret[n++] = g;
	}
	return n;
}

size_t model_worst_gaps(const struct model *m, struct gap *ret, size_t cap)
{
	size_t n = m->n_worst_gaps < cap ? m->n_worst_gaps : cap;

	memcpy(ret, m->worst_gaps, n * sizeof(*ret));
	for (size_t k = 0; k < m->n_pending; k++) {
		uint64_t ns = gap_ns(&m->pending[k].gap, m->now_ns);
		size_t i = n;

		while (i > 0 && gap_ns(&ret[i - 1], m->now_ns) < ns)
			i--;
		if (i == cap)
			continue;
		if (n < cap)
			n++;
		memmove(&ret[i + 1], &ret[i], (n - 1 - i) * sizeof(*ret));
		ret[i] = as_of_now(m, &m->pending[k]);
	}
	return n;
}

void model_gap_hist(const struct model *m, struct hist *ret)
{
	*ret = m->h_gap;
	for (size_t i = 0; i < m->n_pending; i++)
		hist_add(ret, gap_ns(&m->pending[i].gap, m->now_ns));
}

void model_gap_summary(const struct model *m, struct hist_summary *ret)
{
	struct hist h;

	model_gap_hist(m, &h);
	hist_summarize(&h, ret);
}

const char *gap_end_name(uint8_t end)
{
	static const char *const names[] = {
		[GAP_PENDING] = "pending",     [GAP_ASYNC] = "async",           [GAP_COOPERATIVE] = "cooperative",
		[GAP_VOLUNTARY] = "voluntary", [GAP_HANDED_OFF] = "handed off", [GAP_LEFT] = "left"};

	return end <= GAP_LEFT ? names[end] : "unknown";
}

const char *gap_cause_name(uint8_t cause)
{
	static const char *const names[] = {
		[GAP_BY_SYSMON] = "sysmon", [GAP_BY_STW] = "stop the world", [GAP_BY_SCAN] = "stack scan"};

	return cause <= GAP_BY_SCAN ? names[cause] : "unknown";
}
