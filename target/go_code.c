/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_code.h"

#include <errno.h>

#include "target/go_code_internal.h"

/* The largest runtime function that we decode has some 5 kB. */
#define CODE_MAX (64U << 10)

static void decoder_done(struct decoder *d)
{
	if (d->insn)
		cs_free(d->insn, 1);
	if (d->handle)
		cs_close(&d->handle);
}

static bool decoder_init(struct decoder *d, const struct elf_file *elf, const struct go_func *f)
{
	size_t len = (size_t)(f->end - f->entry);

	*d = (struct decoder){.address = f->entry, .entry = f->entry};
	d->arch = elf->machine == EM_X86_64 ? &code_x86 : elf->machine == EM_AARCH64 ? &code_arm64 : NULL;
	if (!d->arch || len == 0)
		return false;
	d->left = len < CODE_MAX ? len : CODE_MAX;
	d->code = elf_at(elf, f->entry, d->left);
	if (!d->code || cs_open(d->arch->arch, d->arch->mode, &d->handle) != CS_ERR_OK)
		return false;
	cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	if (d->arch->skips)
		cs_option(d->handle, CS_OPT_SKIPDATA, CS_OPT_ON);
	d->insn = cs_malloc(d->handle);
	return d->insn;
}

bool decoder_next(struct decoder *d)
{
	while (cs_disasm_iter(d->handle, &d->code, &d->left, &d->address, d->insn)) {
		if (d->insn->id)
			return true; /* 0 = data that was skipped, which has no detail */
	}
	return false;
}

static uint64_t offset(const struct decoder *d)
{
	return d->insn->address - d->entry;
}

int go_code_body(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset, bool *ret_emulated)
{
	struct decoder d;
	int err = decoder_init(&d, elf, f) ? d.arch->body(&d, ret_offset, ret_emulated) : -ENODATA;

	decoder_done(&d);
	return err;
}

int go_code_straight(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset)
{
	struct decoder d;
	uint64_t target;
	int err = decoder_init(&d, elf, f) ? -ENOENT : -ENODATA;

	while (err == -ENOENT && decoder_next(&d) && !d.arch->is_jump(d.insn)) {
		if (!d.arch->is_push(d.insn) && !d.arch->is_branch(d.insn) && !d.arch->is_call(d.insn, &target))
			continue;
		*ret_offset = offset(&d);
		err = 0;
	}
	decoder_done(&d);
	return err;
}

int go_code_call(const struct elf_file *elf, const struct go_func *f, uint64_t callee, uint64_t *ret_call,
		 uint64_t *ret_behind)
{
	struct decoder d;
	uint64_t target;
	int err = decoder_init(&d, elf, f) ? -ENOENT : -ENODATA;

	while (err == -ENOENT && decoder_next(&d)) {
		if (!d.arch->is_call(d.insn, &target) || target != callee)
			continue;
		*ret_call = offset(&d);
		*ret_behind = *ret_call + d.insn->size;
		err = 0;
	}
	decoder_done(&d);
	return err;
}

int go_code_branch(const struct elf_file *elf, const struct go_func *f, uint64_t from, uint64_t *ret_offset)
{
	struct decoder d;
	uint64_t target;
	int err = decoder_init(&d, elf, f) ? -ENOENT : -ENODATA;

	while (err == -ENOENT && decoder_next(&d)) {
		if (offset(&d) < from)
			continue;
		if (d.arch->is_call(d.insn, &target))
			break;
		if (d.arch->is_branch(d.insn)) {
			*ret_offset = offset(&d);
			err = 0;
		}
	}
	decoder_done(&d);
	return err;
}

int go_code_ret(const struct elf_file *elf, const struct go_func *f, uint64_t *ret_offset, bool *ret_emulated)
{
	struct decoder d;
	uint64_t at = 0;
	int n = 0, err = decoder_init(&d, elf, f) ? 0 : -ENODATA;

	while (err == 0 && decoder_next(&d)) {
		if (d.arch->is_ret(d.insn)) {
			at = offset(&d);
			n++;
		}
	}
	if (err == 0 && n == 1) {
		*ret_offset = at;
		*ret_emulated = d.arch->emulates_ret;
	}
	decoder_done(&d);
	return err < 0 ? err : n == 1 ? 0 : -ENOENT;
}

size_t go_code_operands(const struct elf_file *elf, const struct go_func *f, struct go_operand *ret, size_t cap)
{
	struct decoder d;
	size_t n = decoder_init(&d, elf, f) ? d.arch->operands(&d, ret, cap) : 0;

	decoder_done(&d);
	return n;
}

size_t go_code_calls(const struct elf_file *elf, const struct go_func *f, uint64_t *ret, size_t cap)
{
	struct decoder d;
	bool ok = decoder_init(&d, elf, f);
	size_t n = 0;

	while (ok && n < cap && decoder_next(&d))
		n += d.arch->is_call(d.insn, &ret[n]);
	decoder_done(&d);
	return n;
}

int go_code_tls(const struct elf_file *elf, const struct go_func *f, int64_t *ret)
{
	struct decoder d;
	int err = decoder_init(&d, elf, f) ? d.arch->tls(&d, ret) : -ENODATA;

	decoder_done(&d);
	return err;
}
