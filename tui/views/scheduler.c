/* SPDX-License-Identifier: GPL-2.0-only */
/* What the Go scheduler did: queues, garbage collection, starved goroutines, why they parked, who can't be interrupted.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "tui/draw.h"
#include "tui/views.h"

#define NAME_COLS     11
#define QUEUES_SHOWN  32
#define STARVED_SHOWN 8
#define PARKS_SHOWN   12
#define FUNCS_SHOWN   8

/* Lines of a panel that scrolls: those above its first one aren't drawn. */
struct lines {
	const struct view_ctx *ctx;
	struct grid *g;
	struct rect r;
	int y; /* of the next line */
};

/* A line of a name (may be "") and a text. */
__attribute__((format(printf, 4, 5))) static void put(struct lines *l, const char *name, uint8_t role, const char *fmt,
						      ...)
{
	char text[512];
	va_list ap;
	int y = l->y++;

	if (y < l->r.y || y >= l->r.y + l->r.h)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	grid_text(l->g, l->r.x, y, NAME_COLS, ROLE_LABEL, ROLE_BACKGROUND, 0, name);
	grid_text(l->g, l->r.x + NAME_COLS, y, l->r.w - NAME_COLS, role, ROLE_BACKGROUND, 0, text);
}

static const char *dur(char *dst, size_t cap, uint64_t ns)
{
	return text_duration(dst, cap, ns);
}

#define DUR(ns) dur((char[32]){0}, 32, (ns))

static const char *func_text(const struct model *m, uint32_t func)
{
	const struct func_info *f = model_func(m, func);

	return f ? draw_short_func(f->name) : "?";
}

static void put_queues(struct lines *l)
{
	const struct model *m = l->ctx->model;
	struct runq_total q[QUEUES_SHOWN];
	struct runq_summary s;
	char text[256] = "";
	size_t n = model_runqs(m, q, QUEUES_SHOWN);

	model_runq_summary(m, &s);
	if (!s.rounds) {
		put(l, "run queues", ROLE_DIM, "-");
		return;
	}
	put(l, "run queues", ROLE_TEXT, "mean %.1f  longest %.1f on average, %u at most", s.mean, s.mean_longest,
	    s.max);
	for (size_t i = 0, len = 0; i < n && len + 24 < sizeof(text); i++) {
		if (q[i].p == EV_NO_P)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "global %u", q[i].latest);
		else
			len += (size_t)snprintf(text + len, sizeof(text) - len, "P%u %u  ", q[i].p, q[i].latest);
	}
	put(l, "  now", ROLE_DIM, "%s", text);
}

static void put_gc(struct lines *l, bool exact)
{
	const struct model *m = l->ctx->model;
	uint64_t ns = l->ctx->now_ns > model_start(m) ? l->ctx->now_ns - model_start(m) : 1;
	const struct session *session = model_session(m);
	struct sched_total s;

	if (!session->go_version || session->detail == DETAIL_THREADS) {
		put(l, "GC", ROLE_DIM, "-");
		return;
	}
	model_sched(m, &s);
	put(l, "GC", ROLE_TEXT, "%llu cycle%s, marking %.0f%% of the time, longest %s%s",
	    (unsigned long long)s.gc_cycles, s.gc_cycles == 1 ? "" : "s", (double)s.gc_mark_ns * 100.0 / (double)ns,
	    DUR(s.gc_mark_max_ns), s.gc_marking ? ", marking now" : "");
	if (exact)
		put(l, "", ROLE_TEXT, "workers ran %s, %llu assists %s", DUR(s.gc_worker_ns),
		    (unsigned long long)s.assists, DUR(s.assist_ns));
	else
		put(l, "", ROLE_TEXT, "workers ran about %s, assists -", DUR(s.gc_worker_ns));
}

static void put_starved(struct lines *l)
{
	const struct model *m = l->ctx->model;
	struct starved s[STARVED_SHOWN];
	uint64_t count, ns;
	size_t n = model_starved(m, s, STARVED_SHOWN);

	model_starved_total(m, &count, &ns);
	if (!count) {
		put(l, "starved", ROLE_TEXT, "nobody waited longer than 10 ms for a P");
		return;
	}
	put(l, "starved", ROLE_WARNING, "%llu wait%s over 10 ms, %s together", (unsigned long long)count,
	    count == 1 ? "" : "s", DUR(ns));
	for (size_t i = 0; i < n; i++) {
		char by[128] = "";

		if (s[i].n_holders)
			snprintf(by, sizeof(by), "; %s ran %s", func_text(m, s[i].holder[0].func),
				 DUR(s[i].holder[0].ns));
		put(l, s[i].to_ns ? "" : "  now", s[i].to_ns ? ROLE_TEXT : ROLE_CRITICAL, "%s G%llu %s%s",
		    DUR((s[i].to_ns ? s[i].to_ns : model_now(m)) - s[i].from_ns), (unsigned long long)s[i].goid,
		    func_text(m, s[i].func), by);
	}
}

static void put_parks(struct lines *l)
{
	struct park_total p[PARKS_SHOWN];
	size_t n = model_parks(l->ctx->model, p, PARKS_SHOWN);

	for (size_t i = 0; i < n; i++) {
		char count[32];

		text_count(count, sizeof(count), p[i].count);
		put(l, i ? "" : "parked", ROLE_TEXT, "%s in %s: %s", DUR(p[i].ns), count,
		    wait_reason_name(p[i].reason));
	}
}

static void put_funcs(struct lines *l)
{
	const struct model *m = l->ctx->model;
	struct gap_func f[FUNCS_SHOWN];
	size_t n = model_gap_funcs(m, f, FUNCS_SHOWN);

	for (size_t i = 0; i < n && f[i].unserved; i++) {
		uint8_t why = gap_func_main_why(&f[i]);
		char place[256];

		put(l, i ? "" : "unserved", ROLE_TEXT, "%llu of %llu  %s%s%s", (unsigned long long)f[i].unserved,
		    (unsigned long long)f[i].requests, draw_place(place, sizeof(place), m, f[i].func, f[i].loc),
		    why ? ": " : "", gap_why_text(why));
	}
}

static void scheduler_draw(const struct view_ctx *ctx, struct grid *g, struct rect r)
{
	struct lines l = {.ctx = ctx, .g = g, .r = draw_title(g, r, "Go scheduler", false)};
	bool exact = model_exact_seen(ctx->model);

	l.y = l.r.y - (ctx->ui->panel_scroll > 0 ? ctx->ui->panel_scroll : 0);
	if (exact)
		put_starved(&l);
	put_queues(&l);
	put_gc(&l, exact);
	put_funcs(&l);
	if (exact)
		put_parks(&l);
	else
		put(&l, "waits", ROLE_DIM, "- (starvation and parks need --detail=exact)");
}

const struct view view_scheduler = {
	.name = "scheduler",
	.title = "Go scheduler",
	.help = "starved goroutines, run queues, garbage collection, parks",
	.min_rows = 3,
	.draw = scheduler_draw,
};
