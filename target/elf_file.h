/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded reader of ELF64 executables (System V gABI; x86-64 and AArch64, little endian). The file is mapped
 * read-only and never trusted: every access names a range, and a range that isn't wholly inside the file doesn't exist.
 */
#ifndef SCHEDTOP_TARGET_ELF_FILE_H
#define SCHEDTOP_TARGET_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

struct elf_file {
	const unsigned char *data;
	size_t size;
	bool mapped;      /* elf_file_close() unmaps it */
	uint16_t machine; /* EM_X86_64, EM_AARCH64 */
	bool pie;
	const Elf64_Phdr *phdrs; /* checked: inside the file */
	size_t n_phdrs;
	const Elf64_Shdr *shdrs;
	size_t n_shdrs;
	const char *shstr; /* section names, NUL-terminated at shstr_size - 1; NULL = none */
	size_t shstr_size;
	/* Relocations that put an address somewhere (R_*_RELATIVE): in a PIE the file holds no pointers of its own. */
	const Elf64_Rela *rela;
	size_t n_rela;
	bool rela_sorted;
};

/** 0; -ENOEXEC with @fault when it isn't a program we can read; -errno of the file system. */
int elf_file_open(struct elf_file *f, const char *path, struct fault *fault);
/** The same with an open file, which stays the caller's; @path is for messages. */
int elf_file_map(struct elf_file *f, int fd, const char *path, struct fault *fault);
void elf_file_close(struct elf_file *f);

/** The same for bytes in memory, 8-aligned, which stay the caller's and must outlive @f. @what names them in @fault. */
int elf_file_parse(struct elf_file *f, const void *data, size_t size, const char *what, struct fault *fault);

/** The bytes of link-time addresses [vaddr, vaddr + len), or NULL if the file doesn't hold them all. */
const void *elf_at(const struct elf_file *f, uint64_t vaddr, size_t len);

/** From @vaddr to the end of the file's part of its segment. NULL when @vaddr isn't in the file. */
const void *elf_rest(const struct elf_file *f, uint64_t vaddr, size_t *ret_len);

/** File offset of an address; false when the file doesn't hold it. */
bool elf_offset(const struct elf_file *f, uint64_t vaddr, uint64_t *ret);

/** Section by name: its bytes (NULL for .bss and the like) and address. false when there is none. */
bool elf_section(const struct elf_file *f, const char *name, const void **ret_data, size_t *ret_len,
		 uint64_t *ret_vaddr);

/** Is there a section of that name, and are its bytes compressed (SHF_COMPRESSED)? */
bool elf_section_flags(const struct elf_file *f, const char *name, bool *ret_packed);

/** The pointer at @vaddr: relocated in a PIE, plain elsewhere. */
bool elf_pointer(const struct elf_file *f, uint64_t vaddr, uint64_t *ret);

/**
 * Where the pointer @value is stored (8-byte aligned, in writable or read-only data), starting the search after
 * *@vaddr. Updates *@vaddr; false when there is no further one.
 */
bool elf_find_pointer(const struct elf_file *f, uint64_t value, uint64_t *vaddr);

/** Value and type of a symbol in .symtab. false when stripped or absent. */
bool elf_symbol(const struct elf_file *f, const char *name, uint64_t *ret_value, unsigned char *ret_type);

#endif
