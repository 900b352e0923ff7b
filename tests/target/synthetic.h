/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tiny ELF files that look like Go programs of a kind that no toolchain here can make, or that a fuzzer can begin with:
 * a few functions, gopclntab of any layout, build information in either form, debug information of the runtime's types.
 */
#ifndef SCHEDTOP_TESTS_SYNTHETIC_H
#define SCHEDTOP_TESTS_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNTH_MAGIC_12  0xfffffffbU
#define SYNTH_MAGIC_116 0xfffffffaU
#define SYNTH_MAGIC_118 0xfffffff0U
#define SYNTH_MAGIC_120 0xfffffff1U

enum synth_dwarf { SYNTH_DWARF_NONE, SYNTH_DWARF_PLAIN, SYNTH_DWARF_PACKED, SYNTH_DWARF_OLD };

struct synth {
	uint32_t magic;
	uint16_t machine;    /* EM_X86_64, EM_AARCH64 */
	bool pie;            /* pointers are relocations only */
	bool no_sections;    /* what is there must be found by its magic */
	bool info_inline;    /* build information as from Go 1.18 */
	const char *version; /* NULL = no build information */
	enum synth_dwarf dwarf;
};

/* The functions, in order; the first has main.small inlined at +0x10 to +0x20. Lines 10, 20 and 11 of main.go in it. */
#define SYNTH_TEXT      0x480000U
#define SYNTH_MAIN      (SYNTH_TEXT)        /* main.main, 0x40 bytes */
#define SYNTH_READY     (SYNTH_TEXT + 0x40) /* runtime.ready, 0x40 bytes: stack check and push of the architecture */
#define SYNTH_GOEXIT    (SYNTH_TEXT + 0x80) /* runtime.goexit, 0x20 bytes, no file */
#define SYNTH_END       (SYNTH_TEXT + 0xa0)
#define SYNTH_READY_CMP 4U /* bytes of the comparison in runtime.ready on x86-64 */

/** The file's bytes, to free; aborts without memory. */
unsigned char *synth_build(const struct synth *s, size_t *ret_len);

/** The same as a file that has no name: a path to open. Close *ret_fd. */
void synth_file(const struct synth *s, int *ret_fd, char path[64]);

/** The offset that the debug information gives the @i-th of GO_OFFSETS. */
uint16_t synth_offset(size_t i);

#endif
