/* SPDX-License-Identifier: GPL-2.0-only */
/* The decoder over records as the ring delivers them, with this test program's own stand-in for a Go program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "collectors/decode.h"
#include "events/wire.h"
#include "target/go_target.h"

#define SEEN_MAX 64

static struct event seen[SEEN_MAX];
static char seen_func[SEEN_MAX][64];
static int n_seen;

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	assert_true(n_seen < SEEN_MAX);
	if (ev->head.kind == EV_LOC)
		strncpy(seen_func[n_seen], ev->loc.func, sizeof(seen_func[0]) - 1);
	seen[n_seen++] = *ev;
}

static const struct event_sink sink = {.event = on_event};

/* Links in place of target/go_target.c: three functions, one of them the runtime's. */
int __wrap_go_target_resolve(const struct go_target *t, uint64_t pc, struct go_loc *ret);
int __wrap_go_target_resolve_start(const struct go_target *t, uint64_t pc, struct go_loc *ret);

int __wrap_go_target_resolve(const struct go_target *t, uint64_t pc, struct go_loc *ret)
{
	static const char file[] = "/src/main.go", runtime_file[] = "/go/runtime/proc.go";

	(void)t;
	if (pc >= 0x1000 && pc < 0x2000)
		*ret = (struct go_loc){"main.crunch", file, (uint32_t)(pc - 0x1000) / 16 + 10, 0x1000, false};
	else if (pc >= 0x2000 && pc < 0x3000)
		*ret = (struct go_loc){"main.main", file, 99, 0x2000, false};
	else if (pc >= 0x8000 && pc < 0x9000)
		*ret = (struct go_loc){"runtime.memmove", runtime_file, 5, 0x8000, true};
	else
		return -ENOENT;
	return 0;
}

int __wrap_go_target_resolve_start(const struct go_target *t, uint64_t pc, struct go_loc *ret)
{
	return __wrap_go_target_resolve(t, pc, ret);
}

static int setup(void **state)
{
	struct decoder *d = decoder_new();
	static char anything;

	decoder_set_target(d, (const struct go_target *)(void *)&anything);
	n_seen = 0;
	memset(seen_func, 0, sizeof(seen_func));
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	decoder_free(*state);
	return 0;
}

static struct wire_at at(uint8_t kind, const uint64_t *pcs, uint8_t n)
{
	struct wire_at w = {
		.head = {.time_ns = 50, .tid = 7, .kind = kind, .flags = EVF_LABEL}, .goid = 3, .p = 1, .n_frames = n};

	memcpy(w.pc, pcs, n * sizeof(*pcs));
	return w;
}

static void samples_blame_the_users_code(void **state)
{
	const uint64_t pcs[] = {0x8010, 0x1021, 0x2001};
	struct wire_at w = at(EV_SAMPLE, pcs, 3);

	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 3);
	assert_int_equal(seen[0].head.kind, EV_LOC);
	assert_string_equal(seen_func[0], "runtime.memmove");
	assert_string_equal(seen_func[1], "main.crunch");
	assert_int_equal(seen[1].loc.line, 12); /* the call is before the return address */
	assert_int_equal(seen[2].head.kind, EV_SAMPLE);
	assert_int_equal(seen[2].at.loc, seen[0].loc.id);
	assert_int_equal(seen[2].at.blame, seen[1].loc.id);
	assert_int_equal(seen[2].at.goid, 3);
	/* The second time nothing is announced again. */
	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 1);
}

static void unknown_places_stay_unknown(void **state)
{
	const uint64_t pcs[] = {0xdead, 0, UINT64_MAX};
	struct wire_at w = at(EV_SIGNAL_DELIVER, pcs, 3);

	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 1);
	assert_int_equal(seen[0].at.loc, EV_NO_LOC);
	assert_int_equal(seen[0].at.blame, EV_NO_LOC);
	w.n_frames = 255; /* a count is never trusted */
	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 1);
}

static void names_are_told_once(void **state)
{
	struct wire_comm w = {
		.head = {.time_ns = 10, .tid = 900, .kind = EV_COMM},
		.comm = {.tid = 900, .tgid = 899, .comm = "stress"},
	};

	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 1);
	assert_int_equal(seen[0].head.kind, EV_COMM);
	assert_string_equal(seen[0].comm.comm, "stress");
	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 0);
	strcpy(w.comm.comm, "renamed");
	assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 1);
}

static void both_forms_of_taken(void **state)
{
	const uint64_t pcs[] = {0x8010, 0x1001};
	struct wire_at with = at(EV_PREEMPT_TAKEN, pcs, 2);
	struct wire_preempt without = {.head = {.kind = EV_PREEMPT_TAKEN},
				       .preempt = {.goid = 4, .how = EV_TAKEN_COOP}};

	with.how = EV_TAKEN_ASYNC;
	assert_int_equal(decoder_record(*state, &with, sizeof(with), 0, &sink), 3);
	assert_int_equal(seen[2].preempt.how, EV_TAKEN_ASYNC);
	assert_int_equal(seen[2].preempt.loc, seen[1].loc.id);
	assert_int_equal(seen[2].preempt.m_tid, 7);
	n_seen = 0;
	assert_int_equal(decoder_record(*state, &without, sizeof(without), 0, &sink), 1);
	assert_int_equal(seen[0].preempt.how, EV_TAKEN_COOP);
}

static void late_records_move_forward(void **state)
{
	struct ev_head exit = {.time_ns = 10, .tid = 5, .kind = EV_THREAD_EXIT};

	assert_int_equal(decoder_record(*state, &exit, sizeof(exit), 30, &sink), 1);
	assert_int_equal(seen[0].head.time_ns, 30);
}

static void reasons_of_old_versions(void **state)
{
	static const struct {
		const char *text;
		uint8_t reason;
	} known[] = {{"", EV_STW_GC_SWEEP_TERM},
		     {"gcing", EV_STW_GC_MARK_TERM},
		     {"read mem stats", EV_STW_READ_MEM_STATS},
		     {"something new", EV_STW_UNKNOWN}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct wire_stw w = {.head = {.kind = EV_STW_STOP}, .is_text = 1};

		w.text_len = (uint8_t)strlen(known[i].text);
		memcpy(w.text, known[i].text, w.text_len);
		n_seen = 0;
		assert_int_equal(decoder_record(*state, &w, sizeof(w), 0, &sink), 1);
		assert_int_equal(seen[0].stw.reason, known[i].reason);
	}
	struct wire_stw w = {.head = {.kind = EV_STW_STOP}, .reason = 200};
	n_seen = 0;
	decoder_record(*state, &w, sizeof(w), 0, &sink);
	assert_int_equal(seen[0].stw.reason, EV_STW_UNKNOWN);
}

/* Every kind, cut at every length: refused or decoded, never read beyond its end (ASan watches). */
static void cut_records(void **state)
{
	for (int kind = 0; kind <= 255; kind++) {
		for (size_t len = 0; len <= sizeof(struct wire_at); len++) {
			unsigned char *exact = test_malloc(len ? len : 1);
			struct ev_head head = {.kind = (uint8_t)kind};

			memset(exact, 0xff, len);
			memcpy(exact, &head, len < sizeof(head) ? len : sizeof(head));
			n_seen = 0;
			int n = decoder_record(*state, exact, len, 0, &sink);
			assert_true(n == n_seen || n == -EINVAL);
			assert_true(len >= sizeof(head) || n == -EINVAL);
			test_free(exact);
		}
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(samples_blame_the_users_code),
		TEST(unknown_places_stay_unknown),
		TEST(names_are_told_once),
		TEST(both_forms_of_taken),
		TEST(late_records_move_forward),
		TEST(reasons_of_old_versions),
		TEST(cut_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
