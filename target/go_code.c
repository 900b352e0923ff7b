/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_code.h"

#include <capstone/capstone.h>
#include <errno.h>

/* The largest runtime function that we decode has some 5 kB. */
#define CODE_MAX (64U << 10)

struct decoder {
	csh handle;
	cs_insn *insn;
	const uint8_t *code;
	size_t left;
	uint64_t address;
};

static bool decoder_init(struct decoder *d, const struct elf_file *elf, const struct go_func *f)
{
	size_t len = (size_t)(f->end - f->entry);

	*d = (struct decoder){.address = f->entry};
	if (elf->machine != EM_X86_64 || len == 0)
		return false;
	d->left = len < CODE_MAX ? len : CODE_MAX;
	d->code = elf_at(elf, f->entry, d->left);
	if (!d->code || cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle) != CS_ERR_OK)
		return false;
	cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	d->insn = cs_malloc(d->handle);
	return true;
}

static void decoder_done(struct decoder *d)
{
	if (d->insn)
		cs_free(d->insn, 1);
	if (d->handle)
		cs_close(&d->handle);
}

static bool next(struct decoder *d)
{
	return d->insn && cs_disasm_iter(d->handle, &d->code, &d->left, &d->address, d->insn);
}

/* jcc, short and near. */
static bool is_branch(const cs_insn *insn)
{
	const uint8_t *op = insn->detail->x86.opcode;

	return (op[0] & 0xf0) == 0x70 || (op[0] == 0x0f && (op[1] & 0xf0) == 0x80);
}

static bool is_direct_call(const cs_insn *insn)
{
	return insn->id == X86_INS_CALL && insn->detail->x86.opcode[0] == 0xe8;
}

int go_code_body(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset, bool *ret_emulated)
{
	struct decoder d;
	uint64_t at = 0, branch = 0;
	bool emulated = false;
	int err = -ENODATA;

	if (!decoder_init(&d, elf, f))
		return -ENODATA;
	/* [lea -n(%rsp),%r12 ...] cmp; jbe; push   or   push at once; a large frame's check has a few more before the
	 * cmp. */
	for (int i = 0; i < 8 && next(&d); i++) {
		uint64_t off = d.insn->address - f->entry;

		err = 0;
		if (d.insn->id == X86_INS_PUSH && (off == 0 || branch)) {
			at = off;
			emulated = true;
			break;
		}
		if (branch) { /* behind the check, but no push: the branch itself */
			at = branch;
			emulated = true;
			break;
		}
		if (d.insn->id == X86_INS_JBE)
			branch = off;
	}
	decoder_done(&d);
	if (err == 0) {
		*ret_offset = at;
		*ret_emulated = emulated;
	}
	return err;
}

int go_code_straight(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset)
{
	struct decoder d;
	int err = -ENOENT;

	if (!decoder_init(&d, elf, f))
		return -ENODATA;
	while (err && next(&d) && d.insn->id != X86_INS_JMP && d.insn->id != X86_INS_RET) {
		if (d.insn->id != X86_INS_PUSH && !is_branch(d.insn) && !is_direct_call(d.insn))
			continue;
		*ret_offset = d.insn->address - f->entry;
		err = 0;
	}
	decoder_done(&d);
	return err;
}

int go_code_call(const struct elf_file *elf, const struct go_func *f, uint64_t callee, uint64_t *ret_call,
		 uint64_t *ret_behind)
{
	struct decoder d;
	int err = -ENOENT;

	if (!decoder_init(&d, elf, f))
		return -ENODATA;
	while (err && next(&d)) {
		if (!is_direct_call(d.insn) || (uint64_t)d.insn->detail->x86.operands[0].imm != callee)
			continue;
		*ret_call = d.insn->address - f->entry;
		*ret_behind = *ret_call + d.insn->size;
		err = 0;
	}
	decoder_done(&d);
	return err;
}

int go_code_branch(const struct elf_file *elf, const struct go_func *f, uint64_t from, uint64_t *ret_offset)
{
	struct decoder d;
	int err = -ENOENT;

	if (!decoder_init(&d, elf, f))
		return -ENODATA;
	while (err && next(&d)) {
		uint64_t off = d.insn->address - f->entry;

		if (off < from)
			continue;
		if (d.insn->id == X86_INS_CALL)
			break;
		if (is_branch(d.insn)) {
			*ret_offset = off;
			err = 0;
		}
	}
	decoder_done(&d);
	return err;
}

int go_code_ret(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset)
{
	struct decoder d;
	uint64_t at = 0;
	int n = 0;

	if (!decoder_init(&d, elf, f))
		return -ENODATA;
	while (next(&d)) {
		if (d.insn->id == X86_INS_RET) {
			at = d.insn->address - f->entry;
			n++;
		}
	}
	decoder_done(&d);
	if (n != 1)
		return -ENOENT;
	*ret_offset = at;
	return 0;
}

/* Which argument the instruction's target register carries. */
static uint8_t arg_of(const cs_x86 *x)
{
	if (x->op_count == 0 || x->operands[0].type != X86_OP_REG)
		return 0;
	return x->operands[0].reg == X86_REG_RAX ? 1 : x->operands[0].reg == X86_REG_RBX ? 2 : 0;
}

size_t go_code_operands(const struct elf_file *elf, const struct go_func *f, struct go_operand *ret, size_t cap)
{
	struct decoder d;
	size_t n = 0;

	if (!decoder_init(&d, elf, f))
		return 0;
	while (n < cap && next(&d)) {
		const cs_x86 *x = &d.insn->detail->x86;

		for (uint8_t i = 0; i < x->op_count && n < cap; i++) {
			const cs_x86_op *op = &x->operands[i];

			if (op->type != X86_OP_MEM || op->mem.base != X86_REG_RIP || op->mem.index != X86_REG_INVALID)
				continue;
			ret[n].vaddr = d.insn->address + d.insn->size + (uint64_t)op->mem.disp;
			ret[n].size = d.insn->id == X86_INS_LEA ? 0 : op->size;
			ret[n].stores = i == 0 && (op->access & CS_AC_WRITE);
			ret[n].arg = arg_of(x);
			n++;
		}
	}
	decoder_done(&d);
	return n;
}

size_t go_code_calls(const struct elf_file *elf, const struct go_func *f, uint64_t *ret, size_t cap)
{
	struct decoder d;
	size_t n = 0;

	if (!decoder_init(&d, elf, f))
		return 0;
	while (n < cap && next(&d)) {
		const cs_x86 *x = &d.insn->detail->x86;

		if (d.insn->id == X86_INS_CALL && x->op_count == 1 && x->operands[0].type == X86_OP_IMM)
			ret[n++] = (uint64_t)x->operands[0].imm;
	}
	decoder_done(&d);
	return n;
}

int go_code_tls(const struct elf_file *elf, const struct go_func *f, int64_t *ret)
{
	struct decoder d;
	x86_reg reg = X86_REG_INVALID; /* holds the displacement: position-independent code loads it first */
	int64_t in_reg = 0;
	int err = -ENOENT;

	if (!decoder_init(&d, elf, f))
		return -ENODATA;
	while (err && next(&d)) {
		const cs_x86 *x = &d.insn->detail->x86;

		if (d.insn->id != X86_INS_MOV || x->op_count != 2)
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
	decoder_done(&d);
	return err;
}
