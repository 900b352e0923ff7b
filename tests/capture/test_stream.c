/* SPDX-License-Identifier: GPL-2.0-only */
/* The writer at work: pipes, slow and full disks, rotation, the flight recorder, the end by kill -9. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "tests/capture/generate.h"
#include "tests/capture/tape.h"

static char folder[64], file[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-capture-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/a.cap", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

static char *numbered(unsigned i)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s.%u", file, i);
	return name;
}

static void make_tape(struct tape *t, uint64_t n)
{
	generate(&(struct generate_opts){.n_events = n}, &(struct event_sink){.event = tape_add, .ctx = t});
}

static struct capture_writer *new_writer(const struct capture_writer_opts *opts)
{
	struct capture_writer *w = NULL;
	struct session s;

	session_init(&s);
	s.pid = 99;
	assert_int_equal(capture_writer_new(opts, &s, &w, NULL), 0);
	return w;
}

static void feed(struct capture_writer *w, const struct tape *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		capture_writer_event(w, &t->events[i]);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* A reader follows while the writer writes; it never waits. */
static void test_follow(void **state)
{
	struct capture_reader *r = NULL;
	struct tape want = {0}, got = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	struct capture_writer *w =
		new_writer(&(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts), .fd = fds[1]});
	assert_int_equal(capture_reader_open_fd(fds[0], "pipe", &r, NULL), 0);
	assert_int_equal(capture_reader_fd(r), fds[0]);
	make_tape(&want, 2000);
	feed(w, &want, 0, 1000);
	assert_int_equal(read_tape(r, &got), -EAGAIN);
	for (int i = 0; i < 40 && !got.n; i++) {
		sleep_ms(50);
		read_tape(r, &got);
	}
	assert_int_equal(got.n, 1000);
	assert_int_equal(capture_reader_session(r)->pid, 99);
	feed(w, &want, 1000, 2000);
	assert_int_equal(capture_writer_end(w, NULL, NULL), 0);
	assert_int_equal(read_tape(r, &got), 0);
	assert_same_tape(&want, &got);
	assert_int_equal(capture_reader_blocks(r, &(const struct capture_block *){NULL}), 0);
	assert_int_equal(capture_reader_seek(r, 0), -ESPIPE);
	capture_reader_close(r);
	close(fds[0]);
	close(fds[1]);
	tape_done(&want);
	tape_done(&got);
}

static uint64_t sum_lost(const struct tape *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->events[i].head.kind == EV_LOST && t->events[i].lost.cause == EV_LOST_CAPTURE
			     ? t->events[i].lost.count
			     : 0;
	return n;
}

struct reading {
	struct capture_reader *r;
	struct tape *got;
};

static void *read_on(void *arg)
{
	struct reading *reading = arg;

	while (read_tape(reading->r, reading->got) == -EAGAIN)
		sleep_ms(1);
	return NULL;
}

/* Nobody reads: the engine's side goes on, and when somebody does, the stream says what is missing. */
static void test_stalled_reader(void **state)
{
	struct capture_reader *r = NULL;
	struct capture_writer_stats stats;
	struct tape want = {0}, got = {0};
	uint64_t longest_ns = 0;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	make_tape(&want, 400000);
	struct capture_writer *w = new_writer(&(struct capture_writer_opts){
		.size = sizeof(struct capture_writer_opts), .fd = fds[1], .queue_events = 1024});
	for (size_t i = 0; i < want.n; i += 100) {
		uint64_t t0 = clock_now_ns();

		feed(w, &want, i, i + 100);
		if (clock_now_ns() - t0 > longest_ns)
			longest_ns = clock_now_ns() - t0;
		if (i % 20000 == 0)
			sleep_ms(10);
	}
	assert_true(longest_ns < NS_PER_S);
	capture_writer_stats(w, &stats);
	assert_true(stats.dropped > 1000);
	assert_int_equal(stats.error, 0);
	assert_int_equal(capture_reader_open_fd(fds[0], "pipe", &r, NULL), 0);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(read_tape(r, &got), -EAGAIN);
		sleep_ms(10);
	}
	/* There is room again, and somebody who reads until the end. */
	struct reading reading = {.r = r, .got = &got};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, read_on, &reading), 0);
	feed(w, &want, 0, 100);
	sleep_ms(200);
	assert_int_equal(capture_writer_end(w, &stats, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(sum_lost(&got), stats.dropped);
	size_t told = 0;
	for (size_t i = 0; i < got.n; i++)
		told += got.events[i].head.kind == EV_LOST;
	assert_int_equal(got.n - told + stats.dropped, want.n + 100);
	capture_reader_close(r);
	close(fds[0]);
	close(fds[1]);
	tape_done(&want);
	tape_done(&got);
}

/* ... and if nobody ever does, the end comes all the same. */
static void test_end_without_reader(void **state)
{
	struct capture_writer_stats stats;
	struct fault fault = {0};
	struct tape want = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	make_tape(&want, 200000);
	struct capture_writer *w = new_writer(&(struct capture_writer_opts){
		.size = sizeof(struct capture_writer_opts), .fd = fds[1], .end_wait_ns = 200 * NS_PER_MS});
	feed(w, &want, 0, want.n);
	uint64_t t0 = clock_now_ns();
	assert_int_equal(capture_writer_end(w, &stats, &fault), -ETIMEDOUT);
	assert_true(clock_now_ns() - t0 < 5 * NS_PER_S);
	assert_true(fault.err == -ETIMEDOUT && stats.dropped > 0);
	close(fds[0]);
	close(fds[1]);
	tape_done(&want);
}

static void test_reader_gone(void **state)
{
	struct capture_writer *w = NULL;
	struct fault fault = {0};
	struct tape want = {0};
	struct session s;
	int fds[2];

	(void)state;
	make_tape(&want, 1000);
	session_init(&s);
	assert_int_equal(pipe(fds), 0);
	w = new_writer(&(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts), .fd = fds[1]});
	close(fds[0]);
	feed(w, &want, 0, want.n);
	assert_int_equal(capture_writer_end(w, NULL, &fault), -EPIPE);
	assert_int_equal(capture_writer_new(&(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts),
									  .fd = fds[1]},
					    &s, &w, &fault),
			 -EPIPE);
	close(fds[1]);
	tape_done(&want);
}

static void test_full_disk(void **state)
{
	struct capture_writer *w = NULL;
	struct fault fault = {0};
	struct session s;

	(void)state;
	session_init(&s);
	int err = capture_writer_new(
		&(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts), .path = "/dev/full"}, &s, &w,
		&fault);
	assert_int_equal(err, -ENOSPC);
	assert_null(w);
}

/* A limit on the size of files is a full disk for whom it hits; the signal is ignored then. */
static void test_full_later(void **state)
{
	struct capture_writer_stats stats;
	struct capture_damage damage;
	struct tape want = {0}, got = {0};
	struct stat st;

	(void)state;
	make_tape(&want, 400000);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit limit = {300000, 300000};
		struct fault fault = {0};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		struct capture_writer *w = new_writer(
			&(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts), .path = file});
		feed(w, &want, 0, want.n);
		int err = capture_writer_end(w, &stats, &fault);
		_exit(err == -EFBIG && stats.error == -EFBIG && stats.dropped > 0 &&
				      stats.events + stats.dropped >= want.n
			      ? 0
			      : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(file, &st), 0);
	assert_true(st.st_size <= 300000 && st.st_size > 100000);
	read_path(file, &got, &damage);
	assert_prefix(&want, &got);
	assert_true(got.n >= 60000);
	/* What was written ends with a whole block. */
	assert_int_equal(damage.bytes_skipped, 0);
	tape_done(&want);
	tape_done(&got);
}

/* kill -9: what is older than a second is there. */
static void test_kill(void **state)
{
	struct tape want = {0}, got = {0};
	struct capture_damage damage;

	(void)state;
	make_tape(&want, 30000);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct capture_writer *w = new_writer(
			&(struct capture_writer_opts){.size = sizeof(struct capture_writer_opts), .path = file});

		for (size_t i = 0; i < want.n; i += 100) {
			feed(w, &want, i, i + 100);
			sleep_ms(10);
		}
		_exit(1);
	}
	/* 10,000 events a second at most. */
	sleep_ms(2200);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	read_path(file, &got, &damage);
	assert_prefix(&want, &got);
	assert_true(damage.end_missing);
	assert_true(got.n >= 3000);
	tape_done(&want);
	tape_done(&got);
}

static bool is_repeated(uint8_t kind)
{
	return kind == EV_LOC || kind == EV_COMM || kind == EV_GOROUTINE || kind == EV_THREAD_NEW;
}

/* Each file can be read alone, names included, and together they hold everything. */
static void test_rotation(void **state)
{
	struct capture_writer_stats stats;
	struct tape want = {0};
	size_t at, n_files = 0;

	(void)state;
	make_tape(&want, 700000);
	struct capture_writer *w = new_writer(&(struct capture_writer_opts){
		.size = sizeof(struct capture_writer_opts), .path = file, .rotate_bytes = 600000, .keep = 3});
	for (size_t i = 0; i < want.n; i += 50000) {
		feed(w, &want, i, i + 50000);
		sleep_ms(100);
	}
	assert_int_equal(capture_writer_end(w, &stats, NULL), 0);
	assert_int_equal(stats.dropped, 0);
	assert_true(stats.files > 4);
	at = want.n;
	for (unsigned i = 0; i <= 3; i++) {
		struct capture_reader *r = NULL;
		struct capture_damage damage;
		struct tape got = {0};
		uint64_t n, ns[2];

		const char *path = i ? numbered(i) : file;
		assert_int_equal(capture_reader_open(path, &r, NULL), 0);
		assert_int_equal(capture_reader_session(r)->pid, 99);
		capture_reader_span(r, &ns[0], &ns[1], &n);
		assert_int_equal(read_tape(r, &got), 0);
		capture_reader_damage(r, &damage);
		assert_memory_equal(&damage, &(struct capture_damage){0}, sizeof(damage));
		at -= n;
		/* What is repeated is needed where it stands; all else is as it was. */
		size_t repeated = 0, e = at;
		bool named = false;
		for (size_t k = 0; k < got.n; k++) {
			if (e < at + n && same_event(&want.events[e], &got.events[k])) {
				e++;
				continue;
			}
			assert_true(is_repeated(got.events[k].head.kind));
			named |= got.events[k].head.kind == EV_LOC;
			repeated++;
		}
		assert_int_equal(e, at + n);
		assert_true(named && repeated < 400);
		capture_reader_close(r);
		tape_done(&got);
		unlink(path);
		n_files++;
	}
	assert_int_equal(access(numbered(4), F_OK), -1);
	assert_int_equal(n_files, 4);
	tape_done(&want);
}

static void wait_for_triggers(const struct capture_writer *w, uint64_t n)
{
	struct capture_writer_stats stats = {0};

	for (int i = 0; i < 100 && stats.triggers < n; i++) {
		sleep_ms(20);
		capture_writer_stats(w, &stats);
	}
	assert_int_equal(stats.triggers, n);
}

static void test_flight(void **state)
{
	const uint64_t keep_ns = NS_PER_S / 2;
	struct tape want = {0}, got = {0};
	struct capture_writer_stats stats;
	size_t repeated = 0;

	(void)state;
	make_tape(&want, 600000);
	struct capture_writer *w = new_writer(&(struct capture_writer_opts){
		.size = sizeof(struct capture_writer_opts), .path = file, .flight_ns = keep_ns, .keep = 1});
	for (size_t i = 0; i < want.n; i += 50000) {
		feed(w, &want, i, i + 50000);
		sleep_ms(100);
	}
	capture_writer_stats(w, &stats);
	assert_int_equal(stats.bytes, 0);
	assert_int_equal(access(file, F_OK), -1);
	capture_writer_trigger(w);
	wait_for_triggers(w, 1);
	read_path(file, &got, NULL);
	uint64_t last_ns = want.events[want.n - 1].head.time_ns;
	assert_int_equal(got.events[got.n - 1].head.time_ns, last_ns);
	assert_true(same_event(&got.events[got.n - 1], &want.events[want.n - 1]));
	while (got.events[repeated].head.kind != EV_SWITCH)
		repeated++;
	assert_true(repeated > 64); /* names */
	/* As much as was asked for, and a block or two more. */
	assert_true(got.events[0].head.time_ns <= last_ns - keep_ns + NS_PER_MS);
	assert_true(got.n < want.n / 2);
	tape_done(&got);
	/* It goes on. */
	feed(w, &want, 0, 1000);
	capture_writer_trigger(w);
	wait_for_triggers(w, 2);
	assert_int_equal(access(numbered(1), F_OK), 0);
	read_path(file, &got, NULL);
	assert_true(same_event(&got.events[got.n - 1], &want.events[999]));
	assert_int_equal(capture_writer_end(w, NULL, NULL), 0);
	unlink(numbered(1));
	unlink(file);
	tape_done(&want);
	tape_done(&got);
}

static void test_bwlimit(void **state)
{
	struct capture_writer_stats stats;
	struct tape want = {0};

	(void)state;
	make_tape(&want, 250000);
	struct capture_writer *w = new_writer(&(struct capture_writer_opts){
		.size = sizeof(struct capture_writer_opts), .path = file, .bwlimit = 200000});
	feed(w, &want, 0, want.n);
	sleep_ms(600);
	capture_writer_stats(w, &stats);
	assert_true(stats.bytes > 20000 && stats.bytes < 350000);
	assert_int_equal(capture_writer_end(w, &stats, NULL), 0);
	assert_true(stats.bytes > 500000);
	unlink(file);
	tape_done(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_stalled_reader),
		cmocka_unit_test(test_end_without_reader),
		cmocka_unit_test(test_reader_gone),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_full_later),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_flight),
		cmocka_unit_test(test_bwlimit),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
