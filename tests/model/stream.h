/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small language for synthetic event streams: each call feeds one event to the model. Times are microseconds since
 * the stream's start (T0), because tests read better that way.
 */
#ifndef SCHEDTOP_TESTS_MODEL_STREAM_H
#define SCHEDTOP_TESTS_MODEL_STREAM_H

#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define T0         1000000000ULL
#define AT_US(us)  (T0 + (uint64_t)(us)*1000)
#define US(us)     ((uint64_t)(us)*1000)
#define NO_GOID    UINT64_MAX /* the switch carries no label at all */
#define FOREIGN(t) ((uint32_t)(t) | 0x40000000U)

/* What leaves a CPU: a thread with its label, or nothing of the target's. */
struct leaves {
	uint32_t tid;
	uint64_t goid;
	uint16_t p;
	bool preempted;
	uint8_t state;
};

static inline struct event ev_make(uint64_t us, uint8_t kind, uint32_t tid)
{
	return (struct event){.head = {.time_ns = AT_US(us), .kind = kind, .tid = tid}};
}

/* @from may be NULL (idle or foreign); @next is a target tid, FOREIGN(tid), or 0 = idle. @waited_us < 0: not woken. */
static inline void switch_to(struct model *m, uint64_t us, uint16_t cpu, const struct leaves *from, uint32_t next,
			     int64_t waited_us)
{
	struct event ev = ev_make(us, EV_SWITCH, from ? from->tid : 0);

	ev.head.cpu = cpu;
	ev.head.flags = EVF_CPU;
	ev.sw.p = EV_NO_P;
	if (from) {
		ev.head.flags |= EVF_PREV_TARGET | (from->preempted ? EVF_PREEMPTED : 0);
		ev.sw.state = from->preempted ? EV_STATE_RUNNABLE : from->state ? from->state : EV_STATE_SLEEP;
		if (from->goid != NO_GOID) {
			ev.head.flags |= EVF_LABEL;
			ev.sw.goid = from->goid;
			ev.sw.p = from->p;
		}
	}
	ev.sw.next_tid = next & ~0x40000000U;
	if (next && !(next & 0x40000000U)) {
		ev.head.flags |= EVF_NEXT_TARGET;
		if (waited_us >= 0) {
			ev.head.flags |= EVF_WOKEN;
			ev.sw.wake_delta_ns = (uint32_t)(waited_us * 1000);
		}
	}
	model_feed(m, &ev);
}

/* The thread comes onto an idle CPU, woken just now. */
static inline void comes(struct model *m, uint64_t us, uint16_t cpu, uint32_t tid)
{
	switch_to(m, us, cpu, NULL, tid, 0);
}

static inline void sleeps(struct model *m, uint64_t us, uint16_t cpu, uint32_t tid, uint64_t goid, uint16_t p)
{
	switch_to(m, us, cpu, &(struct leaves){.tid = tid, .goid = goid, .p = p}, 0, -1);
}

static inline void preempted_by(struct model *m, uint64_t us, uint16_t cpu, uint32_t tid, uint64_t goid, uint16_t p,
				uint32_t next)
{
	switch_to(m, us, cpu, &(struct leaves){.tid = tid, .goid = goid, .p = p, .preempted = true}, next, -1);
}

static inline void sample(struct model *m, uint64_t us, uint16_t cpu, uint32_t tid, uint64_t goid, uint16_t p,
			  uint32_t loc)
{
	struct event ev = ev_make(us, EV_SAMPLE, tid);

	ev.head.cpu = cpu;
	ev.head.flags = EVF_CPU | EVF_LABEL;
	ev.at = (struct ev_at){.goid = goid, .p = p, .loc = loc, .blame = loc};
	model_feed(m, &ev);
}

static inline void tick(struct model *m, uint64_t us)
{
	struct event ev = ev_make(us, EV_TICK, 0);

	model_feed(m, &ev);
}

static inline void request(struct model *m, uint64_t us, uint32_t m_tid, uint64_t goid, uint16_t p, uint8_t how)
{
	struct event ev = ev_make(us, EV_PREEMPT_REQUEST, 1);

	ev.preempt = (struct ev_preempt){.goid = goid, .m_tid = m_tid, .p = p, .how = how};
	model_feed(m, &ev);
}

static inline void taken(struct model *m, uint64_t us, uint32_t tid, uint64_t goid, uint16_t p, uint8_t how)
{
	struct event ev = ev_make(us, EV_PREEMPT_TAKEN, tid);

	ev.preempt = (struct ev_preempt){.goid = goid, .m_tid = tid, .p = p, .how = how};
	model_feed(m, &ev);
}

static inline void stw_stop(struct model *m, uint64_t us, uint32_t tid, uint8_t reason)
{
	struct event ev = ev_make(us, EV_STW_STOP, tid);

	ev.stw.reason = reason;
	model_feed(m, &ev);
}

static inline void stw_stopped(struct model *m, uint64_t us, uint32_t tid)
{
	struct event ev = ev_make(us, EV_STW_STOPPED, tid);

	model_feed(m, &ev);
}

/* @asked_us, @stopped_us: 0 = the runtime doesn't say. */
static inline void stw_start(struct model *m, uint64_t us, uint32_t tid, uint64_t asked_us, uint64_t stopped_us)
{
	struct event ev = ev_make(us, EV_STW_START, tid);

	ev.stw_end.asked_ns = asked_us ? AT_US(asked_us) : 0;
	ev.stw_end.stopped_ns = stopped_us ? AT_US(stopped_us) : 0;
	model_feed(m, &ev);
}

static inline void plain(struct model *m, uint64_t us, uint8_t kind, uint32_t tid)
{
	struct event ev = ev_make(us, kind, tid);

	model_feed(m, &ev);
}

static inline void location(struct model *m, uint32_t id, const char *func, const char *file, uint32_t line)
{
	struct event ev = {.head = {.kind = EV_LOC}};

	ev.loc = (struct ev_loc){.func = func, .file = file, .id = id, .line = line};
	model_feed(m, &ev);
}

static inline void names_thread(struct model *m, uint32_t tid, const char *comm)
{
	struct event ev = {.head = {.kind = EV_COMM}};

	ev.comm.tid = tid;
	strncpy(ev.comm.comm, comm, EV_COMM_SIZE - 1);
	model_feed(m, &ev);
}

static inline void goroutine(struct model *m, uint64_t goid, uint32_t start_loc)
{
	struct event ev = {.head = {.kind = EV_GOROUTINE}};

	ev.goroutine = (struct ev_goroutine){.goid = goid, .start_loc = start_loc};
	model_feed(m, &ev);
}

/* Detail exact: @change of a goroutine on a thread; @extra is its other goroutine, or the reason of a park. */
static inline void g_event(struct model *m, uint64_t us, uint8_t change, uint32_t tid, uint64_t goid, uint16_t p,
			   uint64_t extra)
{
	struct event ev = ev_make(us, EV_G, tid);

	ev.g = (struct ev_g){.goid = goid, .p = p, .change = change};
	if (change == EV_G_PARK)
		ev.g.reason = (uint8_t)extra;
	else
		ev.g.other = extra;
	model_feed(m, &ev);
}

static inline void p_event(struct model *m, uint64_t us, uint8_t change, uint32_t tid, uint16_t p)
{
	struct event ev = ev_make(us, EV_P, tid);

	ev.p = (struct ev_p){.p = p, .change = change};
	model_feed(m, &ev);
}

static inline void runq_len(struct model *m, uint64_t us, uint16_t p, uint32_t len)
{
	struct event ev = ev_make(us, EV_RUNQ, 0);

	ev.runq = (struct ev_runq){.len = len, .p = p};
	model_feed(m, &ev);
}

static inline void detail(struct model *m, uint64_t us, uint8_t level, uint8_t why, uint32_t overhead_bp)
{
	struct event ev = ev_make(us, EV_DETAIL, 0);

	ev.detail = (struct ev_detail){.level = level, .why = why, .overhead_bp = overhead_bp};
	model_feed(m, &ev);
}

static inline void lost(struct model *m, uint64_t count)
{
	struct event ev = {.head = {.kind = EV_LOST}};

	ev.lost = (struct ev_lost){.count = count, .cause = EV_LOST_RING};
	model_feed(m, &ev);
}

static inline struct g_total total_of(const struct model *m, uint64_t goid)
{
	static struct g_total all[256];
	size_t n = model_goroutines(m, all, 256);

	for (size_t i = 0; i < n; i++) {
		if (all[i].goid == goid)
			return all[i];
	}
	fail_msg("no goroutine %d", (int)goid);
	return (struct g_total){0};
}

/* The track of one row; fails the test if there is no such row. */
static inline const struct track *row_track(const struct model *m, enum row_kind kind, uint64_t id)
{
	static struct row rows[4096];
	size_t n = model_rows(m, kind, rows, 4096);

	for (size_t i = 0; i < n && i < 4096; i++) {
		if (rows[i].id == id)
			return rows[i].track;
	}
	fail_msg("no row %d of kind %d", (int)id, (int)kind);
	return NULL;
}

/* The span of a row at a time must be of this class, goroutine and extent. @end_us 0: it is open. */
static inline void assert_span(const struct model *m, enum row_kind kind, uint64_t id, uint64_t start_us,
			       uint64_t end_us, uint8_t klass, uint64_t goid)
{
	const struct track *t = row_track(m, kind, id);
	struct span s;

	assert_true(track_at(t, AT_US(start_us), model_now(m), &s));
	assert_int_equal(s.start_ns, AT_US(start_us));
	assert_int_equal(s.end_ns, end_us ? AT_US(end_us) : model_now(m));
	assert_int_equal(s.klass, klass);
	assert_int_equal(s.goid, goid);
}

static inline void assert_hole(const struct model *m, enum row_kind kind, uint64_t id, uint64_t us)
{
	struct span s;

	assert_false(track_at(row_track(m, kind, id), AT_US(us), model_now(m), &s));
}

static inline int new_model(void **state)
{
	*state = model_new(NULL, NULL);
	return *state ? 0 : -1;
}

static inline int free_model(void **state)
{
	model_free(*state);
	return 0;
}

#define model_test(f) cmocka_unit_test_setup_teardown(f, new_model, free_model)

#endif
