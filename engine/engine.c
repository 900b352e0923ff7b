/* SPDX-License-Identifier: GPL-2.0-only */
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/output.h"
#include "target/go_target.h"
#include "target/launch.h"
#include "target/proc.h"

#define POLL_MS_DEFAULT 10
#define SLOW_NS         (250 * NS_PER_MS) /* accounts that the kernel keeps in steps of 10 ms */
#define CHECK_NS        (20 * NS_PER_MS)  /* a starting runtime is asked this often until it is up ... */
#define CHECK_MAX       500               /* ... for ten seconds */
#define CPUS_MAX        4096

enum check { CHECK_WANTED, CHECK_PASSED, CHECK_REFUSED, CHECK_NONE };

struct engine {
	struct engine_opts opts;
	pthread_t thread;
	pthread_mutex_t lock; /* guards model, session and output */
	atomic_bool quit, ended;
	bool running, stopped;
	int wake_fd, ended_fd;

	struct session session;
	struct model *model;
	struct collector *collector;
	struct go_target *go;
	struct output output;

	/* The engine's thread only. */
	uint64_t next_slow_ns, next_check_ns;
	enum check check;
	unsigned n_checks;
	bool exec_seen;
	uint64_t tick_ns; /* the last tick: our own events are as of then */
	struct ev_runtime told_runtime;
	struct proc_cpu cpus[CPUS_MAX];
};

/* ---- events on their way to the model; under the lock ---- */

static void on_event(void *ctx, const struct event *ev)
{
	struct engine *e = ctx;

	if (ev->head.kind == EV_EXEC)
		e->exec_seen = true;
	if (ev->head.kind == EV_TICK)
		e->tick_ns = ev->head.time_ns;
	model_feed(e->model, ev);
}

static void tell(struct engine *e, struct event ev)
{
	ev.head.time_ns = e->tick_ns;
	model_feed(e->model, &ev);
}

/* ---- what the engine reads itself ---- */

static uint64_t self_cpu_ns(void)
{
	return clock_ns_of(CLOCK_PROCESS_CPUTIME_ID);
}

static void tell_accounts(struct engine *e)
{
	struct collector_stats stats;
	struct ev_cgroup cgroup;
	int n = proc_cpus(e->cpus, CPUS_MAX);

	for (int i = 0; i < n; i++)
		tell(e, (struct event){.head = {.kind = EV_CPU_STAT, .cpu = e->cpus[i].cpu, .flags = EVF_CPU},
				       .cpu_stat = e->cpus[i].stat});
	if (proc_cgroup_cpu(e->opts.pid, &cgroup) == 0)
		tell(e, (struct event){.head.kind = EV_CGROUP_STAT, .cgroup = cgroup});
	e->opts.collector->stats(e->collector, &stats);
	tell(e, (struct event){
			.head.kind = EV_OVERHEAD,
			.overhead = {.probe_ns = stats.probe_ns, .self_ns = self_cpu_ns(), .hits = stats.probe_hits}});
}

static void tell_runtime(struct engine *e)
{
	struct ev_runtime now = {.gomaxprocs = -1, .asyncpreemptoff = -1};
	int32_t v;

	if (e->check != CHECK_PASSED)
		return;
	if (go_target_gomaxprocs(e->go, &v) == 0)
		now.gomaxprocs = v;
	if (go_target_asyncpreemptoff(e->go, &v) == 0)
		now.asyncpreemptoff = v != 0;
	if (memcmp(&now, &e->told_runtime, sizeof(now)) == 0)
		return;
	/* Somebody may have written the variable: who says so is a new question. */
	if (e->told_runtime.asyncpreemptoff != now.asyncpreemptoff)
		go_target_describe(e->go, &e->session);
	e->told_runtime = now;
	tell(e, (struct event){.head.kind = EV_RUNTIME, .runtime = now});
}

/* Is the layout that goroutines are read with right? Asked until the runtime is up. */
static void check_layout(struct engine *e)
{
	struct fault fault = {0};
	int err = go_target_selfcheck(e->go, &fault);

	if (err == 0) {
		e->check = CHECK_PASSED;
		go_target_describe(e->go, &e->session);
		tell_runtime(e);
	} else if (err == -EAGAIN && ++e->n_checks < CHECK_MAX) {
		return;
	} else if (err == -EAGAIN) {
		e->check = CHECK_NONE; /* it never started a runtime: nothing to read, nothing wrong */
	} else {
		e->check = CHECK_REFUSED;
		session_missing(&e->session,
				"goroutines aren't shown: the runtime's layout didn't pass the check (%s %s)",
				fault.what, fault.why);
		e->opts.collector->retarget(e->collector, NULL, &e->session, NULL);
	}
	log_write(LOG_COLLECT, "layout check: %d after %u tries", err, e->n_checks);
}

/* The target runs another program now: a wrapper script has come to its exec. */
static void follow_exec(struct engine *e)
{
	struct go_target *go = NULL;
	struct fault fault = {0};

	e->exec_seen = false;
	if (go_target_open(e->opts.pid, NULL, &go, &fault) < 0) {
		log_write(LOG_TARGET, "after exec: %s: %s", fault.what, fault.why);
		return;
	}
	go_target_locate(go);
	go_target_describe(go, &e->session);
	e->opts.collector->retarget(e->collector, go, &e->session, &fault);
	go_target_close(e->go);
	e->go = go;
	e->check = go_target_is_go(go) ? CHECK_WANTED : CHECK_NONE;
	e->n_checks = 0;
}

/* ---- the thread ---- */

static bool target_is_gone(struct engine *e)
{
	return e->opts.launch ? launch_ended(e->opts.launch) : proc_alive(e->opts.pid) == 0;
}

static void finish_target(struct engine *e)
{
	int32_t status = e->opts.launch ? e->opts.launch->status : -1;
	const struct event_sink sink = {.event = on_event, .ctx = e};

	pthread_mutex_lock(&e->lock);
	e->opts.collector->stop(e->collector, &sink);
	output_drain(&e->output);
	tell_accounts(e);
	tell(e,
	     (struct event){.head = {.kind = EV_TARGET_EXIT, .tid = (uint32_t)e->opts.pid}, .exited.status = status});
	pthread_mutex_unlock(&e->lock);
	atomic_store(&e->ended, true);
	eventfd_write(e->ended_fd, 1);
}

static void round_once(struct engine *e)
{
	const struct event_sink sink = {.event = on_event, .ctx = e};
	uint64_t now = clock_now_ns();

	pthread_mutex_lock(&e->lock);
	e->opts.collector->poll(e->collector, &sink);
	output_drain(&e->output);
	if (e->exec_seen)
		follow_exec(e);
	if (e->check == CHECK_WANTED && now >= e->next_check_ns) {
		check_layout(e);
		e->next_check_ns = now + CHECK_NS;
	}
	if (now >= e->next_slow_ns) {
		tell_accounts(e);
		tell_runtime(e);
		e->next_slow_ns = now + SLOW_NS;
	}
	pthread_mutex_unlock(&e->lock);
}

static void *engine_main(void *arg)
{
	struct engine *e = arg;
	struct pollfd wake = {.fd = e->wake_fd, .events = POLLIN};

	pthread_setname_np(pthread_self(), "schedtop-engine");
	while (!atomic_load(&e->quit)) {
		/* Asked before the round: what it did until its end is then delivered by it. */
		bool gone = target_is_gone(e);

		round_once(e);
		if (gone) {
			finish_target(e);
			break;
		}
		poll(&wake, 1, (int)e->opts.poll_ms);
	}
	return NULL;
}

/* ---- life ---- */

static int engine_open(struct engine *e, struct fault *fault)
{
	struct collector_opts copts = {
		.size = sizeof(copts),
		.pid = (uint32_t)e->opts.pid,
		.detail = e->opts.detail,
		.sample_hz = e->opts.sample_hz,
		.ring_bytes = e->opts.ring_bytes,
	};
	int err = go_target_open(e->opts.pid, e->opts.binary, &e->go, fault);

	if (err < 0)
		return err;
	if (!e->opts.launch)
		go_target_locate(e->go);
	go_target_describe(e->go, &e->session);
	e->session.launched = e->opts.launch != NULL;
	e->session.collector = e->opts.collector->name;
	e->session.detail = e->opts.detail;
	e->session.n_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	e->check = go_target_is_go(e->go) ? CHECK_WANTED : CHECK_NONE;

	copts.go = e->go;
	err = e->opts.collector->open(&copts, &e->collector, fault);
	if (err < 0)
		return err;
	e->session.start_ns = clock_now_ns();
	e->session.start_wall_ns = clock_ns_of(CLOCK_REALTIME);
	e->model = model_new(&e->opts.model, &e->session);
	if (!e->model)
		return fault_set(fault, -ENOMEM, "schedtop", "out of memory");
	err = output_init(&e->output, e->opts.launch ? e->opts.launch->output_fd : -1, e->opts.log_path);
	if (err < 0) {
		fault_set(fault, err, e->opts.log_path, "the target's output can't be kept there (%s)", strerror(-err));
		fault_todo(fault, "Name another file with --log");
		return err;
	}
	return e->opts.collector->start(e->collector, &e->session, fault);
}

int engine_start(const struct engine_opts *opts, struct engine **ret, struct fault *fault)
{
	struct engine *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return fault_set(fault, -ENOMEM, "schedtop", "out of memory");
	e->opts = *opts;
	if (!e->opts.poll_ms)
		e->opts.poll_ms = POLL_MS_DEFAULT;
	e->told_runtime = (struct ev_runtime){.gomaxprocs = -1, .asyncpreemptoff = -1};
	e->output.log_fd = -1;
	session_init(&e->session);
	pthread_mutex_init(&e->lock, NULL);
	e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = engine_open(e, fault);
	if (err == 0 && opts->launch)
		err = launch_go(opts->launch, fault);
	if (err == 0) {
		err = -pthread_create(&e->thread, NULL, engine_main, e);
		if (err < 0)
			fault_set(fault, err, "schedtop", "can't start a thread (%s)", strerror(-err));
	}
	if (err < 0) {
		engine_free(e);
		return err;
	}
	e->running = true;
	*ret = e;
	return 0;
}

const struct model *engine_lock(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	return e->model;
}

void engine_unlock(struct engine *e)
{
	pthread_mutex_unlock(&e->lock);
}

bool engine_target_ended(const struct engine *e)
{
	return atomic_load(&e->ended);
}

int engine_ended_fd(const struct engine *e)
{
	return e->ended_fd;
}

size_t engine_output(struct engine *e, const char **ret_lines, size_t cap)
{
	return output_lines(&e->output, ret_lines, cap);
}

void engine_stop(struct engine *e)
{
	const struct event_sink sink = {.event = on_event, .ctx = e};

	if (e->stopped)
		return;
	e->stopped = true;
	if (e->running) {
		atomic_store(&e->quit, true);
		eventfd_write(e->wake_fd, 1);
		pthread_join(e->thread, NULL);
		e->running = false;
	}
	if (e->collector && e->model && !atomic_load(&e->ended)) {
		e->opts.collector->stop(e->collector, &sink);
		tell_accounts(e);
	}
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_stop(e);
	if (e->collector)
		e->opts.collector->close(e->collector);
	model_free(e->model);
	go_target_close(e->go);
	output_done(&e->output);
	session_done(&e->session);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	if (e->ended_fd >= 0)
		close(e->ended_fd);
	pthread_mutex_destroy(&e->lock);
	free(e);
}
