/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/text_sched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/report_internal.h"
#include "report/text_write.h"

#define FUNCS_SHOWN   10
#define PARKS_SHOWN   8
#define STARVED_SHOWN 5

static const char *dur(char *dst, size_t cap, uint64_t ns)
{
	return text_duration(dst, cap, ns);
}

#define DUR(ns) dur((char[32]){0}, 32, (ns))

static void text_by_func(const struct model *m, FILE *out)
{
	struct gap_func f[FUNCS_SHOWN];
	size_t n = model_gap_funcs(m, f, FUNCS_SHOWN);

	if (!n || !f[0].unserved)
		return;
	text_put_title(out, "Functions that weren't interrupted within 1 ms");
	fputs("    unserved  requests     worst  function\n", out);
	for (size_t i = 0; i < n && f[i].unserved; i++) {
		struct report_place place = report_place_of(m, f[i].func, f[i].loc);
		uint8_t why = gap_func_main_why(&f[i]);

		text_put_number(out, 12, f[i].unserved);
		text_put_number(out, 10, f[i].requests);
		text_put_duration(out, 10, f[i].worst_ns);
		fprintf(out, "  %s", place.func ? SAFE(place.func) : "?");
		if (place.file)
			fprintf(out, " (%s:%" PRIu32 ")", SAFE(place.file), place.line);
		fprintf(out, "%s%s\n", why ? ": " : "", gap_why_text(why));
	}
}

static void text_gc(const struct model *m, FILE *out)
{
	bool exact = model_exact_seen(m);
	struct sched_total s;

	model_sched(m, &s);
	if (!s.gc_cycles && !s.gc_marking && !s.gc_worker_ns && !s.assists)
		return;
	text_put_title(out, "Garbage collection");
	fprintf(out, "  %" PRIu64 " cycle%s, marking for %s (longest %s), workers ran for %s", s.gc_cycles,
		s.gc_cycles == 1 ? "" : "s", DUR(s.gc_mark_ns), DUR(s.gc_mark_max_ns), DUR(s.gc_worker_ns));
	if (exact)
		fprintf(out, "; %" PRIu64 " assists, %s", s.assists, DUR(s.assist_ns));
	fputc('\n', out);
}

static void text_parks(const struct model *m, FILE *out)
{
	struct park_total p[PARKS_SHOWN];
	size_t n = model_exact_seen(m) ? model_parks(m, p, PARKS_SHOWN) : 0;

	if (!n)
		return;
	text_put_title(out, "Why goroutines parked");
	fputs("       parks      time  reason\n", out);
	for (size_t i = 0; i < n; i++) {
		text_put_number(out, 12, p[i].count);
		text_put_duration(out, 10, p[i].ns);
		fprintf(out, "  %s\n", wait_reason_name(p[i].reason));
	}
}

static void text_runq(const struct model *m, FILE *out)
{
	struct runq_summary s;

	model_runq_summary(m, &s);
	if (!s.rounds)
		return;
	text_put_title(out, "Run queues of the Ps");
	fprintf(out, "  mean %.1f, longest on average %.1f, longest ever %" PRIu32 ", over %" PRIu64 " reads\n", s.mean,
		s.mean_longest, s.max, s.rounds);
}

static void text_starved(const struct model *m, FILE *out)
{
	struct starved s[STARVED_SHOWN];
	uint64_t count, ns;
	size_t n = model_exact_seen(m) ? model_starved(m, s, STARVED_SHOWN) : 0;

	if (!n)
		return;
	model_starved_total(m, &count, &ns);
	text_put_title(out, "Goroutines that waited longer than 10 ms for a P");
	fprintf(out, "  %" PRIu64 " waits, %s together\n", count, DUR(ns));
	fputs("      waited        at  goroutine  started as; who ran meanwhile\n", out);
	for (size_t i = 0; i < n; i++) {
		const struct func_info *f = model_func(m, s[i].func);

		text_put_duration(out, 12, (s[i].to_ns ? s[i].to_ns : model_now(m)) - s[i].from_ns);
		text_put_duration(out, 10, report_since_start(m, s[i].from_ns));
		text_put_number(out, 11, s[i].goid);
		fprintf(out, "  %s", f ? SAFE(f->name) : "?");
		for (size_t k = 0; k < s[i].n_holders; k++) {
			const struct starved_holder *h = &s[i].holder[k];
			const struct func_info *by = model_func(m, h->func);

			fprintf(out, "%s %s (%" PRIu64 ") %s", k ? "," : ";", by ? SAFE(by->name) : "?", h->goid,
				DUR(h->ns));
		}
		fputc('\n', out);
	}
}

int text_sched(const struct model *m, bool seen, FILE *out)
{
	if (!seen)
		return 0;
	text_by_func(m, out);
	text_gc(m, out);
	text_runq(m, out);
	text_starved(m, out);
	text_parks(m, out);
	return 0;
}

int text_sched_goroutines(const struct model *m, size_t max, FILE *out)
{
	bool exact = model_exact_seen(m);
	cleanup_free struct g_total *gs = calloc(max, sizeof(*gs));

	if (!gs)
		return -ENOMEM;
	size_t n = model_goroutines(m, gs, max);
	if (!n)
		return 0;
	text_put_title(out, "Goroutines, by run time");
	fprintf(out, "   goroutine       run    slices   longest   overrun%s  started as\n",
		exact ? "   waiting   longest  syscalls   assists" : "");
	for (size_t i = 0; i < n; i++) {
		const struct func_info *f = model_func(m, gs[i].start_func);

		text_put_number(out, 12, gs[i].goid);
		text_put_duration(out, 10, gs[i].run_ns);
		text_put_number(out, 10, gs[i].slices);
		text_put_duration(out, 10, gs[i].max_slice_ns);
		text_put_duration(out, 10, gs[i].overrun_ns);
		if (exact) {
			text_put_duration(out, 10, gs[i].wait_ns);
			text_put_duration(out, 10, gs[i].max_wait_ns);
			text_put_duration(out, 10, gs[i].syscall_ns);
			text_put_duration(out, 10, gs[i].assist_ns);
		}
		fprintf(out, "  %s\n", f ? SAFE(f->name) : "?");
	}
	return 0;
}
