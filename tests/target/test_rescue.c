/* SPDX-License-Identifier: GPL-2.0-only */
/* The rescue against a fake runtime: a forked child is the process that is written to, at the parent's addresses. */
#include "target/rescue.h"

#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake_binary.h"
#include "target/go_target.h"
#include "target/stuck.h"

struct fake_g {
	uint64_t pad[6], m, goid;
};

struct fake_m {
	uint64_t g0, procid, alllink, curg;
	uint32_t gen, signal_pending;
};

static struct {
	uint64_t allm;
	struct {
		uint64_t data, len, cap;
	} allp, allgs;
	int32_t debug[8]; /* [2] is asyncpreemptoff */
	int32_t gomaxprocs;
	struct fake_g g0[2], g;
	struct fake_m m[2];
	int32_t p_id;
	uint64_t p_ptr, g_ptr;
} rt;

static uint64_t own_bias;
static struct go_target *t;
static pid_t pid;

static int find_bias(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(uint64_t *)data = info->dlpi_addr; /* the program comes first */
	return 1;
}

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static uint64_t vaddr(const void *p)
{
	return addr(p) - own_bias;
}

static void start(void)
{
	int fds[2];
	char c;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		rt.m[0].procid = (uint64_t)getpid();
		rt.m[1].procid = rt.m[0].procid;
		signal(SIGURG, SIG_IGN);
		if (write(fds[1], "r", 1) == 1) {
			for (;;)
				pause();
		}
		_exit(1);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(go_target_open(pid, NULL, &t, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	dl_iterate_phdr(find_bias, &own_bias);
	memset(&rt, 0, sizeof(rt));
	for (size_t i = 0; i < 2; i++) {
		rt.m[i].g0 = addr(&rt.g0[i]);
		rt.g0[i].m = addr(&rt.m[i]);
	}
	rt.m[0].alllink = addr(&rt.m[1]);
	rt.m[1].gen = 7;
	rt.m[1].signal_pending = 1;
	rt.allm = addr(&rt.m[0]);
	rt.p_ptr = addr(&rt.p_id);
	rt.allp.data = addr(&rt.p_ptr);
	rt.g_ptr = addr(&rt.g);
	rt.allgs.data = addr(&rt.g_ptr);
	rt.allp.len = rt.allp.cap = rt.allgs.len = rt.allgs.cap = 1;
	rt.g.goid = 1;
	rt.gomaxprocs = 1;
	rt.debug[2] = 1;
	fake = (struct fake_binary){
		.is_go = true,
		.is_pie = true,
		.version = "go1.22.12",
		.minor = 22,
		.vars = {{"runtime.allm", vaddr(&rt.allm)},
			 {"runtime.allp", vaddr(&rt.allp)},
			 {"runtime.gomaxprocs", vaddr(&rt.gomaxprocs)},
			 {"runtime.debug", vaddr(rt.debug)},
			 {"runtime.allgs", vaddr(&rt.allgs)}},
		.asyncpreemptoff = vaddr(&rt.debug[2]),
		.preempt_reader = vaddr(&rt.debug[2]),
	};
	memset(&fake.offsets, 0xff, sizeof(fake.offsets));
	fake.offsets.g_m = offsetof(struct fake_g, m);
	fake.offsets.g_goid = offsetof(struct fake_g, goid);
	fake.offsets.m_curg = offsetof(struct fake_m, curg);
	fake.offsets.m_g0 = offsetof(struct fake_m, g0);
	fake.offsets.m_procid = offsetof(struct fake_m, procid);
	fake.offsets.m_alllink = offsetof(struct fake_m, alllink);
	fake.offsets.m_preemptgen = offsetof(struct fake_m, gen);
	fake.offsets.m_signalpending = offsetof(struct fake_m, signal_pending);
	fake.offsets.p_id = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	go_target_close(t);
	t = NULL;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int32_t value_now(void)
{
	int32_t v = -1;

	assert_int_equal(go_target_read(t, addr(&rt.debug[2]), &v, sizeof(v)), 0);
	return v;
}

static void planned_and_written(void **state)
{
	char lines[RESCUE_LINES][RESCUE_LINE_CAP], number[32];
	struct rescue_plan p;
	struct fault fault = {0};
	uint64_t before = clock_now_ns(), at = 0;

	(void)state;
	start();
	assert_int_equal(rescue_plan(t, &p, &fault), 0);
	assert_int_equal(p.from, 1);
	assert_int_equal(p.address, addr(&rt.debug[2]));
	assert_true(p.have_symbol);
	assert_int_equal(p.offset, 8);
	assert_int_equal(value_now(), 1); /* a plan writes nothing */
	assert_int_equal(rescue_describe(t, &p, lines), 6);
	snprintf(number, sizeof(number), "0x%llx", (unsigned long long)p.address);
	assert_non_null(strstr(lines[0], "go1.22.12"));
	assert_non_null(strstr(lines[1], number));
	assert_non_null(strstr(lines[4], "1 now; 0 will be written"));
	assert_int_equal(rescue_write(t, &p, &at, &fault), 0);
	assert_int_equal(value_now(), 0);
	assert_in_range(at, before, clock_now_ns());
	rescue_plan_done(&p);

	/* Now it is on: there is nothing to be done. */
	assert_int_equal(rescue_plan(t, &p, &fault), 0);
	assert_int_equal(p.from, 0);
	rescue_plan_done(&p);
}

static void refused(int want, const char *why)
{
	struct rescue_plan p;
	struct fault fault = {0};

	start();
	assert_int_equal(rescue_plan(t, &p, &fault), want);
	assert_non_null(strstr(fault.why, why));
	teardown(NULL);
	setup(NULL);
}

static void what_contradicts_is_refused(void **state)
{
	(void)state;
	fake.offsets.m_g0 = offsetof(struct fake_m, gen);
	refused(-EINVAL, "layout");
	rt.allp.len = 0;
	refused(-EAGAIN, "isn't up yet");
	fake.offsets.m_procid = GO_OFF_NONE;
	refused(-EINVAL, "layout");
	fake.asyncpreemptoff = 0;
	refused(-EINVAL, "no setting");
	fake.preempt_reader = 0;
	refused(-EINVAL, "no function that preempts");
	fake.preempt_reader = vaddr(&rt.debug[3]);
	refused(-EINVAL, "no function that preempts");
	fake.vars[3].vaddr = vaddr(&rt.debug[3]); /* behind the variable */
	refused(-EINVAL, "symbol table");
	fake.vars[3].vaddr = vaddr(rt.debug) - 4096;
	refused(-EINVAL, "symbol table");
	rt.debug[2] = 4711;
	refused(-EINVAL, "nobody has set");
	fake.is_go = false;
	refused(-EPROTO, "isn't a Go program");
	start();
}

static void a_value_of_the_environment_is_known(void **state)
{
	struct rescue_plan p;

	(void)state;
	/* main() has seen to it: the kernel shows what a process was started with, and the child is a copy of this one.
	 */
	rt.debug[2] = 3;
	start();
	assert_int_equal(rescue_plan(t, &p, NULL), 0);
	assert_int_equal(p.from, 3);
	rescue_plan_done(&p);
}

static void a_plan_grows_old(void **state)
{
	struct rescue_plan p;
	struct fault fault = {0};
	uint64_t at = 0;

	(void)state;
	start();
	assert_int_equal(rescue_plan(t, &p, &fault), 0);
	p.from = 2;
	assert_int_equal(rescue_write(t, &p, &at, &fault), -ESTALE);
	assert_int_equal(value_now(), 1);
	p.from = 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(rescue_write(t, &p, &at, &fault), -ESRCH);
	assert_non_null(strstr(fault.why, "ended"));
	assert_int_equal(at, 0);
	rescue_plan_done(&p);
}

static void stuck_ones_are_read(void **state)
{
	struct stuck_reader r;
	struct stuck_m ms[4];

	(void)state;
	start();
	assert_int_equal(go_target_locate(t), 0);
	assert_int_equal(stuck_reader_of(t, &r), 0);
	assert_int_equal(r.pending(r.ctx, ms, 4), 1);
	assert_int_equal(ms[0].m, addr(&rt.m[1]));
	assert_int_equal(ms[0].tid, pid);
	assert_int_equal(ms[0].gen, 7);
	assert_false(ms[0].on_its_way);
	assert_int_equal(r.send(r.ctx, (uint32_t)pid), 0);
	assert_int_equal(r.send(r.ctx, 4194304), -ESRCH);
	fake.offsets.m_signalpending = GO_OFF_NONE;
	assert_int_equal(stuck_reader_of(t, &r), -ENODATA);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (!getenv("GODEBUG")) {
		setenv("GODEBUG", "asyncpreemptoff=3", 1);
		execv("/proc/self/exe", argv);
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(planned_and_written, setup, teardown),
		cmocka_unit_test_setup_teardown(what_contradicts_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_value_of_the_environment_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(a_plan_grows_old, setup, teardown),
		cmocka_unit_test_setup_teardown(stuck_ones_are_read, setup, teardown),
	};

	return cmocka_run_group_tests_name("rescue", tests, NULL, NULL);
}
