/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF: headers, sections, symbols, relocations, pointers. */
#include "fuzz.h"

#include "target/elf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const sections[] = {".text", ".gopclntab", ".symtab", ".debug_info", ".shstrtab"};
	struct elf_file f;
	uint64_t vaddr, value, sum = 0;
	unsigned char type;
	bool packed;

	if (elf_file_parse(&f, data, size, "fuzz", NULL) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const void *bytes;
		size_t len;

		/* Each byte of what is handed out must be there. */
		if (elf_section(&f, sections[i], &bytes, &len, &vaddr) && bytes) {
			for (size_t k = 0; k < len; k++)
				sum += ((const uint8_t *)bytes)[k];
		}
		elf_section_flags(&f, sections[i], &packed);
	}
	elf_symbol(&f, "runtime.allm", &value, &type);
	for (size_t i = 0; i < f.n_phdrs && i < 16; i++) {
		size_t rest;
		const uint8_t *bytes = elf_rest(&f, f.phdrs[i].p_vaddr, &rest);

		if (bytes && rest)
			sum += bytes[0] + bytes[rest - 1];
		elf_pointer(&f, f.phdrs[i].p_vaddr + 8, &value);
		elf_offset(&f, f.phdrs[i].p_vaddr, &value);
		vaddr = 0;
		for (int k = 0; k < 4 && elf_find_pointer(&f, f.phdrs[i].p_vaddr, &vaddr); k++)
			sum += vaddr;
	}
	elf_file_close(&f);
	volatile uint64_t used = sum;
	(void)used;
	return 0;
}
