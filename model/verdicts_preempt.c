/* SPDX-License-Identifier: GPL-2.0-only */
/* Judges of preemption and of stops of the world. */
#include "base/text.h"
#include "model/verdicts_internal.h"

#include <string.h>

/* What users notice: a tenth of a second is a visible hiccup of a service. */
#define HOG_CRITICAL_NS 100000000ULL
/* The runtime means its pauses to stay below 100 µs; ten times that is worth a word, a slice's length an alarm. */
#define STW_STOPPING_NS          1000000ULL
#define STW_STOPPING_CRITICAL_NS GO_SLICE_NS
#define STW_DOMINATED_PCT        50

#define FUNCS_LOOKED_AT 16

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
	struct words place = words_where(c->m, g->loc);

	if (!c->have_gap)
		return;
	verdict_evidence(v, "Longest: %s (goroutine %llu%s%s) ran on for %s after %s asked it to yield; %s",
			 words_who(c->m, g->func, g->goid).s, (unsigned long long)g->goid, place.s[0] ? ", " : "",
			 place.s, words_dur(gap_ns(g, c->m->now_ns)).s, asker(g->cause),
			 g->taken_ns ? "it has left since" : "it still runs");
	if (g->off_cpu_ns > GO_SLICE_NS)
		verdict_evidence(v, "For %s of that the kernel gave its thread no CPU", words_dur(g->off_cpu_ns).s);
}

static uint64_t held_ns(const struct case_file *c)
{
	return c->have_gap ? verdict_held_ns(&c->worst_gap, c->m->now_ns) : 0;
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

bool judge_async(const struct case_file *c, struct verdict *v)
{
	const struct session *s = c->m->session;
	uint64_t worst = c->have_gap ? gap_ns(&c->worst_gap, c->m->now_ns) : 0;
	bool hurts = held_ns(c) > HOG_GAP_NS;
	struct words place = words_where(c->m, c->worst_gap.loc);
	const char *source = s ? async_source_name(s->async_source) : NULL;

	if (!gap_async_is_off(c->m))
		return false;
	v->severity = hurts || c->stw_stopping.max > STW_STOPPING_CRITICAL_NS ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	if (hurts)
		verdict_say(v->title, sizeof(v->title),
			    "Asynchronous preemption is off, and %s holds its P for up to %s",
			    words_who(c->m, c->worst_gap.func, c->worst_gap.goid).s, words_dur(worst).s);
	else if (v->severity == SEVERITY_CRITICAL)
		verdict_say(v->title, sizeof(v->title),
			    "Asynchronous preemption is off, and stopping the world takes up to %s",
			    words_dur(c->stw_stopping.max).s);
	else
		verdict_say(v->title, sizeof(v->title), "Asynchronous preemption is off");
	for (size_t i = 0; s && i < s->n_async_evidence && i < 2; i++) {
		char text[200];

		text_escape(text, sizeof(text), s->async_evidence[i], strlen(s->async_evidence[i]));
		verdict_evidence(v, "%s", text);
	}
	if (!s || !s->n_async_evidence)
		verdict_evidence(v, "The runtime's asyncpreemptoff is 1 (set by: %s)", source ? source : "unknown");
	gap_evidence(c, v);
	if (c->stw_stopping.count)
		verdict_evidence(v, "Stopping the world took up to %s (%s)", words_dur(c->stw_stopping.max).s,
				 words_number(c->n.stw_count, "pause").s);
	verdict_say(v->advice, sizeof(v->advice),
		    "%s. Until then it can be switched on in the live process: key A, or schedtop set PID "
		    "asyncpreemptoff=0.%s%s%s",
		    async_advice(s), hurts && place.s[0] ? " If that can't be, let the loop at " : "",
		    hurts ? place.s : "", hurts && place.s[0] ? " call runtime.Gosched() now and then." : "");
	return true;
}

/* Is it this one gap, or this function's way? */
static void func_evidence(const struct case_file *c, struct verdict *v)
{
	struct gap_func all[FUNCS_LOOKED_AT];
	size_t n = c->worst_gap.func ? model_gap_funcs(c->m, all, FUNCS_LOOKED_AT) : 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t why = gap_func_main_why(&all[i]);

		if (all[i].func != c->worst_gap.func || all[i].unserved < 2)
			continue;
		verdict_evidence(v, "%llu of %s to this function weren't served within %s%s%s",
				 (unsigned long long)all[i].unserved, words_number(all[i].requests, "request").s,
				 words_dur(GAP_UNSERVED_NS).s, why ? "; mostly: " : "", gap_why_text(why));
	}
}

/* What to do about a goroutine that runs on, by why it wasn't interrupted. @place is "" if it isn't known. */
static void hog_advice(const struct gap *g, const char *place, bool off, struct verdict *v)
{
	const char *what = place[0] ? "the loop at " : "that function";

	switch ((enum gap_why)g->why) {
	case GAP_WHY_NO_SAFE_POINT:
		verdict_say(
			v->advice, sizeof(v->advice),
			"The signal arrives, but %s%s has no safe point there: assembly, the runtime's own code "
			"(large copies, zeroing, maps) or code that holds a lock of the runtime. Split the work into "
			"smaller pieces, or call runtime.Gosched() between them.",
			what, place);
		return;
	case GAP_WHY_NOT_DELIVERED:
		verdict_say(v->advice, sizeof(v->advice),
			    "SIGURG doesn't get to the thread: look for C code that blocks signals, or a seccomp "
			    "filter that "
			    "refuses tgkill. Until then let %s%s call runtime.Gosched() now and then.",
			    what, place);
		return;
	case GAP_WHY_IN_KERNEL:
		verdict_say(
			v->advice, sizeof(v->advice),
			"It is in the kernel or in C code there, where the runtime can't interrupt it: see what %s%s "
			"calls (disk, page faults, cgo), and keep it short or on a thread of its own.",
			what, place);
		return;
	case GAP_WHY_ASYNC_OFF:
	case GAP_WHY_NO_CPU:
	case GAP_WHY_NONE:
	case GAP_WHY_COUNT:
		break;
	}
	if (g->why == GAP_WHY_ASYNC_OFF && !off)
		verdict_say(
			v->advice, sizeof(v->advice),
			"Asynchronous preemption was off then, and has been switched on in the live process since. It "
			"is off again after a restart, unless who sets asyncpreemptoff=1 is found.");
	else if (off)
		verdict_say(v->advice, sizeof(v->advice),
			    "Asynchronous preemption is off; with it on the runtime could interrupt it%s%s.",
			    place[0] ? ". Or give it a point to yield: the loop at " : "", place);
	else
		verdict_say(
			v->advice, sizeof(v->advice),
			"Look at %s%s: what can't be interrupted is assembly, the runtime's own code (large copies, "
			"zeroing), C code, or a thread that blocks SIGURG. Split the work, or call runtime.Gosched() "
			"in it.",
			place[0] ? "the code at " : "that function", place);
}

bool judge_hog(const struct case_file *c, struct verdict *v)
{
	const struct gap *g = &c->worst_gap;
	uint64_t worst = c->have_gap ? gap_ns(g, c->m->now_ns) : 0;
	bool off = gap_async_is_off(c->m);
	struct words place = words_where(c->m, g->loc);

	if (held_ns(c) <= HOG_GAP_NS)
		return false;
	v->severity = worst > HOG_CRITICAL_NS && !off ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	verdict_say(v->title, sizeof(v->title), "%s holds its P for up to %s after it is asked to yield",
		    words_who(c->m, g->func, g->goid).s, words_dur(worst).s);
	gap_evidence(c, v);
	verdict_evidence(v, "Preemption latency: p50 %s, p99 %s, longest %s, over %s", words_dur(c->gap.p50).s,
			 words_dur(c->gap.p99).s, words_dur(c->gap.max).s, words_number(c->gap.count, "request").s);
	if (g->signals && g->why != GAP_WHY_ASYNC_OFF)
		verdict_evidence(v, "%u SIGURGs were sent to its thread, %u delivered: none moved it", g->signals,
				 g->delivered);
	func_evidence(c, v);
	hog_advice(g, place.s, off, v);
	return true;
}

bool judge_stw(const struct case_file *c, struct verdict *v)
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
	if (c->stw_stopping.max <= STW_STOPPING_NS || verdict_pct(stopping, total) < STW_DOMINATED_PCT)
		return false;
	place = words_where(c->m, worst.waited_loc);
	v->severity = c->stw_stopping.max > STW_STOPPING_CRITICAL_NS ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	if (worst.waited_off_cpu_ns > worst.waited_ns / 2)
		verdict_say(v->title, sizeof(v->title),
			    "Stopping the world takes up to %s: the kernel gives %s's thread no CPU", words_dur(ns).s,
			    words_who(c->m, worst.waited_func, worst.waited_goid).s);
	else if (worst.waited_goid || worst.waited_func)
		verdict_say(v->title, sizeof(v->title), "Stopping the world takes up to %s: it waits for %s",
			    words_dur(ns).s, words_who(c->m, worst.waited_func, worst.waited_goid).s);
	else
		verdict_say(v->title, sizeof(v->title), "Stopping the world takes up to %s", words_dur(ns).s);
	verdict_evidence(v, "%llu%% of the %s of stop-the-world time went into stopping, in %s",
			 (unsigned long long)verdict_pct(stopping, total), words_dur(total).s,
			 words_number(c->n.stw_count, "pause").s);
	verdict_evidence(v, "Stopping: p50 %s, p99 %s, longest %s (%s)", words_dur(c->stw_stopping.p50).s,
			 words_dur(c->stw_stopping.p99).s, words_dur(c->stw_stopping.max).s,
			 stw_reason_name(worst.reason));
	if (worst.waited_ns)
		verdict_evidence(v, "The longest one waited %s for goroutine %llu%s%s", words_dur(worst.waited_ns).s,
				 (unsigned long long)worst.waited_goid, place.s[0] ? " at " : "", place.s);
	if (worst.waited_off_cpu_ns > worst.waited_ns / 2) {
		verdict_evidence(v, "Its thread was runnable without a CPU for %s of that",
				 words_dur(worst.waited_off_cpu_ns).s);
		verdict_say(v->advice, sizeof(v->advice),
			    "All goroutines stand still until the last one stops, and that one can't stop while its "
			    "thread has "
			    "no CPU: "
			    "give the process its CPUs (quota, weight, cpuset), or fewer Ps.");
		return true;
	}
	verdict_say(v->advice, sizeof(v->advice),
		    "All goroutines stand still until the last one stops. %s%s%s the P for so long%s.",
		    place.s[0] ? "See why the code at " : "See who holds", place.s, place.s[0] ? " holds" : "",
		    gap_async_is_off(c->m) ? "; asynchronous preemption would interrupt it" : "");
	return true;
}
