/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/perf_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events/wire.h"
#include "target/proc.h"

/* A g or m as far as we read it: the fields that we want lie within (go_offsets). */
#define STRUCT_MAX 512U
/* Goroutines that have been announced, by their id modulo this; two that share a slot are announced again and again. */
#define ANNOUNCED 65536U
#define PS        1024U
#define MS        16384U

/* Ids count up from 1 (runtime/proc.go newproc1); no program comes here. */
#define GOID_MAX (1ULL << 50)

#define GRUNNING 2      /* runtime/runtime2.go _Grunning */
#define GSCAN    0x1000 /* _Gscan */

struct p_slot {
	uint64_t p;
	uint16_t id;
};

/* Which thread carries an M: m.procid is its id in the target's own pid namespace, which need not be ours. */
struct m_slot {
	uint64_t m;
	uint32_t tid;
};

struct perf_memory {
	uint32_t pid;
	bool same_ids; /* the target's thread ids are ours */
	const struct go_target *go;
	struct go_offsets off;
	struct order *order;
	uint64_t announced[ANNOUNCED];
	struct p_slot ps[PS];
	struct m_slot ms[MS];
};

struct perf_memory *perf_memory_new(uint32_t pid)
{
	struct perf_memory *m = calloc(1, sizeof(*m));

	if (m)
		m->pid = pid;
	return m;
}

void perf_memory_free(struct perf_memory *m)
{
	free(m);
}

void perf_memory_announce_to(struct perf_memory *m, struct order *order)
{
	m->order = order;
}

static bool within(uint16_t off, size_t size)
{
	return off != GO_OFF_NONE && off + size <= STRUCT_MAX;
}

int perf_memory_set_target(struct perf_memory *m, const struct go_target *go)
{
	const struct go_offsets *o = &m->off;
	uint32_t own;
	bool guess;

	m->go = NULL;
	memset(m->announced, 0, sizeof(m->announced));
	memset(m->ps, 0, sizeof(m->ps));
	memset(m->ms, 0, sizeof(m->ms));
	if (!go)
		return 0;
	if (go_binary_offsets(go_target_binary(go), &m->off, &guess) < 0)
		return -ENODATA;
	if (!within(o->g_m, 8) || !within(o->g_goid, 8) || !within(o->g_startpc, 8) || !within(o->g_gopc, 8) ||
	    !within(o->g_preempt, 1) || !within(o->g_atomicstatus, 4) || !within(o->m_procid, 8) ||
	    !within(o->m_curg, 8) || !within(o->m_p, 8) || o->p_id == GO_OFF_NONE || o->p_m == GO_OFF_NONE)
		return -ENODATA;
	m->same_ids = proc_ns_tid((pid_t)m->pid, m->pid, &own) < 0 || own == m->pid;
	m->go = go;
	return 0;
}

static uint64_t word(const uint8_t *at, uint16_t off)
{
	uint64_t v;

	memcpy(&v, at + off, sizeof(v));
	return v;
}

/* Up to the last field that is wanted: the struct may end soon after, and its page with it. */
static bool read_g(const struct perf_memory *m, uint64_t g, uint8_t ret[STRUCT_MAX])
{
	const struct go_offsets *o = &m->off;
	const uint16_t fields[] = {o->g_m, o->g_goid, o->g_startpc, o->g_gopc, o->g_preempt, o->g_atomicstatus};
	size_t len = 16;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		len = fields[i] + 8U > len ? fields[i] + 8U : len;
	if (within(o->g_parentgoid, 8) && o->g_parentgoid + 8U > len)
		len = o->g_parentgoid + 8U;
	return m->go && g && len <= STRUCT_MAX && go_target_read(m->go, g, ret, len) == 0;
}

struct m_fields {
	uint64_t procid, curg, p;
};

static bool read_m(const struct perf_memory *m, uint64_t at, struct m_fields *ret)
{
	uint8_t buf[STRUCT_MAX];
	const struct go_offsets *o = &m->off;
	uint16_t last = o->m_p > o->m_curg ? o->m_p : o->m_curg;

	if (last < o->m_procid)
		last = o->m_procid;
	if (!at || go_target_read(m->go, at, buf, last + 8U) < 0)
		return false;
	*ret = (struct m_fields){
		.procid = word(buf, o->m_procid), .curg = word(buf, o->m_curg), .p = word(buf, o->m_p)};
	return true;
}

static struct m_slot *m_slot(struct perf_memory *m, uint64_t at)
{
	return &m->ms[(at >> 8) % MS]; /* a runtime.m has more than 256 bytes */
}

static uint32_t tid_of(struct perf_memory *m, uint64_t at, const struct m_fields *f)
{
	const struct m_slot *s = m_slot(m, at);

	if (m->same_ids)
		return f->procid <= UINT32_MAX ? (uint32_t)f->procid : 0;
	return s->m == at ? s->tid : 0;
}

uint16_t perf_memory_p_id(struct perf_memory *m, uint64_t p)
{
	struct p_slot *s = &m->ps[(p >> 8) % PS];
	int32_t id;

	if (!m->go || !p)
		return EV_NO_P;
	if (s->p != p) {
		if (go_target_read(m->go, p + m->off.p_id, &id, sizeof(id)) < 0 || (uint32_t)id >= EV_NO_P)
			return EV_NO_P;
		*s = (struct p_slot){.p = p, .id = (uint16_t)id};
	}
	return s->id;
}

static void announce(struct perf_memory *m, const uint8_t *g, uint64_t goid, uint64_t time_ns)
{
	uint64_t *slot = &m->announced[goid % ANNOUNCED];
	struct wire_goroutine w = {.head = {.time_ns = time_ns, .kind = EV_GOROUTINE}, .goid = goid};

	if (*slot == goid || !m->order)
		return;
	if (within(m->off.g_parentgoid, 8))
		w.parent_goid = word(g, m->off.g_parentgoid);
	w.startpc = word(g, m->off.g_startpc);
	w.gopc = word(g, m->off.g_gopc);
	if (order_push(m->order, &w, sizeof(w), time_ns) == 0)
		*slot = goid;
}

bool perf_memory_label(struct perf_memory *m, uint32_t tid, uint64_t g, uint64_t sp, uint64_t time_ns,
		       struct perf_label *ret)
{
	uint8_t buf[STRUCT_MAX];
	struct m_fields f;

	if (!read_g(m, g, buf))
		return false;
	/* g.stack.lo and .hi come first (runtime/runtime2.go); a stack that has moved since can't be told from none. */
	uint64_t lo = word(buf, 0), hi = word(buf, 8), goid = word(buf, m->off.g_goid), at = word(buf, m->off.g_m);
	if (sp <= lo || sp > hi || goid >= GOID_MAX)
		return false;
	*ret = (struct perf_label){.goid = goid, .p = EV_NO_P};
	if (goid)
		announce(m, buf, goid, time_ns);
	/* Of the P only what is still so: the goroutine may have moved on since. */
	if (at && read_m(m, at, &f) && (!m->same_ids || f.procid == tid) && (!goid || f.curg == g)) {
		*m_slot(m, at) = (struct m_slot){.m = at, .tid = tid};
		ret->p = perf_memory_p_id(m, f.p);
	}
	return true;
}

uint64_t perf_memory_goid(struct perf_memory *m, uint64_t g, uint64_t time_ns)
{
	uint8_t buf[STRUCT_MAX];

	if (!read_g(m, g, buf))
		return 0;
	uint64_t goid = word(buf, m->off.g_goid);
	if (!goid || goid >= GOID_MAX)
		return 0;
	announce(m, buf, goid, time_ns);
	return goid;
}

/* Of a goroutine and the M that it says it is on. */
static bool running_on(struct perf_memory *m, uint64_t g, uint64_t at, const struct m_fields *f, uint64_t time_ns,
		       struct perf_running *ret)
{
	uint8_t buf[STRUCT_MAX];

	*ret = (struct perf_running){.tid = tid_of(m, at, f), .p = perf_memory_p_id(m, f->p)};
	if (!g || !read_g(m, g, buf) || word(buf, m->off.g_m) != at)
		return ret->tid != 0;
	ret->g = g;
	ret->goid = word(buf, m->off.g_goid);
	ret->asked = buf[m->off.g_preempt];
	if (ret->goid && ret->goid < GOID_MAX)
		announce(m, buf, ret->goid, time_ns);
	else
		ret->goid = 0;
	return ret->tid != 0;
}

bool perf_memory_on_p(struct perf_memory *m, uint64_t p, uint64_t time_ns, struct perf_running *ret)
{
	struct m_fields f;
	uint64_t at;

	if (!m->go || !p || go_target_read(m->go, p + m->off.p_m, &at, sizeof(at)) < 0 || !read_m(m, at, &f))
		return false;
	if (!running_on(m, f.curg, at, &f, time_ns, ret))
		return false;
	ret->p = perf_memory_p_id(m, p);
	return true;
}

bool perf_memory_runs(struct perf_memory *m, uint64_t g, uint64_t time_ns, struct perf_running *ret)
{
	uint8_t buf[STRUCT_MAX];
	struct m_fields f;
	uint32_t status;

	if (!read_g(m, g, buf))
		return false;
	memcpy(&status, buf + m->off.g_atomicstatus, sizeof(status));
	uint64_t at = word(buf, m->off.g_m);
	return (status & ~(uint32_t)GSCAN) == GRUNNING && read_m(m, at, &f) && f.curg == g &&
	       running_on(m, g, at, &f, time_ns, ret);
}
