/* SPDX-License-Identifier: GPL-2.0-only */
/* The sampler over an image of a Go process's memory: what is told of two looks, and what of torn ones. */
#include "collectors/sampler_look.h"
#include "collectors/sampler_tell.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/decode.h"

#define BASE    0x10000ULL
#define ALLM    (BASE + 0x00)
#define ALLP    (BASE + 0x10)
#define SCHED   (BASE + 0x40)
#define PHASE   (BASE + 0x80)
#define P_LIST  (BASE + 0x100)
#define P_AT(i) (BASE + 0x1000 + 0x100 * (uint64_t)(i))
#define M_AT(i) (BASE + 0x2000 + 0x100 * (uint64_t)(i))
#define G_AT(i) (BASE + 0x3000 + 0x100 * (uint64_t)(i))
#define SIZE    0x5000

static const struct go_offsets offsets = {.g_m = 8,
					  .g_atomicstatus = 16,
					  .g_goid = 24,
					  .g_preempt = 32,
					  .g_parentgoid = 40,
					  .g_gopc = 48,
					  .g_startpc = 56,
					  .m_procid = 0,
					  .m_curg = 8,
					  .m_p = 16,
					  .m_alllink = 24,
					  .p_id = 0,
					  .p_schedtick = 8,
					  .p_runqhead = 16,
					  .p_runqtail = 20,
					  .p_runnext = 24,
					  .sched_gcwaiting = 0,
					  .sched_stopwait = 4,
					  .sched_runqsize = 8};

struct image {
	unsigned char mem[SIZE];
	struct look look;
	struct tell tell;
	struct event told[64];
	size_t n;
	uint64_t now_ns;
	void (*between)(struct image *im); /* the process goes on between the two calls of a look */
	unsigned calls;
	int fail;
};

static void put(struct image *im, uint64_t addr, uint64_t v)
{
	memcpy(im->mem + (addr - BASE), &v, sizeof(v));
}

static void put_u32(struct image *im, uint64_t addr, uint32_t v)
{
	memcpy(im->mem + (addr - BASE), &v, sizeof(v));
}

static int read_image(void *ctx, struct go_read *r, size_t n, uint64_t *ret_calls)
{
	struct image *im = ctx;
	int good = 0;

	++*ret_calls;
	if (im->fail)
		return im->fail;
	if (im->calls++ == 1 && im->between)
		im->between(im);
	for (size_t i = 0; i < n; i++) {
		r[i].ok = r[i].addr >= BASE && r[i].addr + r[i].len <= BASE + SIZE;
		if (r[i].ok)
			memcpy(r[i].buf, im->mem + (r[i].addr - BASE), r[i].len);
		good += r[i].ok;
	}
	return good;
}

static uint32_t tid_of(void *ctx, uint64_t procid)
{
	(void)ctx;
	return procid >= 100 && procid < 200 ? (uint32_t)procid : 0;
}

static void keep(void *ctx, const struct event *ev)
{
	struct image *im = ctx;

	assert_true(im->n < 64);
	im->told[im->n++] = *ev;
}

/* M @i on thread 100 + i with P i carries goroutine 10 + i. */
static void carry(struct image *im, unsigned i, unsigned g)
{
	put(im, M_AT(i), 100 + i);
	put(im, M_AT(i) + offsets.m_curg, G_AT(g));
	put(im, M_AT(i) + offsets.m_p, P_AT(i));
	put(im, G_AT(g) + offsets.g_m, M_AT(i));
	put_u32(im, G_AT(g) + offsets.g_atomicstatus, 2);
	put(im, G_AT(g) + offsets.g_goid, 10 + g);
}

static int begin(void **state)
{
	struct image *im = calloc(1, sizeof(*im));
	const struct look_at at = {.off = offsets,
				   .allm = ALLM,
				   .allp = ALLP,
				   .sched = SCHED,
				   .gcphase = PHASE,
				   .read = read_image,
				   .tid_of = tid_of,
				   .ctx = im};

	put(im, ALLM, M_AT(1));
	put(im, M_AT(1) + offsets.m_alllink, M_AT(0));
	put(im, ALLP, P_LIST);
	put(im, ALLP + 8, 2);
	put(im, ALLP + 16, 2);
	for (unsigned i = 0; i < 2; i++) {
		put(im, P_LIST + 8 * i, P_AT(i));
		put_u32(im, P_AT(i), i);
		carry(im, i, i);
	}
	look_init(&im->look, &at);
	im->tell.decoder = decoder_new();
	im->tell.estimate = true;
	im->tell.period_ns = 10000000;
	im->now_ns = 1000000000;
	*state = im;
	return 0;
}

static int end(void **state)
{
	struct image *im = *state;

	decoder_free(im->tell.decoder);
	tell_done(&im->tell);
	look_done(&im->look);
	free(im);
	return 0;
}

static int look(struct image *im)
{
	im->n = 0;
	im->calls = 0;
	im->now_ns += 10000000;
	int err = look_round(&im->look, false);

	if (err == 0)
		tell_look(&im->tell, &im->look, im->now_ns, &(struct event_sink){.event = keep, .ctx = im});
	return err;
}

/* The event of this look that says @what of @tid; NULL = none. */
static const struct event *told(const struct image *im, uint8_t what, uint32_t tid)
{
	for (size_t i = 0; i < im->n; i++) {
		const struct event *ev = &im->told[i];

		if (ev->head.kind == EV_SAMPLED && ev->sampled.what == what && ev->head.tid == tid)
			return ev;
	}
	return NULL;
}

static void first_look(void **state)
{
	struct image *im = *state;

	assert_int_equal(look(im), 0);
	assert_int_equal(im->told[0].head.kind, EV_SAMPLING);
	assert_int_equal(im->told[0].sampling.period_ns, 10000000);
	for (uint32_t i = 0; i < 2; i++) {
		const struct event *ev = told(im, EV_SAMPLED_CARRIES, 100 + i);

		assert_non_null(ev);
		assert_int_equal(ev->sampled.goid, 10 + i);
		assert_int_equal(ev->sampled.p, i);
		assert_int_equal(ev->sampled.value, EVS_RUNNING);
		assert_int_equal(ev->sampled.gap_ns, UINT32_MAX);
	}
	/* Nothing has changed: nothing is said, with two calls. */
	uint64_t calls = im->look.calls;
	assert_int_equal(look(im), 0);
	assert_int_equal(im->n, 0);
	assert_int_equal(im->look.calls - calls, 2);
}

static void request_and_end(void **state)
{
	struct image *im = *state;

	look(im);
	im->mem[G_AT(0) + offsets.g_preempt - BASE] = 1;
	look(im);
	assert_non_null(told(im, EV_SAMPLED_ASKED, 100));
	assert_int_equal(told(im, EV_SAMPLED_ASKED, 100)->sampled.goid, 10);
	assert_int_equal(told(im, EV_SAMPLED_ASKED, 100)->sampled.gap_ns, 10000000);
	look(im);
	assert_int_equal(im->n, 0);
	/* It left and another one runs; the flag of the one that left stays set. */
	carry(im, 0, 2);
	put_u32(im, P_AT(0) + offsets.p_schedtick, 1);
	look(im);
	assert_non_null(told(im, EV_SAMPLED_YIELDED, 100));
	assert_int_equal(told(im, EV_SAMPLED_CARRIES, 100)->sampled.goid, 12);
}

/* It left, came back and is asked again between two looks: one gap ends, another begins. */
static void asked_anew(void **state)
{
	struct image *im = *state;

	look(im);
	im->mem[G_AT(0) + offsets.g_preempt - BASE] = 1;
	look(im);
	put_u32(im, P_AT(0) + offsets.p_schedtick, 2);
	look(im);
	assert_non_null(told(im, EV_SAMPLED_YIELDED, 100));
	assert_non_null(told(im, EV_SAMPLED_ASKED, 100));
	assert_int_equal(told(im, EV_SAMPLED_CARRIES, 100)->sampled.value, EVS_RUNNING | EVS_AGAIN);
}

static void no_estimates(void **state)
{
	struct image *im = *state;

	im->tell.estimate = false;
	im->mem[G_AT(0) + offsets.g_preempt - BASE] = 1;
	im->mem[SCHED - BASE] = 1;
	look(im);
	assert_null(told(im, EV_SAMPLED_ASKED, 100));
	assert_null(told(im, EV_SAMPLED_STW, 0));
	assert_non_null(told(im, EV_SAMPLED_CARRIES, 100));
}

static void world_stops(void **state)
{
	struct image *im = *state;

	look(im);
	im->mem[SCHED - BASE] = 1;
	put_u32(im, SCHED + offsets.sched_stopwait, 1);
	look(im);
	assert_non_null(told(im, EV_SAMPLED_STW, 0));
	assert_null(told(im, EV_SAMPLED_STW_STOPPED, 0));
	put_u32(im, SCHED + offsets.sched_stopwait, 0);
	put_u32(im, PHASE, 1);
	look(im);
	assert_non_null(told(im, EV_SAMPLED_STW_STOPPED, 0));
	assert_int_equal(told(im, EV_SAMPLED_GC_PHASE, 0)->sampled.value, 1);
	im->mem[SCHED - BASE] = 0;
	look(im);
	assert_int_equal(told(im, EV_SAMPLED_STW_END, 0)->sampled.value, EV_STW_GC_SWEEP_TERM);
}

static void move_away(struct image *im)
{
	put(im, G_AT(0) + offsets.g_m, M_AT(1));
}

/* The goroutine leaves its M between the two calls: nothing wrong is told of it. */
static void torn_read(void **state)
{
	struct image *im = *state;

	look(im);
	carry(im, 0, 2);
	im->between = NULL;
	put(im, G_AT(2) + offsets.g_m, M_AT(1));
	look(im);
	assert_null(told(im, EV_SAMPLED_CARRIES, 100));
	assert_int_equal(im->look.torn, 1);
	carry(im, 0, 0);
	im->between = move_away;
	look(im);
	assert_null(told(im, EV_SAMPLED_CARRIES, 100));
	assert_int_equal(im->look.torn, 2);
}

static void foreign_thread(void **state)
{
	struct image *im = *state;

	put(im, M_AT(0), 999); /* no thread of the process */
	look(im);
	assert_null(told(im, EV_SAMPLED_CARRIES, 999));
	assert_null(told(im, EV_SAMPLED_CARRIES, 100));
	assert_non_null(told(im, EV_SAMPLED_CARRIES, 101));
}

static void new_and_gone_m(void **state)
{
	struct image *im = *state;

	look(im);
	im->mem[G_AT(1) + offsets.g_preempt - BASE] = 1;
	look(im);
	carry(im, 2, 2);
	put(im, M_AT(2) + offsets.m_p, 0);
	put(im, M_AT(2) + offsets.m_alllink, M_AT(0)); /* M 1 has ended */
	put(im, ALLM, M_AT(2));
	look(im);
	assert_int_equal(im->look.n_ms, 2);
	assert_non_null(told(im, EV_SAMPLED_YIELDED, 101));
	assert_int_equal(told(im, EV_SAMPLED_CARRIES, 102)->sampled.goid, 12);
	assert_int_equal(told(im, EV_SAMPLED_CARRIES, 102)->sampled.p, EV_NO_P);
	assert_null(told(im, EV_SAMPLED_CARRIES, 100));
}

static void hostile_lists(void **state)
{
	struct image *im = *state;

	put(im, M_AT(0) + offsets.m_alllink, M_AT(1)); /* a ring */
	assert_int_equal(look(im), -EAGAIN);
	put(im, M_AT(0) + offsets.m_alllink, 0x13); /* no pointer */
	assert_int_equal(look(im), -EAGAIN);
	put(im, M_AT(0) + offsets.m_alllink, 0);
	put(im, ALLP + 8, UINT64_MAX);
	assert_int_equal(look(im), -EAGAIN);
	put(im, ALLP + 8, 2);
	put(im, P_LIST, 0xdead0000beef0001);
	assert_int_equal(look(im), -EAGAIN);
	put(im, P_LIST, P_AT(0));
	put(im, M_AT(0) + offsets.m_curg, 0x7fff00000000); /* unmapped */
	assert_int_equal(look(im), 0);
	assert_null(told(im, EV_SAMPLED_CARRIES, 100));
	im->fail = -EPERM;
	assert_int_equal(look(im), -EPERM);
}

static void run_queues(void **state)
{
	struct image *im = *state;

	put_u32(im, P_AT(0) + offsets.p_runqhead, UINT32_MAX);
	put_u32(im, P_AT(0) + offsets.p_runqtail, 2);
	put(im, P_AT(1) + offsets.p_runnext, G_AT(1));
	put_u32(im, SCHED + offsets.sched_runqsize, 7);
	assert_int_equal(look_round(&im->look, true), 0);
	assert_int_equal(im->look.ps[0].runq, 3);
	assert_int_equal(im->look.ps[1].runq, 1);
	assert_int_equal(im->look.runq, 7);
	/* The tail was moved between its two words: no length. */
	put_u32(im, P_AT(0) + offsets.p_runqtail, 4000);
	assert_int_equal(look_round(&im->look, true), 0);
	assert_int_equal(im->look.ps[0].runq, 3);
}

#define image_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		image_test(first_look),     image_test(request_and_end), image_test(asked_anew),
		image_test(no_estimates),   image_test(world_stops),     image_test(torn_read),
		image_test(foreign_thread), image_test(new_and_gone_m),  image_test(hostile_lists),
		image_test(run_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
