/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine code of runtime functions tells (decoded with Capstone): where a probe is cheap, where variables are
 * that no symbol names, how g is reached. x86-64 and AArch64.
 */
#ifndef SCHEDTOP_TARGET_GO_CODE_H
#define SCHEDTOP_TARGET_GO_CODE_H

#include "target/elf_file.h"
#include "target/go_pclntab.h"

/**
 * The cheapest instruction that runs once a call with all arguments in place, as an offset from the function's entry:
 * the push behind the stack check, else the check's branch (which runs again when the stack grows), else the entry.
 * *ret_emulated: the kernel emulates it rather than single-stepping (x86: arch/x86/kernel/uprobes.c; AArch64:
 * arch/arm64/kernel/probes/decode-insn.c). 0 or -ENODATA.
 */
int go_code_body(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset, bool *ret_emulated);

/**
 * The first instruction of a nosplit function that the kernel emulates and that every call comes by: the push at its
 * start, else a call or conditional jump that no jump stands before. The registers of arguments may have been
 * overwritten there; g's hasn't. 0, -ENOENT when there is none, -ENODATA.
 */
int go_code_straight(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset);

/**
 * The first direct call of @callee (link-time entry): the call itself at *ret_call and the instruction behind it at
 * *ret_behind. 0, -ENOENT, -ENODATA.
 */
int go_code_call(const struct elf_file *elf, const struct go_func *f, uint64_t callee, uint64_t *ret_call,
		 uint64_t *ret_behind);

/** The first conditional jump at or behind the offset @from, with no call before it. 0, -ENOENT, -ENODATA. */
int go_code_branch(const struct elf_file *elf, const struct go_func *f, uint64_t from, uint64_t *ret_offset);

/** Offset of the function's only RET. -ENOENT when it has none or several. AArch64's is emulated. */
int go_code_ret(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset, bool *ret_emulated);

/* A variable that a function loads or takes the address of, relative to the program counter. */
struct go_operand {
	uint64_t vaddr;
	uint8_t size; /* bytes loaded; 0 = its address is taken (lea) */
	bool stores;
	uint8_t arg; /* loaded into the register of this argument (ABIInternal): 1 = AX or x0, 2 = BX or x1; 0 = another
		      */
};

/** The operands of a function that are relative to the program counter, in the order of its code. Returns how many were
 * filled. */
size_t go_code_operands(const struct elf_file *elf, const struct go_func *f, struct go_operand *ret, size_t cap);

/** Targets of the direct calls of a function, in the order of its code. Returns how many were filled. */
size_t go_code_calls(const struct elf_file *elf, const struct go_func *f, uint64_t *ret, size_t cap);

/** The displacement from the thread pointer (fs, TPIDR_EL0) that the function reads g with. 0 or -ENOENT. */
int go_code_tls(const struct elf_file *elf, const struct go_func *f, int64_t *ret);

#endif
