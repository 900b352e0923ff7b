/* SPDX-License-Identifier: GPL-2.0-only */
/* What go_code.c and the architectures behind it share. */
#ifndef SCHEDTOP_TARGET_GO_CODE_INTERNAL_H
#define SCHEDTOP_TARGET_GO_CODE_INTERNAL_H

#include <capstone/capstone.h>

#include "target/go_code.h"

struct code_arch;

struct decoder {
	const struct code_arch *arch;
	csh handle;
	cs_insn *insn;
	const uint8_t *code;
	size_t left;
	uint64_t address, entry;
};

/* One architecture. The functions look at the decoder's current instruction unless they say that they go on. */
struct code_arch {
	cs_arch arch;
	cs_mode mode;
	bool skips;                             /* goes on behind what Capstone doesn't know */
	bool emulates_ret;                      /* the kernel does */
	bool (*is_branch)(const cs_insn *insn); /* conditional, of those that the kernel emulates */
	bool (*is_jump)(const cs_insn *insn);   /* unconditional, or a return: the straight line ends */
	bool (*is_ret)(const cs_insn *insn);
	bool (*is_push)(const cs_insn *insn); /* of the kind that a function begins with and the kernel emulates */
	bool (*is_call)(const cs_insn *insn, uint64_t *ret_target); /* direct */
	/* These read on from the start. */
	int (*body)(struct decoder *d, uint64_t *ret_offset, bool *ret_emulated);
	size_t (*operands)(struct decoder *d, struct go_operand *ret, size_t cap);
	int (*tls)(struct decoder *d, int64_t *ret);
};

extern const struct code_arch code_x86, code_arm64;

/** The next instruction; false at the function's end, or where the code can't be decoded. */
bool decoder_next(struct decoder *d);

#endif
