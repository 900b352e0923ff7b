/* SPDX-License-Identifier: GPL-2.0-only */
/* The libperf that the build found or made can be compiled against, linked, and counts. */
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <perf/core.h>
#include <perf/event.h>
#include <perf/evlist.h>
#include <perf/evsel.h>
#include <perf/threadmap.h>

static int no_log(enum libperf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

/* Uses the CPU until the thread's own clock has advanced by ns. */
static void burn(int64_t ns)
{
	struct timespec t;
	int64_t start, now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	start = t.tv_sec * 1000000000LL + t.tv_nsec;
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		now = t.tv_sec * 1000000000LL + t.tv_nsec;
	} while (now - start < ns);
}

/* perf_evlist__delete() leaves each evsel's reference to the maps behind; taking the maps away first drops it. */
static void drop(struct perf_evlist *evlist, struct perf_thread_map *threads)
{
	perf_evlist__set_maps(evlist, NULL, NULL);
	perf_evlist__delete(evlist);
	perf_thread_map__put(threads);
}

static void counts_own_cpu_time(void **state)
{
	const int64_t burnt_ns = 5000000;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.size = sizeof(attr),
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	struct perf_counts_values counts = {0};
	struct perf_thread_map *threads;
	struct perf_evlist *evlist;
	struct perf_evsel *evsel;
	int r;

	(void)state;
	libperf_init(no_log);
	threads = perf_thread_map__new_dummy();
	evlist = perf_evlist__new();
	evsel = perf_evsel__new(&attr);
	assert_non_null(threads);
	assert_non_null(evlist);
	assert_non_null(evsel);
	perf_thread_map__set_pid(threads, 0, 0);
	perf_evlist__add(evlist, evsel);
	perf_evlist__set_maps(evlist, NULL, threads);

	r = perf_evlist__open(evlist);
	if (r == -EACCES || r == -EPERM || r == -ENOSYS) {
		drop(evlist, threads);
		skip();
	}
	assert_int_equal(r, 0);
	perf_evlist__enable(evlist);
	burn(burnt_ns);
	perf_evlist__disable(evlist);
	assert_int_equal(perf_evsel__read(evsel, 0, 0, &counts), 0);
	assert_true(counts.val >= (uint64_t)burnt_ns / 2);

	perf_evlist__close(evlist);
	drop(evlist, threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_own_cpu_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
