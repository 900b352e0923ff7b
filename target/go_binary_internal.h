/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files behind go_binary.h share. */
#ifndef SCHEDTOP_TARGET_GO_BINARY_INTERNAL_H
#define SCHEDTOP_TARGET_GO_BINARY_INTERNAL_H

#include "target/elf_file.h"
#include "target/go_binary.h"
#include "target/go_buildinfo.h"
#include "target/go_pclntab.h"

struct fault;

struct go_binary {
	struct elf_file elf;
	struct go_buildinfo info;
	struct go_pclntab tab;
	bool has_tab;
	int minor; /* -1 = unknown */
	struct go_offsets offsets;
	enum go_offsets_source offsets_source;
	const char *offsets_version; /* of the table's row */
	bool has_offsets;
};

/** Makes a binary of an ELF file, which it takes, also when it fails. @what names it in @fault. */
int go_binary_from_elf(struct elf_file *elf, const char *what, struct go_binary **ret, struct fault *fault);

/** Finds the offsets, once, when the binary is opened: version, minor and table must be known. 0, -ENOMEM. */
int go_binary_find_offsets(struct go_binary *b);

#endif
