/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_pclntab.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define MAGIC_118 0xfffffff0U
#define MAGIC_120 0xfffffff1U

/* pcHeader, runtime/symtab.go: magic, pad, pad, minLC, ptrSize, then words. */
#define HEADER_SIZE  72U
#define HEADER_NFUNC 8U
#define HEADER_TEXT  24U
#define HEADER_NAMES 32U
#define HEADER_CUS   40U
#define HEADER_FILES 48U
#define HEADER_PCS   56U
#define HEADER_FUNCS 64U

/* moduledata, runtime/symtab.go. */
#define MODULE_FUNCNAMETAB 8U
#define MODULE_TEXT        176U
#define MODULE_GOFUNC_118  304U
#define MODULE_GOFUNC_120  320U /* covctrs came before it */

/* _func, runtime/runtime2.go; startLine came in 1.20 and moved the rest by 4. */
#define FUNC_NAME     4U
#define FUNC_PCFILE   20U
#define FUNC_PCLN     24U
#define FUNC_NPCDATA  28U
#define FUNC_CU       32U
#define FUNC_SIZE_118 40U
#define FUNC_SIZE_120 44U

#define PCDATA_INLINE   2U /* internal/abi PCDATA_InlTreeIndex */
#define FUNCDATA_INLINE 3U /* internal/abi FUNCDATA_InlTree */

/* inlinedCall: name at 12 of 20 bytes in 1.18 and 1.19, at 4 of 16 bytes from 1.20. */
#define INLINE_MAX 65536

#define FUNCS_MAX (16U << 20)

static bool read_u32(const struct go_pclntab *t, uint64_t off, uint32_t *ret)
{
	if (off > t->size || t->size - off < 4)
		return false;
	memcpy(ret, t->data + off, 4);
	return true;
}

static uint64_t word(const struct go_pclntab *t, uint64_t off)
{
	uint64_t v;

	memcpy(&v, t->data + off, 8); /* the header has been checked */
	return v;
}

/* A NUL-terminated string inside the table, or "". */
static const char *string_at(const struct go_pclntab *t, uint64_t off)
{
	if (off >= t->size || !memchr(t->data + off, '\0', t->size - off))
		return "";
	return (const char *)t->data + off;
}

/* Does a table of a layout that we know start here? */
static bool parse_header(struct go_pclntab *t, const unsigned char *data, size_t size, uint64_t vaddr)
{
	uint32_t magic;

	if (size < HEADER_SIZE)
		return false;
	memcpy(&magic, data, 4);
	if ((magic != MAGIC_118 && magic != MAGIC_120) || data[4] || data[5] || (data[6] != 1 && data[6] != 4) ||
	    data[7] != 8)
		return false;
	t->data = data;
	t->size = size;
	t->vaddr = vaddr;
	t->magic = magic;
	t->quantum = data[6];
	t->n_funcs = word(t, HEADER_NFUNC);
	t->names = word(t, HEADER_NAMES);
	t->cus = word(t, HEADER_CUS);
	t->files = word(t, HEADER_FILES);
	t->pcs = word(t, HEADER_PCS);
	t->funcs = word(t, HEADER_FUNCS);
	/* The parts follow each other; the index of functions is two words an entry and one word at the end. */
	return t->names >= HEADER_SIZE && t->names < t->cus && t->cus <= t->files && t->files < t->pcs &&
	       t->pcs < t->funcs && t->funcs < size && t->n_funcs > 0 && t->n_funcs < FUNCS_MAX &&
	       t->n_funcs * 8 + 4 <= size - t->funcs;
}

/* moduledata begins with the addresses of the header and of the names (a slice). */
static bool parse_module(struct go_pclntab *t, uint64_t vaddr)
{
	uint64_t header, names;

	if (!elf_pointer(t->elf, vaddr, &header) || !elf_pointer(t->elf, vaddr + MODULE_FUNCNAMETAB, &names) ||
	    header != t->vaddr || names != t->vaddr + t->names || !elf_pointer(t->elf, vaddr + MODULE_TEXT, &t->text))
		return false;
	t->moduledata = vaddr;
	uint64_t gofunc = t->magic == MAGIC_118 ? MODULE_GOFUNC_118 : MODULE_GOFUNC_120;
	if (!elf_pointer(t->elf, vaddr + gofunc, &t->gofunc))
		t->gofunc = 0;
	return true;
}

static void find_module(struct go_pclntab *t)
{
	uint64_t at = 0;

	while (elf_find_pointer(t->elf, t->vaddr, &at)) {
		if (parse_module(t, at))
			return;
	}
	/* Without it: what the header says (up to 1.25), which a PIE relocates. */
	if (!elf_pointer(t->elf, t->vaddr + HEADER_TEXT, &t->text))
		t->text = 0;
}

int go_pclntab_find(struct go_pclntab *t, const struct elf_file *elf)
{
	static const char *const sections[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	const void *data;
	uint64_t vaddr;
	size_t size;

	*t = (struct go_pclntab){.elf = elf};
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (elf_section(elf, sections[i], &data, &size, &vaddr) && data && parse_header(t, data, size, vaddr)) {
			find_module(t);
			return t->text ? 0 : -ENODATA;
		}
	}
	/* The linker aligns it to 32 bytes; the external linker may put it anywhere in its data. */
	for (size_t i = 0; i < elf->n_phdrs; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];

		if (p->p_type != PT_LOAD || !(data = elf_rest(elf, p->p_vaddr, &size)))
			continue;
		for (size_t off = (size_t)(-p->p_vaddr & 31); off + HEADER_SIZE <= size; off += 32) {
			if (!parse_header(t, (const unsigned char *)data + off, size - off, p->p_vaddr + off))
				continue;
			find_module(t);
			if (t->text)
				return 0;
		}
	}
	return -ENODATA;
}

/* Entry @i of the index; @i may be n_funcs for the end. */
static bool index_entry(const struct go_pclntab *t, uint64_t i, uint32_t *ret_entry)
{
	return read_u32(t, t->funcs + i * 8, ret_entry);
}

static bool func_number(const struct go_pclntab *t, uint64_t i, struct go_func *ret)
{
	uint32_t entry, next, record, name;

	if (!index_entry(t, i, &entry) || !index_entry(t, i + 1, &next) ||
	    !read_u32(t, t->funcs + i * 8 + 4, &record) || next < entry ||
	    !read_u32(t, t->funcs + record + FUNC_NAME, &name))
		return false;
	ret->entry = t->text + entry;
	ret->end = t->text + next;
	ret->record = t->funcs + record;
	ret->name = string_at(t, t->names + name);
	return true;
}

int go_pclntab_func_at(const struct go_pclntab *t, uint64_t vaddr, struct go_func *ret)
{
	uint64_t lo = 0, hi = t->n_funcs;
	uint32_t entry;

	if (vaddr < t->text || vaddr - t->text > UINT32_MAX)
		return -ENOENT;
	uint32_t want = (uint32_t)(vaddr - t->text);
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (!index_entry(t, mid, &entry))
			return -ENOENT;
		if (entry <= want)
			lo = mid;
		else
			hi = mid;
	}
	if (!func_number(t, lo, ret) || vaddr < ret->entry || vaddr >= ret->end)
		return -ENOENT;
	return 0;
}

int go_pclntab_func_named(const struct go_pclntab *t, const char *name, struct go_func *ret)
{
	size_t len = strlen(name) + 1;

	for (uint64_t i = 0; i < t->n_funcs; i++) {
		uint32_t record, off;

		if (!read_u32(t, t->funcs + i * 8 + 4, &record) || !read_u32(t, t->funcs + record + FUNC_NAME, &off))
			continue;
		uint64_t at = t->names + off;
		if (at < t->size && len <= t->size - at && memcmp(t->data + at, name, len) == 0)
			return func_number(t, i, ret) ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static bool varint(const struct go_pclntab *t, uint64_t *off, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 32; shift += 7) {
		if (*off >= t->size)
			return false;
		unsigned char b = t->data[(*off)++];
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/* runtime/symtab.go pcvalue: a table of steps of value and PC. -1 = none. */
static int32_t pc_value(const struct go_pclntab *t, uint32_t table, uint64_t entry, uint64_t vaddr)
{
	uint64_t off = t->pcs + table, pc = entry;
	uint32_t value = UINT32_MAX, delta, step;

	if (table == 0)
		return -1;
	for (bool first = true; varint(t, &off, &delta) && (delta || first) && varint(t, &off, &step); first = false) {
		value += (delta & 1) ? ~(delta >> 1) : delta >> 1; /* zigzag */
		pc += (uint64_t)step * t->quantum;
		if (vaddr < pc)
			return (int32_t)value;
	}
	return -1;
}

/* The name of the innermost call that the compiler inlined at @vaddr, or NULL. */
static const char *inlined_name(const struct go_pclntab *t, const struct go_func *f, uint64_t vaddr)
{
	uint64_t head = f->record + (t->magic == MAGIC_118 ? FUNC_SIZE_118 : FUNC_SIZE_120);
	uint64_t stride = t->magic == MAGIC_118 ? 20 : 16, name_at = t->magic == MAGIC_118 ? 12 : 4;
	uint32_t n_pcdata, table, tree, name;

	if (!t->gofunc || head > t->size || !read_u32(t, f->record + FUNC_NPCDATA, &n_pcdata) ||
	    n_pcdata <= PCDATA_INLINE || n_pcdata > 64 || t->data[head - 1] <= FUNCDATA_INLINE ||
	    !read_u32(t, head + PCDATA_INLINE * 4, &table) ||
	    !read_u32(t, head + n_pcdata * 4 + FUNCDATA_INLINE * 4, &tree) || tree == UINT32_MAX)
		return NULL;
	int32_t i = pc_value(t, table, f->entry, vaddr);
	if (i < 0 || i > INLINE_MAX)
		return NULL;
	const unsigned char *call = elf_at(t->elf, t->gofunc + tree + (uint64_t)i * stride, stride);
	if (!call)
		return NULL;
	memcpy(&name, call + name_at, 4);
	const char *text = string_at(t, t->names + name);
	return *text ? text : NULL;
}

void go_pclntab_line(const struct go_pclntab *t, const struct go_func *f, uint64_t vaddr, const char **ret_name,
		     const char **ret_file, uint32_t *ret_line)
{
	uint32_t pcfile, pcln, cu, off;
	const char *inlined = inlined_name(t, f, vaddr);

	*ret_name = inlined ? inlined : f->name;
	*ret_file = "";
	*ret_line = 0;
	if (!read_u32(t, f->record + FUNC_PCFILE, &pcfile) || !read_u32(t, f->record + FUNC_PCLN, &pcln) ||
	    !read_u32(t, f->record + FUNC_CU, &cu))
		return;
	int32_t file = pc_value(t, pcfile, f->entry, vaddr), line = pc_value(t, pcln, f->entry, vaddr);
	if (line > 0)
		*ret_line = (uint32_t)line;
	if (file >= 0 && read_u32(t, t->cus + ((uint64_t)cu + (uint32_t)file) * 4, &off) && off != UINT32_MAX)
		*ret_file = string_at(t, t->files + off);
}
