/* SPDX-License-Identifier: GPL-2.0-only */
/* The search for threads that lost their signal, over a reader that says what the test wants. */
#include "target/stuck.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ULL

static struct {
	struct stuck_m ms[STUCK_MAX];
	size_t n;
	int err, send_err;
	uint32_t sent[8];
	size_t n_sent;
	bool answers; /* a thread that gets a signal handles it */
} world;

static int pending(void *ctx, struct stuck_m *ret, size_t cap)
{
	assert_ptr_equal(ctx, &world);
	assert_true(world.n <= cap);
	if (world.err)
		return world.err;
	memcpy(ret, world.ms, world.n * sizeof(*ret));
	return (int)world.n;
}

static int send_signal(void *ctx, uint32_t tid)
{
	assert_ptr_equal(ctx, &world);
	assert_true(world.n_sent < 8);
	world.sent[world.n_sent++] = tid;
	for (size_t i = 0; world.answers && i < world.n; i++) {
		if (world.ms[i].tid == tid)
			world.ms[i] = world.ms[--world.n];
	}
	return world.send_err;
}

static const struct stuck_reader reader = {.pending = pending, .send = send_signal, .ctx = &world};
static struct stuck s;

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.answers = true;
	stuck_begin(&s, 0);
	return 0;
}

static void add(uint64_t m, uint32_t tid, uint32_t gen, bool on_its_way)
{
	world.ms[world.n++] = (struct stuck_m){.m = m, .tid = tid, .gen = gen, .on_its_way = on_its_way};
}

/* Steps every 5 ms; returns when it was over, in ms. */
static uint64_t run(uint64_t from_ms)
{
	for (uint64_t t = from_ms; t < from_ms + 5000; t += 5) {
		if (stuck_step(&s, &reader, t * MS))
			return t;
	}
	fail_msg("the search has no end");
	return 0;
}

static void none_is_over_at_once(void **state)
{
	char text[STUCK_TEXT_CAP];

	(void)state;
	assert_int_equal(run(0), 0);
	assert_int_equal(s.found, 0);
	assert_int_equal(world.n_sent, 0);
	assert_string_equal(stuck_text(&s, text, sizeof(text)), "no thread had lost its preemption signal");
}

static void a_stuck_one_gets_one_signal(void **state)
{
	char text[STUCK_TEXT_CAP];

	(void)state;
	add(0x1000, 11, 5, false);
	assert_int_equal(run(0), STUCK_NS / MS + 5);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.repaired, 1);
	assert_int_equal(world.n_sent, 1);
	assert_int_equal(world.sent[0], 11);
	assert_string_equal(stuck_text(&s, text, sizeof(text)),
			    "1 thread had lost the signal; 1 repaired with one SIGURG each");
}

static void one_on_its_way_is_left(void **state)
{
	(void)state;
	add(0x1000, 11, 5, true);
	assert_int_equal(run(0), 0);
	assert_int_equal(world.n_sent, 0);
}

/* A signal that the kernel had taken out, but whose handler hadn't come so far yet. */
static void a_handler_that_runs_is_left(void **state)
{
	(void)state;
	add(0x1000, 11, 5, false);
	add(0x2000, 12, 7, false);
	add(0x3000, 13, 9, false);
	for (uint64_t t = 0; t < 50; t += 5)
		assert_false(stuck_step(&s, &reader, t * MS));
	world.ms[0].gen++;             /* handled, and asked again */
	world.ms[1].on_its_way = true; /* asked again */
	world.n = 2;                   /* handled */
	assert_int_equal(run(50), 50);
	assert_int_equal(s.found, 0);
	assert_int_equal(world.n_sent, 0);
}

static void time_alone_is_not_enough(void **state)
{
	(void)state;
	add(0x1000, 11, 5, false);
	/* Looks a second apart, as on a machine that is overloaded: each counts for one. */
	for (unsigned i = 0; i + 1 < STUCK_LOOKS; i++)
		assert_false(stuck_step(&s, &reader, i * 1000 * MS));
	assert_int_equal(world.n_sent, 0);
	assert_false(stuck_step(&s, &reader, STUCK_LOOKS * 1000 * MS));
	assert_int_equal(world.n_sent, 1);
}

static void one_that_does_not_answer_is_told(void **state)
{
	(void)state;
	world.answers = false;
	add(0x1000, 11, 5, false);
	add(0x2000, 12, 5, false);
	for (uint64_t t = 0; s.phase == STUCK_SEARCHING; t += 5)
		assert_false(stuck_step(&s, &reader, t * MS));
	world.ms[1].gen++; /* this one did: it is asked again */
	run(105);
	assert_int_equal(s.found, 2);
	assert_int_equal(s.repaired, 1);
	assert_int_equal(world.n_sent, 2);
}

static void errors(void **state)
{
	char text[STUCK_TEXT_CAP];

	(void)state;
	/* The process has ended. */
	world.err = -ESRCH;
	assert_int_equal(run(0), 0);
	/* A list that can't be read now may be read later, but not for ever. */
	stuck_begin(&s, 0);
	world.err = -EFAULT;
	assert_false(stuck_step(&s, &reader, 0));
	assert_true(run(0) > REPAIR_NS / MS);
	assert_non_null(strstr(stuck_text(&s, text, sizeof(text)), "couldn't be looked for"));
	/* The thread ends before its signal. */
	world.err = 0;
	world.send_err = -ESRCH;
	stuck_begin(&s, 0);
	add(0x1000, 11, 5, false);
	for (uint64_t t = 0; s.phase == STUCK_SEARCHING; t += 5)
		stuck_step(&s, &reader, t * MS);
	assert_int_equal(s.found, 0);
	/* It isn't allowed. */
	world.send_err = -EPERM;
	world.answers = false;
	world.n = 1;
	stuck_begin(&s, 0);
	run(0);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.repaired, 0);
	assert_int_equal(s.err, -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(none_is_over_at_once, setup),
		cmocka_unit_test_setup(a_stuck_one_gets_one_signal, setup),
		cmocka_unit_test_setup(one_on_its_way_is_left, setup),
		cmocka_unit_test_setup(a_handler_that_runs_is_left, setup),
		cmocka_unit_test_setup(time_alone_is_not_enough, setup),
		cmocka_unit_test_setup(one_that_does_not_answer_is_told, setup),
		cmocka_unit_test_setup(errors, setup),
	};

	return cmocka_run_group_tests_name("stuck", tests, NULL, NULL);
}
