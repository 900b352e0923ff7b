/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints as JSON what go_binary makes of a program, for tests that compare it with the Go tools' own answers.
 *
 *   binary_dump FILE [--resolve] [FUNCTION...]    --resolve: reads addresses (hex) from standard input
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "target/elf_file.h"
#include "target/go_binary.h"
#include "target/go_dwarf.h"

/* Of Go's own names, which need no escapes but for the quote and the backslash. */
static void print_text(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar((unsigned char)*s < ' ' ? '?' : *s);
	}
	putchar('"');
}

static void dump_data(const struct go_binary *b)
{
	static const char *const names[] = {"runtime.allgs", "runtime.allm",       "runtime.allp",
					    "runtime.sched", "runtime.gomaxprocs", "runtime.godebugDefault",
					    "runtime.debug"};
	const char *comma = "";

	fputs(",\n\"data\": {", stdout);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t vaddr;

		if (go_binary_data(b, names[i], &vaddr) < 0)
			continue;
		printf("%s\"%s\": %" PRIu64, comma, names[i], vaddr);
		comma = ", ";
	}
	putchar('}');
}

static void dump_offsets(const char *title, struct go_offsets off)
{
	const char *comma = "";

	printf(",\n\"%s\": {", title);
#define DUMP(member, name)                                                                                             \
	printf("%s\"" #member "\": %d", comma, off.member == GO_OFF_NONE ? -1 : off.member);                           \
	comma = ", ";
	GO_OFFSETS(DUMP)
#undef DUMP
	putchar('}');
}

static void dump_layout(const struct go_binary *b, const char *path)
{
	static const char *const sources[] = {
		[GO_OFFSETS_TABLE] = "table", [GO_OFFSETS_DWARF] = "dwarf", [GO_OFFSETS_GUESS] = "guess"};
	struct go_offsets off;
	enum go_offsets_source source;
	const char *version;
	struct elf_file elf;
	bool guess;

	if (go_binary_offsets(b, &off, &guess) < 0 || go_binary_offsets_source(b, &source, &version) < 0)
		return;
	printf(",\n\"source\": \"%s\", \"row\": \"%s\"", sources[source], version ? version : "");
	dump_offsets("offsets", off);
	if (elf_file_open(&elf, path, NULL) == 0) {
		if (go_dwarf_offsets(&elf, &off) == 0)
			dump_offsets("dwarf", off);
		elf_file_close(&elf);
	}
}

static void dump_probes(const struct go_binary *b)
{
	const char *comma = "";

	fputs(",\n\"probes\": {", stdout);
	for (int id = 0; id < GO_PROBE_COUNT; id++) {
		struct go_probe p;

		if (!go_binary_probe_wanted(b, (enum go_probe_id)id) ||
		    go_binary_probe(b, (enum go_probe_id)id, &p) < 0)
			continue;
		printf("%s\"%d\": {\"func\": \"%s\", \"vaddr\": %" PRIu64 ", \"file_offset\": %" PRIu64
		       ", \"emulated\": %s, \"subject\": %u}",
		       comma, id, p.func, p.vaddr, p.file_offset, p.emulated ? "true" : "false", p.subject);
		comma = ",\n ";
	}
	putchar('}');
}

static void dump_resolved(const struct go_binary *b)
{
	uint64_t vaddr;
	const char *comma = "";

	fputs(",\n\"resolved\": {", stdout);
	while (scanf("%" SCNx64, &vaddr) == 1) {
		struct go_loc loc;

		if (go_binary_resolve(b, vaddr, &loc) < 0)
			continue;
		printf("%s\"%" PRIx64 "\": [", comma, vaddr);
		print_text(loc.func);
		fputs(", ", stdout);
		print_text(loc.file);
		printf(", %u, %" PRIu64 "]", loc.line, loc.entry);
		comma = ",\n ";
	}
	putchar('}');
}

int main(int argc, char **argv)
{
	struct fault fault = {0};
	struct go_binary *b = NULL;
	int64_t tls;

	if (argc < 2 || go_binary_open(argv[1], &b, &fault) < 0) {
		fault_print(&fault, stderr);
		return 1;
	}
	fputs("{\"version\": ", stdout);
	print_text(go_binary_is_go(b) ? go_binary_version(b) : "");
	printf(", \"arch\": \"%s\"", go_binary_arch(b));
	if (go_binary_tls_g(b, &tls) == 0)
		printf(", \"tls_g\": %" PRId64, tls);
	dump_data(b);
	dump_layout(b, argv[1]);
	dump_probes(b);
	for (int i = 2; i < argc; i++) {
		uint64_t vaddr;

		if (strcmp(argv[i], "--resolve") == 0)
			dump_resolved(b);
		else if (go_binary_func(b, argv[i], &vaddr) == 0)
			printf(",\n\"%s\": %" PRIu64, argv[i], vaddr);
	}
	puts("}");
	go_binary_close(b);
	return 0;
}
