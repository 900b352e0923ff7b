/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/elf_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"

#define PHDRS_MAX 256U
#define SHDRS_MAX 4096U

static const void *at_offset(const struct elf_file *f, uint64_t off, uint64_t len)
{
	if (off > f->size || len > f->size - off)
		return NULL;
	return f->data + off;
}

static int bad(struct fault *fault, const char *path, const char *why)
{
	fault_set(fault, -ENOEXEC, path, "%s", why);
	fault_todo(fault, "Name an ELF executable for Linux, or a running process");
	return -ENOEXEC;
}

static bool aligned(const void *p)
{
	return ((uintptr_t)p & 7) == 0;
}

static void find_sections(struct elf_file *f, const Elf64_Ehdr *h)
{
	if (!h->e_shoff || h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shnum > SHDRS_MAX)
		return;
	f->shdrs = at_offset(f, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr));
	if (!f->shdrs || !aligned(f->shdrs)) {
		f->shdrs = NULL;
		return;
	}
	f->n_shdrs = h->e_shnum;
	if (h->e_shstrndx >= f->n_shdrs)
		return;
	const Elf64_Shdr *s = &f->shdrs[h->e_shstrndx];
	const char *names = at_offset(f, s->sh_offset, s->sh_size);
	if (names && s->sh_size > 0 && names[s->sh_size - 1] == '\0') {
		f->shstr = names;
		f->shstr_size = s->sh_size;
	}
}

static uint32_t relative_type(const struct elf_file *f)
{
	return f->machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
}

static void find_relocations(struct elf_file *f)
{
	const Elf64_Dyn *dyn = NULL;
	uint64_t addr = 0, bytes = 0;
	size_t n = 0;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (f->phdrs[i].p_type == PT_DYNAMIC) {
			dyn = at_offset(f, f->phdrs[i].p_offset, f->phdrs[i].p_filesz);
			n = f->phdrs[i].p_filesz / sizeof(*dyn);
		}
	}
	for (size_t i = 0; dyn && aligned(dyn) && i < n && dyn[i].d_tag != DT_NULL; i++) {
		if (dyn[i].d_tag == DT_RELA)
			addr = dyn[i].d_un.d_ptr;
		else if (dyn[i].d_tag == DT_RELASZ)
			bytes = dyn[i].d_un.d_val;
	}
	if (!addr || !bytes)
		return;
	f->rela = elf_at(f, addr, bytes);
	if (!f->rela || !aligned(f->rela)) {
		f->rela = NULL;
		return;
	}
	f->n_rela = bytes / sizeof(*f->rela);
	f->rela_sorted = true;
	for (size_t i = 1; i < f->n_rela && f->rela_sorted; i++)
		f->rela_sorted = f->rela[i - 1].r_offset <= f->rela[i].r_offset;
}

int elf_file_parse(struct elf_file *f, const void *data, size_t size, const char *what, struct fault *fault)
{
	const Elf64_Ehdr *h = data;
	const char *why = NULL;

	*f = (struct elf_file){0};
	if (size < sizeof(*h))
		return bad(fault, what, "too short for an executable");
	assert(aligned(data));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		why = "not an ELF executable (a script must be named through its interpreter)";
	else if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		why = "not a 64-bit little-endian program";
	else if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		why = "not a program (an object file or a core dump)";
	else if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > PHDRS_MAX)
		why = "its program headers are damaged";
	if (!why) {
		f->data = data;
		f->size = size;
		f->machine = h->e_machine;
		f->pie = h->e_type == ET_DYN;
		f->phdrs = at_offset(f, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr));
		f->n_phdrs = h->e_phnum;
		if (!f->phdrs || !aligned(f->phdrs))
			why = "its program headers are damaged";
	}
	if (why) {
		*f = (struct elf_file){0};
		return bad(fault, what, why);
	}
	find_sections(f, h);
	find_relocations(f);
	return 0;
}

int elf_file_open(struct elf_file *f, const char *path, struct fault *fault)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*f = (struct elf_file){0};
	return fd < 0 ? fault_set(fault, -errno, path, "%s", strerror(errno)) : elf_file_map(f, fd, path, fault);
}

int elf_file_map(struct elf_file *f, int fd, const char *path, struct fault *fault)
{
	struct stat st;

	*f = (struct elf_file){0};
	if (fstat(fd, &st) < 0)
		return fault_set(fault, -errno, path, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return bad(fault, path, "not a regular file");
	if ((uint64_t)st.st_size < sizeof(Elf64_Ehdr))
		return bad(fault, path, "too short for an executable");
	size_t size = (size_t)st.st_size;
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return fault_set(fault, -errno, path, "%s", strerror(errno));
	int err = elf_file_parse(f, map, size, path, fault);
	if (err < 0)
		munmap(map, size);
	f->mapped = err == 0;
	return err;
}

void elf_file_close(struct elf_file *f)
{
	if (f->mapped)
		munmap((void *)(uintptr_t)f->data, f->size);
	*f = (struct elf_file){0};
}

const void *elf_rest(const struct elf_file *f, uint64_t vaddr, size_t *ret_len)
{
	for (size_t i = 0; i < f->n_phdrs; i++) {
		const Elf64_Phdr *p = &f->phdrs[i];

		if (p->p_type != PT_LOAD || vaddr < p->p_vaddr || vaddr - p->p_vaddr >= p->p_filesz)
			continue;
		uint64_t off = p->p_offset + (vaddr - p->p_vaddr), len = p->p_filesz - (vaddr - p->p_vaddr);
		const void *data = off >= p->p_offset ? at_offset(f, off, 0) : NULL;
		if (!data)
			return NULL;
		*ret_len = len < f->size - off ? len : f->size - off;
		return data;
	}
	return NULL;
}

const void *elf_at(const struct elf_file *f, uint64_t vaddr, size_t len)
{
	size_t rest;
	const void *data = elf_rest(f, vaddr, &rest);

	return data && len <= rest ? data : NULL;
}

bool elf_offset(const struct elf_file *f, uint64_t vaddr, uint64_t *ret)
{
	const unsigned char *data = elf_at(f, vaddr, 1);

	if (!data)
		return false;
	*ret = (uint64_t)(data - f->data);
	return true;
}

static const Elf64_Shdr *section_named(const struct elf_file *f, const char *name)
{
	for (size_t i = 0; f->shstr && i < f->n_shdrs; i++) {
		if (f->shdrs[i].sh_name < f->shstr_size && strcmp(f->shstr + f->shdrs[i].sh_name, name) == 0)
			return &f->shdrs[i];
	}
	return NULL;
}

bool elf_section(const struct elf_file *f, const char *name, const void **ret_data, size_t *ret_len,
		 uint64_t *ret_vaddr)
{
	const Elf64_Shdr *s = section_named(f, name);

	if (!s)
		return false;
	*ret_data = s->sh_type == SHT_NOBITS ? NULL : at_offset(f, s->sh_offset, s->sh_size);
	*ret_len = s->sh_size;
	*ret_vaddr = s->sh_addr;
	return s->sh_type == SHT_NOBITS || *ret_data;
}

bool elf_section_flags(const struct elf_file *f, const char *name, bool *ret_packed)
{
	const Elf64_Shdr *s = section_named(f, name);

	if (s)
		*ret_packed = s->sh_flags & SHF_COMPRESSED;
	return s;
}

/* Index of the first relocation at or behind @vaddr, when they are sorted. */
static size_t rela_from(const struct elf_file *f, uint64_t vaddr)
{
	size_t lo = 0, hi = f->n_rela;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->rela[mid].r_offset < vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_relative(const struct elf_file *f, size_t i)
{
	return ELF64_R_TYPE(f->rela[i].r_info) == relative_type(f);
}

bool elf_pointer(const struct elf_file *f, uint64_t vaddr, uint64_t *ret)
{
	for (size_t i = f->rela_sorted ? rela_from(f, vaddr) : 0; i < f->n_rela; i++) {
		if (f->rela[i].r_offset == vaddr && is_relative(f, i)) {
			*ret = (uint64_t)f->rela[i].r_addend;
			return true;
		}
		if (f->rela_sorted && f->rela[i].r_offset > vaddr)
			break;
	}
	const void *p = elf_at(f, vaddr, 8);
	if (!p)
		return false;
	memcpy(ret, p, 8);
	return true;
}

static bool find_relocated(const struct elf_file *f, uint64_t value, uint64_t *vaddr)
{
	uint64_t best = UINT64_MAX;

	for (size_t i = f->rela_sorted ? rela_from(f, *vaddr + 1) : 0; i < f->n_rela; i++) {
		const Elf64_Rela *r = &f->rela[i];

		if (r->r_offset <= *vaddr || (uint64_t)r->r_addend != value || !is_relative(f, i) ||
		    r->r_offset >= best)
			continue;
		best = r->r_offset;
		if (f->rela_sorted)
			break;
	}
	if (best == UINT64_MAX)
		return false;
	*vaddr = best;
	return true;
}

bool elf_find_pointer(const struct elf_file *f, uint64_t value, uint64_t *vaddr)
{
	if (f->n_rela && find_relocated(f, value, vaddr))
		return true;
	for (size_t i = 0; i < f->n_phdrs; i++) {
		const Elf64_Phdr *p = &f->phdrs[i];
		size_t len;

		/* Pointers live in data, not in code. */
		if (p->p_type != PT_LOAD || (p->p_flags & PF_X) || p->p_filesz == 0)
			continue;
		const unsigned char *data = elf_rest(f, p->p_vaddr, &len);
		if (!data || *vaddr + 8 >= p->p_vaddr + len)
			continue;
		uint64_t from = *vaddr < p->p_vaddr ? p->p_vaddr : *vaddr + 1;
		for (uint64_t a = (from + 7) & ~7ULL; a + 8 <= p->p_vaddr + len; a += 8) {
			uint64_t v;

			memcpy(&v, data + (a - p->p_vaddr), 8);
			if (v == value) {
				*vaddr = a;
				return true;
			}
		}
	}
	return false;
}

bool elf_symbol(const struct elf_file *f, const char *name, uint64_t *ret_value, unsigned char *ret_type)
{
	const void *syms, *strs;
	size_t n_syms, n_strs;
	uint64_t addr;

	if (!elf_section(f, ".symtab", &syms, &n_syms, &addr) || !elf_section(f, ".strtab", &strs, &n_strs, &addr) ||
	    !syms || !strs || !aligned(syms))
		return false;
	const Elf64_Sym *s = syms;
	size_t len = strlen(name) + 1;
	for (size_t i = 0; i < n_syms / sizeof(*s); i++) {
		if (s[i].st_shndx == SHN_UNDEF || s[i].st_name >= n_strs || len > n_strs - s[i].st_name)
			continue;
		if (memcmp((const char *)strs + s[i].st_name, name, len) == 0) {
			*ret_value = s[i].st_value;
			*ret_type = ELF64_ST_TYPE(s[i].st_info);
			return true;
		}
	}
	return false;
}
