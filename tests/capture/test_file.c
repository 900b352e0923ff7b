/* SPDX-License-Identifier: GPL-2.0-only */
/* Files: whole ones, cut ones, damaged ones, those of others; the session in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "capture/format.h"
#include "tests/capture/generate.h"
#include "tests/capture/tape.h"

static char folder[64], file[96], copy[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-capture-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/a.cap", folder);
	snprintf(copy, sizeof(copy), "%s/b.cap", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	unlink(copy);
	return rmdir(folder);
}

static char *text(const char *s)
{
	char *t = strdup(s);

	assert_non_null(t);
	return t;
}

static void make_session(struct session *s)
{
	session_init(s);
	s->pid = 4711;
	s->exe = text("/srv/secret/place/worker");
	s->args = calloc(3, sizeof(*s->args));
	assert_non_null(s->args);
	s->args[0] = text("./worker");
	s->args[1] = text("--password=\"hunter2\"\xff");
	s->go_version = text("go1.22.1");
	s->build_settings = calloc(2, sizeof(*s->build_settings));
	assert_non_null(s->build_settings);
	s->build_settings[s->n_build_settings++] = (struct session_kv){text("GOARCH"), text("amd64")};
	s->build_settings[s->n_build_settings++] = (struct session_kv){text("-ldflags"), text("-L/home/someone/lib")};
	s->env = calloc(2, sizeof(*s->env));
	assert_non_null(s->env);
	s->env[s->n_env++] = (struct session_kv){text("GODEBUG"), text("asyncpreemptoff=1")};
	s->env[s->n_env++] = (struct session_kv){text("HOME"), text("leaked-home")};
	s->stripped = 1;
	s->linkmode = text("internal");
	s->launched = true;
	s->async_enabled = 0;
	s->async_source = ASYNC_SOURCE_ENVIRONMENT;
	session_async_evidence(s, "GODEBUG=asyncpreemptoff=1 in the environment of /srv/secret/place/worker");
	session_missing(s, "samples on CPU 1: refused");
	s->collector = "ebpf";
	s->detail = DETAIL_EXACT;
	s->n_cpus = 64;
	s->start_ns = UINT64_MAX - 5;
	s->start_wall_ns = 1700000000123456789;
}

static void make_tape(struct tape *t, uint64_t n)
{
	generate(&(struct generate_opts){.n_events = n, .exact = true},
		 &(struct event_sink){.event = tape_add, .ctx = t});
}

/* The whole of a file; the caller frees. */
static uint8_t *slurp(const char *path, size_t *ret_n)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	uint8_t *data = malloc((size_t)st.st_size);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_n = (size_t)st.st_size;
	return data;
}

static void spit(const char *path, const uint8_t *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

static void test_whole(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file, .options = "--detail exact"};
	struct tape want = {0}, got = {0};
	struct capture_writer_stats stats;
	struct capture_damage damage;
	struct capture_reader *r = NULL;
	struct capture_info info;
	struct session s;
	struct stat st;
	uint64_t first_ns, last_ns, n;

	(void)state;
	make_session(&s);
	make_tape(&want, 200000);
	write_tape(&opts, &s, &want, &stats);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stats.events, want.n);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(stats.bytes, st.st_size);
	assert_int_equal(capture_reader_open(file, &r, NULL), 0);
	assert_int_equal(capture_reader_fd(r), -1);
	capture_reader_span(r, &first_ns, &last_ns, &n);
	assert_int_equal(n, want.n);
	assert_true(first_ns <= want.events[0].head.time_ns);
	assert_int_equal(last_ns, want.events[want.n - 1].head.time_ns);
	capture_reader_info(r, &info);
	assert_string_equal(info.options, "--detail exact");
	assert_false(info.redacted);
	assert_int_equal(info.major, CAPTURE_MAJOR);
	assert_int_equal(read_tape(r, &got), 0);
	capture_reader_damage(r, &damage);
	assert_memory_equal(&damage, &(struct capture_damage){0}, sizeof(damage));
	assert_string_equal(capture_damage_text(&damage, (char[100]){0}, 100), "");
	assert_same_tape(&want, &got);
	capture_reader_close(r);
	tape_done(&want);
	tape_done(&got);
	session_done(&s);
}

static void test_session(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	struct tape none = {0};
	struct capture_reader *r = NULL;
	struct session s;

	(void)state;
	make_session(&s);
	write_tape(&opts, &s, &none, NULL);
	assert_int_equal(capture_reader_open(file, &r, NULL), 0);
	const struct session *t = capture_reader_session(r);
	assert_int_equal(t->pid, s.pid);
	assert_string_equal(t->exe, s.exe);
	assert_string_equal(t->args[1], s.args[1]);
	assert_null(t->args[2]);
	assert_string_equal(t->go_version, s.go_version);
	assert_int_equal(t->n_build_settings, 2);
	assert_string_equal(t->build_settings[1].value, s.build_settings[1].value);
	assert_int_equal(t->n_env, 1); /* only GO* */
	assert_string_equal(t->env[0].key, "GODEBUG");
	assert_int_equal(t->stripped, 1);
	assert_string_equal(t->linkmode, "internal");
	assert_true(t->launched);
	assert_int_equal(t->async_enabled, 0);
	assert_int_equal(t->async_source, ASYNC_SOURCE_ENVIRONMENT);
	assert_int_equal(t->n_async_evidence, 1);
	assert_string_equal(t->async_evidence[0], s.async_evidence[0]);
	assert_string_equal(t->collector, "ebpf");
	assert_int_equal(t->detail, DETAIL_EXACT);
	assert_string_equal(t->missing[0], s.missing[0]);
	assert_int_equal(t->n_cpus, 64);
	assert_true(t->start_ns == s.start_ns);
	assert_true(t->start_wall_ns == s.start_wall_ns);
	capture_reader_close(r);
	session_done(&s);
}

/* The last one counts, also where the index is gone. */
static void test_session_changes(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	struct capture_writer *w = NULL;
	struct capture_reader *r = NULL;
	struct session s;
	size_t n;

	(void)state;
	make_session(&s);
	assert_int_equal(capture_writer_new(&opts, &s, &w, NULL), 0);
	capture_writer_event(w, &(struct event){.head = {.time_ns = 5, .kind = EV_TICK}});
	s.pid = 12;
	assert_int_equal(capture_writer_session(w, &s), 0);
	assert_int_equal(capture_writer_end(w, NULL, NULL), 0);
	for (int cut = 0; cut < 2; cut++) {
		assert_int_equal(capture_reader_open(file, &r, NULL), 0);
		assert_int_equal(capture_reader_session(r)->pid, 12);
		capture_reader_close(r);
		uint8_t *data = slurp(file, &n);
		spit(file, data, n - 50);
		free(data);
	}
	session_done(&s);
}

static bool holds(const uint8_t *data, size_t n, const char *word)
{
	return memmem(data, n, word, strlen(word)) != NULL;
}

static void test_redact(void **state)
{
	const struct capture_writer_opts opts = {
		.size = sizeof(opts), .path = file, .options = "-- /srv/secret/place/worker", .redact = true};
	struct capture_reader *r = NULL;
	struct tape t = {0}, got = {0};
	struct capture_info info;
	struct session s;
	size_t n;

	(void)state;
	make_session(&s);
	tape_add(&t, &(struct event){.head.kind = EV_LOC,
				     .loc = {.func = "main.f", .file = "/home/someone/src/a.go", .id = 1}});
	write_tape(&opts, &s, &t, NULL);
	assert_int_equal(capture_reader_open(file, &r, NULL), 0);
	assert_string_equal(capture_reader_session(r)->exe, "worker");
	assert_null(capture_reader_session(r)->args);
	assert_string_equal(capture_reader_session(r)->async_evidence[0],
			    "GODEBUG=asyncpreemptoff=1 in the environment of worker");
	capture_reader_info(r, &info);
	assert_true(info.redacted);
	assert_string_equal(info.options, "");
	read_tape(r, &got);
	assert_string_equal(got.events[0].loc.file, "a.go");
	assert_string_equal(got.events[0].loc.func, "main.f");
	capture_reader_close(r);
	uint8_t *data = slurp(file, &n);
	assert_false(holds(data, n, "secret"));
	assert_false(holds(data, n, "someone"));
	assert_false(holds(data, n, "hunter2"));
	assert_false(holds(data, n, "leaked"));
	free(data);
	tape_done(&t);
	tape_done(&got);
	session_done(&s);
}

static void open_cut(const struct tape *want, const uint8_t *data, size_t n, size_t whole)
{
	struct capture_reader *r = NULL;
	struct capture_damage damage;
	struct tape got = {0};

	spit(copy, data, n);
	int err = capture_reader_open(copy, &r, NULL);
	if (n < 8) {
		assert_int_equal(err, -EINVAL);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(read_tape(r, &got), 0);
	capture_reader_damage(r, &damage);
	assert_prefix(want, &got);
	assert_int_equal(damage.end_missing, n < whole);
	assert_true(damage.bytes_skipped <= n);
	capture_reader_close(r);
	tape_done(&got);
}

static void test_cut_everywhere(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	struct tape want = {0};
	struct session s;
	size_t n;

	(void)state;
	session_init(&s);
	make_tape(&want, 400);
	write_tape(&opts, &s, &want, NULL);
	uint8_t *data = slurp(file, &n);
	for (size_t cut = 0; cut <= n; cut++)
		open_cut(&want, data, cut, n);
	free(data);
	tape_done(&want);
}

static void test_cut_large(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	struct tape want = {0};
	struct session s;
	uint64_t rng = 3;
	size_t n;

	(void)state;
	session_init(&s);
	make_tape(&want, 140000);
	write_tape(&opts, &s, &want, NULL);
	uint8_t *data = slurp(file, &n);
	for (int i = 0; i < 1000; i++)
		open_cut(&want, data, generate_random(&rng) % n, n);
	free(data);
	tape_done(&want);
}

/* One bit is wrong: what is left are events that were there, and the damage is told. */
static void test_bit_flips(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	struct tape want = {0};
	struct session s;
	uint64_t rng = 5;
	size_t n;

	(void)state;
	session_init(&s);
	make_tape(&want, 3000);
	write_tape(&opts, &s, &want, NULL);
	uint8_t *data = slurp(file, &n);
	for (int i = 0; i < 3000; i++) {
		size_t bit = generate_random(&rng) % (8 * n);
		struct capture_reader *r = NULL;
		struct capture_damage damage;
		struct tape got = {0};
		char sentence[300];

		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		spit(copy, data, n);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(capture_reader_open(copy, &r, NULL), 0);
		assert_int_equal(read_tape(r, &got), 0);
		capture_reader_damage(r, &damage);
		assert_prefix(&want, &got);
		assert_true(damage.blocks_damaged || damage.header_damaged);
		assert_true(strlen(capture_damage_text(&damage, sentence, sizeof(sentence))) > 10);
		capture_reader_close(r);
		tape_done(&got);
	}
	free(data);
	tape_done(&want);
}

/* A block in the middle is gone: names told in it come from the next one, and the loss is told. */
static void test_lost_block(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	const struct capture_block *blocks;
	struct capture_reader *r = NULL;
	struct capture_damage damage;
	struct tape want = {0}, got = {0};
	struct session s;
	bool named = false;
	size_t n;

	(void)state;
	session_init(&s);
	make_tape(&want, 200000);
	write_tape(&opts, &s, &want, NULL);
	assert_int_equal(capture_reader_open(file, &r, NULL), 0);
	assert_true(capture_reader_blocks(r, &blocks) >= 3);
	uint64_t at = blocks[0].offset, lost = blocks[0].n_events;
	capture_reader_close(r);
	uint8_t *data = slurp(file, &n);
	data[at + BLOCK_HEAD_SIZE + 100] ^= 1;
	spit(file, data, n);
	free(data);
	read_path(file, &got, &damage);
	assert_int_equal(damage.blocks_damaged, 1);
	for (size_t i = 0; i < got.n && got.events[i].head.kind != EV_SWITCH; i++)
		named |= got.events[i].head.kind == EV_LOC &&
			 strcmp(got.events[i].loc.func, "main.(*worker).step3") == 0;
	assert_true(named);
	assert_true(got.n + lost >= want.n && got.n < want.n);
	tape_done(&want);
	tape_done(&got);
}

static void test_seek(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	const struct capture_block *blocks;
	struct capture_reader *r = NULL;
	struct tape want = {0}, got = {0};
	struct session s;
	size_t from = 0, skipped = 0;

	(void)state;
	session_init(&s);
	make_tape(&want, 200000);
	write_tape(&opts, &s, &want, NULL);
	assert_int_equal(capture_reader_open(file, &r, NULL), 0);
	size_t n = capture_reader_blocks(r, &blocks);
	assert_true(n >= 3);
	assert_int_equal(capture_reader_seek(r, n), -ERANGE);
	for (size_t i = 0; i < n - 1; i++)
		from += blocks[i].n_events;
	assert_int_equal(capture_reader_seek(r, n - 1), 0);
	assert_int_equal(read_tape(r, &got), 0);
	skipped = got.n - blocks[n - 1].n_events;
	assert_true(skipped > 64); /* names and threads come first */
	for (size_t i = 0; i < blocks[n - 1].n_events; i++)
		assert_true(same_event(&want.events[from + i], &got.events[skipped + i]));
	/* And from the start again, as if nothing had been. */
	tape_done(&got);
	assert_int_equal(capture_reader_seek(r, 0), 0);
	assert_int_equal(read_tape(r, &got), 0);
	assert_same_tape(&want, &got);
	capture_reader_close(r);
	tape_done(&want);
	tape_done(&got);
}

static struct event setting_event(uint64_t time_ns, struct ev_setting s)
{
	struct event ev = {.head = {.time_ns = time_ns, .kind = EV_SETTING}};

	s.setting = EV_SETTING_ASYNCPREEMPTOFF;
	ev.setting = s;
	return ev;
}

#define SETTINGS_AT 100 /* so many events into the recording */

/* Something is written twice, early in the recording. */
static void tape_add_settings(void *ctx, const struct event *ev)
{
	const struct tape *t = ctx;
	uint64_t now = ev->head.time_ns;
	const struct event settings[] = {
		/* The outcome of the first isn't that of the second. */
		setting_event(now, (struct ev_setting){.at_ns = 5, .from = 1, .what = EV_SETTING_WRITTEN}),
		setting_event(now, (struct ev_setting){.stuck = 9, .what = EV_SETTING_REPAIRED}),
		setting_event(now, (struct ev_setting){.to = 1, .what = EV_SETTING_SEEN}),
		setting_event(now, (struct ev_setting){.at_ns = now, .from = 1, .what = EV_SETTING_WRITTEN}),
		setting_event(now, (struct ev_setting){.stuck = 2, .what = EV_SETTING_REPAIRED}),
	};

	for (size_t i = 0; t->n == SETTINGS_AT + i && i < ARRAY_SIZE(settings); i++)
		tape_add(ctx, &settings[i]);
	tape_add(ctx, ev);
}

/* What was written into the process is told again where the block that told it isn't read, as what was before. */
static void test_setting_before(void **state)
{
	const struct capture_writer_opts opts = {.size = sizeof(opts), .path = file};
	const struct capture_block *blocks;
	struct capture_reader *r = NULL;
	struct tape want = {0}, got = {0};
	struct event found[3] = {0};
	struct session s;
	size_t n_found = 0;

	(void)state;
	session_init(&s);
	generate(&(struct generate_opts){.n_events = 200000, .exact = true},
		 &(struct event_sink){.event = tape_add_settings, .ctx = &want});
	write_tape(&opts, &s, &want, NULL);
	assert_int_equal(capture_reader_open(file, &r, NULL), 0);
	size_t n = capture_reader_blocks(r, &blocks);
	assert_int_equal(capture_reader_seek(r, n - 1), 0);
	assert_int_equal(read_tape(r, &got), 0);
	for (size_t i = 0; i < got.n; i++) {
		if (got.events[i].head.kind == EV_SETTING && n_found < ARRAY_SIZE(found))
			found[n_found++] = got.events[i];
	}
	assert_int_equal(n_found, 2);
	assert_true(found[0].head.flags & found[1].head.flags & EVF_INITIAL);
	assert_int_equal(found[0].setting.what, EV_SETTING_WRITTEN);
	assert_int_equal(found[0].setting.at_ns, want.events[SETTINGS_AT].head.time_ns);
	assert_int_equal(found[1].setting.what, EV_SETTING_REPAIRED);
	assert_int_equal(found[1].setting.stuck, 2);
	/* Read from the start everything comes once, as it was recorded. */
	tape_done(&got);
	assert_int_equal(capture_reader_seek(r, 0), 0);
	assert_int_equal(read_tape(r, &got), 0);
	assert_same_tape(&want, &got);
	capture_reader_close(r);
	tape_done(&want);
	tape_done(&got);
}

static void test_refusals(void **state)
{
	struct capture_reader *r = NULL;
	struct fault fault = {0};
	uint8_t head[FILE_HEAD_SIZE];

	(void)state;
	spit(file, (const uint8_t *)"PERFILE2 and more, long enough to be a head", 44);
	assert_int_equal(capture_reader_open(file, &r, &fault), -EINVAL);
	assert_non_null(strstr(fault.why, "no capture"));
	file_head_store_version(head, CAPTURE_MAJOR + 1, 3);
	spit(file, head, sizeof(head));
	assert_int_equal(capture_reader_open(file, &r, &fault), -EPROTONOSUPPORT);
	assert_non_null(strstr(fault.why, "format 2.3"));
	assert_true(strlen(fault.todo) > 0);
	file_head_store_version(head, CAPTURE_MAJOR, CAPTURE_MINOR + 9);
	spit(file, head, sizeof(head));
	assert_int_equal(capture_reader_open(file, &r, &fault), 0);
	capture_reader_close(r);
	assert_int_equal(capture_reader_open("/nonexistent", &r, &fault), -ENOENT);
	assert_int_equal(capture_reader_open("/tmp", &r, &fault), -EISDIR);
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_session_changes),
		cmocka_unit_test(test_redact),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_cut_large),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_lost_block),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_setting_before),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
