/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug information, packed or not: what is ours of it, and what libdw makes of the rest. */
#include "fuzz.h"

#include "target/go_dwarf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_offsets off;
	struct elf_file f;

	if (elf_file_parse(&f, data, size, "fuzz", NULL) < 0)
		return 0;
	go_dwarf_offsets(&f, &off);
	elf_file_close(&f);
	return 0;
}
