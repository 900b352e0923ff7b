/* SPDX-License-Identifier: GPL-2.0-only */
/* Life of a model, dispatch of events, and the account of what isn't intervals: losses, settings, overhead. */
#include "model/model_internal.h"

#include <errno.h>
#include <stdlib.h>

/* Times beyond 146 years of uptime come from a damaged capture. */
#define MAX_TIME_NS ((uint64_t)1 << 62)

int array_reserve(void **mem, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return 0;
	p = realloc(*mem, more * size);
	if (!p)
		return -ENOMEM;
	*mem = p;
	*cap = more;
	return 0;
}

void log_init_records(struct log *log, size_t size, size_t cap)
{
	*log = (struct log){.size = size, .cap = 16};
	while (log->cap < cap)
		log->cap *= 2;
}

uint64_t log_first(const struct log *log)
{
	return log->next > log->cap ? log->next - log->cap : 0;
}

void *log_at(const struct log *log, uint64_t seq)
{
	if (seq >= log->next || seq < log_first(log))
		return NULL;
	return (char *)log->mem + (seq & (log->cap - 1)) * log->size;
}

void *log_push(struct log *log)
{
	if (log->next >= log->allocated && log->allocated < log->cap &&
	    array_reserve(&log->mem, &log->allocated, log->next, log->size))
		return NULL;
	log->next++;
	return log_at(log, log->next - 1);
}

void model_invalid(struct model *m)
{
	m->counts.invalid++;
}

struct model *model_new(const struct model_opts *opts, const struct session *session)
{
	struct model *m = calloc(1, sizeof(*m));
	size_t max_bytes = opts && opts->max_bytes ? opts->max_bytes : DEFAULT_BYTES;

	if (!m)
		return NULL;
	m->session = session;
	m->undrawn = opts && opts->undrawn;
	m->max_rows_g = opts && opts->max_rows_g ? opts->max_rows_g : DEFAULT_ROWS_G;
	m->max_pauses = opts && opts->max_pauses ? opts->max_pauses : DEFAULT_PAUSES;
	m->counts.gomaxprocs = -1;
	m->counts.asyncpreemptoff = -1;
	m->counts.exit_status = -1;
	hist_init(&m->h_gap);
	hist_init(&m->h_gwait);
	hist_init(&m->h_kgap);
	hist_init(&m->h_runqueue);
	hist_init(&m->h_stw_total);
	hist_init(&m->h_stw_stopping);
	log_init_records(&m->gaps, sizeof(struct gap), m->max_pauses);
	log_init_records(&m->stws, sizeof(struct stw_pause), m->max_pauses);
	lanes_init(m, max_bytes);
	m->no_track = track_new(1);
	m->rows_g = calloc(m->max_rows_g, sizeof(*m->rows_g));
	if (!m->no_track || !m->rows_g) {
		model_free(m);
		return NULL;
	}
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	m->observer = NULL;
	goroutines_clear(m);
	threads_done(m);
	lanes_done(m);
	names_done(m);
	gap_funcs_done(m);
	free(m->gaps.mem);
	free(m->stws.mem);
	free(m->pending);
	free(m);
}

uint64_t model_now(const struct model *m)
{
	return m->now_ns;
}

uint64_t model_start(const struct model *m)
{
	return m->start_ns;
}

const struct session *model_session(const struct model *m)
{
	return m->session;
}

/* What a collector tells beside the stream: it may carry the time when it was read rather than when it happened. */
static bool is_timeless(uint8_t kind)
{
	switch (kind) {
	case EV_GOROUTINE:
	case EV_CPU_STAT:
	case EV_CGROUP_STAT:
	case EV_LOST:
	case EV_LOC:
	case EV_COMM:
	case EV_RUNTIME:
	case EV_OVERHEAD:
	case EV_SAMPLING:
		return true;
	default:
		return false;
	}
}

/* Moves now to the event's time; one that runs backwards happens now, so that states stay in step. */
static uint64_t advance(struct model *m, const struct ev_head *head)
{
	uint64_t t = head->time_ns;

	if (t > MAX_TIME_NS || (t < m->now_ns && !is_timeless(head->kind))) {
		model_invalid(m);
		return m->now_ns;
	}
	if (t > m->now_ns && !is_timeless(head->kind)) {
		if (!m->start_ns)
			m->start_ns = t;
		m->now_ns = t;
	}
	return m->now_ns;
}

static void on_at(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_at *at = &ev->at;
	struct label label = {.goid = at->goid, .p = at->p, .valid = ev->head.flags & EVF_LABEL};
	struct thread *th = thread_running_on(m, ev, t);
	uint32_t loc = at->blame ? at->blame : at->loc;
	uint32_t func = names_func_of_loc(m, loc);

	if (!th)
		return;
	if (ev->head.kind == EV_SIGNAL_DELIVER)
		gaps_on_delivery(m, th->tid);
	label_observe(m, th, t, label);
	if (!func)
		return;
	th->seen_goid = label.valid ? label.goid : 0;
	th->seen_func = func;
	th->seen_loc = loc;
	gaps_on_seen(m, th->tid, func, loc);
}

static void on_taken(struct model *m, const struct event *ev, uint64_t t)
{
	struct label label = {.goid = ev->preempt.goid, .p = ev->preempt.p, .valid = ev->preempt.goid != 0};
	struct thread *th = thread_running_on(m, ev, t);
	uint32_t func = names_func_of_loc(m, ev->preempt.loc);
	const struct func_info *f = model_func(m, func);

	if (!th)
		return;
	if (f && !f->is_runtime)
		gaps_on_seen(m, th->tid, func, ev->preempt.loc);
	gaps_on_taken(m, ev, t);
	if (label.valid)
		gaps_on_label(m, th, label, t);
	if (m->exact)
		exact_on_taken(m, th, label, t);
	else if (th->state == TH_RUN)
		label_leave(m, th, t, label);
}

static void on_request(struct model *m, const struct event *ev, uint64_t t)
{
	const struct ev_preempt *req = &ev->preempt;
	struct thread *th = thread_find(m, req->m_tid);

	gaps_on_request(m, ev, t);
	if (th && req->goid)
		label_observe(m, th, t, (struct label){.goid = req->goid, .p = req->p, .valid = true});
}

static void on_stw_stop(struct model *m, const struct event *ev, uint64_t t)
{
	struct thread *th = thread_find(m, ev->head.tid);

	/* Who stops the world holds a P, but the event doesn't say which: keep the one that is known. */
	if (th && ev->head.flags & EVF_LABEL && th->label.valid && th->label.goid == ev->stw.goid)
		label_observe(m, th, t, th->label);
	stw_on_stop(m, ev, t);
}

static void on_cpu_stat(struct model *m, const struct event *ev)
{
	struct cpu *c = cpu_get(m, ev->head.cpu);

	if (!c) {
		model_invalid(m);
		return;
	}
	if (!c->n_stats)
		c->first_stat = ev->cpu_stat;
	c->last_stat = ev->cpu_stat;
	if (c->n_stats < 2)
		c->n_stats++;
}

static void on_cgroup(struct model *m, const struct ev_cgroup *cg)
{
	struct model_counts *n = &m->counts;

	if (!m->have_cgroup)
		m->first_cgroup = *cg;
	m->have_cgroup = true;
	n->cgroup = *cg;
	n->throttled_ns =
		cg->throttled_ns > m->first_cgroup.throttled_ns ? cg->throttled_ns - m->first_cgroup.throttled_ns : 0;
	n->nr_throttled =
		cg->nr_throttled > m->first_cgroup.nr_throttled ? cg->nr_throttled - m->first_cgroup.nr_throttled : 0;
}

static void on_lost(struct model *m, const struct ev_lost *lost)
{
	uint64_t sum;

	if (lost->cause >= EV_LOST_CAUSE_COUNT) {
		model_invalid(m);
		return;
	}
	if (lost->count && (lost->cause == EV_LOST_RING || lost->cause == EV_LOST_QUEUE))
		exact_blind(m, m->now_ns);
	if (__builtin_add_overflow(m->counts.lost[lost->cause], lost->count, &sum))
		sum = UINT64_MAX;
	m->counts.lost[lost->cause] = sum;
}

/* A new program in the same process: goroutines, requests and pauses of the old one are gone. */
static void on_exec(struct model *m, const struct event *ev, uint64_t t)
{
	struct thread *th = thread_find(m, ev->head.tid);

	threads_all_exit(m, ev->head.tid, t);
	if (th && th->state == TH_RUN)
		label_leave(m, th, t, (struct label){.p = EV_NO_P});
	gaps_on_world_stopped(m, t);
	stw_forget(m, t);
	m->gc_mark_from_ns = 0;
	goroutines_clear(m);
}

static void on_target_exit(struct model *m, const struct event *ev, uint64_t t)
{
	threads_all_exit(m, 0, t);
	if (m->exact)
		exact_end(m, t, true);
	m->counts.exited = true;
	m->counts.exit_status = ev->exited.status;
}

/* What could be read once stays known when the process's memory can't be read any more. */
static void on_runtime(struct model *m, const struct ev_runtime *r)
{
	if (r->gomaxprocs >= 0)
		m->counts.gomaxprocs = r->gomaxprocs;
	if (r->asyncpreemptoff >= 0)
		m->counts.asyncpreemptoff = r->asyncpreemptoff != 0;
}

static void on_overhead(struct model *m, const struct ev_overhead *o)
{
	m->have_overhead = true;
	m->counts.overhead_probe_ns = o->probe_ns;
	m->counts.overhead_self_ns = o->self_ns;
	m->counts.overhead_hits = o->hits;
}

void model_feed(struct model *m, const struct event *ev)
{
	uint64_t t;

	m->counts.events++;
	if (ev->head.kind == EV_NONE || ev->head.kind >= EV_KIND_COUNT) {
		model_invalid(m);
		return;
	}
	t = advance(m, &ev->head);
	switch ((enum event_kind)ev->head.kind) {
	case EV_SWITCH:
		threads_on_switch(m, ev, t);
		break;
	case EV_SAMPLE:
	case EV_SIGNAL_DELIVER:
		on_at(m, ev, t);
		break;
	case EV_THREAD_NEW:
		threads_on_new(m, ev, t);
		break;
	case EV_THREAD_EXIT:
		threads_on_exit(m, ev->head.tid, t);
		break;
	case EV_EXEC:
		on_exec(m, ev, t);
		break;
	case EV_SIGNAL_SEND:
		gaps_on_signal(m, ev->head.tid);
		break;
	case EV_STW_STOP:
		m->probed = true;
		on_stw_stop(m, ev, t);
		break;
	case EV_STW_STOPPED:
		stw_on_stopped(m, t);
		break;
	case EV_STW_START:
		m->probed = true;
		stw_on_start(m, ev, t);
		break;
	case EV_PREEMPT_REQUEST:
		m->probed = true;
		on_request(m, ev, t);
		break;
	case EV_PREEMPT_TAKEN:
		on_taken(m, ev, t);
		break;
	case EV_GOROUTINE:
		goroutines_on_known(m, &ev->goroutine);
		break;
	case EV_CPU_STAT:
		on_cpu_stat(m, ev);
		break;
	case EV_CGROUP_STAT:
		on_cgroup(m, &ev->cgroup);
		break;
	case EV_LOST:
		on_lost(m, &ev->lost);
		break;
	case EV_LOC:
		names_on_loc(m, &ev->loc);
		break;
	case EV_COMM:
		names_on_comm(m, ev->comm.tid, ev->comm.comm);
		break;
	case EV_RUNTIME:
		on_runtime(m, &ev->runtime);
		break;
	case EV_OVERHEAD:
		on_overhead(m, &ev->overhead);
		break;
	case EV_TARGET_EXIT:
		on_target_exit(m, ev, t);
		break;
	case EV_G:
		exact_on_g(m, ev, t);
		break;
	case EV_P:
		exact_on_p(m, ev, t);
		break;
	case EV_RUNQ:
		runq_on_length(m, &ev->runq, t);
		break;
	case EV_DETAIL:
		detail_on_change(m, &ev->detail, t);
		break;
	case EV_SETTING:
		interventions_on_setting(m, &ev->setting, t, ev->head.flags & EVF_INITIAL);
		break;
	case EV_SAMPLED:
		estimates_on_sampled(m, ev, t);
		break;
	case EV_SAMPLING:
		estimates_on_sampling(m, &ev->sampling);
		break;
	case EV_THREAD_STAT:
		estimates_on_stat(m, ev, t);
		break;
	case EV_TICK:
	case EV_NONE:
	case EV_KIND_COUNT:
		break;
	}
}
