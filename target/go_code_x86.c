/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64. The kernel emulates nop, push, call, jmp and jcc (arch/x86/kernel/uprobes.c). */
#include <errno.h>

#include "target/go_code_internal.h"

/* jcc, short and near. */
static bool is_branch(const cs_insn *insn)
{
	const uint8_t *op = insn->detail->x86.opcode;

	return (op[0] & 0xf0) == 0x70 || (op[0] == 0x0f && (op[1] & 0xf0) == 0x80);
}

static bool is_ret(const cs_insn *insn)
{
	return insn->id == X86_INS_RET;
}

static bool is_jump(const cs_insn *insn)
{
	return insn->id == X86_INS_JMP || is_ret(insn);
}

static bool is_push(const cs_insn *insn)
{
	return insn->id == X86_INS_PUSH;
}

static bool is_call(const cs_insn *insn, uint64_t *ret_target)
{
	const cs_x86 *x = &insn->detail->x86;

	if (insn->id != X86_INS_CALL || x->op_count != 1 || x->operands[0].type != X86_OP_IMM)
		return false;
	*ret_target = (uint64_t)x->operands[0].imm;
	return true;
}

static int body(struct decoder *d, uint64_t *ret_offset, bool *ret_emulated)
{
	uint64_t at = 0, branch = 0;
	bool emulated = false;
	int err = -ENODATA;

	/* [lea -n(%rsp),%r12 ...] cmp; jbe; push   or   push at once; a large frame's check has a few more before the
	 * cmp. */
	for (int i = 0; i < 8 && decoder_next(d); i++) {
		uint64_t off = d->insn->address - d->entry;

		err = 0;
		if (d->insn->id == X86_INS_PUSH && (off == 0 || branch)) {
			at = off;
			emulated = true;
			break;
		}
		if (branch) { /* behind the check, but no push: the branch itself */
			at = branch;
			emulated = true;
			break;
		}
		if (d->insn->id == X86_INS_JBE)
			branch = off;
	}
	if (err == 0) {
		*ret_offset = at;
		*ret_emulated = emulated;
	}
	return err;
}

/* Which argument the instruction's target register carries. */
static uint8_t arg_of(const cs_x86 *x)
{
	if (x->op_count == 0 || x->operands[0].type != X86_OP_REG)
		return 0;
	return x->operands[0].reg == X86_REG_RAX ? 1 : x->operands[0].reg == X86_REG_RBX ? 2 : 0;
}

static size_t operands(struct decoder *d, struct go_operand *ret, size_t cap)
{
	size_t n = 0;

	while (n < cap && decoder_next(d)) {
		const cs_x86 *x = &d->insn->detail->x86;

		for (uint8_t i = 0; i < x->op_count && n < cap; i++) {
			const cs_x86_op *op = &x->operands[i];

			if (op->type != X86_OP_MEM || op->mem.base != X86_REG_RIP || op->mem.index != X86_REG_INVALID)
				continue;
			ret[n].vaddr = d->insn->address + d->insn->size + (uint64_t)op->mem.disp;
			ret[n].size = d->insn->id == X86_INS_LEA ? 0 : op->size;
			ret[n].stores = i == 0 && (op->access & CS_AC_WRITE);
			ret[n].arg = arg_of(x);
			n++;
		}
	}
	return n;
}

static int tls(struct decoder *d, int64_t *ret)
{
	x86_reg reg = X86_REG_INVALID; /* holds the displacement: position-independent code loads it first */
	int64_t in_reg = 0;
	int err = -ENOENT;

	while (err && decoder_next(d)) {
		const cs_x86 *x = &d->insn->detail->x86;

		if (d->insn->id != X86_INS_MOV || x->op_count != 2)
			continue;
		const cs_x86_op *to = &x->operands[0], *from = &x->operands[1];
		const cs_x86_op *mem = from->type == X86_OP_MEM ? from : to;
		if (mem->type == X86_OP_MEM && mem->mem.segment == X86_REG_FS) {
			if (mem->mem.base == X86_REG_INVALID && mem->mem.index == X86_REG_INVALID &&
			    mem->mem.disp < 0) {
				*ret = mem->mem.disp;
				err = 0;
			} else if (reg != X86_REG_INVALID && (mem->mem.base == reg || mem->mem.index == reg)) {
				*ret = in_reg + mem->mem.disp;
				err = 0;
			}
		} else if (to->type == X86_OP_REG && from->type == X86_OP_IMM && from->imm < 0 && from->imm > -65536) {
			reg = to->reg;
			in_reg = from->imm;
		}
	}
	return err;
}

const struct code_arch code_x86 = {
	.arch = CS_ARCH_X86,
	.mode = CS_MODE_64,
	.is_branch = is_branch,
	.is_jump = is_jump,
	.is_ret = is_ret,
	.is_push = is_push,
	.is_call = is_call,
	.body = body,
	.operands = operands,
	.tls = tls,
};
