/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gopclntab: the table from program counters to functions, files and lines that every Go program carries, stripped or
 * not (runtime/symtab.go, debug/gosym/pclntab.go, cmd/link/internal/ld/pcln.go). All four layouts: Go 1.2 to 1.15
 * (magic 0xfffffffb), 1.16 and 1.17 (0xfffffffa), 1.18 and 1.19 (0xfffffff0), 1.20 and later (0xfffffff1). Inlined
 * calls are named from 1.16 on; before, they can't be told from the function that they were inlined into.
 */
#ifndef SCHEDTOP_TARGET_GO_PCLNTAB_H
#define SCHEDTOP_TARGET_GO_PCLNTAB_H

#include <stdbool.h>

#include "target/elf_file.h"

struct pclntab_layout;

struct go_pclntab {
	const struct elf_file *elf;
	const struct pclntab_layout *layout;
	const unsigned char *data;
	size_t size;
	uint64_t vaddr;  /* of the table */
	uint8_t quantum; /* smallest step between instructions: 1 on amd64, 4 on arm64 */
	uint64_t n_funcs;
	uint64_t text; /* from 1.18 function offsets count from here; before, it is the first function's address */
	/* The parts, as offsets into data; records (_func) count from @records. */
	uint64_t names, cus, files, pcs, funcs, records;
	uint64_t moduledata; /* its address; 0 = not found */
	uint64_t gofunc;     /* base of FUNCDATA offsets (inline trees); 0 = unknown */
};

/* One function's record. */
struct go_func {
	uint64_t entry, end; /* link-time addresses; end is the next one's entry */
	const char *name;
	uint64_t record; /* offset of its _func in data */
};

/** Finds the table by its section's name or by its magic, and the moduledata that points to it. 0 or -ENODATA. */
int go_pclntab_find(struct go_pclntab *t, const struct elf_file *elf);

/** The function that holds an address. 0 or -ENOENT. */
int go_pclntab_func_at(const struct go_pclntab *t, uint64_t vaddr, struct go_func *ret);

/** The function of a name. Reads every name: about a millisecond per 100,000 functions. 0 or -ENOENT. */
int go_pclntab_func_named(const struct go_pclntab *t, const char *name, struct go_func *ret);

/** Name (of the innermost inlined call), file and line at an address inside @f. File may be "", line 0. */
void go_pclntab_line(const struct go_pclntab *t, const struct go_func *f, uint64_t vaddr, const char **ret_name,
		     const char **ret_file, uint32_t *ret_line);

/**
 * Is it a wrapper that the compiler made ("go f(x)", a method value)? The runtime's tracebacks leave those out by the
 * same mark (internal/abi/symtab.go FuncIDWrapper, before 1.21 runtime/symtab.go funcID_wrapper). false before Go 1.18.
 */
bool go_pclntab_is_wrapper(const struct go_pclntab *t, const struct go_func *f, int go_minor);

#endif
