/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the corpus: make_seeds DIRECTORY. Run it through the target fuzz-seeds when synthetic.h learns something new.
 */
#include <elf.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "synthetic.h"

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct synth s;
	} seeds[] = {
		{"go1.15-amd64", {.magic = SYNTH_MAGIC_12, .machine = EM_X86_64, .version = "go1.15.1"}},
		{"go1.15-pie", {.magic = SYNTH_MAGIC_12, .machine = EM_X86_64, .version = "go1.15.1", .pie = true}},
		{"go1.17-amd64-old-dwarf",
		 {.magic = SYNTH_MAGIC_116, .machine = EM_X86_64, .version = "go1.17.1", .dwarf = SYNTH_DWARF_OLD}},
		{"go1.17-arm64-pie",
		 {.magic = SYNTH_MAGIC_116, .machine = EM_AARCH64, .version = "go1.17.1", .pie = true}},
		{"go1.19-arm64",
		 {.magic = SYNTH_MAGIC_118,
		  .machine = EM_AARCH64,
		  .version = "go1.19.1",
		  .info_inline = true,
		  .dwarf = SYNTH_DWARF_PLAIN}},
		{"go1.22-amd64-dwarf",
		 {.magic = SYNTH_MAGIC_120,
		  .machine = EM_X86_64,
		  .version = "go1.22.3",
		  .info_inline = true,
		  .dwarf = SYNTH_DWARF_PLAIN}},
		{"go1.22-pie-packed-dwarf",
		 {.magic = SYNTH_MAGIC_120,
		  .machine = EM_X86_64,
		  .version = "go1.22.3",
		  .info_inline = true,
		  .pie = true,
		  .dwarf = SYNTH_DWARF_PACKED}},
		{"go1.25-no-sections",
		 {.magic = SYNTH_MAGIC_120,
		  .machine = EM_X86_64,
		  .version = "go1.25.1",
		  .info_inline = true,
		  .no_sections = true}},
	};

	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(seeds); i++) {
		char path[4096];
		size_t len;
		cleanup_free unsigned char *data = synth_build(&seeds[i].s, &len);

		snprintf(path, sizeof(path), "%s/%s.elf", argv[1], seeds[i].name);
		cleanup_fclose FILE *f = fopen(path, "we");
		if (!f || fwrite(data, 1, len, f) != len) {
			perror(path);
			return 1;
		}
	}
	return argc == 2 ? 0 : 2;
}
