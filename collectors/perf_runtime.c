/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runtime's probes, as uprobes of the uprobe PMU. perf brings a hit's registers, not what they lead to in memory;
 * that is read when the hit comes out of its ring, so whom a request is for is told from what the thread does next.
 *
 * A probe is an event on each CPU rather than on the target's threads: those would have to be switched with the thread.
 * It is hit in every process that runs the file; others' hits are left out here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "collectors/perf_internal.h"
#include "collectors/sampler.h"
#include "target/proc.h"

#define RING_BYTES ((size_t)256 << 10)
/*
 * The runtime asks again while a goroutine doesn't yield: a stop of the world every 100 µs, sysmon every 10 ms. What
 * comes later than this is another request (a slice later at the earliest).
 */
#define REPEAT_NS (15 * NS_PER_MS)

static int uprobe_type(uint32_t *ret)
{
	cleanup_fclose FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");

	if (!f)
		return -errno;
	return fscanf(f, "%10u", ret) == 1 ? 0 : -EPROTO;
}

static size_t collect(struct perf *p, uint32_t type, struct perf_event_attr attrs[GO_PROBE_COUNT],
		      struct session *session)
{
	const struct go_binary *b = go_target_binary(p->go);

	p->n_at = 0;
	for (int i = 0; i < GO_PROBE_COUNT; i++) {
		struct perf_event_attr *a = &attrs[p->n_at];
		enum go_probe_id id = (enum go_probe_id)i;
		struct go_probe at;

		if (go_probe_is_exact(id) || !go_binary_probe_wanted(b, id))
			continue;
		if (go_binary_probe(b, id, &at) < 0) {
			session_missing(session, "part of pauses and preemption can't be seen: this Go version has no "
						 "place for one of the probes");
			continue;
		}
		*a = perf_set_attr(type, 0);
		a->uprobe_path = (uint64_t)(uintptr_t)go_target_probe_path(p->go);
		a->probe_offset = at.file_offset;
		a->sample_period = 1;
		a->sample_type |= PERF_SAMPLE_IP | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER;
		a->sample_regs_user = perf_regs_mask();
		a->sample_max_stack = 2 * WIRE_FRAMES;
		a->exclude_callchain_user = id != GO_PROBE_ASYNC_TAKEN;
		p->at[p->n_at++] = (struct perf_probe){.pc = at.vaddr, .id = (uint8_t)id};
	}
	return p->n_at;
}

/* Probes work where the CPUs may be recorded (CAP_PERFMON) and registers be read. */
static int place(struct perf *p, struct session *session)
{
	struct perf_event_attr attrs[GO_PROBE_COUNT];
	uint32_t type = 0;

	if (!p->wide)
		return -EACCES;
	int err = uprobe_type(&type);
	if (err < 0)
		return err;
	if (!perf_regs_mask())
		return -ENOTSUP;
	size_t n = collect(p, type, attrs, session);
	err = n ? perf_set_open(&p->probes, attrs, n, NULL, 0, RING_BYTES) : -ENOENT;
	if (err == 0)
		perf_set_enable(&p->probes);
	return err;
}

/* Without probes: looks into the process's memory, from which gaps and pauses are estimated. */
static void sample_memory(struct perf *p, struct session *session, int refused)
{
	const struct sampler_opts opts = {
		.size = sizeof(opts), .pid = p->opts.pid, .go = p->go, .estimate = true, .decoder = p->decoder};
	struct fault fault = {0};
	int err = sampler_open(&opts, &p->sampler, &fault);

	session->no_pauses = err < 0;
	if (err < 0)
		session_missing(session,
				"preemption gaps and stop-the-world pauses can't be seen: probes in the Go "
				"runtime are refused (%s), and so is its memory: %s. %s",
				strerror(-refused), fault.why, fault.todo);
	else
		session_missing(session,
				"the runtime's own requests and stops of the world: gaps and pauses are "
				"estimated from looks into the process's memory, since probes need root, or "
				"CAP_PERFMON and a kernel with uprobes (%s)",
				strerror(-refused));
}

void perf_place_probes(struct perf *p, struct session *session)
{
	bool want = p->go && p->level >= DETAIL_SCHED && p->labels;

	if (want && (p->probes.evlist || p->sampler) && p->opts.go == p->go)
		return;
	perf_set_close(&p->probes);
	sampler_close(p->sampler);
	p->sampler = NULL;
	p->opts.go = p->go;
	if (!want)
		return;
	int err = place(p, session);
	log_write(LOG_COLLECT, "perf: probes: %s", err == 0 ? "placed" : strerror(-err));
	session->no_pauses = false;
	if (err < 0)
		sample_memory(p, session, err);
}

/* ---- records ---- */

static int probe_at(const struct perf *p, uint64_t pc)
{
	pc -= go_target_bias(p->go);
	for (size_t i = 0; i < p->n_at; i++) {
		if (p->at[i].pc == pc)
			return p->at[i].id;
	}
	return -1;
}

static void remember_answer(struct perf *p, const struct perf_hit *h)
{
	if (h->on.g)
		p->answers[p->n_answers++ % PERF_ANSWERS] =
			(struct perf_answer){.g = h->on.g, .time_ns = h->head.time_ns, .tid = h->head.tid};
}

/* Did the goroutine leave after @time_ns? Then the thread that it left ran it. */
static uint32_t answered_on(const struct perf *p, uint64_t g, uint64_t time_ns)
{
	size_t n = p->n_answers < PERF_ANSWERS ? p->n_answers : PERF_ANSWERS;

	for (size_t i = 0; i < n; i++) {
		if (p->answers[i].g == g && p->answers[i].time_ns >= time_ns)
			return p->answers[i].tid;
	}
	return 0;
}

static void who_leaves(struct perf *p, struct perf_hit *h, uint64_t g)
{
	h->on = (struct perf_running){
		.g = g, .goid = perf_memory_goid(p->memory, g, h->head.time_ns), .tid = h->head.tid, .p = EV_NO_P};
	remember_answer(p, h);
}

static void read_hit(struct perf *p, const struct perf_rec *r, struct perf_hit *h)
{
	int minor = go_binary_minor(go_target_binary(p->go));
	const uint64_t *reg = r->regs;

	switch ((enum go_probe_id)h->probe) {
	case GO_PROBE_STW_STOP:
		/* Before 1.21 the reason is a string in the M, which may be gone by now. */
		h->reason = minor >= 21 && (uint8_t)reg[PERF_R_AX] < EV_STW_REASON_COUNT ? (uint8_t)reg[PERF_R_AX]
											 : EV_STW_UNKNOWN;
		break;
	case GO_PROBE_STW_START: {
		/* startTheWorldWithSema(now int64, w worldStop): 1.22 has reason and start, 1.23 when it stopped too.
		 */
		uint8_t reason = (uint8_t)reg[PERF_R_BX];

		h->end.reason = minor >= 22 && reason < EV_STW_REASON_COUNT ? reason : EV_STW_UNKNOWN;
		h->end.asked_ns = minor >= 22 ? reg[PERF_R_CX] : 0;
		h->end.stopped_ns = minor >= 23 ? reg[PERF_R_DI] : 0;
		break;
	}
	case GO_PROBE_PREEMPT_REQUEST:
		perf_memory_on_p(p->memory, reg[PERF_R_AX], h->head.time_ns, &h->on);
		if (!h->on.asked)
			h->on.g = h->on.goid = 0; /* answered already: who runs there now isn't who was asked */
		break;
	case GO_PROBE_SUSPEND:
		if (!perf_memory_runs(p->memory, reg[PERF_R_AX], h->head.time_ns, &h->on) || !h->on.asked)
			h->on = (struct perf_running){.p = EV_NO_P};
		h->on.g = reg[PERF_R_AX];
		break;
	case GO_PROBE_ASYNC_TAKEN:
		who_leaves(p, h, reg[PERF_R_G]);
		break;
	case GO_PROBE_LEAVE:
		/* goschedImpl(gp, preempted bool) from 1.22; gopreempt_m(gp) before (runtime/proc.go) */
		h->preempted = minor < 22 || (reg[PERF_R_BX] & 0xff);
		who_leaves(p, h, reg[PERF_R_AX]);
		break;
	case GO_PROBE_YIELD:
	case GO_PROBE_PARK_PREEMPTED:
		who_leaves(p, h, reg[PERF_R_AX]);
		break;
	case GO_PROBE_HANDOFF:
		h->on.p = perf_memory_p_id(p->memory, reg[PERF_R_AX]);
		break;
	default:
		break;
	}
}

void perf_on_hit(void *ctx, const struct perf_rec *r)
{
	struct perf_ring *ring = ctx;
	struct perf *p = ring->p;

	if (!r || r->kind == PERF_REC_LOST) {
		p->lost[EV_LOST_RING] += r ? r->lost : 1;
		return;
	}
	if (r->kind == PERF_REC_THROTTLE)
		p->lost[EV_LOST_THROTTLE]++;
	if (r->kind != PERF_REC_SAMPLE || !p->go)
		return;
	p->hits[PERF_HITS_PROBE]++;
	int id = r->have_regs && r->pid == p->opts.pid ? probe_at(p, r->ip) : -1;
	if (id < 0)
		return;
	struct perf_hit h = {
		.head = {.time_ns = r->time_ns,
			 .tid = r->tid,
			 .cpu = (uint16_t)r->cpu,
			 .kind = PERF_HIT,
			 .flags = EVF_CPU},
		.on.p = EV_NO_P,
		.probe = (uint8_t)id,
		.n_frames = r->n_frames,
	};
	memcpy(h.pc, r->pc, sizeof(h.pc));
	read_hit(p, r, &h);
	perf_push(p, &h, sizeof(h), h.head.time_ns);
}

/* ---- what hits mean, in order ---- */

static int send(struct perf *p, void *record, size_t len, const struct event_sink *sink)
{
	return decoder_record(p->decoder, record, len, p->cut_ns, sink);
}

static struct ev_head as(const struct perf_hit *h, uint8_t kind)
{
	struct ev_head head = h->head;

	head.kind = kind;
	return head;
}

static int request(struct perf *p, const struct perf_hit *h, uint8_t how, const struct event_sink *sink)
{
	struct wire_preempt w = {.head = as(h, EV_PREEMPT_REQUEST),
				 .preempt = {.goid = h->on.goid, .m_tid = h->on.tid, .p = h->on.p, .how = how}};

	if (how == EV_REQ_SUSPEND && !w.preempt.m_tid) {
		/* It runs there no more: it did if it has left since as one that was asked. */
		w.preempt.m_tid = answered_on(p, h->on.g, h->head.time_ns);
		w.preempt.goid = w.preempt.m_tid ? perf_memory_goid(p->memory, h->on.g, h->head.time_ns) : 0;
	}
	/* preemptone leaves its caller's own P alone. */
	if (!w.preempt.m_tid || w.preempt.m_tid == h->head.tid)
		return 0;
	struct perf_thread *t = perf_thread_of(p, w.preempt.m_tid);
	bool repeat = t->asked_ns && h->head.time_ns - t->asked_ns < REPEAT_NS;
	t->asked_ns = h->head.time_ns;
	return repeat ? 0 : send(p, &w, sizeof(w), sink);
}

/* A goroutine leaves its M. Told already when it was preempted by signal; who yields unasked is nobody's answer. */
static int leaves(struct perf *p, const struct perf_hit *h, uint8_t how, const struct event_sink *sink)
{
	struct perf_thread *t = perf_thread_of(p, h->head.tid);
	struct wire_preempt w = {.head = as(h, EV_PREEMPT_TAKEN),
				 .preempt = {.goid = h->on.goid, .m_tid = h->head.tid, .p = EV_NO_P, .how = how}};
	bool told = t->async || (how == EV_TAKEN_YIELD && !t->asked_ns);

	t->async = false;
	t->asked_ns = 0;
	return told ? 0 : send(p, &w, sizeof(w), sink);
}

static int async_taken(struct perf *p, const struct perf_hit *h, const struct event_sink *sink)
{
	struct perf_thread *t = perf_thread_of(p, h->head.tid);
	struct wire_at w = {.head = as(h, EV_PREEMPT_TAKEN),
			    .goid = h->on.goid,
			    .p = EV_NO_P,
			    .how = EV_TAKEN_ASYNC,
			    .n_frames = h->n_frames};

	t->async = true;
	t->asked_ns = 0;
	memcpy(w.pc, h->pc, sizeof(w.pc));
	return send(p, &w, sizeof(w), sink);
}

int perf_deliver_hit(struct perf *p, const struct perf_hit *h, const struct event_sink *sink)
{
	struct wire_stw stop = {.head = as(h, EV_STW_STOP), .reason = h->reason};
	struct wire_stw_end start = {.head = as(h, EV_STW_START), .end = h->end};
	struct wire_g hand_off = {.head = as(h, EV_G), .g = {.p = h->on.p, .change = EV_G_HANDOFF}};
	struct ev_head stopped = as(h, EV_STW_STOPPED);

	switch ((enum go_probe_id)h->probe) {
	case GO_PROBE_STW_STOP:
		return send(p, &stop, sizeof(stop), sink);
	case GO_PROBE_STW_STOPPED:
		return send(p, &stopped, sizeof(stopped), sink);
	case GO_PROBE_STW_START:
		return send(p, &start, sizeof(start), sink);
	case GO_PROBE_PREEMPT_REQUEST:
		return request(p, h, EV_REQ_PREEMPTONE, sink);
	case GO_PROBE_SUSPEND:
		return request(p, h, EV_REQ_SUSPEND, sink);
	case GO_PROBE_ASYNC_TAKEN:
		return async_taken(p, h, sink);
	case GO_PROBE_LEAVE:
		return leaves(p, h, h->preempted ? EV_TAKEN_COOP : EV_TAKEN_YIELD, sink);
	case GO_PROBE_YIELD:
		return leaves(p, h, EV_TAKEN_YIELD, sink);
	case GO_PROBE_PARK_PREEMPTED:
		return leaves(p, h, EV_TAKEN_COOP, sink);
	case GO_PROBE_HANDOFF:
		return h->on.p != EV_NO_P ? send(p, &hand_off, sizeof(hand_off), sink) : 0;
	default:
		return 0;
	}
}
