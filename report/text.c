/* SPDX-License-Identifier: GPL-2.0-only */
/* The report for people, who may read it at three in the morning: the verdicts first, the figures behind them after. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/report.h"
#include "report/report_internal.h"
#include "report/text_sched.h"
#include "report/text_write.h"

#define WORST_DEFAULT      20
#define THREADS_DEFAULT    20
#define GOROUTINES_DEFAULT 10

static void text_header(const struct model *m, const struct session *s, const struct model_counts *c, FILE *out)
{
	char duration[32], inside[48] = "";
	int status = report_exit_status(c);
	const char *name = s->exe && strrchr(s->exe, '/') ? strrchr(s->exe, '/') + 1 : s->exe;

	if (s->ns_pid)
		snprintf(inside, sizeof(inside), " (%" PRIu32 " in its own namespace)", s->ns_pid);
	fprintf(out, "schedtop %s: %s, PID %" PRIu32 "%s, %s, %s watched", SCHEDTOP_VERSION, name ? SAFE(name) : "?",
		s->pid, inside, s->go_version ? SAFE(s->go_version) : "not a Go program",
		text_duration(duration, sizeof(duration), model_now(m) - model_start(m)));
	if (status >= 0)
		fprintf(out, ", ended with status %d", status);
	else if (c->exited)
		fputs(", ended", out);
	fputc('\n', out);
	if (c->gomaxprocs > 0)
		fprintf(out, "GOMAXPROCS %" PRId32 " on %" PRIu32 " CPUs\n", c->gomaxprocs, s->n_cpus);
}

/* What the target may use by its cgroup, and how often it wanted more. */
static void text_cgroup(const struct model_counts *c, FILE *out)
{
	const struct ev_cgroup *cg = &c->cgroup;
	char quota[32], period[32], lost[32];

	if (!cg->period_ns)
		return;
	if (cg->quota_ns)
		fprintf(out, "cgroup: %.2f CPUs (%s of every %s)", (double)cg->quota_ns / (double)cg->period_ns,
			text_duration(quota, sizeof(quota), cg->quota_ns),
			text_duration(period, sizeof(period), cg->period_ns));
	else
		fputs("cgroup: no CPU quota", out);
	if (c->nr_throttled)
		fprintf(out, ", throttled %" PRIu64 " times, for %s in all", c->nr_throttled,
			text_duration(lost, sizeof(lost), c->throttled_ns));
	fputc('\n', out);
}

static int text_verdicts(const struct model *m, FILE *out)
{
	static const char *const marks[] = {
		[SEVERITY_INFO] = "note:",
		[SEVERITY_WARNING] = "warning:",
		[SEVERITY_CRITICAL] = "CRITICAL:",
	};
	cleanup_free struct verdict *verdicts = calloc(REPORT_VERDICTS_MAX, sizeof(*verdicts));

	if (!verdicts)
		return -ENOMEM;
	size_t n = model_verdicts(m, verdicts, REPORT_VERDICTS_MAX);
	text_put_title(out, "Verdict");
	for (size_t i = 0; i < n; i++) {
		const struct verdict *v = &verdicts[i];

		text_put_item(out, strcmp(v->code, "ok") == 0 ? "ok:" : marks[v->severity], v->title);
		for (size_t j = 0; j < v->n_evidence; j++)
			text_put_item(out, "  -", v->evidence[j]);
		if (*v->advice)
			text_put_item(out, "  =>", v->advice);
	}
	return 0;
}

static void text_async(const struct model *m, const struct session *s, FILE *out)
{
	char signals[200];
	const char *source = async_source_name(s->async_source);

	text_put_title(out, "Asynchronous preemption");
	fprintf(out, "  %s%s%s%s\n",
		s->async_enabled < 0 ? "unknown"
		: s->async_enabled   ? "on"
				     : "OFF",
		source ? " (decided by: " : "", source ? source : "", source ? ")" : "");
	for (size_t i = 0; i < s->n_async_evidence; i++)
		text_put_item(out, "-", text_safe((char[1024]){0}, 1024, s->async_evidence[i]));
	if (*report_signals(m, signals, sizeof(signals)))
		text_put_item(out, "-", signals);
}

static void text_interventions(const struct model *m, FILE *out)
{
	struct intervention all[INTERVENTIONS_KEPT];
	size_t n = model_interventions(m, all, INTERVENTIONS_KEPT);

	if (n)
		text_put_title(out, "Written into the process");
	for (size_t i = 0; i < n; i++) {
		char at[64] = "before this recording", when[32];

		if (all[i].at_ns)
			snprintf(at, sizeof(at), "at %s",
				 text_duration(when, sizeof(when), report_since_start(m, all[i].at_ns)));
		fprintf(out, "  %s: %s, from %" PRId32 " to %" PRId32 ", by %s", at, setting_name(all[i].setting),
			all[i].from, all[i].to, all[i].ours ? "schedtop, as its user asked" : "somebody else");
		if (all[i].looked)
			fprintf(out, "; threads that had lost their signal: %u, repaired: %u", all[i].stuck,
				all[i].repaired);
		fputc('\n', out);
	}
}

static void text_requests(const struct model *m, const struct model_counts *c, FILE *out)
{
	uint64_t resolution_ns;
	char resolution[32];

	if (model_estimates(m, &resolution_ns)) {
		text_duration(resolution, sizeof(resolution), resolution_ns);
		fprintf(out,
			"  ~%" PRIu64 " requests; %" PRIu64 " ended, in a way that wasn't seen; %" PRIu64 " pending\n",
			c->requests, c->taken_unseen, c->pending);
		fprintf(out,
			"  ~ estimates, from looks into the process's memory: each length may be wrong by %s, and\n"
			"    what is shorter than that may not have been seen\n",
			resolution);
		return;
	}
	fprintf(out,
		"  %" PRIu64 " requests; taken: %" PRIu64 " async, %" PRIu64 " cooperative, %" PRIu64
		" voluntary, %" PRIu64 " handed off; %" PRIu64 " pending; %" PRIu64 " SIGURGs sent\n",
		c->requests, c->taken_async, c->taken_cooperative, c->taken_voluntary, c->taken_handed_off, c->pending,
		c->signals);
}

static void text_counts(const struct model *m, const struct model_counts *c, FILE *out)
{
	uint64_t resolution_ns;

	text_put_title(out, "Preemption requests");
	text_requests(m, c, out);
	text_put_title(out, "Stop-the-world pauses");
	fprintf(out, "  %s%" PRIu64 " pause%s\n", model_estimates(m, &resolution_ns) ? "~" : "", c->stw_count,
		c->stw_count == 1 ? "" : "s");
	for (unsigned i = 0; i < EV_STW_REASON_COUNT; i++) {
		if (!c->stw_by_reason[i])
			continue;
		text_put_number(out, 10, c->stw_by_reason[i]);
		fprintf(out, "  %s\n", stw_reason_name((uint8_t)i));
	}
}

static void text_hist(FILE *out, const char *name, const struct hist_summary *s)
{
	const uint64_t figures[] = {s->min, s->mean, s->p50, s->p90, s->p95, s->p99, s->max};

	fputs("  ", out);
	text_put_left(out, 20, name);
	text_put_number(out, 9, s->count);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		if (s->count)
			text_put_duration(out, 10, figures[i]);
		else
			text_put_right(out, 10, "-");
	}
	fputc('\n', out);
}

static void text_hists(const struct model *m, bool seen, FILE *out)
{
	static const char *const columns[] = {"min", "mean", "p50", "p90", "p95", "p99", "max"};
	struct hist_summary s, stopping;
	struct model_hists h;

	text_put_title(out, "Latencies");
	fputs("  ", out);
	text_put_left(out, 20, "");
	text_put_right(out, 9, "count");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		text_put_right(out, 10, columns[i]);
	fputc('\n', out);
	model_hists(m, &h);
	if (seen) {
		model_gap_summary(m, &s);
		uint64_t resolution_ns;
		bool about = model_estimates(m, &resolution_ns);

		text_hist(out, about ? "~preemption gap" : "preemption gap", &s);
		model_stw_summary(m, &s, &stopping);
		text_hist(out, about ? "~STW pause" : "STW pause", &s);
		text_hist(out, about ? "~STW, stopping" : "STW, stopping", &stopping);
	}
	hist_summarize(h.runqueue, &s);
	text_hist(out, "thread run queue", &s);
	hist_summarize(h.kernel_gap, &s);
	text_hist(out, "kernel gap", &s);
	if (model_g_wait_summary(m, &s))
		text_hist(out, "goroutine wait", &s);
}

static void text_place(const struct model *m, const struct gap *g, FILE *out)
{
	struct report_place place = report_place_of(m, g->func, g->loc);

	fprintf(out, "  %s", place.func ? SAFE(place.func) : "?");
	if (place.file)
		fprintf(out, " (%s:%" PRIu32 ")", SAFE(place.file), place.line);
}

static int text_worst(const struct model *m, size_t max, FILE *out)
{
	cleanup_free struct gap *gaps = calloc(max, sizeof(*gaps));

	if (!gaps)
		return -ENOMEM;
	size_t n = model_worst_gaps(m, gaps, max);
	if (!n)
		return 0;
	text_put_title(out, "Longest preemption gaps");
	fputs("     latency        at  goroutine  CPU  ended        asked by        where it ran\n", out);
	for (size_t i = 0; i < n; i++) {
		const struct gap *g = &gaps[i];
		char number[24];

		char len[32] = "~";

		text_duration(len + g->estimated, sizeof(len) - 1, gap_ns(g, model_now(m)));
		text_put_right(out, 12, len);
		text_put_duration(out, 10, report_since_start(m, g->request_ns));
		snprintf(number, sizeof(number), "%" PRIu64, g->goid);
		text_put_right(out, 11, g->goid ? number : "?");
		snprintf(number, sizeof(number), "%u", g->cpu);
		text_put_right(out, 5, g->cpu != UINT16_MAX ? number : "?");
		fputs("  ", out);
		text_put_left(out, 11, gap_end_name(g->end));
		fputs("  ", out);
		text_put_left(out, 14, gap_cause_name(g->cause));
		text_place(m, g, out);
		if (g->why != GAP_WHY_NONE)
			fprintf(out, ": %s", gap_why_text(g->why));
		fputc('\n', out);
	}
	return 0;
}

static int text_threads(const struct model *m, size_t max, FILE *out)
{
	/* One more than is shown tells whether there are more. */
	cleanup_free struct thread_total *threads = calloc(max + 1, sizeof(*threads));

	if (!threads)
		return -ENOMEM;
	size_t n = model_threads(m, threads, max + 1);
	text_put_title(out, "Threads, by run time");
	fputs("       TID  name                  run   waiting  sleeping  voluntary  involuntary  migrations\n", out);
	for (size_t i = 0; i < n && i < max; i++) {
		const struct thread_total *t = &threads[i];

		text_put_number(out, 10, t->tid);
		fputs("  ", out);
		text_put_left(out, 15, SAFE(t->comm ? t->comm : ""));
		text_put_duration(out, 10, t->run_ns);
		text_put_duration(out, 10, t->wait_ns);
		text_put_duration(out, 10, t->sleep_ns);
		text_put_number(out, 11, t->voluntary);
		text_put_number(out, 13, t->involuntary);
		text_put_number(out, 12, t->migrations);
		fputc('\n', out);
	}
	if (n > max)
		fputs("  ... and more: --json has up to 200\n", out);
	return 0;
}

static void put_known_duration(FILE *out, size_t cols, uint64_t ns)
{
	if (ns == UINT64_MAX)
		text_put_right(out, cols, "-");
	else
		text_put_duration(out, cols, ns);
}

static int text_cpus(const struct model *m, FILE *out)
{
	cleanup_free struct cpu_total *cpus = calloc(REPORT_CPUS_MAX, sizeof(*cpus));

	if (!cpus)
		return -ENOMEM;
	size_t n = model_cpus(m, cpus, REPORT_CPUS_MAX);
	text_put_title(out, "CPUs");
	fputs("   CPU    target    others      idle  switches  migrations in\n", out);
	for (size_t i = 0; i < n; i++) {
		text_put_number(out, 6, cpus[i].cpu);
		text_put_duration(out, 10, cpus[i].target_ns);
		put_known_duration(out, 10, cpus[i].other_ns);
		put_known_duration(out, 10, cpus[i].idle_ns);
		text_put_number(out, 10, cpus[i].switches);
		text_put_number(out, 15, cpus[i].migrations_in);
		fputc('\n', out);
	}
	return 0;
}

static void text_collector(const struct model *m, const struct session *s, const struct model_counts *c, FILE *out)
{
	double pct = model_overhead_pct(m);

	text_put_title(out, "Collector");
	struct detail_state d;

	model_detail(m, &d);
	fprintf(out, "  %s, detail %s", s->collector ? s->collector : "?", detail_name((enum detail_level)d.level));
	if (d.asked != d.level)
		fprintf(out, " (asked: %s)", detail_name((enum detail_level)d.asked));
	fprintf(out, ": %" PRIu64 " events, %" PRIu64 " lost", c->events, report_lost(c));
	if (c->lost[EV_LOST_LATE] || c->lost[EV_LOST_LABEL])
		fprintf(out, " (%" PRIu64 " late, %" PRIu64 " without their goroutine)", c->lost[EV_LOST_LATE],
			c->lost[EV_LOST_LABEL]);
	if (pct >= 0)
		fprintf(out, "; overhead %.2f %% of one CPU", pct);
	fputc('\n', out);
	if (d.steps_down || d.steps_up)
		fprintf(out, "  the detail was lowered %" PRIu64 " time%s and raised again %" PRIu64 " time%s\n",
			d.steps_down, d.steps_down == 1 ? "" : "s", d.steps_up, d.steps_up == 1 ? "" : "s");
	if (c->lost[EV_LOST_THROTTLE])
		fprintf(out, "  the kernel held samples back %" PRIu64 " time%s\n", c->lost[EV_LOST_THROTTLE],
			c->lost[EV_LOST_THROTTLE] == 1 ? "" : "s");
	for (char **why = s->why_not; why && *why; why++)
		text_put_item(out, "not used:", text_safe((char[1024]){0}, 1024, *why));
	for (char **missing = s->missing; missing && *missing; missing++)
		text_put_item(out, "not seen:", text_safe((char[1024]){0}, 1024, *missing));
}

int report_text(const struct model *m, const struct report_opts *opts, FILE *out)
{
	static const struct report_opts defaults;
	const struct session *s = model_session(m);
	bool seen = report_runtime_seen(s);
	struct model_counts c;

	if (!opts)
		opts = &defaults;
	model_counts(m, &c);
	errno = 0;
	text_header(m, s, &c, out);
	text_cgroup(&c, out);
	int err = text_verdicts(m, out);
	if (err < 0)
		return err;
	if (s->go_version)
		text_async(m, s, out);
	text_interventions(m, out);
	if (seen)
		text_counts(m, &c, out);
	text_hists(m, seen, out);
	err = text_worst(m, opts->max_worst ? opts->max_worst : WORST_DEFAULT, out);
	if (err == 0)
		err = text_sched(m, seen, out);
	if (err == 0)
		err = text_sched_goroutines(m, opts->max_goroutines ? opts->max_goroutines : GOROUTINES_DEFAULT, out);
	if (err == 0)
		err = text_threads(m, opts->max_threads ? opts->max_threads : THREADS_DEFAULT, out);
	if (err == 0)
		err = text_cpus(m, out);
	if (err < 0)
		return err;
	text_collector(m, s, &c, out);
	if (fflush(out) != 0 || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
