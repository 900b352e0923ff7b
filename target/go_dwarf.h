/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offsets of the runtime's struct fields from the DWARF that a Go program carries unless it was stripped: right for its
 * very version, experiments and patches included.
 */
#ifndef SCHEDTOP_TARGET_GO_DWARF_H
#define SCHEDTOP_TARGET_GO_DWARF_H

#include "target/elf_file.h"
#include "target/go_binary.h"

/**
 * Unpacks .debug_info as far as the unit that holds the runtime's types (cmd/link/internal/ld/dwarf.go puts all types
 * of a program into one of package runtime's units) and reads that one with libdw. Costs 3 to 5 ms a megabyte of debug
 * information, and the memory of twice that unit; both have limits.
 * 0; -ENODATA when there is none, it is of another kind or beyond the limits; -ENOMEM.
 */
int go_dwarf_offsets(const struct elf_file *elf, struct go_offsets *ret);

#endif
