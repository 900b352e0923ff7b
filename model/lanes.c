/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the timeline: tracks of CPUs, Ps, Ms and Gs, the memory they may take, and what is still going on. */
#include "model/model_internal.h"

#include <stdlib.h>

/*
 * Shares of the history's memory, percent. Every new row takes 1/expected of what is left of its kind's share, so that
 * the usual number of rows gets long histories and no number of rows gets more than the share.
 */
static const unsigned share_pct[] = {[ROW_CPU] = 30, [ROW_P] = 25, [ROW_M] = 25, [ROW_G] = 20};

#define MIN_ROW_SPANS 64U
#define MAX_ROW_SPANS (1U << 22)
#define EXPECTED_G    128U
#define EXPECTED_M    16U
#define UNKNOWN_CPUS  8U /* when the session doesn't say how many there are */
#define ROW_G_MARGIN  2U /* a goroutine must have run this many times more to take another's row */
#define ENDED_SHARE   4U /* the row of one that has ended is worth so much less */

void lanes_init(struct model *m, size_t max_bytes)
{
	size_t n_cpus = m->session && m->session->n_cpus ? m->session->n_cpus : UNKNOWN_CPUS;

	for (size_t i = 0; i <= ROW_G; i++)
		m->budget[i].left = max_bytes / 100 * share_pct[i];
	m->budget[ROW_CPU].expected = m->budget[ROW_P].expected = n_cpus;
	m->budget[ROW_M].expected = EXPECTED_M + 2 * n_cpus;
	m->budget[ROW_G].expected = EXPECTED_G;
}

struct track *lane_track(struct model *m, enum row_kind kind)
{
	struct budget *b = &m->budget[kind];
	size_t share = b->left / (b->expected + 1), spans = MIN_ROW_SPANS;
	struct track *t;

	while (spans < MAX_ROW_SPANS && track_max_bytes(spans * 2) <= share)
		spans *= 2;
	if (track_max_bytes(spans) > b->left)
		return NULL;
	/* What is asked of a P's row has to be the same whether the rest is drawn or not. */
	t = m->undrawn && kind != ROW_P ? track_new_blank(spans) : track_new(spans);
	if (t)
		b->left -= track_max_bytes(spans);
	return t;
}

void lane_drop_track(struct model *m, enum row_kind kind, struct track **track)
{
	if (!*track)
		return;
	m->budget[kind].left += track_max_bytes(track_max_spans(*track));
	track_free(*track);
	*track = NULL;
}

struct proc *proc_get(struct model *m, uint16_t p)
{
	struct proc *proc;

	if (p >= MAX_PS)
		return NULL;
	if (p >= m->cap_procs) {
		unsigned cap = m->cap_procs ? m->cap_procs : 16;
		struct proc **procs;

		while (cap <= p)
			cap *= 2;
		procs = realloc(m->procs, cap * sizeof(*procs));
		if (!procs)
			return NULL;
		for (unsigned i = m->cap_procs; i < cap; i++)
			procs[i] = NULL;
		m->procs = procs;
		m->cap_procs = cap;
	}
	if (p >= m->n_procs)
		m->n_procs = p + 1U;
	if (m->procs[p])
		return m->procs[p];
	proc = calloc(1, sizeof(*proc));
	if (!proc)
		return NULL;
	proc->track = lane_track(m, ROW_P);
	m->procs[p] = proc;
	return proc;
}

/* What a goroutine's row is worth: its run time. */
static uint64_t worth(const struct goroutine *g)
{
	return g->state == GS_DEAD ? g->run_ns / ENDED_SHARE : g->run_ns;
}

/* Rows are few: a goroutine without one takes the row of the one that has run least, once it has run much more. */
void lanes_give_row(struct model *m, struct goroutine *g)
{
	size_t least = 0;

	if (m->n_rows_g < m->max_rows_g) {
		g->track = lane_track(m, ROW_G);
		if (g->track)
			m->rows_g[m->n_rows_g++] = g;
		return;
	}
	if (!m->n_rows_g || g->run_ns <= ROW_G_MARGIN * m->row_g_floor_ns)
		return;
	for (size_t i = 1; i < m->n_rows_g; i++) {
		if (worth(m->rows_g[i]) < worth(m->rows_g[least]))
			least = i;
	}
	m->row_g_floor_ns = worth(m->rows_g[least]);
	if (g->run_ns <= ROW_G_MARGIN * m->row_g_floor_ns)
		return;
	lane_drop_track(m, ROW_G, &m->rows_g[least]->track);
	g->track = lane_track(m, ROW_G);
	if (g->track)
		m->rows_g[least] = g;
	else
		m->rows_g[least] = m->rows_g[--m->n_rows_g];
}

/* @track may be NULL: rows whose memory couldn't be had, goroutines without one. */
static void append(struct model *m, enum row_kind kind, uint64_t id, struct track *track, struct span **held,
		   const struct span *s)
{
	if (track)
		track_append_over(track, s);
	if (m->observer)
		observe_span(m, kind, id, held, s);
}

static void paint_p(struct model *m, const struct span *s)
{
	struct proc *proc = proc_get(m, s->p);
	uint64_t from;

	if (!proc)
		return;
	from = s->start_ns > proc->last_ns ? s->start_ns : proc->last_ns;
	if (s->klass != SPAN_RUNNABLE && s->end_ns > from)
		proc->run_ns += s->end_ns - from;
	if (s->end_ns > proc->last_ns)
		proc->last_ns = s->end_ns;
	append(m, ROW_P, s->p, proc->track, &proc->held, s);
}

static struct span span_of(const struct thread *th, uint64_t a, uint64_t b, struct label label, uint8_t klass)
{
	return (struct span){.start_ns = a,
			     .end_ns = b,
			     .goid = label.valid ? label.goid : 0,
			     .tid = th->tid,
			     .cpu = th->cpu,
			     .p = label.valid ? label.p : EV_NO_P,
			     .klass = klass};
}

static bool is_on_cpu(uint8_t klass)
{
	return klass == SPAN_RUN || klass == SPAN_RUNTIME || klass == SPAN_UNLABELLED;
}

void lanes_paint(struct model *m, struct thread *th, uint64_t a, uint64_t b, struct label label, uint8_t klass)
{
	struct span s = span_of(th, a, b, label, klass);
	struct goroutine *g;

	if (b <= a)
		return;
	g = s.goid ? goroutine_get(m, s.goid) : NULL;
	if (g) {
		s.func = g->start_func;
		g->last_ns = b;
		if (klass == SPAN_RUN) {
			g->run_ns += b - a;
			if (names_is_gc_worker(m, g->start_func))
				m->gc_worker_ns += b - a;
			else if (th->exact && !names_is_system(m, g->start_func))
				m->exact_run_ns += b - a;
			exact_on_painted(m, g, b);
		}
		if (!g->track)
			lanes_give_row(m, g);
		append(m, ROW_G, g->goid, g->track, &g->held, &s);
	}
	append(m, ROW_M, th->tid, th->track, &th->held, &s);
	if (is_on_cpu(klass) && th->cpu != NO_CPU && m->cpus[th->cpu])
		append(m, ROW_CPU, th->cpu, m->cpus[th->cpu]->track, &m->cpus[th->cpu]->held, &s);
	if (s.p != EV_NO_P && klass != SPAN_SYSCALL)
		paint_p(m, &s);
}

static struct span waiting_span(const struct goroutine *g, uint64_t a, uint64_t b)
{
	return (struct span){.start_ns = a,
			     .end_ns = b,
			     .goid = g->goid,
			     .func = g->start_func,
			     .cpu = NO_CPU,
			     .p = EV_NO_P,
			     .klass = SPAN_WAITING_P};
}

void lanes_paint_waiting(struct model *m, struct goroutine *g, uint64_t a, uint64_t b)
{
	struct span s = waiting_span(g, a, b);

	if (b <= a)
		return;
	if (!g->track)
		lanes_give_row(m, g);
	append(m, ROW_G, g->goid, g->track, &g->held, &s);
}

static struct span other_span(const struct cpu *c, uint16_t id, uint64_t t)
{
	return (struct span){.start_ns = c->other_since_ns,
			     .end_ns = t,
			     .tid = c->other_tid == EV_TID_UNKNOWN ? 0 : c->other_tid,
			     .cpu = id,
			     .p = EV_NO_P,
			     .klass = c->other_tid == EV_TID_UNKNOWN ? SPAN_UNKNOWN : SPAN_OTHER};
}

void lanes_paint_other(struct model *m, struct cpu *c, uint16_t id, uint64_t t)
{
	struct span s = other_span(c, id, t);

	if (!c->other_since_ns)
		return;
	c->other_since_ns = 0;
	append(m, ROW_CPU, id, c->track, &c->held, &s);
}

static void set_open(struct track *t, const struct span *s)
{
	if (t)
		track_set_open(t, s);
}

static void clear_open(const struct model *m)
{
	for (unsigned i = 0; i < m->n_cpus; i++) {
		if (m->cpus[i])
			set_open(m->cpus[i]->track, NULL);
	}
	for (unsigned i = 0; i < m->n_procs; i++) {
		if (m->procs[i])
			set_open(m->procs[i]->track, NULL);
	}
	for (size_t i = 0; i < m->n_threads; i++)
		set_open(m->threads[i]->track, NULL);
	for (size_t i = 0; i < m->n_rows_g; i++)
		set_open(m->rows_g[i]->track, NULL);
}

/* What a thread is doing at this moment, with the label known last. false = asleep or dead: a hole. */
static bool thread_open_span(const struct model *m, const struct thread *th, struct span *ret)
{
	struct label label = th->label;

	switch (th->state) {
	case TH_RUN:
		if (!th->observed)
			label.valid = false;
		*ret = span_of(th, th->painted_ns, m->now_ns, label,
			       !label.valid ? SPAN_UNLABELLED
			       : label.goid ? SPAN_RUN
					    : SPAN_RUNTIME);
		return true;
	case TH_WAIT:
		label.valid = label.valid && th->kgap_start_ns;
		*ret = span_of(th, th->since_ns, m->now_ns, label, SPAN_RUNNABLE);
		return true;
	case TH_SLEEP:
		if (!label.valid || !label.goid)
			return false;
		label.p = EV_NO_P;
		*ret = span_of(th, th->since_ns, m->now_ns, label, SPAN_SYSCALL);
		return true;
	default:
		return false;
	}
}

/* One thing that still goes on, and the row that it is on. */
typedef void (*open_fn)(struct model *m, enum row_kind kind, uint64_t id, struct track *track, struct span **held,
			const struct span *s);

static void open_thread(struct model *m, struct thread *th, open_fn fn)
{
	struct goroutine *g;
	struct span s;

	if (!thread_open_span(m, th, &s))
		return;
	g = s.goid ? goroutine_find(m, s.goid) : NULL;
	s.func = g ? g->start_func : 0;
	fn(m, ROW_M, th->tid, th->track, &th->held, &s);
	if (is_on_cpu(s.klass) && m->cpus[th->cpu])
		fn(m, ROW_CPU, th->cpu, m->cpus[th->cpu]->track, &m->cpus[th->cpu]->held, &s);
	if (s.p != EV_NO_P && s.p < m->n_procs && m->procs[s.p])
		fn(m, ROW_P, s.p, m->procs[s.p]->track, &m->procs[s.p]->held, &s);
	if (g)
		fn(m, ROW_G, g->goid, g->track, &g->held, &s);
}

static void each_open(struct model *m, open_fn fn)
{
	for (struct goroutine *g = m->runnable.first; g; g = g->next) {
		struct span s = waiting_span(g, g->since_ns, m->now_ns);

		fn(m, ROW_G, g->goid, g->track, &g->held, &s);
	}
	for (size_t i = 0; i < m->n_threads; i++)
		open_thread(m, m->threads[i], fn);
	for (unsigned i = 0; i < m->n_cpus; i++) {
		struct span s;

		if (!m->cpus[i] || !m->cpus[i]->other_since_ns)
			continue;
		s = other_span(m->cpus[i], (uint16_t)i, m->now_ns);
		fn(m, ROW_CPU, i, m->cpus[i]->track, &m->cpus[i]->held, &s);
	}
}

static void open_track(struct model *m, enum row_kind kind, uint64_t id, struct track *track, struct span **held,
		       const struct span *s)
{
	(void)m;
	(void)kind;
	(void)id;
	(void)held;
	set_open(track, s);
}

/*
 * Open spans are put onto the tracks when somebody looks, not at every event. It changes what the tracks show, never
 * what they hold, so it is done for a reader too.
 */
void lanes_refresh_open(const struct model *m)
{
	clear_open(m);
	each_open((struct model *)m, open_track);
}

static void observe_open(struct model *m, enum row_kind kind, uint64_t id, struct track *track, struct span **held,
			 const struct span *s)
{
	(void)track;
	observe_span(m, kind, id, held, s);
}

void lanes_observe_open(struct model *m)
{
	each_open(m, observe_open);
}

static const struct track *shown(const struct model *m, const struct track *t)
{
	return t ? t : m->no_track;
}

static size_t rows_cpu(const struct model *m, struct row *ret, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; i < m->n_cpus; i++) {
		const struct cpu *c = m->cpus[i];

		if (!c)
			continue;
		if (n < cap)
			ret[n] = (struct row){.kind = ROW_CPU,
					      .id = i,
					      .track = shown(m, c->track),
					      .name = "",
					      .run_ns = c->target_ns +
							(c->running ? m->now_ns - c->running->since_ns : 0),
					      .alive = true};
		n++;
	}
	return n;
}

static size_t rows_p(const struct model *m, struct row *ret, size_t cap)
{
	size_t n = 0;

	for (unsigned i = 0; i < m->n_procs; i++) {
		const struct proc *p = m->procs[i];

		if (!p)
			continue;
		if (n < cap)
			ret[n] = (struct row){.kind = ROW_P,
					      .id = i,
					      .track = shown(m, p->track),
					      .name = "",
					      .run_ns = p->run_ns,
					      .alive = m->counts.gomaxprocs < 0 || i < (unsigned)m->counts.gomaxprocs};
		n++;
	}
	return n;
}

/* Keeps @ret sorted by run time, most first. */
static void insert_row(struct row *ret, size_t *n, size_t cap, const struct row *row)
{
	size_t i = *n;

	while (i > 0 &&
	       (ret[i - 1].run_ns < row->run_ns || (ret[i - 1].run_ns == row->run_ns && ret[i - 1].id > row->id)))
		i--;
	if (i == cap)
		return;
	if (*n < cap)
		(*n)++;
	for (size_t k = *n - 1; k > i; k--)
		ret[k] = ret[k - 1];
	ret[i] = *row;
}

static size_t rows_m(const struct model *m, struct row *ret, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_threads; i++) {
		const struct thread *th = m->threads[i];
		struct row row = {.kind = ROW_M,
				  .id = th->tid,
				  .track = shown(m, th->track),
				  .name = model_comm(m, th->tid),
				  .alive = !th->exiting};
		uint64_t wait, sleep;

		thread_times(th, m->now_ns, &row.run_ns, &wait, &sleep);
		insert_row(ret, &n, cap, &row);
	}
	return m->n_threads;
}

static size_t rows_g(const struct model *m, struct row *ret, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_rows_g; i++) {
		const struct goroutine *g = m->rows_g[i];
		const struct func_info *f = model_func(m, g->start_func);
		struct row row = {.kind = ROW_G,
				  .id = g->goid,
				  .track = g->track,
				  .name = f ? f->name : "",
				  .run_ns = g->run_ns,
				  .alive = !m->counts.exited && g->state != GS_DEAD};

		insert_row(ret, &n, cap, &row);
	}
	return m->n_rows_g;
}

size_t model_rows(const struct model *m, enum row_kind kind, struct row *ret, size_t cap)
{
	lanes_refresh_open(m);
	switch (kind) {
	case ROW_CPU:
		return rows_cpu(m, ret, cap);
	case ROW_P:
		return rows_p(m, ret, cap);
	case ROW_M:
		return rows_m(m, ret, cap);
	case ROW_G:
		return rows_g(m, ret, cap);
	}
	return 0;
}

void lanes_done(struct model *m)
{
	for (unsigned i = 0; i < m->n_procs; i++) {
		if (!m->procs[i])
			continue;
		lane_drop_track(m, ROW_P, &m->procs[i]->track);
		free(m->procs[i]->held);
		free(m->procs[i]);
	}
	free(m->procs);
	free(m->rows_g);
	track_free(m->no_track);
}
