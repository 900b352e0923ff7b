/* SPDX-License-Identifier: GPL-2.0-only */
/* gopclntab: finding it, functions by address and by name, files, lines, inlined calls. */
#include "fuzz.h"

#include <string.h>

#include "target/go_pclntab.h"

#define ADDRESSES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_pclntab t;
	struct elf_file f;
	struct go_func func;
	size_t sum = 0;

	if (elf_file_parse(&f, data, size, "fuzz", NULL) < 0)
		return 0;
	if (go_pclntab_find(&t, &f) == 0) {
		for (uint64_t i = 0; i < ADDRESSES; i++) {
			const char *name, *file;
			uint32_t line;

			if (go_pclntab_func_at(&t, t.text + 4 * i, &func) < 0)
				continue;
			go_pclntab_line(&t, &func, t.text + 4 * i, &name, &file, &line);
			sum += strlen(name) + strlen(file) + strlen(func.name) + line;
		}
		go_pclntab_func_named(&t, "runtime.ready", &func);
		go_pclntab_func_named(&t, "", &func);
	}
	elf_file_close(&f);
	volatile size_t used = sum;
	(void)used;
	return 0;
}
