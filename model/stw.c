/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stop-the-world pauses. They never nest. Newer runtimes say at the restart when the stop was asked for and when every
 * P had stopped (1.22, 1.23); older ones are told by the stop event and by EV_STW_STOPPED.
 */
#include "model/model_internal.h"

#include <string.h>

/* A pause whose stop was lost is believed from the restart's own words if it isn't longer than this. */
#define PLAUSIBLE_PAUSE_NS 3600000000000ULL

static uint8_t checked_reason(uint8_t reason)
{
	return reason < EV_STW_REASON_COUNT ? reason : EV_STW_UNKNOWN;
}

static uint64_t stopping_ns(const struct stw_pause *p)
{
	return p->stopped_ns ? p->stopped_ns - p->asked_ns : 0;
}

/* The mark phase lies between the two pauses of a cycle. */
static void follow_gc(struct model *m)
{
	uint64_t ns;

	if (m->stw.reason == EV_STW_GC_SWEEP_TERM) {
		m->gc_mark_from_ns = m->stw.end_ns;
	} else if (m->stw.reason == EV_STW_GC_MARK_TERM && m->gc_mark_from_ns) {
		ns = m->stw.asked_ns > m->gc_mark_from_ns ? m->stw.asked_ns - m->gc_mark_from_ns : 0;
		m->gc_cycles++;
		m->gc_mark_ns += ns;
		if (ns > m->gc_mark_max_ns)
			m->gc_mark_max_ns = ns;
		m->gc_mark_from_ns = 0;
	}
}

static void keep(struct model *m)
{
	struct stw_pause *kept = log_push(&m->stws);
	uint64_t ns = m->stw.end_ns - m->stw.asked_ns;

	if (!m->stw.estimated) /* where pauses may not be seen, the phases are told */
		follow_gc(m);
	m->counts.stw_count++;
	m->counts.stw_by_reason[m->stw.reason]++;
	m->last_stw_end_ns = m->stw.end_ns;
	m->stw_open = false;
	if (stopping_ns(&m->stw) > stopping_ns(&m->worst_stw))
		m->worst_stw = m->stw;
	if (ns > m->longest_stw_ns)
		m->longest_stw_ns = ns;
	if (kept)
		*kept = m->stw;
	observe_stw(m, &m->stw);
}

/* The restart was lost: it is known that the pause was, not how long. It ends where it is last known to have lasted. */
void stw_forget(struct model *m, uint64_t t)
{
	if (!m->stw_open)
		return;
	m->stw.end_ns = m->stw.stopped_ns ? m->stw.stopped_ns : m->stw.asked_ns;
	if (m->stw.end_ns > t)
		m->stw.end_ns = t;
	keep(m);
}

void stw_on_stop(struct model *m, const struct event *ev, uint64_t t)
{
	stw_forget(m, t);
	m->stw = (struct stw_pause){.asked_ns = t, .tid = ev->head.tid, .reason = checked_reason(ev->stw.reason)};
	m->stw_open = true;
}

void stw_on_stopped(struct model *m, uint64_t t)
{
	if (!stw_is_stopping(m))
		return;
	gaps_on_world_stopped(m, t);
	m->stw.stopped_ns = t;
}

void stw_on_gap_end(struct model *m, const struct gap *g, bool seen)
{
	uint64_t waited;

	if (!stw_is_stopping(m) || g->taken_ns <= m->stw.asked_ns)
		return;
	waited = g->taken_ns - m->stw.asked_ns;
	/* An end that was only inferred from the stop itself names nobody if another's was seen. */
	if (waited < m->stw.waited_ns || (!seen && m->stw.waited_ns))
		return;
	m->stw.waited_ns = waited;
	m->stw.waited_off_cpu_ns = g->off_cpu_ns < waited ? g->off_cpu_ns : waited;
	m->stw.waited_goid = g->goid;
	m->stw.waited_func = g->func;
	m->stw.waited_loc = g->loc;
}

void stw_on_start(struct model *m, const struct event *ev, uint64_t t)
{
	uint64_t asked = ev->stw_end.asked_ns, stopped = ev->stw_end.stopped_ns;
	bool asked_ok = asked && asked <= t && asked >= m->last_stw_end_ns && t - asked < PLAUSIBLE_PAUSE_NS;

	if (!m->stw_open) {
		/* Before Go 1.22 nothing says when it began, or the restart belongs to the program's start. */
		if (!asked_ok)
			return;
		m->stw = (struct stw_pause){.asked_ns = asked, .tid = ev->head.tid};
		m->stw_open = true;
	} else if (asked_ok) {
		m->stw.asked_ns = asked;
	}
	if (stopped && stopped >= m->stw.asked_ns && stopped <= t) {
		gaps_on_world_stopped(m, stopped);
		m->stw.stopped_ns = stopped;
	} else {
		gaps_on_world_stopped(m, t);
	}
	if (ev->stw_end.reason != EV_STW_UNKNOWN)
		m->stw.reason = checked_reason(ev->stw_end.reason);
	m->stw.end_ns = t;
	if (m->stw.stopped_ns > t || m->stw.stopped_ns < m->stw.asked_ns)
		m->stw.stopped_ns = 0;
	hist_add(&m->h_stw_total, t - m->stw.asked_ns);
	if (m->stw.stopped_ns)
		hist_add(&m->h_stw_stopping, m->stw.stopped_ns - m->stw.asked_ns);
	keep(m);
}

bool model_stw_current(const struct model *m, struct stw_pause *ret)
{
	struct gap oldest;

	if (!m->stw_open)
		return false;
	*ret = m->stw;
	if (!stw_is_stopping(m) || !gaps_oldest_pending(m, &oldest))
		return true;
	/* Who is still pending is who is waited for; the oldest request has the best claim. */
	ret->waited_goid = oldest.goid;
	ret->waited_func = oldest.func;
	ret->waited_loc = oldest.loc;
	ret->waited_ns = m->now_ns - m->stw.asked_ns;
	ret->waited_off_cpu_ns = oldest.off_cpu_ns < ret->waited_ns ? oldest.off_cpu_ns : ret->waited_ns;
	return true;
}

size_t model_stws(const struct model *m, uint64_t t0_ns, uint64_t t1_ns, struct stw_pause *ret, size_t cap)
{
	uint64_t lo = log_first(&m->stws), hi = m->stws.next;
	uint64_t from = t0_ns > m->longest_stw_ns ? t0_ns - m->longest_stw_ns : 0;
	struct stw_pause cur;
	size_t n = 0;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (((const struct stw_pause *)log_at(&m->stws, mid))->asked_ns >= from)
			hi = mid;
		else
			lo = mid + 1;
	}
	for (; lo < m->stws.next && n < cap; lo++) {
		const struct stw_pause *p = log_at(&m->stws, lo);

		if (p->asked_ns >= t1_ns)
			break;
		if (p->end_ns >= t0_ns)
			ret[n++] = *p;
	}
	if (n < cap && model_stw_current(m, &cur) && cur.asked_ns < t1_ns && m->now_ns >= t0_ns)
		ret[n++] = cur;
	return n;
}

void model_stw_hists(const struct model *m, struct hist *ret_total, struct hist *ret_stopping)
{
	*ret_total = m->h_stw_total;
	*ret_stopping = m->h_stw_stopping;
	if (!m->stw_open)
		return;
	hist_add(ret_total, m->now_ns - m->stw.asked_ns);
	hist_add(ret_stopping, (m->stw.stopped_ns ? m->stw.stopped_ns : m->now_ns) - m->stw.asked_ns);
}

void model_stw_summary(const struct model *m, struct hist_summary *ret_total, struct hist_summary *ret_stopping)
{
	struct hist total, stopping;

	model_stw_hists(m, &total, &stopping);
	hist_summarize(&total, ret_total);
	hist_summarize(&stopping, ret_stopping);
}

const char *stw_reason_name(uint8_t reason)
{
	static const char *const names[EV_STW_REASON_COUNT] = {
		[EV_STW_UNKNOWN] = "unknown",
		[EV_STW_GC_MARK_TERM] = "GC mark termination",
		[EV_STW_GC_SWEEP_TERM] = "GC sweep termination",
		[EV_STW_WRITE_HEAP_DUMP] = "write heap dump",
		[EV_STW_GOROUTINE_PROFILE] = "goroutine profile",
		[EV_STW_GOROUTINE_PROFILE_CLEANUP] = "goroutine profile cleanup",
		[EV_STW_ALL_GOROUTINES_STACK] = "all goroutines stack trace",
		[EV_STW_READ_MEM_STATS] = "read mem stats",
		[EV_STW_ALL_THREADS_SYSCALL] = "AllThreadsSyscall",
		[EV_STW_GOMAXPROCS] = "GOMAXPROCS",
		[EV_STW_START_TRACE] = "start trace",
		[EV_STW_STOP_TRACE] = "stop trace",
	};

	return names[checked_reason(reason)];
}
