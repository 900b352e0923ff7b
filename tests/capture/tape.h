/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of events with copies of their names, to compare what went in with what comes out. */
#ifndef SCHEDTOP_TESTS_CAPTURE_TAPE_H
#define SCHEDTOP_TESTS_CAPTURE_TAPE_H

#include "capture/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct tape {
	struct event *events;
	size_t n, cap;
};

static inline void tape_add(void *ctx, const struct event *ev)
{
	struct tape *t = ctx;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 1024;
		t->events = realloc(t->events, t->cap * sizeof(*t->events));
		assert_non_null(t->events);
	}
	t->events[t->n] = *ev;
	if (ev->head.kind == EV_LOC) {
		t->events[t->n].loc.func = strdup(ev->loc.func);
		t->events[t->n].loc.file = strdup(ev->loc.file);
	}
	t->n++;
}

static inline void tape_done(struct tape *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->events[i].head.kind == EV_LOC) {
			free((char *)t->events[i].loc.func);
			free((char *)t->events[i].loc.file);
		}
	}
	free(t->events);
	*t = (struct tape){0};
}

/* Of a kind's payload the bytes that are fields; what is behind the arm isn't part of the event. */
static inline size_t arm_size(uint8_t kind)
{
	static const uint8_t sizes[EV_KIND_COUNT] = {
		[EV_TICK] = 0,
		[EV_SWITCH] = sizeof(struct ev_switch),
		[EV_THREAD_NEW] = sizeof(struct ev_thread),
		[EV_SIGNAL_SEND] = sizeof(struct ev_signal),
		[EV_SIGNAL_DELIVER] = sizeof(struct ev_at),
		[EV_SAMPLE] = sizeof(struct ev_at),
		[EV_STW_STOP] = sizeof(struct ev_stw),
		[EV_STW_START] = sizeof(struct ev_stw_end),
		[EV_PREEMPT_REQUEST] = sizeof(struct ev_preempt),
		[EV_PREEMPT_TAKEN] = sizeof(struct ev_preempt),
		[EV_GOROUTINE] = sizeof(struct ev_goroutine),
		[EV_CPU_STAT] = sizeof(struct ev_cpu_stat),
		[EV_CGROUP_STAT] = sizeof(struct ev_cgroup),
		[EV_LOST] = sizeof(struct ev_lost),
		[EV_COMM] = sizeof(struct ev_comm),
		[EV_RUNTIME] = sizeof(struct ev_runtime),
		[EV_OVERHEAD] = sizeof(struct ev_overhead),
		[EV_TARGET_EXIT] = sizeof(struct ev_exited),
		[EV_G] = sizeof(struct ev_g),
		[EV_P] = sizeof(struct ev_p),
		[EV_RUNQ] = sizeof(struct ev_runq),
		[EV_DETAIL] = sizeof(struct ev_detail),
		[EV_SETTING] = sizeof(struct ev_setting),
		[EV_SAMPLED] = sizeof(struct ev_sampled),
		[EV_SAMPLING] = sizeof(struct ev_sampling),
		[EV_THREAD_STAT] = sizeof(struct ev_thread_stat),
	};

	return kind == EV_NONE || kind >= EV_KIND_COUNT ? 32 : sizes[kind];
}

static inline bool same_event(const struct event *a, const struct event *b)
{
	if (memcmp(&a->head, &b->head, sizeof(a->head)) != 0)
		return false;
	if (a->head.kind == EV_LOC)
		return strcmp(a->loc.func, b->loc.func) == 0 && strcmp(a->loc.file, b->loc.file) == 0 &&
		       a->loc.id == b->loc.id && a->loc.line == b->loc.line && a->loc.is_runtime == b->loc.is_runtime;
	return memcmp(&a->sw, &b->sw, arm_size(a->head.kind)) == 0;
}

/* What the reader adds where blocks are missing, here at the end. */
static inline bool tells_loss(const struct event *ev)
{
	return ev->head.kind == EV_LOST && ev->lost.cause == EV_LOST_CAPTURE && ev->lost.count > 0;
}

/* @got must be the first events of @want, or all of them; behind them may stand how many are missing. */
static inline void assert_prefix(const struct tape *want, const struct tape *got)
{
	size_t n = got->n;

	if (n && tells_loss(&got->events[n - 1]) &&
	    (n > want->n || !same_event(&want->events[n - 1], &got->events[n - 1])))
		n--;
	assert_true(n <= want->n);
	for (size_t i = 0; i < n; i++) {
		if (!same_event(&want->events[i], &got->events[i]))
			fail_msg("event %zu of %zu (kind %u) changed", i, got->n, want->events[i].head.kind);
	}
}

static inline void assert_same_tape(const struct tape *want, const struct tape *got)
{
	assert_prefix(want, got);
	assert_int_equal(got->n, want->n);
}

static inline void write_tape(const struct capture_writer_opts *opts, const struct session *session,
			      const struct tape *t, struct capture_writer_stats *ret_stats)
{
	struct capture_writer *w = NULL;

	assert_int_equal(capture_writer_new(opts, session, &w, NULL), 0);
	for (size_t i = 0; i < t->n; i++)
		capture_writer_event(w, &t->events[i]);
	assert_int_equal(capture_writer_end(w, ret_stats, NULL), 0);
}

/* Reads all that a reader gives. Returns what next_block() ended with. */
static inline int64_t read_tape(struct capture_reader *r, struct tape *t)
{
	const struct event_sink sink = {.event = tape_add, .ctx = t};
	int64_t n;

	while ((n = capture_reader_next_block(r, &sink)) > 0)
		;
	return n;
}

static inline void read_path(const char *path, struct tape *t, struct capture_damage *ret_damage)
{
	struct capture_reader *r = NULL;

	assert_int_equal(capture_reader_open(path, &r, NULL), 0);
	assert_int_equal(read_tape(r, t), 0);
	if (ret_damage)
		capture_reader_damage(r, ret_damage);
	capture_reader_close(r);
}

#endif
