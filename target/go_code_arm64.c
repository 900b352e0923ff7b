/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch64. The kernel simulates b, b.cond, cbz, tbz, bl, br, ret, adr, adrp, literal loads and, from 6.13, nop
 * (arch/arm64/kernel/probes/decode-insn.c); all else is single-stepped. So the branch of a stack check is the cheap
 * place, where the arguments (x0, x1...) are still as the caller put them; g is in x28.
 */
#include <errno.h>
#include <string.h>

#include "target/go_code_internal.h"

static bool is_ret(const cs_insn *insn)
{
	return insn->id == ARM64_INS_RET;
}

static bool is_conditional(const cs_insn *insn)
{
	return insn->id == ARM64_INS_B && insn->detail->arm64.cc != ARM64_CC_INVALID &&
	       insn->detail->arm64.cc != ARM64_CC_AL;
}

static bool is_branch(const cs_insn *insn)
{
	return is_conditional(insn) || insn->id == ARM64_INS_CBZ || insn->id == ARM64_INS_CBNZ ||
	       insn->id == ARM64_INS_TBZ || insn->id == ARM64_INS_TBNZ;
}

static bool is_jump(const cs_insn *insn)
{
	return (insn->id == ARM64_INS_B && !is_conditional(insn)) || insn->id == ARM64_INS_BR || is_ret(insn);
}

/* A frame is opened with str x30 or stp, which is stepped. */
static bool is_push(const cs_insn *insn)
{
	(void)insn;
	return false;
}

static bool is_call(const cs_insn *insn, uint64_t *ret_target)
{
	const cs_arm64 *a = &insn->detail->arm64;

	if (insn->id != ARM64_INS_BL || a->op_count != 1 || a->operands[0].type != ARM64_OP_IMM)
		return false;
	*ret_target = (uint64_t)a->operands[0].imm;
	return true;
}

/* ldr x16, [x28, #16] (stackguard0); [sub x17, sp, #n and others for a large frame]; cmp; b.ls */
static int body(struct decoder *d, uint64_t *ret_offset, bool *ret_emulated)
{
	uint64_t at = 0;
	bool found = false, check = false, any = false;

	for (int n = 0; n < 10 && !found && decoder_next(d); n++) {
		const cs_arm64 *a = &d->insn->detail->arm64;

		any = true;
		if (n == 0)
			check = d->insn->id == ARM64_INS_LDR && a->op_count == 2 &&
				a->operands[1].type == ARM64_OP_MEM && a->operands[1].mem.base == ARM64_REG_X28;
		if (!check)
			break;
		/* Before the last branch, b.ls, a check of a huge frame has one of its own. */
		if (is_conditional(d->insn) && a->cc == ARM64_CC_LS) {
			at = d->insn->address - d->entry;
			found = true;
		}
	}
	if (!any)
		return -ENODATA;
	*ret_offset = at;
	*ret_emulated = found;
	return 0;
}

/* ---- variables: adrp makes a page's address, an add or the access itself the rest ---- */

#define REGS 29 /* x0 to x28 */

struct regs {
	bool known[REGS];
	uint64_t value[REGS];
};

static int number_of(unsigned reg)
{
	if (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28)
		return (int)(reg - ARM64_REG_X0);
	return reg >= ARM64_REG_W0 && reg <= ARM64_REG_W28 ? (int)(reg - ARM64_REG_W0) : -1;
}

static uint8_t register_size(unsigned reg)
{
	bool w = (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30) || reg == ARM64_REG_WZR;
	bool x = (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28) || reg == ARM64_REG_XZR || reg == ARM64_REG_X29 ||
		 reg == ARM64_REG_X30;

	return w ? 4 : x ? 8 : 0;
}

/* Bytes that the instruction moves to or from each of its registers; 0 = it accesses no memory that we follow. */
static uint8_t access_size(const cs_insn *insn)
{
	const char *name = insn->mnemonic;
	size_t len = strlen(name);

	if (strncmp(name, "ld", 2) != 0 && strncmp(name, "st", 2) != 0)
		return 0;
	if (len > 2 && name[len - 1] == 'b')
		return 1;
	if (len > 2 && name[len - 1] == 'h')
		return 2;
	return insn->id == ARM64_INS_LDRSW ? 4 : register_size(insn->detail->arm64.operands[0].reg);
}

static void set_register(struct regs *r, unsigned reg, bool known, uint64_t value)
{
	int n = number_of(reg);

	if (n < 0)
		return;
	r->known[n] = known;
	r->value[n] = value;
}

static bool get_register(const struct regs *r, unsigned reg, uint64_t *ret)
{
	int n = number_of(reg);

	if (n < 0 || !r->known[n])
		return false;
	*ret = r->value[n];
	return true;
}

/* The operands of a load or store: one, or two of a pair. Returns how many. */
static size_t access_operands(const struct decoder *d, const struct regs *r, struct go_operand *ret, size_t cap)
{
	const cs_arm64 *a = &d->insn->detail->arm64;
	uint8_t size = access_size(d->insn);
	bool pair = d->insn->id == ARM64_INS_LDP || d->insn->id == ARM64_INS_STP;
	size_t n = 0;

	for (uint8_t i = 0; size && i < a->op_count; i++) {
		const cs_arm64_op *mem = &a->operands[i];
		uint64_t base;

		if (mem->type != ARM64_OP_MEM || mem->mem.index != ARM64_REG_INVALID ||
		    !get_register(r, mem->mem.base, &base))
			continue;
		for (unsigned k = 0; k < (pair ? 2U : 1U) && n < cap; k++) {
			int reg = number_of(a->operands[k].reg);

			ret[n++] = (struct go_operand){
				.vaddr = base + (uint64_t)(int64_t)mem->mem.disp + (uint64_t)k * size,
				.size = size,
				.stores = d->insn->mnemonic[0] == 's',
				.arg = reg == 0 || reg == 1 ? (uint8_t)(reg + 1) : 0,
			};
		}
	}
	return n;
}

static size_t operands(struct decoder *d, struct go_operand *ret, size_t cap)
{
	struct regs r = {0};
	size_t n = 0;

	while (n < cap && decoder_next(d)) {
		const cs_arm64 *a = &d->insn->detail->arm64;
		uint64_t value = 0;
		bool known = false;

		if (d->insn->id == ARM64_INS_BL || d->insn->id == ARM64_INS_BLR) {
			r = (struct regs){0}; /* Go's calls keep no register but g */
			continue;
		}
		if (d->insn->id == ARM64_INS_ADRP && a->op_count == 2) {
			value = (uint64_t)a->operands[1].imm;
			known = true;
		} else if (d->insn->id == ARM64_INS_ADD && a->op_count == 3 && a->operands[2].type == ARM64_OP_IMM &&
			   get_register(&r, a->operands[1].reg, &value)) {
			value += (uint64_t)a->operands[2].imm;
			known = true;
			int reg = number_of(a->operands[0].reg);
			ret[n++] = (struct go_operand){.vaddr = value,
						       .arg = reg == 0 || reg == 1 ? (uint8_t)(reg + 1) : 0};
		} else {
			n += access_operands(d, &r, ret + n, cap - n);
		}
		/* What is written is no longer known, but by the two above. */
		for (uint8_t i = 0; i < a->op_count && i < 2; i++) {
			if (a->operands[i].type == ARM64_OP_REG && (a->operands[i].access & CS_AC_WRITE || i == 0) &&
			    d->insn->mnemonic[0] != 's')
				set_register(&r, a->operands[i].reg, i == 0 && known, value);
		}
	}
	return n;
}

/* load_g (runtime/tls_arm64.s): mrs x0, TPIDR_EL0; mov x27, #offset; ldr x28, [x0, x27]. */
static int tls(struct decoder *d, int64_t *ret)
{
	bool thread_pointer = false, have_offset = false;
	int64_t offset = 0;

	while (decoder_next(d)) {
		const cs_arm64 *a = &d->insn->detail->arm64;

		if (d->insn->id == ARM64_INS_MRS)
			thread_pointer = true;
		if (!thread_pointer)
			continue;
		if ((d->insn->id == ARM64_INS_MOVZ || d->insn->id == ARM64_INS_MOV || d->insn->id == ARM64_INS_ORR) &&
		    a->op_count >= 2 && a->operands[a->op_count - 1].type == ARM64_OP_IMM) {
			offset = a->operands[a->op_count - 1].imm;
			have_offset = true;
		}
		if (d->insn->id == ARM64_INS_LDR && a->op_count == 2 && a->operands[0].reg == ARM64_REG_X28 &&
		    a->operands[1].type == ARM64_OP_MEM && have_offset && offset >= 0 && offset < 65536) {
			*ret = offset + a->operands[1].mem.disp;
			return 0;
		}
	}
	return -ENOENT;
}

const struct code_arch code_arm64 = {
	.arch = CS_ARCH_ARM64,
	.mode = CS_MODE_ARM,
	.skips = true,
	.emulates_ret = true,
	.is_branch = is_branch,
	.is_jump = is_jump,
	.is_ret = is_ret,
	.is_push = is_push,
	.is_call = is_call,
	.body = body,
	.operands = operands,
	.tls = tls,
};
