/* SPDX-License-Identifier: GPL-2.0-only */
/* All that go_binary answers about a file: with it the code that decodes instructions. */
#include "fuzz.h"

#include "target/go_binary_internal.h"
#include "target/go_code.h"

/* Every reader of code on the function at an address, whatever its bytes are. */
static void read_code(const struct go_binary *b, uint64_t vaddr)
{
	struct go_operand operands[32];
	uint64_t at, behind, calls[32];
	struct go_func f;
	bool emulated;
	int64_t tls;

	if (!b->has_tab || go_pclntab_func_at(&b->tab, vaddr, &f) < 0)
		return;
	go_code_body(&b->elf, &f, &at, &emulated);
	go_code_straight(&b->elf, &f, &at);
	go_code_ret(&b->elf, &f, &at, &emulated);
	go_code_branch(&b->elf, &f, 4, &at);
	go_code_call(&b->elf, &f, f.entry, &at, &behind);
	go_code_calls(&b->elf, &f, calls, 32);
	go_code_operands(&b->elf, &f, operands, 32);
	go_code_tls(&b->elf, &f, &tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"runtime.allgs", "runtime.allm",       "runtime.allp",
					    "runtime.sched", "runtime.gomaxprocs", "runtime.godebugDefault"};
	const char *settings[] = {"asyncpreemptoff", "gctrace"};
	struct go_binary *b;
	struct elf_file f;
	struct go_offsets off;
	struct go_probe probe;
	struct go_loc loc;
	uint64_t vaddr, knobs[2];
	int64_t tls;
	bool guess;

	if (elf_file_parse(&f, data, size, "fuzz", NULL) < 0 || go_binary_from_elf(&f, "fuzz", &b, NULL) < 0)
		return 0;
	go_binary_offsets(b, &off, &guess);
	for (int id = 0; id < GO_PROBE_COUNT; id++)
		go_binary_probe(b, (enum go_probe_id)id, &probe);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		go_binary_data(b, names[i], &vaddr);
	go_binary_godebug_knob(b, settings[0], &vaddr);
	go_binary_godebug_knobs(b, settings, 2, knobs);
	go_binary_tls_g(b, &tls);
	for (uint64_t i = 0; i < 4; i++) {
		go_binary_resolve_start(b, b->tab.text + 0x40 * i, &loc);
		read_code(b, b->tab.text + 0x40 * i);
	}
	go_binary_close(b);
	return 0;
}
