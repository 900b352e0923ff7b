/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lists of Ms and Ps are kept from look to look: allm grows at its head only (runtime/proc.go mcommoninit), each M
 * is read together with its link, and a link that isn't the next M's address makes the list be walked anew. So a look
 * is two calls: the Ms and Ps; then the goroutines that the Ms were seen to carry. Those of Ms that stay in a system
 * call without a P are left out but for one look in 16: they can't be asked for anything, nor end, before they have
 * one.
 */
#include "collectors/sampler_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events/event.h"

/* runtime/proc.go schedinit: sched.maxmcount = 10000. */
#define MS_MAX 10000U
#define PS_MAX 4096U
/* runtime/runtime2.go p.runq is a ring of 256, and p.runnext. */
#define RUNQ_MAX 257U
/* Goroutines in a queue that no program has. */
#define GLOBAL_RUNQ_MAX (1U << 30)
#define GOID_MAX        (1ULL << 50) /* selfcheck.c */
/* runtime/runtime2.go */
#define SETTLED_EVERY 16U
#define G_RUNNING     2U
#define G_SCAN        0x1000U

/* The words before the Ms' pieces in memory. */
struct top {
	uint64_t allm;
	struct {
		uint64_t data, len, cap;
	} allp;
	uint32_t phase;
	uint8_t waiting;
	int32_t stopwait, runq;
};

void look_init(struct look *l, const struct look_at *at)
{
	*l = (struct look){.at = *at};
}

void look_done(struct look *l)
{
	free(l->ms);
	free(l->ps);
	free(l->mem);
	free(l->reads);
	*l = (struct look){0};
}

static uint64_t word(const char *piece, uint16_t off)
{
	uint64_t v;

	memcpy(&v, piece + off, sizeof(v));
	return v;
}

static uint32_t half_word(const char *piece, uint16_t off)
{
	uint32_t v;

	memcpy(&v, piece + off, sizeof(v));
	return v;
}

static bool sane(uint64_t addr)
{
	return addr >= 4096 && addr % 8 == 0 && addr < (1ULL << 56);
}

static int read_one(struct look *l, uint64_t addr, void *buf, size_t len)
{
	struct go_read r = {.addr = addr, .buf = buf, .len = len};
	int n = l->at.read(l->at.ctx, &r, 1, &l->calls);

	return n < 0 ? n : r.ok ? 0 : -EAGAIN;
}

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t m_len(const struct look *l)
{
	const struct go_offsets *o = &l->at.off;

	return max_size(max_size(o->m_alllink, o->m_procid), max_size(o->m_curg, o->m_p)) + 8;
}

static size_t p_len(const struct look *l)
{
	return max_size(l->at.off.p_schedtick, l->at.off.p_id) + 8U;
}

static size_t g_len(const struct look *l)
{
	const struct go_offsets *o = &l->at.off;
	size_t n = max_size(max_size(o->g_startpc, o->g_gopc), max_size(o->g_preempt, o->g_goid));

	return max_size(n, o->g_parentgoid == GO_OFF_NONE ? 0 : o->g_parentgoid) + 8;
}

/* Room for the pieces of a look. */
static int reserve(struct look *l)
{
	size_t g = g_len(l), m = m_len(l),
	       bytes = l->n_ms * (g > m ? g : m) + l->n_ms * g + l->n_ps * (p_len(l) + 16) + sizeof(struct top);
	size_t reads = 8 + l->n_ms + 3 * l->n_ps;

	if (bytes > l->mem_bytes) {
		void *grown = realloc(l->mem, 2 * bytes);

		if (!grown)
			return -ENOMEM;
		l->mem = grown;
		l->mem_bytes = 2 * bytes;
	}
	if (reads > l->cap_reads) {
		struct go_read *grown = realloc(l->reads, 2 * reads * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		l->reads = grown;
		l->cap_reads = 2 * reads;
	}
	return 0;
}

/* Walks allm anew from @head; what is known of an M is kept. The order of those that stay doesn't change. */
static int walk_ms(struct look *l, uint64_t head)
{
	size_t n = 0, cap = l->n_ms + 16, old = 0;
	struct look_m *ms = malloc(cap * sizeof(*ms));
	int err = ms ? 0 : -ENOMEM;

	for (uint64_t addr = head; addr && err == 0;) {
		size_t i = old;

		if (!sane(addr) || n == MS_MAX) {
			err = -EAGAIN;
			break;
		}
		if (n == cap) {
			struct look_m *grown = realloc(ms, 2 * cap * sizeof(*ms));

			if (!grown) {
				err = -ENOMEM;
				break;
			}
			ms = grown;
			cap *= 2;
		}
		while (i < l->n_ms && l->ms[i].addr != addr)
			i++;
		if (i < l->n_ms) {
			ms[n++] = l->ms[i];
			old = i + 1;
		} else {
			ms[n++] = (struct look_m){.addr = addr, .p = EV_NO_P};
		}
		err = read_one(l, addr + l->at.off.m_alllink, &addr, sizeof(addr));
	}
	if (err < 0) {
		free(ms);
		return err;
	}
	free(l->ms);
	l->ms = ms;
	l->n_ms = n;
	return 0;
}

static int load_ps(struct look *l, uint64_t data, uint64_t len)
{
	uint64_t *addrs = calloc(len + 1, sizeof(*addrs));
	struct look_p *ps = calloc(len + 1, sizeof(*ps));
	int err = addrs && ps ? read_one(l, data, addrs, len * sizeof(*addrs)) : -ENOMEM;

	for (size_t i = 0; err == 0 && i < len; i++) {
		ps[i].addr = addrs[i];
		if (!sane(addrs[i]))
			err = -EAGAIN;
	}
	free(addrs);
	if (err < 0) {
		free(ps);
		return err;
	}
	free(l->ps);
	l->ps = ps;
	l->n_ps = len;
	l->allp_data = data;
	return 0;
}

static void add(struct look *l, size_t *n, uint64_t addr, void *buf, size_t len)
{
	l->reads[(*n)++] = (struct go_read){.addr = addr, .buf = buf, .len = len};
}

/* The first call: the variables, the Ms, the Ps. The pieces of the Ms begin at *ret_ms, those of the Ps at *ret_ps. */
static int read_lists(struct look *l, bool runqs, struct top *top, char **ret_ms, char **ret_ps)
{
	const struct go_offsets *o = &l->at.off;
	size_t n = 0, vars, each_p = p_len(l) + 16;
	char *at = l->mem;

	*top = (struct top){0};
	add(l, &n, l->at.allm, &top->allm, sizeof(top->allm));
	add(l, &n, l->at.allp, &top->allp, sizeof(top->allp));
	add(l, &n, l->at.sched + o->sched_gcwaiting, &top->waiting, sizeof(top->waiting));
	add(l, &n, l->at.sched + o->sched_stopwait, &top->stopwait, sizeof(top->stopwait));
	if (o->sched_runqsize != GO_OFF_NONE)
		add(l, &n, l->at.sched + o->sched_runqsize, &top->runq, sizeof(top->runq));
	if (l->at.gcphase)
		add(l, &n, l->at.gcphase, &top->phase, sizeof(top->phase));
	vars = n;
	*ret_ms = at;
	for (size_t i = 0; i < l->n_ms; i++, at += m_len(l))
		add(l, &n, l->ms[i].addr, at, m_len(l));
	*ret_ps = at;
	for (size_t i = 0; i < l->n_ps; i++, at += each_p) {
		add(l, &n, l->ps[i].addr, at, p_len(l));
		if (runqs) {
			add(l, &n, l->ps[i].addr + o->p_runqhead, at + p_len(l), 8);
			add(l, &n, l->ps[i].addr + o->p_runnext, at + p_len(l) + 8, 8);
		}
	}
	int good = l->at.read(l->at.ctx, l->reads, n, &l->calls);
	if (good < 0)
		return good;
	for (size_t i = 0; i < vars; i++) {
		if (!l->reads[i].ok)
			return -EAGAIN;
	}
	/* A piece that couldn't be read is a torn list: the memory of Ms and Ps stays mapped. */
	return (size_t)good == n ? 0 : -EINVAL;
}

static bool lists_hold(const struct look *l, const struct top *top, const char *ms)
{
	uint64_t want = top->allm;

	if (top->allp.data != l->allp_data || top->allp.len != l->n_ps)
		return false;
	for (size_t i = 0; i < l->n_ms; i++, ms += m_len(l)) {
		if (l->ms[i].addr != want)
			return false;
		want = word(ms, l->at.off.m_alllink);
	}
	return want == 0;
}

/* The first call until what it read fits the lists; mostly at once. */
static int read_steady(struct look *l, bool runqs, struct top *top, char **ret_ms, char **ret_ps)
{
	for (int tries = 0; tries < 3; tries++) {
		int err = reserve(l);

		if (err == 0)
			err = read_lists(l, runqs, top, ret_ms, ret_ps);
		if (err < 0 && err != -EINVAL)
			return err;
		if (err == 0 && lists_hold(l, top, *ret_ms))
			return 0;
		if (!top->allm || top->allp.len == 0 || top->allp.len > PS_MAX || top->allp.len > top->allp.cap ||
		    !sane(top->allp.data))
			return -EAGAIN;
		err = walk_ms(l, top->allm);
		if (err == 0)
			err = load_ps(l, top->allp.data, top->allp.len);
		if (err < 0 && err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

static void take_ps(struct look *l, bool runqs, const char *piece)
{
	const struct go_offsets *o = &l->at.off;

	for (size_t i = 0; i < l->n_ps; i++, piece += p_len(l) + 16) {
		struct look_p *p = &l->ps[i];
		uint32_t len;

		p->tick = half_word(piece, o->p_schedtick);
		if (!runqs)
			continue;
		/* The tail may move between the two; never by more than the ring holds. */
		len = half_word(piece + p_len(l), 4) - half_word(piece + p_len(l), 0) +
		      (word(piece + p_len(l), 8) != 0);
		if (len <= RUNQ_MAX)
			p->runq = len;
	}
}

static uint16_t p_of(const struct look *l, uint64_t addr)
{
	for (size_t i = 0; addr && i < l->n_ps && i < EV_NO_P; i++) {
		if (l->ps[i].addr == addr)
			return (uint16_t)i;
	}
	return EV_NO_P;
}

/* What an M carries, from the goroutine's piece, which was read later. false: it isn't on that M any more. */
static bool take_g(const struct look *l, struct look_m *m, const char *g)
{
	const struct go_offsets *o = &l->at.off;
	uint64_t goid = word(g, o->g_goid);
	uint32_t status = half_word(g, o->g_atomicstatus) & ~G_SCAN;

	if (word(g, o->g_m) != m->addr || goid == 0 || goid >= GOID_MAX)
		return false;
	m->goid = goid;
	m->running = status == G_RUNNING;
	m->asked = m->running && g[o->g_preempt] != 0;
	m->startpc = word(g, o->g_startpc);
	m->gopc = word(g, o->g_gopc);
	m->parent_goid = o->g_parentgoid == GO_OFF_NONE ? 0 : word(g, o->g_parentgoid);
	return true;
}

/* May what is known of the M's goroutine be kept without another look? */
static bool is_settled(const struct look *l, const struct look_m *m, size_t i, uint64_t curg, uint64_t p)
{
	return m->settled && m->curg == curg && !p && (l->rounds + i) % SETTLED_EVERY != 0;
}

/* The second call, and what both say. The goroutines' pieces lie behind the first call's. */
static int take_ms(struct look *l, const char *ms, char *gs)
{
	const struct go_offsets *o = &l->at.off;
	const char *piece = ms;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < l->n_ms; i++, piece += m_len(l)) {
		struct look_m *m = &l->ms[i];
		uint64_t procid = word(piece, o->m_procid), curg = word(piece, o->m_curg);

		if (procid != m->procid || (procid && !m->tid)) {
			m->procid = procid;
			m->tid = procid ? l->at.tid_of(l->at.ctx, procid) : 0;
			m->settled = false;
		}
		m->torn = false;
		m->settled = is_settled(l, m, i, curg, word(piece, o->m_p));
		if (m->settled)
			continue;
		m->curg = curg;
		if (m->tid && sane(curg)) {
			add(l, &n, curg, gs, g_len(l));
			gs += g_len(l);
		} else {
			m->goid = 0;
			m->p = p_of(l, word(piece, o->m_p));
			m->running = m->asked = false;
		}
	}
	int good = n ? l->at.read(l->at.ctx, l->reads, n, &l->calls) : 0;
	if (good < 0)
		return good;
	piece = ms;
	for (size_t i = 0; i < l->n_ms; i++, piece += m_len(l)) {
		struct look_m *m = &l->ms[i];

		if (m->settled || !m->tid || !sane(word(piece, o->m_curg)))
			continue;
		const struct go_read *r = &l->reads[k++];
		m->torn = !r->ok || !take_g(l, m, r->buf);
		l->torn += m->torn;
		if (m->torn)
			continue;
		m->p = p_of(l, word(piece, o->m_p));
		m->tick = m->p != EV_NO_P ? l->ps[m->p].tick : 0;
		m->settled = !m->running && !word(piece, o->m_p);
	}
	return 0;
}

int look_round(struct look *l, bool runqs)
{
	struct top top;
	char *ms, *ps;

	l->has_runqs = false;
	l->rounds++;
	int err = read_steady(l, runqs, &top, &ms, &ps);
	if (err < 0)
		return err;
	take_ps(l, runqs, ps);
	err = take_ms(l, ms, ps + l->n_ps * (p_len(l) + 16));
	if (err < 0)
		return err;
	l->stopping = top.waiting != 0;
	l->stopped = l->stopping && top.stopwait == 0;
	l->gc_phase = top.phase <= 2 ? (uint8_t)top.phase : 0;
	l->has_runqs = runqs;
	if (top.runq >= 0 && (uint32_t)top.runq < GLOBAL_RUNQ_MAX)
		l->runq = (uint32_t)top.runq;
	return 0;
}
