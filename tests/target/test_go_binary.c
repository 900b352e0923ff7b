/* SPDX-License-Identifier: GPL-2.0-only */
/* go_binary on files of every layout, also of those that no toolchain here writes any more. */
#include "target/go_binary.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "synthetic.h"

static const uint32_t magics[] = {SYNTH_MAGIC_12, SYNTH_MAGIC_116, SYNTH_MAGIC_118, SYNTH_MAGIC_120};
static const uint16_t machines[] = {EM_X86_64, EM_AARCH64};

static struct go_binary *open_synth(const struct synth *s)
{
	struct go_binary *b = NULL;
	char path[64];
	int fd;

	synth_file(s, &fd, path);
	assert_int_equal(go_binary_open(path, &b, NULL), 0);
	close(fd);
	return b;
}

static void assert_at(const struct go_binary *b, uint64_t vaddr, const char *func, const char *file, uint32_t line)
{
	struct go_loc loc;

	assert_int_equal(go_binary_resolve(b, vaddr, &loc), 0);
	assert_string_equal(loc.func, func);
	assert_string_equal(loc.file, file);
	assert_int_equal(loc.line, line);
}

static void resolves(const struct synth *s)
{
	struct go_binary *b = open_synth(s);
	struct go_loc loc;
	uint64_t vaddr;

	assert_true(go_binary_is_go(b));
	assert_at(b, SYNTH_MAIN, "main.main", "/src/main.go", 10);
	assert_at(b, SYNTH_MAIN + 0x0f, "main.main", "/src/main.go", 10);
	/* Before 1.16 the tables don't tell inlined calls in a way that we read. */
	assert_at(b, SYNTH_MAIN + 0x10, s->magic == SYNTH_MAGIC_12 ? "main.main" : "main.small", "/src/main.go", 20);
	assert_at(b, SYNTH_MAIN + 0x20, "main.main", "/src/main.go", 11);
	assert_at(b, SYNTH_READY - 1, "main.main", "/src/main.go", 11);
	assert_at(b, SYNTH_READY, "runtime.ready", "/src/main.go", 10);
	assert_at(b, SYNTH_GOEXIT + 4, "runtime.goexit", "", 0);
	assert_int_equal(go_binary_resolve(b, SYNTH_MAIN - 1, &loc), -ENOENT);
	assert_int_equal(go_binary_resolve(b, SYNTH_END, &loc), -ENOENT);
	assert_int_equal(go_binary_func(b, "runtime.ready", &vaddr), 0);
	assert_int_equal(vaddr, SYNTH_READY);
	assert_int_equal(go_binary_func(b, "runtime.read", &vaddr), -ENOENT);
	go_binary_close(b);
}

static void every_table_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < 16 * ARRAY_SIZE(magics); i++) {
		struct synth s = {
			.magic = magics[i / 16],
			.machine = machines[i & 1],
			.pie = i & 2,
			.no_sections = i & 4,
			.info_inline = i & 8,
			.version = "go1.22.12",
		};

		resolves(&s);
	}
}

static void build_information_of_both_kinds(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct synth s = {
			.magic = SYNTH_MAGIC_116,
			.machine = EM_X86_64,
			.pie = i & 1,
			.no_sections = i & 2,
			.info_inline = i & 4,
			.version = "go1.17.13",
		};
		struct go_binary *b = open_synth(&s);
		const char *key, *value;

		assert_string_equal(go_binary_version(b), "go1.17.13");
		assert_int_equal(go_binary_minor(b), 17);
		assert_string_equal(go_binary_path(b), "command-line-arguments");
		assert_string_equal(go_binary_setting_get(b, "-compiler"), "gc");
		assert_int_equal(go_binary_setting(b, 1, &key, &value), 0);
		assert_string_equal(key, "a b");
		assert_string_equal(value, "c\"d");
		assert_int_equal(go_binary_setting(b, 2, &key, &value), -ENOENT);
		go_binary_close(b);
	}
}

static void probes_by_architecture(void **state)
{
	struct go_probe p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct synth s = {.magic = SYNTH_MAGIC_120, .machine = machines[i], .version = "go1.22.12"};
		struct go_binary *b = open_synth(&s);

		assert_int_equal(go_binary_probe(b, GO_PROBE_READY, &p), 0);
		assert_string_equal(p.func, "runtime.ready");
		assert_true(p.vaddr > SYNTH_READY && p.vaddr < SYNTH_READY + 16);
		assert_true(p.emulated);
		assert_int_equal(go_binary_probe(b, GO_PROBE_PARK, &p), -ENOENT);
		go_binary_close(b);
	}
	assert_true(go_probe_is_exact(GO_PROBE_READY));
	assert_false(go_probe_is_exact(GO_PROBE_PARK_PREEMPTED));
}

static void offsets_of(enum synth_dwarf dwarf, const char *version, enum go_offsets_source expect, const char *row)
{
	struct synth s = {.magic = SYNTH_MAGIC_120, .machine = EM_X86_64, .version = version, .dwarf = dwarf};
	struct go_binary *b = open_synth(&s);
	enum go_offsets_source source;
	const char *from;
	struct go_offsets off;
	bool guess;
	size_t i = 0;

	assert_int_equal(go_binary_offsets(b, &off, &guess), 0);
	assert_int_equal(go_binary_offsets_source(b, &source, &from), 0);
	assert_int_equal(source, expect);
	assert_int_equal(guess, expect == GO_OFFSETS_GUESS);
	if (row)
		assert_string_equal(from, row);
	else
		assert_null(from);
	if (expect == GO_OFFSETS_DWARF) {
#define SAME(member, name) assert_int_equal(off.member, synth_offset(i++));
		GO_OFFSETS(SAME)
#undef SAME
	}
	go_binary_close(b);
}

static void offsets_from_where_they_are_known(void **state)
{
	struct go_offsets off;
	bool guess;

	(void)state;
	/* The very version, whatever its DWARF says. */
	offsets_of(SYNTH_DWARF_PLAIN, "go1.22.12", GO_OFFSETS_TABLE, "go1.22.12");
	/* Others by their DWARF, stored in all ways. */
	offsets_of(SYNTH_DWARF_PLAIN, "go1.22.3", GO_OFFSETS_DWARF, NULL);
	offsets_of(SYNTH_DWARF_PACKED, "go1.22.12 X:arenas", GO_OFFSETS_DWARF, NULL);
	offsets_of(SYNTH_DWARF_OLD, "go1.17.1", GO_OFFSETS_DWARF, NULL);
	offsets_of(SYNTH_DWARF_PACKED, "go1.99.1", GO_OFFSETS_DWARF, NULL);
	/* Without it by their release line; newer ones by the newest. */
	offsets_of(SYNTH_DWARF_NONE, "go1.22.3", GO_OFFSETS_TABLE, "go1.22.12");
	offsets_of(SYNTH_DWARF_NONE, "go1.20.1", GO_OFFSETS_TABLE, "go1.20.14");
	offsets_of(SYNTH_DWARF_NONE, "go1.99.1", GO_OFFSETS_GUESS, "go1.26.11");

	struct synth s = {.magic = SYNTH_MAGIC_116, .machine = EM_X86_64, .version = "go1.17.1"};
	struct go_binary *b = open_synth(&s);
	assert_int_equal(go_binary_offsets(b, &off, &guess), -ENODATA);
	go_binary_close(b);
}

static void what_is_no_go_program_opens(void **state)
{
	struct synth s = {.magic = SYNTH_MAGIC_120, .machine = EM_X86_64};
	struct go_binary *b = open_synth(&s);
	struct go_offsets off;
	struct go_probe p;
	struct go_loc loc;
	uint64_t vaddr;
	bool guess;

	(void)state;
	assert_false(go_binary_is_go(b)); /* a table, but no build information */
	assert_int_equal(go_binary_offsets(b, &off, &guess), -ENODATA);
	assert_int_equal(go_binary_probe(b, GO_PROBE_READY, &p), -ENODATA);
	assert_int_equal(go_binary_resolve(b, SYNTH_MAIN, &loc), -ENODATA);
	assert_int_equal(go_binary_data(b, "runtime.sched", &vaddr), -ENODATA);
	assert_int_equal(go_binary_godebug_knob(b, "asyncpreemptoff", &vaddr), -ENODATA);
	go_binary_close(b);
}

/* Every prefix of a file, and every file with one byte turned over: nothing is read beside it, nothing hangs. */
static void damaged_files_do_no_harm(void **state)
{
	struct synth s = {.magic = SYNTH_MAGIC_120,
			  .machine = EM_X86_64,
			  .version = "go1.22.3",
			  .dwarf = SYNTH_DWARF_PLAIN,
			  .pie = true};
	size_t len;
	cleanup_free unsigned char *data = synth_build(&s, &len);

	(void)state;
	for (size_t i = 0; i < len; i += 3) {
		for (int cut = 0; cut < 2; cut++) {
			char path[64];
			struct go_binary *b = NULL;
			struct go_loc loc;
			int fd = memfd_create("damaged", MFD_CLOEXEC);

			assert_true(fd >= 0);
			data[i] ^= 0xff;
			assert_int_equal(write(fd, data, cut ? i : len), cut ? i : len);
			data[i] ^= 0xff;
			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			if (go_binary_open(path, &b, NULL) == 0)
				go_binary_resolve(b, SYNTH_MAIN + 0x10, &loc);
			go_binary_close(b);
			close(fd);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_is_read),         cmocka_unit_test(build_information_of_both_kinds),
		cmocka_unit_test(probes_by_architecture),      cmocka_unit_test(offsets_from_where_they_are_known),
		cmocka_unit_test(what_is_no_go_program_opens), cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests_name("go binary", tests, NULL, NULL);
}
