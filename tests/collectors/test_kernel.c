/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The eBPF collector under the real kernel, on small processes of this test's own that do a known number of things.
 * Needs the right to trace; without it the test is skipped (77) and says why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "collectors/collector.h"
#include "target/proc.h"

#define SKIPPED  77
#define NOBODY   65534
#define NAP_NS   (500 * NS_PER_US)
#define LIMIT_NS (20 * NS_PER_S) /* for what takes a second on an idle machine */

/* What was delivered about one target. */
struct seen {
	uint64_t last_ns, tick_ns;
	size_t out, in, sleeps, woken, preempted, initial, born, exits, ticks, disorder;
	uint64_t lost[EV_LOST_CAUSE_COUNT];
	uint64_t longest_wait_ns;
	uint32_t foreign; /* a thread whose name is awaited */
	bool foreign_named;
};

static void on_switch(struct seen *s, const struct event *ev)
{
	if (ev->head.flags & EVF_PREV_TARGET) {
		s->out++;
		s->sleeps += ev->sw.state == EV_STATE_SLEEP;
		s->preempted += (ev->head.flags & EVF_PREEMPTED) != 0;
	}
	if (ev->head.flags & EVF_NEXT_TARGET) {
		s->in++;
		if (ev->head.flags & EVF_WOKEN) {
			s->woken++;
			if (ev->sw.wake_delta_ns > s->longest_wait_ns)
				s->longest_wait_ns = ev->sw.wake_delta_ns;
		}
	}
}

static void on_event(void *ctx, const struct event *ev)
{
	struct seen *s = ctx;

	s->disorder += ev->head.time_ns < s->last_ns || (s->ticks && ev->head.time_ns < s->tick_ns);
	s->last_ns = ev->head.time_ns;
	switch (ev->head.kind) {
	case EV_TICK:
		s->ticks++;
		s->tick_ns = ev->head.time_ns;
		break;
	case EV_SWITCH:
		on_switch(s, ev);
		break;
	case EV_THREAD_NEW:
		if (ev->head.flags & EVF_INITIAL)
			s->initial++;
		else
			s->born++;
		break;
	case EV_THREAD_EXIT:
		s->exits++;
		break;
	case EV_COMM:
		s->foreign_named |= ev->comm.tid == s->foreign && strcmp(ev->comm.comm, "test-rival") == 0;
		break;
	case EV_LOST:
		assert_true(ev->lost.cause < EV_LOST_CAUSE_COUNT);
		s->lost[ev->lost.cause] += ev->lost.count;
		break;
	default:
		break;
	}
}

/* ---- the targets: each waits for a byte, does its work and ends ---- */

struct child {
	pid_t pid;
	int gate;
};

static void nap(void)
{
	const struct timespec t = {.tv_nsec = NAP_NS};

	nanosleep(&t, NULL);
}

static struct child start_child(void (*work)(int n), int n)
{
	struct child c;
	int fds[2];
	char byte;

	assert_int_equal(pipe(fds), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		if (read(fds[0], &byte, 1) == 1)
			work(n);
		_exit(0);
	}
	close(fds[0]);
	c.gate = fds[1];
	return c;
}

static void let_go(const struct child *c)
{
	assert_int_equal(write(c->gate, "g", 1), 1);
}

static void end_child(const struct child *c)
{
	close(c->gate);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

static void sleeps(int n)
{
	for (int i = 0; i < n; i++)
		nap();
}

static void *thread_that_naps(void *arg)
{
	nap();
	return arg;
}

static void makes_threads(int n)
{
	for (int i = 0; i < n; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, thread_that_naps, NULL) == 0)
			pthread_join(t, NULL);
	}
}

/* On CPU @cpu until it is killed. */
static void spins_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (volatile uint64_t i = 0;; i++)
		;
}

static void rival_on(int cpu)
{
	prctl(PR_SET_NAME, "test-rival");
	spins_on(cpu);
}

/* Two threads of one process that pass a byte to and fro: four switches of the target a round and more. */
static int to[2], fro[2];

static void *echo(void *arg)
{
	char byte;

	while (read(to[0], &byte, 1) == 1 && write(fro[1], &byte, 1) == 1)
		;
	return arg;
}

static void ping_pong(int n)
{
	pthread_t t;
	char byte = 'p';

	if (pipe(to) < 0 || pipe(fro) < 0 || pthread_create(&t, NULL, echo, NULL) != 0)
		return;
	for (int i = 0; i < n && write(to[1], &byte, 1) == 1 && read(fro[0], &byte, 1) == 1; i++)
		;
}

/* ---- watching them ---- */

struct watch {
	struct collector *c;
	struct session session;
	struct seen seen;
	struct event_sink sink;
};

static void watch_start_with(struct watch *w, uint32_t pid, size_t ring_bytes, int wakeups)
{
	const struct collector_opts opts = {.size = sizeof(opts),
					    .pid = pid,
					    .detail = DETAIL_SCHED,
					    .sample_hz = 49,
					    .ring_bytes = ring_bytes,
					    .wakeups = wakeups};
	struct fault fault = {0};

	*w = (struct watch){.sink = {.event = on_event, .ctx = &w->seen}};
	session_init(&w->session);
	if (collector_ebpf.open(&opts, &w->c, &fault) < 0 || collector_ebpf.start(w->c, &w->session, &fault) < 0) {
		fault_print(&fault, stderr);
		fail();
	}
	assert_null(w->session.missing); /* root on a kernel that has everything */
}

static void watch_start(struct watch *w, uint32_t pid, size_t ring_bytes)
{
	watch_start_with(w, pid, ring_bytes, 0);
}

static void watch_poll(struct watch *w)
{
	usleep(10000);
	assert_true(collector_ebpf.poll(w->c, &w->sink) >= 0);
}

static void watch_until_exit(struct watch *w, const struct child *c)
{
	uint64_t limit = clock_now_ns() + LIMIT_NS;

	while (waitpid(c->pid, NULL, WNOHANG) == 0) {
		assert_true(clock_now_ns() < limit);
		watch_poll(w);
	}
	watch_poll(w);
}

/* Ends the session; what it counted must agree with what it told. */
static void watch_stop(struct watch *w, struct collector_stats *ret)
{
	collector_ebpf.stop(w->c, &w->sink);
	collector_ebpf.stop(w->c, &w->sink); /* idempotent */
	collector_ebpf.stats(w->c, ret);
	collector_ebpf.close(w->c);
	session_done(&w->session);
	assert_int_equal(w->seen.disorder, 0);
	for (int cause = 0; cause < EV_LOST_CAUSE_COUNT; cause++)
		assert_int_equal(w->seen.lost[cause], ret->lost[cause]);
}

static void every_sleep_is_seen_with(int wakeups)
{
	enum { N = 400 };
	struct child c = start_child(sleeps, N);
	struct collector_stats stats;
	struct watch w;

	watch_start_with(&w, (uint32_t)c.pid, 0, wakeups);
	let_go(&c);
	watch_until_exit(&w, &c);
	end_child(&c);
	watch_stop(&w, &stats);
	/* A sleep of 0.5 ms is one switch out and one in; other sleeps are few (the gate, page faults of the start). */
	assert_in_range(w.seen.sleeps, N, N + N / 10);
	assert_in_range(w.seen.woken, N - N / 20, N + N / 10);
	/* On a loaded machine some switches to the target come without their event; perf misses the same ones. */
	assert_true(w.seen.in >= w.seen.woken && w.seen.in + N / 20 >= w.seen.out && w.seen.in <= w.seen.out + 1);
	assert_int_equal(w.seen.initial, 1);
	assert_int_equal(w.seen.exits, 1);
	assert_true(w.seen.longest_wait_ns > 0 && w.seen.longest_wait_ns < NS_PER_S);
	assert_int_equal(stats.lost[EV_LOST_RING], 0);
	assert_int_equal(stats.lost[EV_LOST_QUEUE], 0);
	assert_true(stats.events >= w.seen.in + w.seen.out / 2 && stats.probe_hits > N && stats.probe_ns > 0);
}

static void every_sleep_is_seen(void **state)
{
	(void)state;
	every_sleep_is_seen_with(-1);
}

static void every_sleep_is_seen_by_wakeups(void **state)
{
	(void)state;
	every_sleep_is_seen_with(1);
}

static void threads_come_and_go(void **state)
{
	enum { N = 20 };
	struct child c = start_child(makes_threads, N);
	struct collector_stats stats;
	struct watch w;

	(void)state;
	watch_start(&w, (uint32_t)c.pid, 0);
	let_go(&c);
	watch_until_exit(&w, &c);
	end_child(&c);
	watch_stop(&w, &stats);
	assert_int_equal(w.seen.initial, 1);
	assert_int_equal(w.seen.born, N);
	assert_int_equal(w.seen.exits, N + 1);
}

static void a_rival_is_named(void **state)
{
	int cpu = sched_getcpu();
	struct child target = start_child(spins_on, cpu), rival = start_child(rival_on, cpu);
	uint64_t limit = clock_now_ns() + LIMIT_NS;
	struct collector_stats stats;
	struct watch w;

	(void)state;
	watch_start(&w, (uint32_t)target.pid, 0);
	w.seen.foreign = (uint32_t)rival.pid;
	let_go(&target);
	let_go(&rival);
	while ((!w.seen.foreign_named || w.seen.preempted < 5) && clock_now_ns() < limit)
		watch_poll(&w);
	end_child(&target);
	end_child(&rival);
	watch_stop(&w, &stats);
	assert_true(w.seen.foreign_named);
	assert_true(w.seen.preempted >= 5);
}

static void a_full_ring_is_counted(void **state)
{
	enum { N = 3000 };
	struct child c = start_child(ping_pong, N);
	struct collector_stats stats;
	struct watch w;

	(void)state;
	watch_start(&w, (uint32_t)c.pid, 4096);
	let_go(&c);
	assert_int_equal(waitpid(c.pid, NULL, 0), c.pid); /* nobody polls meanwhile */
	watch_poll(&w);
	end_child(&c);
	watch_stop(&w, &stats);
	assert_true(stats.lost[EV_LOST_RING] > 0);
	assert_true(stats.lost[EV_LOST_RING] + w.seen.in + w.seen.out + w.seen.born + w.seen.exits >= 2 * N);
}

static void without_rights_it_says_what_to_do(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct collector_opts opts = {.size = sizeof(opts), .pid = (uint32_t)getpid()};
		struct collector *c = NULL;
		struct fault fault = {0};

		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(2);
		int err = collector_ebpf.open(&opts, &c, &fault);
		_exit(err < 0 && !c && fault.err == err && fault.what[0] && fault.why[0] && fault.todo[0] ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* May we trace at all? */
static bool permitted(void)
{
	const struct collector_opts opts = {.size = sizeof(opts), .pid = (uint32_t)getpid()};
	struct collector *c = NULL;
	struct fault fault = {0};
	int err = collector_ebpf.open(&opts, &c, &fault);

	if (err == -EPERM || err == -EACCES) {
		fprintf(stderr, "SKIPPED, nothing was tested: ");
		fault_print(&fault, stderr);
		return false;
	}
	collector_ebpf.close(c);
	return true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sleep_is_seen),    cmocka_unit_test(every_sleep_is_seen_by_wakeups),
		cmocka_unit_test(threads_come_and_go),    cmocka_unit_test(a_rival_is_named),
		cmocka_unit_test(a_full_ring_is_counted), cmocka_unit_test(without_rights_it_says_what_to_do),
	};

	if (!permitted())
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
