/* SPDX-License-Identifier: GPL-2.0-only */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/find_keys.h"
#include "tui/layout.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/views.h"
#include "tui/views/timeline.h"

#define MS    1000000ULL
#define START 1000000000000ULL

enum { LOC_MAIN = 1, LOC_CRUNCH, LOC_WORKER, LOC_GC };
enum { TID_A = 101, TID_B = 102, TID_OTHER = 900 };

static void feed(struct scene *s, uint64_t ms10, struct event ev)
{
	ev.head.time_ns = START + ms10 * MS / 10; /* tenths of a millisecond */
	s->now_ns = ev.head.time_ns;
	model_feed(s->model, &ev);
}

static void loc(struct scene *s, uint32_t id, const char *func, uint32_t line)
{
	feed(s, 0,
	     (struct event){.head.kind = EV_LOC,
			    .loc = {.func = func, .file = "/src/app/main.go", .id = id, .line = line}});
}

static void name(struct scene *s, uint32_t tid, const char *comm)
{
	struct event ev = {.head.kind = EV_COMM, .comm = {.tid = tid}};

	strncpy(ev.comm.comm, comm, EV_COMM_SIZE - 1);
	feed(s, 0, ev);
}

static void thread(struct scene *s, uint32_t tid, const char *comm)
{
	struct event ev = {.head = {.kind = EV_THREAD_NEW, .tid = tid}};

	strncpy(ev.thread.comm, comm, EV_COMM_SIZE - 1);
	feed(s, 0, ev);
}

static void in(struct scene *s, uint64_t at, uint16_t cpu, uint32_t tid)
{
	feed(s, at,
	     (struct event){.head = {.kind = EV_SWITCH, .cpu = cpu, .flags = EVF_CPU | EVF_NEXT_TARGET | EVF_WOKEN},
			    .sw = {.next_tid = tid, .wake_delta_ns = 20000, .p = EV_NO_P}});
}

static void out(struct scene *s, uint64_t at, uint16_t cpu, uint32_t tid, uint64_t goid, uint16_t p)
{
	feed(s, at,
	     (struct event){.head = {.kind = EV_SWITCH,
				     .cpu = cpu,
				     .tid = tid,
				     .flags = EVF_CPU | EVF_PREV_TARGET | EVF_LABEL},
			    .sw = {.goid = goid, .p = p, .state = EV_STATE_SLEEP}});
}

static void sample(struct scene *s, uint64_t at, uint16_t cpu, uint32_t tid, uint64_t goid, uint16_t p, uint32_t l)
{
	feed(s, at,
	     (struct event){.head = {.kind = EV_SAMPLE, .cpu = cpu, .tid = tid, .flags = EVF_CPU | EVF_LABEL},
			    .at = {.goid = goid, .p = p, .loc = l, .blame = l}});
}

static void request(struct scene *s, uint64_t at, uint32_t tid, uint64_t goid, uint16_t p)
{
	feed(s, at,
	     (struct event){.head = {.kind = EV_PREEMPT_REQUEST, .tid = 103},
			    .preempt = {.goid = goid, .m_tid = tid, .p = p, .how = EV_REQ_PREEMPTONE}});
}

void scene_init(struct scene *s, bool evil)
{
	static char app[] = "/srv/app", port[] = "-port", eighty[] = "80", evil_app[] = "/srv/\033[31mapp<&\"",
		    version[] = "go1.22.5", evidence[] = "GODEBUG=asyncpreemptoff=1 is in the process's environment";
	static char *args[] = {app, port, eighty, NULL};

	memset(s, 0, sizeof(*s));
	session_init(&s->session);
	s->session.pid = 4711;
	s->session.exe = evil ? evil_app : app;
	s->session.args = args;
	s->session.go_version = version;
	s->session.async_enabled = 0;
	s->session.async_source = ASYNC_SOURCE_ENVIRONMENT;
	s->session.async_evidence[0] = evidence;
	s->session.n_async_evidence = 1;
	s->session.collector = "ebpf";
	s->session.n_cpus = 2;
	s->session.start_ns = START;
	s->model = model_new(&(struct model_opts){0}, &s->session);
	if (!s->model)
		abort();

	loc(s, LOC_MAIN, "main.main", 10);
	loc(s, LOC_CRUNCH, evil ? "main.\033]0;evil\007<crunch>&\"\xff" : "main.crunch", 42);
	loc(s, LOC_WORKER, "example.com/app/work.(*Pool).Run", 77);
	thread(s, TID_A, evil ? "\033[2Japp" : "app");
	thread(s, TID_B, "app");
	name(s, TID_OTHER, "stress");
	feed(s, 0, (struct event){.head.kind = EV_RUNTIME, .runtime = {.gomaxprocs = 2, .asyncpreemptoff = 1}});
	feed(s, 0, (struct event){.head.kind = EV_GOROUTINE, .goroutine = {.goid = 7, .start_loc = LOC_CRUNCH}});
	feed(s, 0, (struct event){.head.kind = EV_GOROUTINE, .goroutine = {.goid = 9, .start_loc = LOC_WORKER}});

	/* Short runs of G9 on CPU 1, every 50 ms; G7 computes on CPU 0 from 0.1 s to 0.9 s and from 1.2 s on. */
	in(s, 1000, 0, TID_A);
	request(s, 1090, TID_A, 7, 0);
	for (uint64_t at = 1100; at < 3000; at += 500) {
		in(s, at, 1, TID_B);
		out(s, at + 120, 1, TID_B, 9, 1);
	}
	sample(s, 3010, 0, TID_A, 7, 0, LOC_CRUNCH);
	/* The world is asked to stop at 0.4 s and has to wait. */
	in(s, 4000, 1, TID_B);
	feed(s, 4010,
	     (struct event){.head = {.kind = EV_STW_STOP, .tid = TID_B, .cpu = 1, .flags = EVF_CPU},
			    .stw = {.goid = 9, .reason = EV_STW_GC_SWEEP_TERM}});
	sample(s, 6000, 0, TID_A, 7, 0, LOC_CRUNCH);
	feed(s, 9000,
	     (struct event){.head = {.kind = EV_PREEMPT_TAKEN, .tid = TID_A, .cpu = 0, .flags = EVF_CPU},
			    .preempt = {.goid = 7, .m_tid = TID_A, .p = 0, .how = EV_TAKEN_COOP}});
	out(s, 9001, 0, TID_A, 0, EV_NO_P);
	feed(s, 9020,
	     (struct event){.head = {.kind = EV_STW_START, .tid = TID_B, .cpu = 1, .flags = EVF_CPU},
			    .stw_end = {.asked_ns = START + 401 * MS, .stopped_ns = START + 900 * MS}});
	out(s, 9500, 1, TID_B, 9, 1);
	/* Another process pushes G9 off CPU 1. */
	in(s, 10500, 1, TID_B);
	feed(s, 11000,
	     (struct event){.head = {.kind = EV_SWITCH,
				     .tid = TID_B,
				     .cpu = 1,
				     .flags = EVF_CPU | EVF_PREV_TARGET | EVF_PREEMPTED | EVF_LABEL},
			    .sw = {.goid = 9, .p = 1, .next_tid = TID_OTHER}});
	in(s, 12000, 0, TID_A);
	feed(s, 13000,
	     (struct event){.head = {.kind = EV_SWITCH, .tid = TID_OTHER, .cpu = 1, .flags = EVF_CPU | EVF_NEXT_TARGET},
			    .sw = {.next_tid = TID_B, .p = EV_NO_P}});
	out(s, 13200, 1, TID_B, 9, 1);
	sample(s, 13300, 0, TID_A, 7, 0, LOC_CRUNCH);
	request(s, 13400, TID_A, 7, 0);
	sample(s, 19000, 0, TID_A, 7, 0, LOC_CRUNCH);
	feed(s, 20000,
	     (struct event){.head.kind = EV_OVERHEAD,
			    .overhead = {.probe_ns = 2 * MS, .self_ns = 8 * MS, .hits = 500}});
	feed(s, 20000, (struct event){.head.kind = EV_TICK});
}

static void exact(struct scene *s, uint64_t at, uint8_t change, uint32_t tid, uint64_t goid, uint16_t p, uint8_t reason)
{
	feed(s, at,
	     (struct event){.head = {.kind = EV_G, .tid = tid},
			    .g = {.goid = goid, .p = p, .change = change, .reason = reason}});
}

void scene_init_exact(struct scene *s, bool evil)
{
	scene_init(s, evil);
	feed(s, 20000, (struct event){.head.kind = EV_DETAIL, .detail = {.level = DETAIL_EXACT}});
	loc(s, LOC_GC, "runtime.gcBgMarkWorker", 1);
	feed(s, 20000, (struct event){.head.kind = EV_GOROUTINE, .goroutine = {.goid = 11, .start_loc = LOC_GC}});
	in(s, 20000, 1, TID_B);
	/* G7 computes on P0 for 300 ms at a time; G9 waits for it, works a little, calls the kernel, parks. */
	for (uint64_t at = 20100; at < 39000; at += 4000) {
		exact(s, at, EV_G_RUN, TID_A, 7, 0, 0);
		exact(s, at + 1000, EV_G_READY, TID_B, 9, EV_NO_P, 0);
		feed(s, at + 1500, (struct event){.head.kind = EV_RUNQ, .runq = {.p = 0, .len = 3}});
		feed(s, at + 1500, (struct event){.head.kind = EV_RUNQ, .runq = {.p = 1, .len = 0}});
		feed(s, at + 1500, (struct event){.head.kind = EV_RUNQ, .runq = {.p = EV_NO_P, .len = 1}});
		exact(s, at + 3000, EV_G_PARK, TID_A, 7, 0, WAIT_SLEEP);
		exact(s, at + 3000, EV_G_RUN, TID_A, 9, 0, 0);
		exact(s, at + 3100, EV_G_ASSIST, TID_A, 9, 0, 0);
		exact(s, at + 3150, EV_G_ASSIST_END, TID_A, 9, 0, 0);
		exact(s, at + 3200, EV_G_SYSCALL, TID_A, 9, 0, 0);
		exact(s, at + 3300, EV_G_SYSCALL_EXIT, TID_A, 9, 0, 0);
		exact(s, at + 3400, EV_G_PARK, TID_A, 9, 0, WAIT_CHAN_RECEIVE);
		exact(s, at + 3500, EV_G_RUN, TID_A, 11, 0, 0);
		exact(s, at + 3800, EV_G_PARK, TID_A, 11, 0, WAIT_GC_WORKER_IDLE);
	}
	exact(s, 39000, EV_G_READY, TID_B, 7, EV_NO_P, 0);
	feed(s, 40000, (struct event){.head.kind = EV_TICK});
}

#define BUSY_CPUS 16
#define BUSY_GS   300

void scene_init_busy(struct scene *s, unsigned n_switches)
{
	static char app[] = "/srv/busy", version[] = "go1.22.5";
	static char *args[] = {app, NULL};
	bool running[BUSY_CPUS] = {false};
	uint64_t goid[BUSY_CPUS] = {0};
	uint32_t seed = 1;

	memset(s, 0, sizeof(*s));
	session_init(&s->session);
	s->session.pid = 4712;
	s->session.exe = app;
	s->session.args = args;
	s->session.go_version = version;
	s->session.async_enabled = 1;
	s->session.collector = "ebpf";
	s->session.n_cpus = BUSY_CPUS;
	s->session.start_ns = START;
	s->model = model_new(&(struct model_opts){0}, &s->session);
	if (!s->model)
		abort();
	for (uint32_t f = 1; f <= 40; f++) {
		char func[32];

		snprintf(func, sizeof(func), "main.job%u", f);
		loc(s, f, func, f);
	}
	for (uint32_t c = 0; c < BUSY_CPUS; c++)
		thread(s, TID_A + c, "busy");
	for (uint64_t g = 1; g <= BUSY_GS; g++)
		feed(s, 0,
		     (struct event){.head.kind = EV_GOROUTINE,
				    .goroutine = {.goid = g, .start_loc = (uint32_t)(g % 40) + 1}});
	for (unsigned i = 0; i < n_switches; i++) {
		uint64_t at = i / 5; /* tenths of a millisecond: 50,000 switches a second */

		seed = seed * 1664525U + 1013904223U;
		uint16_t cpu = seed >> 16 & (BUSY_CPUS - 1);
		uint32_t tid = TID_A + cpu;
		if (!running[cpu]) {
			in(s, at, cpu, tid);
			goid[cpu] = (seed >> 8) % BUSY_GS + 1;
			sample(s, at, cpu, tid, goid[cpu], cpu, (uint32_t)(goid[cpu] % 40) + 1);
			if (seed >> 24 == 7)
				request(s, at, tid, goid[cpu], cpu);
		} else {
			out(s, at, cpu, tid, goid[cpu], cpu);
		}
		running[cpu] = !running[cpu];
		if (i % 4000 == 3000)
			feed(s, at, (struct event){.head = {.kind = EV_STW_STOP, .tid = TID_A}, .stw = {.reason = 1}});
		if (i % 4000 == 3010)
			feed(s, at, (struct event){.head = {.kind = EV_STW_START, .tid = TID_A}});
	}
}

int scene_draw(const struct scene *s, const struct scene_shot *shot, struct grid *g)
{
	static const char *const lines[] = {"listening on :80", "ready"};
	struct ui_state ui;
	struct view_ctx ctx = {.model = s->model, .ui = &ui, .now_ns = s->now_ns, .output = lines, .n_output = 2};
	int err = grid_init(g, shot->cols, shot->rows);

	if (err < 0)
		return err;
	ui_state_init(&ui, shot->ascii);
	ui.no_shades = shot->no_shades;
	if (shot->span_ns)
		ui.span_ns = shot->span_ns;
	for (const char *k = shot->keys; *k; k++) {
		size_t n = rows_shown(&ui, s->model, NULL, 0);
		struct layout l = layout_compute(shot->cols, shot->rows, n < 64 ? (int)n : 64, ui.output, false);

		int time_cols = timeline_time_cols(ui.rows, l.timeline.w),
		    visible = timeline_row_count(l.timeline.h, (int)n);
		uint32_t key = (unsigned char)*k;

		if (ui.prompt)
			find_typed(prompt_key(&ui, key), &ui, s->model, s->now_ns, time_cols, visible);
		else
			action_do(action_of_key(key), &ui, s->model, s->now_ns, time_cols, visible);
	}
	ui_window(&ui, s->model, ctx.now_ns, &ctx.t0_ns, &ctx.t1_ns);
	views_draw(&ctx, g);
	return 0;
}

void scene_done(struct scene *s)
{
	model_free(s->model); /* the session's strings are literals */
}
