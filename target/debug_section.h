/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A debug section of an ELF file as a stream of bytes, whether it is stored plain, compressed (SHF_COMPRESSED with
 * zlib) or in the older form (.zdebug_*, which the Go linker wrote before 1.19). Nothing is held but what the caller
 * reads.
 */
#ifndef SCHEDTOP_TARGET_DEBUG_SECTION_H
#define SCHEDTOP_TARGET_DEBUG_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

struct elf_file;

struct debug_section {
	uint64_t size; /* in bytes, unpacked, as its header says */
	const unsigned char *next;
	size_t left;
	bool packed;
	z_stream z;
};

/** @name without the dot's prefix: "info", "abbrev". 0; -ENODATA when there is none or it is packed otherwise; -ENOMEM.
 */
int debug_section_open(struct debug_section *s, const struct elf_file *elf, const char *name);
void debug_section_close(struct debug_section *s);

/** Reads or skips exactly @n bytes. 0, -ENODATA at the end of the section or when it is damaged. */
int debug_section_read(struct debug_section *s, void *buf, size_t n);
int debug_section_skip(struct debug_section *s, uint64_t n);

#endif
