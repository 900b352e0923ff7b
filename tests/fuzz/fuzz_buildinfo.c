/* SPDX-License-Identifier: GPL-2.0-only */
/* Build information in both forms. */
#include "fuzz.h"

#include "target/go_buildinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_buildinfo info;
	struct elf_file f;

	if (elf_file_parse(&f, data, size, "fuzz", NULL) < 0)
		return 0;
	if (go_buildinfo_read(&info, &f) == 0)
		go_buildinfo_done(&info);
	elf_file_close(&f);
	return 0;
}
