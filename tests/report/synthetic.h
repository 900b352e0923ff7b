/* SPDX-License-Identifier: GPL-2.0-only */
/* One session, always the same: two threads, a gap that ended, one that is pending, a pause; names with tricks in them.
 */
#ifndef SCHEDTOP_TESTS_REPORT_SYNTHETIC_H
#define SCHEDTOP_TESTS_REPORT_SYNTHETIC_H

#include "tests/model/stream.h"

#include <stdlib.h>

#define EVIL_NAME "ev\x1b[2Jil\xff"

struct synthetic {
	struct session session;
	struct model *model;
};

static inline char *dup_text(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	return copy;
}

static inline void synthetic_session(struct session *s, bool go)
{
	session_init(s);
	s->pid = 100;
	s->exe = dup_text("/srv/app/worker");
	s->args = calloc(3, sizeof(*s->args));
	assert_non_null(s->args);
	s->args[0] = dup_text("./worker");
	s->args[1] = dup_text(EVIL_NAME);
	s->collector = "ebpf";
	s->n_cpus = 2;
	s->start_ns = T0;
	s->stripped = 0;
	if (!go)
		return;
	s->go_version = dup_text("go1.23.5");
	s->linkmode = dup_text("internal");
	s->env = calloc(1, sizeof(*s->env));
	assert_non_null(s->env);
	s->env[0] = (struct session_kv){.key = dup_text("GODEBUG"), .value = dup_text("asyncpreemptoff=1")};
	s->n_env = 1;
	s->async_enabled = 0;
	s->async_source = ASYNC_SOURCE_ENVIRONMENT;
	session_async_evidence(s, "GODEBUG=asyncpreemptoff=1 is in the process's environment");
	session_missing(s, "samples on CPU 1: refused");
}

static inline void cpu_stat(struct model *m, uint64_t us, uint16_t cpu, uint64_t idle_us, uint64_t busy_us)
{
	struct event ev = ev_make(us, EV_CPU_STAT, 0);

	ev.head.cpu = cpu;
	ev.head.flags = EVF_CPU;
	ev.cpu_stat = (struct ev_cpu_stat){.idle_ns = US(idle_us), .busy_ns = US(busy_us)};
	model_feed(m, &ev);
}

static inline void runtime_settings(struct model *m, uint64_t us, int32_t gomaxprocs, int8_t off)
{
	struct event ev = ev_make(us, EV_RUNTIME, 0);

	ev.runtime = (struct ev_runtime){.gomaxprocs = gomaxprocs, .asyncpreemptoff = off};
	model_feed(m, &ev);
}

static inline void target_exit(struct model *m, uint64_t us, int32_t wait_status)
{
	struct event ev = ev_make(us, EV_TARGET_EXIT, 100);

	ev.exited.status = wait_status;
	model_feed(m, &ev);
}

static inline void overhead(struct model *m, uint64_t us, uint64_t ns)
{
	struct event ev = ev_make(us, EV_OVERHEAD, 0);

	ev.overhead.self_ns = ns;
	model_feed(m, &ev);
}

static inline void synthetic_events(struct model *m)
{
	tick(m, 0);
	cpu_stat(m, 0, 0, 0, 0);
	cpu_stat(m, 0, 1, 0, 0);
	runtime_settings(m, 0, 2, 1);
	location(m, 1, "main.spin", "/src/worker/main.go", 42);
	location(m, 2, "main." EVIL_NAME, "/src/worker/\x1b]0;x\a.go", 7);
	names_thread(m, 100, "worker");
	names_thread(m, 101, EVIL_NAME);
	goroutine(m, 7, 1);
	goroutine(m, 8, 2);

	comes(m, 1000, 0, 100);
	comes(m, 2000, 1, 101);
	sample(m, 5000, 0, 100, 7, 0, 1);
	request(m, 12000, 100, 7, 0, EV_REQ_PREEMPTONE);
	sample(m, 15000, 0, 100, 7, 0, 1);
	taken(m, 62000, 100, 7, 0, EV_TAKEN_COOP);
	sleeps(m, 70000, 0, 100, 7, 0);

	stw_stop(m, 80000, 101, EV_STW_GC_SWEEP_TERM);
	stw_start(m, 80900, 101, 80000, 80700);

	comes(m, 90000, 0, 100);
	sample(m, 95000, 0, 100, 8, 0, 2);
	request(m, 102000, 100, 8, 0, EV_REQ_PREEMPTONE);
	sample(m, 105000, 0, 100, 8, 0, 2);
	cpu_stat(m, 200000, 0, 30000, 170000);
	cpu_stat(m, 200000, 1, 0, 200000);
	overhead(m, 200000, US(1000));
	tick(m, 200000);
}

/* What detail exact adds: 9 waits for 40 ms while 7 (main.spin) holds the P, parks, assists; then it is lowered. */
static inline void synthetic_exact_events(struct model *m)
{
	struct event ev = {.head = {.kind = EV_GOROUTINE}};

	synthetic_events(m);
	detail(m, 200000, DETAIL_EXACT, EV_DETAIL_ASKED, 0);
	location(m, 3, "main.serve", "/src/worker/serve.go", 77);
	location(m, 4, "runtime.gcBgMarkWorker", "/go/mgc.go", 1);
	ev.goroutine = (struct ev_goroutine){.goid = 9, .parent_goid = 1, .start_loc = 3, .create_loc = 1};
	model_feed(m, &ev);
	goroutine(m, 30, 4);
	taken(m, 200100, 100, 8, 0, EV_TAKEN_ASYNC);
	g_event(m, 200110, EV_G_RUN, 100, 7, 0, 0);
	for (uint64_t us = 210000; us < 370000; us += 50000) {
		g_event(m, us, EV_G_READY, 101, 9, EV_NO_P, 0);
		runq_len(m, us + 1, 0, 4);
		runq_len(m, us + 2, 1, 0);
		g_event(m, us + 40000, EV_G_PARK, 100, 7, 0, WAIT_SLEEP);
		g_event(m, us + 40000, EV_G_RUN, 100, 9, 0, 0);
		g_event(m, us + 40100, EV_G_ASSIST, 100, 9, 0, 0);
		g_event(m, us + 40200, EV_G_ASSIST_END, 100, 9, 0, 0);
		g_event(m, us + 41000, EV_G_SYSCALL, 100, 9, 0, 0);
		g_event(m, us + 41300, EV_G_SYSCALL_EXIT, 100, 9, 0, 0);
		g_event(m, us + 42000, EV_G_PARK, 100, 9, 0, WAIT_CHAN_RECEIVE);
		g_event(m, us + 42010, EV_G_RUN, 100, 30, 0, 0);
		g_event(m, us + 43010, EV_G_PARK, 100, 30, 0, WAIT_GC_WORKER_IDLE);
		g_event(m, us + 43020, EV_G_READY, 100, 7, EV_NO_P, 0);
		g_event(m, us + 43030, EV_G_RUN, 100, 7, 0, 0);
	}
	stw_stop(m, 410000, 101, EV_STW_GC_SWEEP_TERM);
	stw_start(m, 410050, 101, 410000, 410010);
	stw_stop(m, 420050, 101, EV_STW_GC_MARK_TERM);
	stw_start(m, 420090, 101, 420050, 420060);
	detail(m, 430000, DETAIL_SCHED, EV_DETAIL_OVERHEAD, 750);
	tick(m, 450000);
}

static inline void synthetic_init(struct synthetic *y, bool go)
{
	synthetic_session(&y->session, go);
	y->model = model_new(NULL, &y->session);
	assert_non_null(y->model);
}

static inline void synthetic_done(struct synthetic *y)
{
	model_free(y->model);
	session_done(&y->session);
}

#endif
