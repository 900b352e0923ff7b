/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Judges: each looks at the model and either finds nothing or writes a verdict for somebody who was woken up at night.
 * A new verdict is one function and one row in the table at the end.
 */
#include "base/text.h"
#include "model/model_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A request is normally answered within microseconds by signal, within a few ms by call; two slices is a hog. */
#define HOG_GAP_NS (2 * GO_SLICE_NS)
/* What users notice: a tenth of a second is a visible hiccup of a service. */
#define HOG_CRITICAL_NS 100000000ULL
/* The runtime means its pauses to stay below 100 µs; ten times that is worth a word, a slice's length an alarm. */
#define STW_STOPPING_NS          1000000ULL
#define STW_STOPPING_CRITICAL_NS GO_SLICE_NS
#define STW_DOMINATED_PCT        50
/* The kernel's own slices are 3 to 4 ms; beyond 10 ms a goroutine waits longer than the Go scheduler would let it. */
#define KGAP_NS           10000000ULL
#define KGAP_SHARE_PCT    10
#define KGAP_CRITICAL_PCT 30
#define KGAP_MIN_NS       20000000ULL /* a share of the first milliseconds says nothing yet */
#define KGAP_MIN_PCT      1 /* long but rare gaps below this share are the ordinary life of a shared machine */
/* A twentieth of the time in which nothing may run is a tail latency of a whole period (100 ms) for many requests. */
#define THROTTLED_CRITICAL_PCT 5
/* Threads that wait a quarter of the time they run, mostly for their own siblings, are too many. */
#define OVERSUBSCRIBED_PCT 25
/* Beyond one event in a hundred the totals are no longer to be trusted. */
#define LOST_WARNING_PCT 1

#define NAME_CAP      96
#define FULL_NAME_CAP 48

struct case_file {
	const struct model *m;
	struct model_counts n;
	struct hist_summary gap, stw_total, stw_stopping, kgap, runqueue;
	struct gap worst_gap;
	bool have_gap;
	uint64_t duration_ns;
	uint64_t kgap_sum_ns;
	uint64_t run_ns, wait_ns; /* of all threads */
};

static uint64_t pct(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part * 100.0 / (double)whole + 0.5) : 0;
}

/* Writes what fits: the parts that others choose are short by then, and the sentence stays readable when it is cut. */
__attribute__((format(printf, 3, 4))) static void say(char *dst, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(dst, cap, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void evidence(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n_evidence == VERDICT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(v->evidence[v->n_evidence++], sizeof(v->evidence[0]), fmt, ap);
	va_end(ap);
}

struct words {
	char s[NAME_CAP];
};

static struct words dur(uint64_t ns)
{
	struct words w;

	text_duration(w.s, sizeof(w.s), ns);
	return w;
}

static struct words escaped(const char *text)
{
	struct words w;

	text_escape(w.s, sizeof(w.s), text, strlen(text));
	return w;
}

/* A function's name without the path of its package when the whole is long: "pkg.(*T).Method". */
static struct words func_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return escaped(slash && strlen(name) > FULL_NAME_CAP ? slash + 1 : name);
}

/* "1 pause", "2 pauses". */
static struct words number_of(uint64_t n, const char *noun)
{
	struct words w;

	say(w.s, sizeof(w.s), "%llu %s%s", (unsigned long long)n, noun, n == 1 ? "" : "s");
	return w;
}

/* A function to show for a goroutine: the one that ran, else the one that started it, else its number. */
static struct words who(const struct model *m, uint32_t func, uint64_t goid)
{
	const struct goroutine *g = goid ? goroutine_find(m, goid) : NULL;
	const struct func_info *f = model_func(m, func ? func : g ? g->start_func : 0);
	struct words w;

	if (f)
		return func_name(f->name);
	if (goid)
		say(w.s, sizeof(w.s), "goroutine %llu", (unsigned long long)goid);
	else
		say(w.s, sizeof(w.s), "a goroutine");
	return w;
}

/* "crunch.go:42", or "" when it isn't known. */
static struct words where(const struct model *m, uint32_t loc)
{
	struct loc_info info;
	struct words file, w = {""};
	const char *slash;

	if (!model_loc(m, loc, &info) || !info.file[0])
		return w;
	slash = strrchr(info.file, '/');
	file = escaped(slash ? slash + 1 : info.file);
	if (info.line)
		say(w.s, sizeof(w.s), "%.60s:%u", file.s, info.line);
	else
		w = file;
	return w;
}

static const char *asker(uint8_t cause)
{
	switch (cause) {
	case GAP_BY_STW:
		return "a stop of the world";
	case GAP_BY_SCAN:
		return "the garbage collector";
	default:
		return "sysmon";
	}
}

static void gap_evidence(const struct case_file *c, struct verdict *v)
{
	const struct gap *g = &c->worst_gap;
	struct words place = where(c->m, g->loc);

	if (!c->have_gap)
		return;
	evidence(v, "Longest: %s (goroutine %llu%s%s) ran on for %s after %s asked it to yield; %s",
		 who(c->m, g->func, g->goid).s, (unsigned long long)g->goid, place.s[0] ? ", " : "", place.s,
		 dur(gap_ns(g, c->m->now_ns)).s, asker(g->cause), g->taken_ns ? "it has left since" : "it still runs");
	if (g->off_cpu_ns > GO_SLICE_NS)
		evidence(v, "For %s of that the kernel gave its thread no CPU", dur(g->off_cpu_ns).s);
}

/* How long the goroutine ran on while it had a CPU. */
static uint64_t held_in(const struct gap *g, uint64_t now)
{
	uint64_t ns = gap_ns(g, now);

	return ns > g->off_cpu_ns ? ns - g->off_cpu_ns : 0;
}

static uint64_t held_ns(const struct case_file *c)
{
	return c->have_gap ? held_in(&c->worst_gap, c->m->now_ns) : 0;
}

static bool async_is_off(const struct case_file *c)
{
	const struct session *s = c->m->session;

	if (c->n.asyncpreemptoff >= 0)
		return c->n.asyncpreemptoff == 1;
	return s && s->async_enabled == 0;
}

static const char *async_advice(const struct session *s)
{
	switch (s ? s->async_source : ASYNC_SOURCE_UNKNOWN) {
	case ASYNC_SOURCE_ENVIRONMENT:
		return "Take asyncpreemptoff=1 out of GODEBUG where the process gets its environment (unit file, "
		       "container "
		       "image, shell) and restart it";
	case ASYNC_SOURCE_LINKER:
		return "Build without -ldflags \"-X runtime.godebugDefault=asyncpreemptoff=1\"";
	case ASYNC_SOURCE_GO_DEBUG:
		return "Take asyncpreemptoff out of the program's go:debug settings and build it again";
	default:
		return "Find who sets asyncpreemptoff=1 (GODEBUG, linker flags, gccheckmark=1) and take it out";
	}
}

static bool judge_async(const struct case_file *c, struct verdict *v)
{
	const struct session *s = c->m->session;
	uint64_t worst = c->have_gap ? gap_ns(&c->worst_gap, c->m->now_ns) : 0;
	bool hurts = held_ns(c) > HOG_GAP_NS;
	struct words place = where(c->m, c->worst_gap.loc);
	const char *source = s ? async_source_name(s->async_source) : NULL;

	if (!async_is_off(c))
		return false;
	v->severity = hurts || c->stw_stopping.max > STW_STOPPING_CRITICAL_NS ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	if (hurts)
		say(v->title, sizeof(v->title), "Asynchronous preemption is off, and %s holds its P for up to %s",
		    who(c->m, c->worst_gap.func, c->worst_gap.goid).s, dur(worst).s);
	else if (v->severity == SEVERITY_CRITICAL)
		say(v->title, sizeof(v->title), "Asynchronous preemption is off, and stopping the world takes up to %s",
		    dur(c->stw_stopping.max).s);
	else
		say(v->title, sizeof(v->title), "Asynchronous preemption is off");
	for (size_t i = 0; s && i < s->n_async_evidence && i < 2; i++) {
		char text[200];

		text_escape(text, sizeof(text), s->async_evidence[i], strlen(s->async_evidence[i]));
		evidence(v, "%s", text);
	}
	if (!s || !s->n_async_evidence)
		evidence(v, "The runtime's asyncpreemptoff is 1 (set by: %s)", source ? source : "unknown");
	gap_evidence(c, v);
	if (c->stw_stopping.count)
		evidence(v, "Stopping the world took up to %s (%s)", dur(c->stw_stopping.max).s,
			 number_of(c->n.stw_count, "pause").s);
	say(v->advice, sizeof(v->advice), "%s.%s%s%s", async_advice(s),
	    hurts && place.s[0] ? " If that can't be, let the loop at " : "", hurts ? place.s : "",
	    hurts && place.s[0] ? " call runtime.Gosched() now and then." : "");
	return true;
}

static bool judge_hog(const struct case_file *c, struct verdict *v)
{
	const struct gap *g = &c->worst_gap;
	uint64_t worst = c->have_gap ? gap_ns(g, c->m->now_ns) : 0;
	bool off = async_is_off(c);
	struct words place = where(c->m, g->loc);

	if (held_ns(c) <= HOG_GAP_NS)
		return false;
	v->severity = worst > HOG_CRITICAL_NS && !off ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	say(v->title, sizeof(v->title), "%s holds its P for up to %s after it is asked to yield",
	    who(c->m, g->func, g->goid).s, dur(worst).s);
	gap_evidence(c, v);
	evidence(v, "Preemption latency: p50 %s, p99 %s, longest %s, over %s", dur(c->gap.p50).s, dur(c->gap.p99).s,
		 dur(c->gap.max).s, number_of(c->gap.count, "request").s);
	if (g->signals)
		evidence(v, "%u SIGURGs were sent to its thread and didn't move it", g->signals);
	if (off)
		say(v->advice, sizeof(v->advice), "With asynchronous preemption on the runtime could interrupt it%s%s.",
		    place.s[0] ? "; or give it a point to yield: the loop at " : "", place.s);
	else
		say(v->advice, sizeof(v->advice),
		    "Look at %s%s: what can't be interrupted is assembly, the runtime's own code (large copies, "
		    "zeroing), C code, or a thread that blocks SIGURG. Split the work, or call runtime.Gosched() "
		    "in it.",
		    place.s[0] ? "the code at " : "that function", place.s);
	return true;
}

static bool judge_stw(const struct case_file *c, struct verdict *v)
{
	uint64_t total = c->stw_total.mean * c->stw_total.count,
		 stopping = c->stw_stopping.mean * c->stw_stopping.count;
	struct stw_pause worst = c->m->worst_stw, cur;
	struct words place;
	uint64_t ns;

	if (model_stw_current(c->m, &cur) && !cur.stopped_ns) {
		uint64_t so_far = c->m->now_ns - cur.asked_ns;

		if (!worst.stopped_ns || so_far > worst.stopped_ns - worst.asked_ns) {
			worst = cur;
			worst.stopped_ns = c->m->now_ns;
		}
	}
	ns = worst.stopped_ns - worst.asked_ns;
	if (c->stw_stopping.max <= STW_STOPPING_NS || pct(stopping, total) < STW_DOMINATED_PCT)
		return false;
	place = where(c->m, worst.waited_loc);
	v->severity = c->stw_stopping.max > STW_STOPPING_CRITICAL_NS ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	if (worst.waited_off_cpu_ns > worst.waited_ns / 2)
		say(v->title, sizeof(v->title),
		    "Stopping the world takes up to %s: the kernel gives %s's thread no CPU", dur(ns).s,
		    who(c->m, worst.waited_func, worst.waited_goid).s);
	else if (worst.waited_goid || worst.waited_func)
		say(v->title, sizeof(v->title), "Stopping the world takes up to %s: it waits for %s", dur(ns).s,
		    who(c->m, worst.waited_func, worst.waited_goid).s);
	else
		say(v->title, sizeof(v->title), "Stopping the world takes up to %s", dur(ns).s);
	evidence(v, "%llu%% of the %s of stop-the-world time went into stopping, in %s",
		 (unsigned long long)pct(stopping, total), dur(total).s, number_of(c->n.stw_count, "pause").s);
	evidence(v, "Stopping: p50 %s, p99 %s, longest %s (%s)", dur(c->stw_stopping.p50).s, dur(c->stw_stopping.p99).s,
		 dur(c->stw_stopping.max).s, stw_reason_name(worst.reason));
	if (worst.waited_ns)
		evidence(v, "The longest one waited %s for goroutine %llu%s%s", dur(worst.waited_ns).s,
			 (unsigned long long)worst.waited_goid, place.s[0] ? " at " : "", place.s);
	if (worst.waited_off_cpu_ns > worst.waited_ns / 2) {
		evidence(v, "Its thread was runnable without a CPU for %s of that", dur(worst.waited_off_cpu_ns).s);
		say(v->advice, sizeof(v->advice),
		    "All goroutines stand still until the last one stops, and that one can't stop while its thread has "
		    "no CPU: "
		    "give the process its CPUs (quota, weight, cpuset), or fewer Ps.");
		return true;
	}
	say(v->advice, sizeof(v->advice),
	    "All goroutines stand still until the last one stops. %s%s%s the P for so long%s.",
	    place.s[0] ? "See why the code at " : "See who holds", place.s, place.s[0] ? " holds" : "",
	    async_is_off(c) ? "; asynchronous preemption would interrupt it" : "");
	return true;
}

static bool judge_throttled(const struct case_file *c, struct verdict *v)
{
	const struct ev_cgroup *cg = &c->n.cgroup;
	uint64_t share = pct(c->n.throttled_ns, c->duration_ns);

	if (!c->n.nr_throttled)
		return false;
	v->severity = share >= THROTTLED_CRITICAL_PCT ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	say(v->title, sizeof(v->title), "The cgroup's CPU quota stopped the process %s, for %s in all",
	    number_of(c->n.nr_throttled, "time").s, dur(c->n.throttled_ns).s);
	if (cg->quota_ns && cg->period_ns)
		evidence(v, "Quota: %s of CPU time every %s, that is %.2f CPUs", dur(cg->quota_ns).s,
			 dur(cg->period_ns).s, (double)cg->quota_ns / (double)cg->period_ns);
	evidence(v, "Throttled %llu%% of the %s watched", (unsigned long long)share, dur(c->duration_ns).s);
	if (c->n.gomaxprocs > 0)
		evidence(v, "GOMAXPROCS is %d", c->n.gomaxprocs);
	say(v->advice, sizeof(v->advice),
	    "Raise the quota (cpu.max, or cpu.cfs_quota_us), or set GOMAXPROCS to the quota rounded up, so that "
	    "the "
	    "period's time isn't used up at once (Go 1.25 and later do that by themselves).");
	return true;
}

/* The thread that took most CPU time from running goroutines. */
static struct kgap_other main_taker(const struct model *m)
{
	struct kgap_other best = m->kgap_others[0];
	struct kernel_gap g;

	for (size_t i = 1; i < KGAP_OTHERS; i++) {
		if (m->kgap_others[i].ns > best.ns)
			best = m->kgap_others[i];
	}
	if (!best.ns && model_worst_kernel_gaps(m, &g, 1)) /* none has ended yet */
		best = (struct kgap_other){
			.tid = g.other_tid, .is_target = g.other_is_target, .ns = m->now_ns - g.start_ns};
	return best;
}

static struct words taker_name(const struct model *m, const struct kgap_other *o)
{
	const char *comm = model_comm(m, o->tid);
	struct words w, name;

	if (!o->tid) {
		say(w.s, sizeof(w.s), "nobody (the CPU stood idle)");
	} else if (comm[0]) {
		name = escaped(comm);
		say(w.s, sizeof(w.s), "%.48s (thread %u%s)", name.s, o->tid, o->is_target ? " of this process" : "");
	} else {
		say(w.s, sizeof(w.s), "thread %u%s", o->tid, o->is_target ? " of this process" : "");
	}
	return w;
}

static bool judge_kernel_gap(const struct case_file *c, struct verdict *v)
{
	uint64_t sum = c->kgap_sum_ns, share = pct(sum, c->run_ns + sum);
	struct kgap_other taker = main_taker(c->m);
	struct words name = taker_name(c->m, &taker);

	if (sum < KGAP_MIN_NS || (share < KGAP_SHARE_PCT && (c->kgap.p99 <= KGAP_NS || share < KGAP_MIN_PCT)))
		return false;
	v->severity = share >= KGAP_CRITICAL_PCT ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	say(v->title, sizeof(v->title),
	    "The kernel kept running goroutines off the CPU %llu%% of the time, up to %s at once",
	    (unsigned long long)share, dur(c->kgap.max).s);
	evidence(v, "%s: p50 %s, p99 %s, together %s", number_of(c->kgap.count, "kernel gap").s, dur(c->kgap.p50).s,
		 dur(c->kgap.p99).s, dur(sum).s);
	evidence(v, "Most of it (%s) went to %s", dur(taker.ns).s, name.s);
	evidence(v, "%llu%% of it went to other threads of this process",
		 (unsigned long long)pct(c->m->kgap_by_target_ns, sum));
	if (c->m->kgap_by_target_ns > sum / 2)
		say(v->advice, sizeof(v->advice),
		    "The process competes with itself: more threads run than there are CPUs. Lower GOMAXPROCS, or "
		    "see what "
		    "runs outside the Go scheduler (C code, blocking system calls).");
	else
		say(v->advice, sizeof(v->advice),
		    "Others want the same CPUs. Move them, or give this process its own (cpuset), a higher weight "
		    "(cpu.weight, nice), or fewer Ps than CPUs.");
	return true;
}

static bool judge_oversubscribed(const struct case_file *c, struct verdict *v)
{
	const struct session *s = c->m->session;
	uint64_t share = pct(c->wait_ns, c->run_ns);

	if (c->wait_ns < KGAP_MIN_NS || share < OVERSUBSCRIBED_PCT || c->m->kgap_by_target_ns <= c->m->h_kgap.sum / 2)
		return false;
	v->severity = SEVERITY_WARNING;
	say(v->title, sizeof(v->title), "More runnable threads than CPUs: they waited %s for a CPU and ran %s",
	    dur(c->wait_ns).s, dur(c->run_ns).s);
	evidence(v, "Run-queue latency: p50 %s, p99 %s, longest %s", dur(c->runqueue.p50).s, dur(c->runqueue.p99).s,
		 dur(c->runqueue.max).s);
	evidence(v, "%llu%% of the kernel gaps' time went to other threads of this process",
		 (unsigned long long)pct(c->m->kgap_by_target_ns, c->m->h_kgap.sum));
	if (c->n.gomaxprocs > 0 && s && s->n_cpus)
		evidence(v, "GOMAXPROCS is %d on %u CPUs", c->n.gomaxprocs, s->n_cpus);
	say(v->advice, sizeof(v->advice),
	    "Set GOMAXPROCS to at most the CPUs that the process may use, and bound what runs beside it (C code, "
	    "system "
	    "calls that block).");
	return true;
}

static bool judge_lost(const struct case_file *c, struct verdict *v)
{
	uint64_t ring = c->n.lost[EV_LOST_RING], queue = c->n.lost[EV_LOST_QUEUE], lost = ring + queue;
	uint64_t all = c->n.events + lost;

	if (!lost)
		return false;
	v->severity = (double)lost * 100.0 > (double)LOST_WARNING_PCT * (double)all ? SEVERITY_WARNING : SEVERITY_INFO;
	say(v->title, sizeof(v->title), "%s lost: the picture has holes", number_of(lost, "event").s);
	evidence(v, "Kernel's buffer full: %llu; schedtop's own queue full: %llu; of %llu events",
		 (unsigned long long)ring, (unsigned long long)queue, (unsigned long long)all);
	say(v->advice, sizeof(v->advice), "Watch with less detail (--detail threads), or give schedtop more CPU.");
	return true;
}

static bool judge_not_go(const struct case_file *c, struct verdict *v)
{
	const struct session *s = c->m->session;

	if (!s || s->go_version)
		return false;
	v->severity = SEVERITY_INFO;
	say(v->title, sizeof(v->title), "This isn't a Go program: only its threads are shown");
	evidence(v, "No Go build information was found in the executable");
	say(v->advice, sizeof(v->advice),
	    "Goroutines, stop-the-world pauses and preemption gaps need a program built with Go.");
	return true;
}

static void judge_ok(const struct case_file *c, struct verdict *v)
{
	v->severity = SEVERITY_INFO;
	v->code = "ok";
	say(v->title, sizeof(v->title), "Nothing wrong seen in %s", dur(c->duration_ns).s);
	if (c->gap.count)
		evidence(v, "Preemption: p99 %s, longest %s, over %s", dur(c->gap.p99).s, dur(c->gap.max).s,
			 number_of(c->gap.count, "request").s);
	if (c->stw_total.count)
		evidence(v, "Stop the world: p99 %s, longest %s, over %s", dur(c->stw_total.p99).s,
			 dur(c->stw_total.max).s, number_of(c->stw_total.count, "pause").s);
	if (c->runqueue.count)
		evidence(v, "Run queue: p99 %s, longest %s", dur(c->runqueue.p99).s, dur(c->runqueue.max).s);
}

/* In the order in which verdicts of one severity are shown. */
static const struct judge {
	const char *code;
	bool (*judge)(const struct case_file *c, struct verdict *v);
} judges[] = {
	{"async-preempt-off", judge_async}, {"goroutine-hogs-p", judge_hog},  {"stw-stopping", judge_stw},
	{"throttled", judge_throttled},     {"kernel-gap", judge_kernel_gap}, {"oversubscribed", judge_oversubscribed},
	{"not-go", judge_not_go},           {"lost-events", judge_lost},
};

#define N_JUDGES (sizeof(judges) / sizeof(judges[0]))

/* The gap in which a goroutine itself ran on for longest: what the kernel added is another verdict's business. */
static bool worst_held(const struct model *m, struct gap *ret)
{
	struct gap all[WORST_KEPT];
	size_t n = model_worst_gaps(m, all, WORST_KEPT);
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t held = held_in(&all[i], m->now_ns);

		if (held > most) {
			most = held;
			*ret = all[i];
		}
	}
	return most > 0;
}

/* Kernel gaps with those that still last at their length so far. */
static void sum_up_kernel_gaps(const struct model *m, struct case_file *c)
{
	struct hist h = m->h_kgap;

	for (size_t i = 0; i < m->n_threads; i++) {
		if (m->threads[i]->kgap_start_ns)
			hist_add(&h, m->now_ns - m->threads[i]->kgap_start_ns);
	}
	hist_summarize(&h, &c->kgap);
	c->kgap_sum_ns = h.sum;
}

static void gather(const struct model *m, struct case_file *c)
{
	*c = (struct case_file){.m = m, .duration_ns = m->now_ns - m->start_ns};
	model_counts(m, &c->n);
	model_gap_summary(m, &c->gap);
	model_stw_summary(m, &c->stw_total, &c->stw_stopping);
	sum_up_kernel_gaps(m, c);
	hist_summarize(&m->h_runqueue, &c->runqueue);
	c->have_gap = worst_held(m, &c->worst_gap);
	for (size_t i = 0; i < m->n_threads; i++) {
		uint64_t run, wait, sleep;

		thread_times(m->threads[i], m->now_ns, &run, &wait, &sleep);
		c->run_ns += run;
		c->wait_ns += wait;
	}
}

size_t model_verdicts(const struct model *m, struct verdict *ret, size_t cap)
{
	struct verdict all[N_JUDGES + 1];
	struct case_file c;
	size_t n = 0, n_out = 0;
	bool trouble = false;

	gather(m, &c);
	for (size_t i = 0; i < N_JUDGES; i++) {
		memset(&all[n], 0, sizeof(all[n]));
		all[n].code = judges[i].code;
		if (!judges[i].judge(&c, &all[n]))
			continue;
		trouble |= all[n].severity > SEVERITY_INFO;
		n++;
	}
	if (!trouble) {
		memset(&all[n], 0, sizeof(all[n]));
		judge_ok(&c, &all[n++]);
	}
	for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
		for (size_t i = 0; i < n && n_out < cap; i++) {
			if ((int)all[i].severity == severity)
				ret[n_out++] = all[i];
		}
	}
	return n_out;
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info", [SEVERITY_WARNING] = "warning", [SEVERITY_CRITICAL] = "critical"};

	return s <= SEVERITY_CRITICAL ? names[s] : "unknown";
}
