/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporters over a small stream whose every result is known. */
#include "export/counters.h"
#include "export/export.h"
#include "export/perfetto.pb-c.h"
#include "tests/model/stream.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define EVIL "=ev\x1b[2J,\"il\xff"

struct trial {
	struct session session;
	struct model *m;
	struct export *x;
	int fd;
	char *text; /* the result */
	size_t len;
};

static void begin(struct trial *t, const char *format)
{
	*t = (struct trial){.fd = memfd_create("out", MFD_CLOEXEC)};
	session_init(&t->session);
	t->session.pid = 100;
	t->session.start_ns = T0;
	t->session.start_wall_ns = 1700000000000000000;
	t->m = model_new(NULL, &t->session);
	assert_true(t->fd >= 0 && t->m);
	assert_non_null(export_format_find(format));
	assert_int_equal(export_new(export_format_find(format), t->fd, t->m, &t->x), 0);
}

static void finish(struct trial *t, struct export_counts *ret)
{
	off_t len;

	assert_int_equal(export_end(t->x, ret), 0);
	len = lseek(t->fd, 0, SEEK_END);
	assert_true(len > 0);
	t->len = (size_t)len;
	t->text = calloc(1, t->len + 1);
	assert_non_null(t->text);
	assert_int_equal(pread(t->fd, t->text, t->len, 0), t->len);
}

static void done(struct trial *t)
{
	free(t->text);
	export_free(t->x);
	model_free(t->m);
	session_done(&t->session);
	close(t->fd);
}

/* One run of a goroutine with a gap in it, one pause, one gap and one pause that still go on. */
static void events(struct trial *t)
{
	tick(t->m, 0);
	location(t->m, 1, "main." EVIL, "/src/" EVIL ".go", 42);
	location(t->m, 2, EVIL, "", 0);
	names_thread(t->m, 101, EVIL);
	goroutine(t->m, 7, 1);
	goroutine(t->m, 8, 2);
	comes(t->m, 1000, 0, 101);
	sample(t->m, 5000, 0, 101, 7, 3, 1);
	request(t->m, 12000, 101, 7, 3, EV_REQ_PREEMPTONE);
	sample(t->m, 13000, 0, 101, 7, 3, 1);
	taken(t->m, 14000, 101, 7, 3, EV_TAKEN_COOP);
	sleeps(t->m, 20000, 0, 101, 8, 3);
	stw_stop(t->m, 30000, 101, EV_STW_GC_SWEEP_TERM);
	stw_start(t->m, 30900, 101, 30000, 30700);
	comes(t->m, 40000, 0, 101);
	sample(t->m, 41000, 0, 101, 8, 3, 2);
	stw_stop(t->m, 42000, 101, EV_STW_GOMAXPROCS);
	request(t->m, 42000, 101, 8, 3, EV_REQ_PREEMPTONE);
	struct event ev = ev_make(45000, EV_SETTING, 0);
	ev.setting = (struct ev_setting){
		.at_ns = AT_US(45000), .from = 1, .setting = EV_SETTING_ASYNCPREEMPTOFF, .what = EV_SETTING_WRITTEN};
	model_feed(t->m, &ev);
	tick(t->m, 50000);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void json(void **state)
{
	struct export_counts n;
	struct trial t;

	(void)state;
	begin(&t, "json");
	events(&t);
	finish(&t, &n);
	assert_int_equal(n.gaps, 2);
	assert_int_equal(n.stws, 2);
	assert_int_equal(count(t.text, "{\"kind\":\"gap\""), 2);
	assert_int_equal(count(t.text, "{\"kind\":\"span\""), n.spans);
	assert_non_null(strstr(t.text,
			       "\"start_ns\":1012000000,\"end_ns\":1014000000,\"goid\":7,"
			       "\"func\":\"main.=ev\\\\x1b[2J,\\\"il\\\\xff\","
			       "\"file\":\"/src/=ev\\\\x1b[2J,\\\"il\\\\xff.go\",\"line\":42,\"tid\":101,"
			       "\"comm\":\"=ev\\\\x1b[2J,\\\"il\\\\xff\",\"cpu\":0,\"p\":3,\"cause\":\"sysmon\","
			       "\"taken\":\"cooperative\""));
	assert_non_null(strstr(t.text, "\"reason\":\"GC sweep termination\",\"stopped_ns\":1030700000"));
	assert_non_null(strstr(t.text, "{\"kind\":\"gap\",\"start_ns\":1042000000,\"end_ns\":null,\"goid\":8,"));
	assert_non_null(strstr(t.text, "{\"kind\":\"stw\",\"start_ns\":1042000000,\"end_ns\":null,"));
	assert_int_equal(n.settings, 1);
	assert_non_null(strstr(t.text, "{\"kind\":\"setting\",\"name\":\"asyncpreemptoff\",\"start_ns\":1045000000,"
				       "\"from\":1,\"to\":0,\"by\":\"schedtop\",\"stuck\":null,\"repaired\":null}"));
	done(&t);
}

static void csv(void **state)
{
	struct export_counts n;
	struct trial t;

	(void)state;
	begin(&t, "csv");
	events(&t);
	finish(&t, &n);
	assert_int_equal(count(t.text, "\n"), 1 + n.spans + n.gaps + n.stws + n.counters + n.settings);
	assert_non_null(strstr(t.text, ",\"'=ev\\x1b[2J,\"\"il\\xff\","));
	assert_null(strstr(t.text, ",="));
	assert_null(strstr(t.text, ",\"="));
	assert_null(memchr(t.text, '\x1b', t.len));
	done(&t);
}

static void perfetto(void **state)
{
	struct export_counts n;
	size_t begins = 0, ends = 0, instants = 0;
	struct trial t;

	(void)state;
	begin(&t, "perfetto");
	events(&t);
	finish(&t, &n);
	Pf__Trace *trace = pf__trace__unpack(NULL, t.len, (const uint8_t *)t.text);
	assert_non_null(trace);
	for (size_t i = 0; i < trace->n_packet; i++) {
		const Pf__TrackEvent *e = trace->packet[i]->track_event;

		begins += e && e->type == PF__TRACK_EVENT__TYPE__SLICE_BEGIN;
		instants += e && e->type == PF__TRACK_EVENT__TYPE__INSTANT;
		ends += e && e->type == PF__TRACK_EVENT__TYPE__SLICE_END;
	}
	/* The pause that ended has two parts, the one that goes on is still stopping. */
	assert_int_equal(begins, n.spans + n.gaps + n.stws + 3);
	assert_int_equal(ends, begins);
	assert_int_equal(instants, 1);
	assert_null(memchr(t.text, '\xff', t.len));
	pf__trace__free_unpacked(trace, NULL);
	done(&t);
}

/* A session without an event is a session too. */
static void empty(void **state)
{
	static const char *const formats[] = {"json", "csv", "perfetto"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct export_counts n;
		struct trial t;

		begin(&t, formats[i]);
		finish(&t, &n);
		assert_int_equal(n.spans + n.gaps + n.stws + n.counters + n.settings, 0);
		done(&t);
	}
	assert_null(export_format_find("pprof"));
}

/* An export that never ends, because the capture couldn't be read on, frees what it holds. */
static void given_up(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, "perfetto");
	events(&t);
	done(&t);
}

struct values {
	struct counter_value v[32];
	size_t n;
};

static void on_value(void *ctx, const struct counter_value *v)
{
	struct values *all = ctx;

	assert_true(all->n < 32);
	all->v[all->n++] = *v;
}

static void cpu_switch(struct counters *c, uint64_t us, uint16_t cpu, bool comes_target)
{
	struct event ev = ev_make(us, EV_SWITCH, 0);

	ev.head.cpu = cpu;
	ev.head.flags = comes_target ? EVF_NEXT_TARGET : EVF_PREV_TARGET;
	counters_event(c, &ev, ev.head.time_ns, 0);
}

static void cpu_use(void **state)
{
	/* Both CPUs for 5 ms, one for 30 more, then none. */
	static const struct {
		uint64_t us, pct;
	} expected[] = {{0, 150}, {10000, 100}, {30000, 50}, {40000, 0}};
	struct values got = {0};
	struct counters *c = malloc(sizeof(*c));

	(void)state;
	assert_non_null(c);
	counters_init(c, on_value, &got);
	cpu_switch(c, 0, 0, true);
	cpu_switch(c, 0, 1, true);
	cpu_switch(c, 5000, 1, false);
	cpu_switch(c, 35000, 0, false);
	cpu_switch(c, 90000000, 0, false);
	counters_end(c, AT_US(90001000));
	assert_int_equal(got.n, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(got.v[i].kind, COUNTER_CPU_PCT);
		assert_int_equal(got.v[i].time_ns, AT_US(expected[i].us));
		assert_int_equal(got.v[i].value, expected[i].pct);
	}
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json),  cmocka_unit_test(csv),      cmocka_unit_test(perfetto),
		cmocka_unit_test(empty), cmocka_unit_test(given_up), cmocka_unit_test(cpu_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
