/* SPDX-License-Identifier: GPL-2.0-only */
#include "compare/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/invoker.h"
#include "capture/capture.h"
#include "compare/cpus.h"
#include "compare/hang.h"
#include "compare/timeline.h"
#include "engine/engine.h"
#include "model/model.h"
#include "report/merge.h"
#include "report/report.h"
#include "target/launch.h"

/* What a program gets to end by itself after SIGTERM. */
#define END_GRACE_MS 2000
#define LOOK_MS      50
/* A stop of the world that takes longer may never come about: the run is watched on. */
#define STALLED_NS (250 * NS_PER_MS)
/* Of what a load generator that failed has printed. */
#define LOAD_LINES 10

struct runner {
	const struct runner_opts *opts;
	struct comparison *c;
	struct schedule schedule;
	unsigned order; /* runs begun */
};

/* One program that is being watched. */
struct run {
	struct comparison_variant *variant; /* what is run */
	struct comparison_variant *into;    /* who gets the round; NULL = a warm-up */
	unsigned round, order;
	bool pinned;
	cpu_set_t cpus;

	struct service service;
	struct launch launch;
	struct engine *engine;
	struct capture_writer *capture;
	char *path; /* of the capture */
	uint64_t start_ns;
	bool over;
	struct hang hang;
};

static int open_capture(const struct runner *r, struct run *run, struct fault *fault)
{
	struct capture_writer_opts opts = {.size = sizeof(opts), .fd = -1};
	struct session empty;

	if (!r->opts->save_dir || !run->into)
		return 0;
	if (asprintf(&run->path, "%s/%s-%u.cap", r->opts->save_dir, run->into->name, run->round + 1) < 0) {
		run->path = NULL;
		return fault_set(fault, -ENOMEM, r->opts->save_dir, "out of memory");
	}
	opts.path = run->path;
	session_init(&empty);
	int err = capture_writer_new(&opts, &empty, &run->capture, fault);
	session_done(&empty);
	return err;
}

static int pin(struct run *run, struct fault *fault)
{
	if (!run->pinned || sched_setaffinity(run->launch.pid, sizeof(run->cpus), &run->cpus) == 0)
		return 0;
	int err = -errno;
	fault_set(fault, err, run->variant->name, "it can't be put on its CPUs (%s)", strerror(-err));
	return fault_todo(fault, "Choose CPUs that are online and that schedtop may use: see taskset -p $$");
}

/* Starts the program: up to its gate, or, where it is waited for, until it is ready. */
static int prepare(struct runner *r, struct run *run, struct fault *fault)
{
	struct comparison_variant *v = run->variant;

	run->launch = (struct launch){.pid = -1, .output_fd = -1, .pidfd = -1, .gate_fd = -1, .exec_error_fd = -1};
	int err = service_begin(&run->service, &r->opts->service, v->name, fault);

	if (err < 0)
		return err;
	const struct launch_opts opts = service_launch_opts(&run->service, v->argv, v->env);
	err = launch_start_with(&run->launch, &opts, fault);
	if (err == 0)
		err = pin(run, fault);
	if (err == 0)
		err = open_capture(r, run, fault);
	if (err < 0 || !service_waits(&r->opts->service))
		return err;
	err = launch_go(&run->launch, fault);
	return err < 0 ? err : service_ready(&run->service, &run->launch, fault);
}

static int begin(struct runner *r, struct run *run, struct fault *fault)
{
	struct engine_opts opts = {
		.size = sizeof(opts),
		.collectors = r->opts->collectors,
		.detail = r->opts->detail,
		.sample_hz = r->opts->sample_hz,
		.max_overhead_pct = r->opts->max_overhead_pct,
		.pid = run->launch.pid,
		.capture = run->capture,
		.model.undrawn = true,
	};

	if (!service_waits(&r->opts->service)) {
		opts.launch = &run->launch;
		opts.binary = run->launch.path;
		opts.argv = run->variant->argv;
	}
	int err = engine_start(&opts, &run->engine, fault);
	/* Placing the probes takes its time, before the program is let go. */
	run->start_ns = clock_now_ns();
	return err;
}

/*
 * When all of them are watched: placing the probes of one beside the load on another takes seconds on a busy machine,
 * which the other would be measured longer.
 */
static int begin_load(struct run *run, struct fault *fault)
{
	if (!run->service.opts->load)
		return 0;
	run->start_ns = clock_now_ns();
	return service_load(&run->service, fault);
}

/* Is the world being stopped, and has been for long? */
static bool is_stalled(struct run *run)
{
	struct stw_pause p;
	const struct model *m = engine_lock(run->engine);
	bool stalled = model_stw_current(m, &p) && !p.stopped_ns && model_now(m) - p.asked_ns >= STALLED_NS;

	engine_unlock(run->engine);
	return stalled;
}

static void look(const struct runner *r, struct run *run)
{
	double age_s = (double)(clock_now_ns() - run->start_ns) / (double)NS_PER_S;
	double limit_s = r->c->duration_s > 0 ? r->c->duration_s : r->c->timeout_s;

	run->over = service_round(&run->service) || run->over;
	if (run->over || age_s < limit_s) {
		run->over = run->over || engine_target_ended(run->engine);
		return;
	}
	run->over = engine_target_ended(run->engine);
	if (run->over)
		return;
	bool stuck = r->c->duration_s > 0 ? is_stalled(run) : true;
	if (stuck && age_s < r->c->timeout_s)
		return;
	run->over = true;
	if (!stuck)
		return;
	const struct model *m = engine_lock(run->engine);
	hang_of_model(m, &run->hang);
	engine_unlock(run->engine);
	run->hang.after_ns = clock_now_ns() - run->start_ns;
}

/* Until all of them are over, or the user wants the end. */
static void wait_for(struct runner *r, struct run *runs, size_t n)
{
	for (;;) {
		struct pollfd fds[COMPARISON_VARIANTS_MAX + 1] = {{.fd = r->opts->signal_fd, .events = POLLIN}};
		bool over = true;

		for (size_t i = 0; i < n; i++) {
			look(r, &runs[i]);
			/* Now, not when the others are over, or when the first one's probes are gone. */
			if (runs[i].over)
				engine_ask_stop(runs[i].engine);
			over = over && runs[i].over;
			fds[i + 1] = (struct pollfd){.fd = runs[i].over ? -1 : engine_ended_fd(runs[i].engine),
						     .events = POLLIN};
		}
		if (over)
			return;
		if (poll(fds, n + 1, LOOK_MS) > 0 && fds[0].revents) {
			r->c->interrupted = true;
			for (size_t i = 0; i < n; i++)
				engine_ask_stop(runs[i].engine);
			return;
		}
	}
}

static int status_of(const struct launch *l)
{
	if (WIFEXITED(l->status))
		return WEXITSTATUS(l->status);
	return WIFSIGNALED(l->status) ? 128 + WTERMSIG(l->status) : -1;
}

static int keep_round(const struct runner *r, struct run *run, int status, int load_status)
{
	struct comparison_variant *v = run->into;
	struct comparison_round *round, *more = realloc(v->rounds, (v->n_rounds + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	v->rounds = more;
	round = &v->rounds[v->n_rounds];
	*round = (struct comparison_round){.order = run->order, .exit_status = status, .load_status = load_status};
	const struct model *m = engine_lock(run->engine);
	tally_of_model(m, &round->tally);
	round->duration_ns = model_now(m) - model_start(m);
	round->report = report_object(m, NULL);
	if (r->opts->timelines)
		round->timeline = timeline_new(m);
	engine_unlock(run->engine);
	if (!round->report)
		return -ENOMEM;
	round->hang = run->hang;
	run->hang = (struct hang){0};
	round->capture = take_ptr(run->path);
	v->hung += round->hang.hung;
	v->ended_badly += status > 0;
	v->n_rounds++;
	return 0;
}

/* A program that fails measures nothing: its variant isn't run again. */
static bool failed(const struct runner *r, const struct run *run, int status)
{
	char ms[32];

	if (status <= 0 || r->opts->ignore_status)
		return false;
	snprintf(ms, sizeof(ms), "%.0f ms", (double)(clock_now_ns() - run->start_ns) / (double)NS_PER_MS);
	fault_set(&run->variant->fault, -ECHILD, run->variant->argv[0], "it ended after %s with status %d", ms, status);
	fault_todo(&run->variant->fault,
		   "Its output is above. Mend it, or add --ignore-status if such an end is what it should do");
	return true;
}

/* The load's end, before that of what it loads. Returns its status; one that failed is its variant's fault. */
static int end_load(const struct runner *r, struct run *run)
{
	const char *lines[LOAD_LINES];
	struct fault fault = {0};
	size_t n;
	int status = service_unload(&run->service, &fault, lines, LOAD_LINES, &n);

	for (size_t i = 0; i < n && r->opts->load_said; i++)
		r->opts->load_said(r->opts->ctx, run->variant->name, lines[i]);
	if (status > 0)
		run->variant->fault = fault;
	return status;
}

/* Returns the program's status, if it ended by itself; else -1. */
static int end_program(const struct runner *r, struct run *run)
{
	bool ended = run->engine && engine_target_ended(run->engine);

	if (!service_waits(&r->opts->service)) {
		launch_end(&run->launch, END_GRACE_MS);
		return ended ? status_of(&run->launch) : -1;
	}
	ended = launch_exited(&run->launch);
	launch_end_group(&run->launch, END_GRACE_MS);
	return ended && run->launch.pid > 0 ? status_of(&run->launch) : -1;
}

static int end(struct runner *r, struct run *run, int err, struct fault *fault)
{
	if (run->engine)
		engine_stop(run->engine);
	int load_status = end_load(r, run), status = end_program(r, run);
	if (err == -EINTR)
		r->c->interrupted = true;
	else if (err < 0)
		run->variant->fault = *fault;
	else if (!failed(r, run, status) && load_status <= 0 && run->into && run->engine && !r->c->interrupted)
		err = keep_round(r, run, status, load_status);
	engine_free(run->engine);
	if (run->capture) {
		struct capture_writer_stats stats;

		if (capture_writer_end(run->capture, &stats, fault) < 0)
			run->variant->fault = *fault;
	}
	service_done(&run->service);
	launch_done(&run->launch);
	free(run->path);
	hang_done(&run->hang);
	return err == -ENOMEM ? fault_set(fault, err, "the comparison", "out of memory") : 0;
}

/* Runs that go on at the same time. Their variants' faults are set; else 0 or -ENOMEM. */
static int run_group(struct runner *r, struct run *runs, size_t n)
{
	int errs[COMPARISON_VARIANTS_MAX] = {0}, err = 0;
	struct fault faults[COMPARISON_VARIANTS_MAX] = {{0}};
	size_t up = 0, ready = 0;

	for (size_t i = 0; i < n; i++) {
		runs[i].order = r->order++;
		errs[i] = prepare(r, &runs[i], &faults[i]);
		up += errs[i] == 0;
	}
	for (size_t i = 0; i < n && up == n; i++)
		errs[i] = begin(r, &runs[i], &faults[i]);
	for (size_t i = 0; i < n && up == n; i++) {
		errs[i] = errs[i] < 0 ? errs[i] : begin_load(&runs[i], &faults[i]);
		ready += errs[i] == 0;
	}
	if (ready == n)
		wait_for(r, runs, n);
	for (size_t i = 0; i < n; i++) {
		/* The others of a parallel round aren't measured beside an empty place. */
		if (ready < n && errs[i] == 0)
			runs[i].into = NULL;
		int failed_err = end(r, &runs[i], errs[i], &faults[i]);
		err = err < 0 ? err : failed_err;
	}
	return err;
}

static bool stop_asked(const struct runner *r)
{
	struct pollfd p = {.fd = r->opts->signal_fd, .events = POLLIN};

	return r->c->interrupted || (p.fd >= 0 && poll(&p, 1, 0) > 0);
}

static struct comparison_variant *variant_of(const struct runner *r, struct schedule_run at)
{
	return &r->c->variants[at.variant < r->c->n_variants ? at.variant : 0];
}

static struct comparison_variant *taker_of(const struct runner *r, struct schedule_run at)
{
	if (at.warmup)
		return NULL;
	return at.variant < r->c->n_variants ? &r->c->variants[at.variant] : &r->c->noise.again;
}

static int run_in_turn(struct runner *r)
{
	size_t n = schedule_length(&r->schedule);

	for (size_t i = 0; i < n; i++) {
		struct schedule_run at = schedule_at(&r->schedule, i);
		struct run run = {.variant = variant_of(r, at), .into = taker_of(r, at), .round = at.round};

		if (stop_asked(r)) {
			r->c->interrupted = true;
			break;
		}
		if (run.variant->fault.err < 0)
			continue;
		run.pinned = run.variant->cpus && cpus_parse(run.variant->cpus, &run.cpus) == 0;
		if (r->opts->progress)
			r->opts->progress(r->opts->ctx, r->c, at, i, n);
		int err = run_group(r, &run, 1);
		if (err < 0)
			return err;
	}
	return 0;
}

/* The CPUs of variant @i in a round: its own, or a share that changes from round to round. */
static int parallel_cpus(const struct comparison *c, const cpu_set_t *all, size_t i, unsigned round, cpu_set_t *ret)
{
	if (c->variants[i].cpus)
		return cpus_parse(c->variants[i].cpus, ret);
	return cpus_share(all, c->n_variants, (i + round) % c->n_variants, ret);
}

static int check_parallel(const struct comparison *c, const cpu_set_t *all, struct fault *fault)
{
	cpu_set_t taken, set, both;
	size_t listed = 0;

	CPU_ZERO(&taken);
	for (size_t i = 0; i < c->n_variants; i++)
		listed += c->variants[i].cpus != NULL;
	if (listed && listed < c->n_variants) {
		fault_set(fault, -EINVAL, "--parallel", "some variants have CPUs of their own and some don't");
		return fault_todo(fault, "Give --cpus NAME:LIST for each, or for none");
	}
	for (size_t i = 0; i < c->n_variants; i++) {
		if (parallel_cpus(c, all, i, 0, &set) < 0) {
			fault_set(fault, -ENOSPC, "--parallel", "%zu variants need a CPU each, and schedtop may use %d",
				  c->n_variants, CPU_COUNT(all));
			return fault_todo(fault, "Leave --parallel out: the variants then run in turn");
		}
		CPU_AND(&both, &taken, &set);
		if (CPU_COUNT(&both)) {
			fault_set(fault, -EINVAL, "--parallel", "two variants share a CPU");
			return fault_todo(fault, "Give --cpus lists that have no CPU in common");
		}
		CPU_OR(&taken, &taken, &set);
	}
	return 0;
}

/* All variants at once; @noise: the baseline in each one's place, of which the first place counts. */
static int run_round(struct runner *r, const cpu_set_t *all, unsigned round, bool warmup, bool noise)
{
	struct run runs[COMPARISON_VARIANTS_MAX] = {0};
	size_t n = r->c->n_variants;

	for (size_t i = 0; i < n; i++) {
		struct run *run = &runs[i];

		run->variant = &r->c->variants[noise ? 0 : i];
		run->into = noise ? (i == 0 ? &r->c->noise.again : NULL) : warmup ? NULL : run->variant;
		run->round = round;
		run->pinned = true;
		int err = parallel_cpus(r->c, all, i, round, &run->cpus);
		if (err < 0 || run->variant->fault.err < 0)
			return err;
	}
	return run_group(r, runs, n);
}

static int run_parallel(struct runner *r, struct fault *fault)
{
	const struct schedule *s = &r->schedule;
	size_t n = s->warmups + s->rounds;
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return fault_set(fault, -errno, "--parallel", "the CPUs can't be told (%s)", strerror(errno));
	int err = check_parallel(r->c, &all, fault);
	for (unsigned i = 0; err == 0 && i < n && !stop_asked(r); i++) {
		bool warmup = i < s->warmups;
		unsigned round = warmup ? i : i - s->warmups;

		if (r->opts->progress)
			r->opts->progress(r->opts->ctx, r->c, (struct schedule_run){.round = round, .warmup = warmup},
					  i, n);
		err = run_round(r, &all, round, warmup, false);
		if (err == 0 && s->noise && !warmup && !stop_asked(r))
			err = run_round(r, &all, round, false, true);
	}
	r->c->interrupted = r->c->interrupted || stop_asked(r);
	return err;
}

static int make_folder(const char *dir, struct fault *fault)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		int err = -errno;

		fault_set(fault, err, dir, "the folder can't be made (%s)", strerror(-err));
		return fault_todo(fault, "Give another one with --save");
	}
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		invoker_give(fd);
	return 0;
}

int runner_run(const struct runner_opts *opts, struct comparison *c, struct fault *fault)
{
	struct runner r = {.opts = opts, .c = c};

	r.schedule = (struct schedule){
		.variants = c->n_variants, .rounds = c->rounds_asked, .warmups = c->warmups, .noise = opts->noise};
	c->noise.checked = opts->noise;
	if (!c->noise.again.name)
		c->noise.again.name = strdup("noise-check");
	if (!c->noise.again.name)
		return fault_set(fault, -ENOMEM, "the comparison", "out of memory");
	int err = opts->save_dir ? make_folder(opts->save_dir, fault) : 0;
	if (err < 0)
		return err;
	err = c->parallel ? run_parallel(&r, fault) : run_in_turn(&r);
	return err == -ENOMEM ? fault_set(fault, err, "the comparison", "out of memory") : err;
}
