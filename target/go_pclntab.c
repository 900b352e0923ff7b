/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_pclntab.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * What differs between the layouts. The header begins with magic, pad, pad, minLC, ptrSize and the number of functions;
 * then come the words that say where the parts are (pcHeader, runtime/symtab.go). The index of functions has an address
 * and the place of a _func record an entry, and an address at its end: words until 1.17, then offsets of 4 bytes. A
 * record begins with the same address (_func, runtime/runtime2.go).
 */
struct pclntab_layout {
	uint32_t magic;
	uint8_t header;  /* bytes */
	uint8_t parts;   /* where the five words are: names, compilation units, files, PC tables, functions; 0 = none */
	uint8_t address; /* bytes of an address */
	uint8_t record;  /* bytes of a record before its pcdata; the last is the number of funcdata */
	bool has_units;  /* files are numbered per compilation unit */
	uint8_t call;    /* bytes of an inlinedCall; 0 = of another kind */
	uint8_t call_name; /* where its function's name is */
	uint16_t gofunc;   /* where moduledata has the base of funcdata offsets; 0 = funcdata are pointers */
};

static const struct pclntab_layout layouts[] = {
	{.magic = 0xfffffffbU, .header = 16, .address = 8, .record = 40},
	{.magic = 0xfffffffaU,
	 .header = 64,
	 .parts = 24,
	 .address = 8,
	 .record = 44,
	 .has_units = true,
	 .call = 20,
	 .call_name = 12},
	{.magic = 0xfffffff0U,
	 .header = 72,
	 .parts = 32,
	 .address = 4,
	 .record = 40,
	 .has_units = true,
	 .call = 20,
	 .call_name = 12,
	 .gofunc = 304},
	/* startLine came into the record, covctrs into moduledata; the file and line of a call went. */
	{.magic = 0xfffffff1U,
	 .header = 72,
	 .parts = 32,
	 .address = 4,
	 .record = 44,
	 .has_units = true,
	 .call = 16,
	 .call_name = 4,
	 .gofunc = 320},
};

#define HEADER_NFUNC 8U
#define HEADER_TEXT  24U /* from 1.18 */

/* moduledata, runtime/symtab.go; from 1.18. */
#define MODULE_FUNCNAMETAB 8U
#define MODULE_TEXT        176U

/* _func: where fields are behind the address. */
#define FUNC_NAME    0U
#define FUNC_PCFILE  16U
#define FUNC_PCLN    20U
#define FUNC_NPCDATA 24U
#define FUNC_CU      28U

#define PCDATA_INLINE   2U /* internal/abi PCDATA_InlTreeIndex */
#define FUNCDATA_INLINE 3U /* internal/abi FUNCDATA_InlTree */

#define INLINE_MAX 65536
#define FUNCS_MAX  (16U << 20)

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

static const struct pclntab_layout *layout_of(const unsigned char *data, size_t size)
{
	uint32_t magic;

	if (size < HEADER_NFUNC + 8)
		return NULL;
	memcpy(&magic, data, 4);
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].magic == magic)
			return size >= layouts[i].header ? &layouts[i] : NULL;
	}
	return NULL;
}

/* 1.2 to 1.15: the index follows the header, then the place of the table of files; all else counts from the start. */
static bool parse_old_parts(struct go_pclntab *t)
{
	uint32_t files;

	t->funcs = t->layout->header;
	if (t->n_funcs * 16 + 12 > t->size - t->funcs || !read_u32(t, t->funcs + t->n_funcs * 16 + 8, &files) ||
	    files >= t->size)
		return false;
	t->files = files;
	return true;
}

static bool parse_parts(struct go_pclntab *t)
{
	uint64_t at = t->layout->parts, entry = 2U * t->layout->address;

	t->names = word(t, at);
	t->cus = word(t, at + 8);
	t->files = word(t, at + 16);
	t->pcs = word(t, at + 24);
	t->funcs = t->records = word(t, at + 32);
	/* The parts follow each other. */
	return t->names >= t->layout->header && t->names < t->cus && t->cus <= t->files && t->files < t->pcs &&
	       t->pcs < t->funcs && t->funcs < t->size && t->n_funcs * entry + t->layout->address <= t->size - t->funcs;
}

/* Does a table of a layout that we know start here? */
static bool parse_header(struct go_pclntab *t, const unsigned char *data, size_t size, uint64_t vaddr)
{
	const struct pclntab_layout *layout = layout_of(data, size);

	if (!layout || data[4] || data[5] || (data[6] != 1 && data[6] != 4) || data[7] != 8)
		return false;
	*t = (struct go_pclntab){
		.elf = t->elf,
		.layout = layout,
		.data = data,
		.size = size,
		.vaddr = vaddr,
		.quantum = data[6],
	};
	t->n_funcs = word(t, HEADER_NFUNC);
	if (t->n_funcs == 0 || t->n_funcs >= FUNCS_MAX)
		return false;
	return layout->parts ? parse_parts(t) : parse_old_parts(t);
}

/* moduledata begins with the addresses of the header and of the names (a slice). */
static bool parse_module(struct go_pclntab *t, uint64_t vaddr)
{
	uint64_t header, names;

	if (!elf_pointer(t->elf, vaddr, &header) || !elf_pointer(t->elf, vaddr + MODULE_FUNCNAMETAB, &names) ||
	    header != t->vaddr || names != t->vaddr + t->names || !elf_pointer(t->elf, vaddr + MODULE_TEXT, &t->text))
		return false;
	t->moduledata = vaddr;
	if (!elf_pointer(t->elf, vaddr + t->layout->gofunc, &t->gofunc))
		t->gofunc = 0;
	return true;
}

/* Sets the base of function addresses. */
static bool find_text(struct go_pclntab *t)
{
	uint64_t at = 0;

	if (t->layout->address == 8)
		return elf_pointer(t->elf, t->vaddr + t->funcs, &t->text) && t->text;
	while (elf_find_pointer(t->elf, t->vaddr, &at)) {
		if (parse_module(t, at))
			return t->text;
	}
	/* Without it: what the header says (up to 1.25), which a PIE relocates. */
	return elf_pointer(t->elf, t->vaddr + HEADER_TEXT, &t->text) && t->text;
}

/* Of a file that repeats a header without end. */
#define TRIES_MAX 16

int go_pclntab_find(struct go_pclntab *t, const struct elf_file *elf)
{
	static const char *const sections[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	const void *data;
	uint64_t vaddr;
	size_t size;
	int tries = 0;

	*t = (struct go_pclntab){.elf = elf};
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (elf_section(elf, sections[i], &data, &size, &vaddr) && data && parse_header(t, data, size, vaddr))
			return find_text(t) ? 0 : -ENODATA;
	}
	/* The linker aligns it to 32 bytes; the external linker may put it anywhere in its data. */
	for (size_t i = 0; i < elf->n_phdrs; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];

		if (p->p_type != PT_LOAD || !(data = elf_rest(elf, p->p_vaddr, &size)))
			continue;
		for (size_t off = (size_t)(-p->p_vaddr & 31); off < size && tries < TRIES_MAX; off += 32) {
			if (!parse_header(t, (const unsigned char *)data + off, size - off, p->p_vaddr + off))
				continue;
			if (find_text(t))
				return 0;
			tries++;
		}
	}
	return -ENODATA;
}

/* The address of entry @i of the index; @i may be n_funcs for the end. */
static bool index_address(const struct go_pclntab *t, uint64_t i, uint64_t *ret)
{
	uint64_t at = t->funcs + i * 2 * t->layout->address;
	uint32_t offset;

	if (t->layout->address == 8)
		return at <= t->size - 8 && elf_pointer(t->elf, t->vaddr + at, ret);
	if (!read_u32(t, at, &offset))
		return false;
	*ret = t->text + offset;
	return true;
}

/* Where the record of function @i is, and where its name is. */
static bool index_record(const struct go_pclntab *t, uint64_t i, uint64_t *ret_record, uint64_t *ret_name)
{
	uint32_t record, name;

	if (!read_u32(t, t->funcs + i * 2 * t->layout->address + t->layout->address, &record))
		return false;
	*ret_record = t->records + record;
	if (!read_u32(t, *ret_record + t->layout->address + FUNC_NAME, &name))
		return false;
	*ret_name = t->names + name;
	return true;
}

static bool func_number(const struct go_pclntab *t, uint64_t i, struct go_func *ret)
{
	uint64_t name;

	if (!index_address(t, i, &ret->entry) || !index_address(t, i + 1, &ret->end) || ret->end < ret->entry ||
	    !index_record(t, i, &ret->record, &name))
		return false;
	ret->name = string_at(t, name);
	return true;
}

int go_pclntab_func_at(const struct go_pclntab *t, uint64_t vaddr, struct go_func *ret)
{
	uint64_t lo = 0, hi = t->n_funcs, address;

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (!index_address(t, mid, &address))
			return -ENOENT;
		if (address <= vaddr)
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
		uint64_t record, at;

		if (index_record(t, i, &record, &at) && at < t->size && len <= t->size - at &&
		    memcmp(t->data + at, name, len) == 0)
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

/* Where the inline tree of the record is, as an address. @pcdata is where the record's pcdata begin. */
static bool inline_tree(const struct go_pclntab *t, uint64_t pcdata, uint32_t n_pcdata, uint64_t *ret)
{
	uint64_t at = pcdata + 4ULL * n_pcdata;
	uint32_t offset;

	if (!t->layout->gofunc) {
		at = (at + 7) & ~7ULL; /* runtime/symtab.go funcdata: pointers, aligned as such */
		return elf_pointer(t->elf, t->vaddr + at + 8 * FUNCDATA_INLINE, ret) && *ret;
	}
	if (!t->gofunc || !read_u32(t, at + 4 * FUNCDATA_INLINE, &offset) || offset == UINT32_MAX)
		return false;
	*ret = t->gofunc + offset;
	return true;
}

/* The name of the innermost call that the compiler inlined at @vaddr, or NULL. */
static const char *inlined_name(const struct go_pclntab *t, const struct go_func *f, uint64_t vaddr)
{
	const struct pclntab_layout *layout = t->layout;
	uint64_t pcdata = f->record + layout->record, tree;
	uint32_t n_pcdata, table, name;

	if (!layout->call || pcdata > t->size || !read_u32(t, f->record + layout->address + FUNC_NPCDATA, &n_pcdata) ||
	    n_pcdata <= PCDATA_INLINE || n_pcdata > 64 || t->data[pcdata - 1] <= FUNCDATA_INLINE ||
	    !read_u32(t, pcdata + PCDATA_INLINE * 4, &table) || !inline_tree(t, pcdata, n_pcdata, &tree))
		return NULL;
	int32_t i = pc_value(t, table, f->entry, vaddr);
	if (i < 0 || i > INLINE_MAX)
		return NULL;
	const unsigned char *call = elf_at(t->elf, tree + (uint64_t)i * layout->call, layout->call);
	if (!call)
		return NULL;
	memcpy(&name, call + layout->call_name, 4);
	const char *text = string_at(t, t->names + name);
	return *text ? text : NULL;
}

/* The name of a file by its number: from 1.16 through the compilation unit's list, before straight from the table. */
static const char *file_name(const struct go_pclntab *t, const struct go_func *f, int32_t number)
{
	uint32_t cu = 0, off;

	if (number < 0)
		return "";
	if (!t->layout->has_units)
		return number > 0 && read_u32(t, t->files + 4ULL * (uint32_t)number, &off) ? string_at(t, off) : "";
	if (!read_u32(t, f->record + t->layout->address + FUNC_CU, &cu) ||
	    !read_u32(t, t->cus + ((uint64_t)cu + (uint32_t)number) * 4, &off) || off == UINT32_MAX)
		return "";
	return string_at(t, t->files + off);
}

void go_pclntab_line(const struct go_pclntab *t, const struct go_func *f, uint64_t vaddr, const char **ret_name,
		     const char **ret_file, uint32_t *ret_line)
{
	uint64_t fields = f->record + t->layout->address;
	const char *inlined = inlined_name(t, f, vaddr);
	uint32_t pcfile, pcln;

	*ret_name = inlined ? inlined : f->name;
	*ret_file = "";
	*ret_line = 0;
	if (!read_u32(t, fields + FUNC_PCFILE, &pcfile) || !read_u32(t, fields + FUNC_PCLN, &pcln))
		return;
	int32_t line = pc_value(t, pcln, f->entry, vaddr);
	if (line > 0)
		*ret_line = (uint32_t)line;
	*ret_file = file_name(t, f, pc_value(t, pcfile, f->entry, vaddr));
}

/* Go 1.19 to 1.26, read off each version's source; later ones may have moved it again. */
static uint8_t wrapper_id(int go_minor)
{
	return go_minor >= 25 ? 23 : go_minor >= 22 ? 22 : 21;
}

bool go_pclntab_is_wrapper(const struct go_pclntab *t, const struct go_func *f, int go_minor)
{
	/* funcID is the first of a record's last four bytes: funcID, flag, a filler, nfuncdata. */
	uint64_t at = f->record + t->layout->record - 4;

	return go_minor >= 18 && at < t->size && t->data[at] == wrapper_id(go_minor);
}
