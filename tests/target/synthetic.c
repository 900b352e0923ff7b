/* SPDX-License-Identifier: GPL-2.0-only */
#include "synthetic.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "synthetic_internal.h"

void put_bytes(struct buf *b, const void *data, size_t n)
{
	if (b->len + n > b->cap) {
		b->cap = 2 * (b->len + n);
		b->p = realloc(b->p, b->cap);
		if (!b->p)
			abort();
	}
	if (n)
		memcpy(b->p + b->len, data, n);
	b->len += n;
}

void put8(struct buf *b, unsigned v)
{
	put_bytes(b, &(uint8_t){(uint8_t)v}, 1);
}

void put16(struct buf *b, unsigned v)
{
	put_bytes(b, &(uint16_t){(uint16_t)v}, 2);
}

void put32(struct buf *b, uint64_t v)
{
	put_bytes(b, &(uint32_t){(uint32_t)v}, 4);
}

void put64(struct buf *b, uint64_t v)
{
	put_bytes(b, &v, 8);
}

size_t put_text(struct buf *b, const char *s)
{
	size_t at = b->len;

	put_bytes(b, s, strlen(s) + 1);
	return at;
}

void put_leb(struct buf *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		put8(b, v | 0x80);
	put8(b, v);
}

void put_pad(struct buf *b, size_t align)
{
	while (b->len % align)
		put8(b, 0);
}

void free_buf(struct buf *b)
{
	free(b->p);
}

void pointer(struct file *f, size_t at, uint64_t to)
{
	if (f->s->pie) {
		f->relocs[f->n_relocs].at = at;
		f->relocs[f->n_relocs++].to = to;
	} else {
		memcpy(f->b.p + at, &to, 8);
	}
}

void put_pointer(struct file *f, uint64_t to)
{
	put64(&f->b, 0);
	pointer(f, f->b.len - 8, to);
}

/* ---- code ---- */

static void put_code(struct file *f)
{
	static const unsigned char x86_ready[] = {
		0x49, 0x3b, 0x66, 0x10, /* cmp 0x10(%r14),%rsp */
		0x76, 0x08,             /* jbe */
		0x55,                   /* push %rbp */
		0x48, 0x89, 0xe5,       /* mov %rsp,%rbp */
		0x5d, 0xc3,             /* pop %rbp; ret */
	};
	static const uint32_t arm_ready[] = {
		0xf9400b90, /* ldr x16, [x28, #16] */
		0xeb3063ff, /* cmp sp, x16 */
		0x54000089, /* b.ls */
		0xf81e0ffe, /* str x30, [sp, #-32]! */
		0xd65f03c0, /* ret */
	};
	struct buf *b = &f->b;

	while (b->len < TEXT_AT)
		put8(b, 0);
	while (b->len < TEXT_AT + 0x40)
		put8(b, 0xcc);
	if (f->s->machine == EM_AARCH64)
		put_bytes(b, arm_ready, sizeof(arm_ready));
	else
		put_bytes(b, x86_ready, sizeof(x86_ready));
	while (b->len < TEXT_AT + TEXT_SIZE)
		put8(b, 0xcc);
}

/* ---- build information ---- */

static void put_info(struct file *f)
{
	static const char sentinel[16] = "0123456789abcdef";
	static const char text[] = "path\tcommand-line-arguments\nbuild\t-compiler=gc\nbuild\t\"a b\"=\"c\\\"d\"\n";
	struct buf *b = &f->b;
	size_t version_len = strlen(f->s->version), info_len = 32 + sizeof(text) - 1;

	if (!f->s->info_inline) {
		size_t strings = b->len;
		put_bytes(b, f->s->version, version_len);
		put_bytes(b, sentinel, 16);
		put_bytes(b, text, sizeof(text) - 1);
		put_bytes(b, sentinel, 16);
		put_pad(b, 8);
		size_t headers = b->len;
		put_pointer(f, SYNTH_BASE + strings);
		put64(b, version_len);
		put_pointer(f, SYNTH_BASE + strings + version_len);
		put64(b, info_len);
		put_pad(b, 16);
		f->info = b->len;
		put_bytes(b, "\xff Go buildinf:\x08\x00", 16);
		put_pointer(f, SYNTH_BASE + headers);
		put_pointer(f, SYNTH_BASE + headers + 16);
		return;
	}
	put_pad(b, 16);
	f->info = b->len;
	put_bytes(b, "\xff Go buildinf:\x00\x02", 16);
	put64(b, 0);
	put64(b, 0);
	put_leb(b, (uint32_t)version_len);
	put_bytes(b, f->s->version, version_len);
	put_leb(b, (uint32_t)info_len);
	put_bytes(b, sentinel, 16);
	put_bytes(b, text, sizeof(text) - 1);
	put_bytes(b, sentinel, 16);
}

/* ---- the file ---- */

/* Packs in place. */
static void pack(struct buf *b, enum synth_dwarf how)
{
	uLongf len = compressBound(b->len);
	struct buf out = {0};
	unsigned char *packed = malloc(len);

	if (!packed || compress2(packed, &len, b->p, b->len, 9) != Z_OK)
		abort();
	if (how == SYNTH_DWARF_PACKED) {
		Elf64_Chdr head = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = b->len, .ch_addralign = 1};
		put_bytes(&out, &head, sizeof(head));
	} else {
		put_bytes(&out, "ZLIB", 4);
		for (int shift = 56; shift >= 0; shift -= 8)
			put8(&out, (unsigned)((uint64_t)b->len >> shift));
	}
	put_bytes(&out, packed, len);
	free(packed);
	free_buf(b);
	*b = out;
}

static void put_relocs(struct file *f)
{
	if (!f->s->pie)
		return;
	put_pad(&f->b, 8);
	uint64_t at = SYNTH_BASE + f->b.len;
	unsigned type = f->s->machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
	for (size_t i = 0; i < f->n_relocs; i++) {
		put64(&f->b, SYNTH_BASE + f->relocs[i].at);
		put64(&f->b, type);
		put64(&f->b, f->relocs[i].to);
	}
	f->dynamic = f->b.len;
	put64(&f->b, DT_RELA);
	put64(&f->b, at);
	put64(&f->b, DT_RELASZ);
	put64(&f->b, f->n_relocs * 24);
	put64(&f->b, DT_NULL);
	put64(&f->b, 0);
	f->dynamic_len = f->b.len - f->dynamic;
}

struct sections {
	struct buf table, names;
	unsigned n;
};

static void add_section(struct sections *t, const char *name, unsigned type, uint64_t flags, size_t at, size_t len,
			uint64_t vaddr)
{
	Elf64_Shdr s = {
		.sh_name = (uint32_t)put_text(&t->names, name),
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = vaddr,
		.sh_offset = at,
		.sh_size = len,
		.sh_addralign = 1,
	};

	put_bytes(&t->table, &s, sizeof(s));
	t->n++;
}

static void add_debug(struct file *f, struct sections *t, const char *name, void (*make)(struct buf *b))
{
	cleanup_with(free_buf) struct buf b = {0};
	char full[32];
	bool packed = f->s->dwarf == SYNTH_DWARF_PACKED;

	make(&b);
	if (f->s->dwarf != SYNTH_DWARF_PLAIN)
		pack(&b, f->s->dwarf);
	put_pad(&f->b, 8);
	snprintf(full, sizeof(full), ".%sdebug_%s", f->s->dwarf == SYNTH_DWARF_OLD ? "z" : "", name);
	add_section(t, full, SHT_PROGBITS, packed ? SHF_COMPRESSED : 0, f->b.len, b.len, 0);
	put_bytes(&f->b, b.p, b.len);
}

static void free_sections(struct sections *t)
{
	free_buf(&t->table);
	free_buf(&t->names);
}

static void put_sections(struct file *f, Elf64_Ehdr *head)
{
	cleanup_with(free_sections) struct sections t = {0};

	if (f->s->no_sections)
		return;
	add_section(&t, "", SHT_NULL, 0, 0, 0, 0);
	add_section(&t, ".text", SHT_PROGBITS, SHF_ALLOC, TEXT_AT, TEXT_SIZE, SYNTH_TEXT);
	add_section(&t, ".gopclntab", SHT_PROGBITS, SHF_ALLOC, f->pclntab, f->pclntab_len, SYNTH_BASE + f->pclntab);
	if (f->info)
		add_section(&t, ".go.buildinfo", SHT_PROGBITS, SHF_ALLOC, f->info, f->data_end - f->info,
			    SYNTH_BASE + f->info);
	if (f->s->dwarf) {
		add_debug(f, &t, "abbrev", make_abbrevs);
		add_debug(f, &t, "info", make_info);
	}
	size_t names_at = f->b.len;
	add_section(&t, ".shstrtab", SHT_STRTAB, 0, names_at, 0, 0);
	put_bytes(&f->b, t.names.p, t.names.len);
	((Elf64_Shdr *)(void *)t.table.p)[t.n - 1].sh_size = t.names.len;
	put_pad(&f->b, 8);
	head->e_shoff = f->b.len;
	head->e_shnum = (uint16_t)t.n;
	head->e_shstrndx = (uint16_t)(t.n - 1);
	put_bytes(&f->b, t.table.p, t.table.len);
}

unsigned char *synth_build(const struct synth *s, size_t *ret_len)
{
	struct file f = {.s = s};
	Elf64_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = s->pie ? ET_DYN : ET_EXEC,
		.e_machine = s->machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr),
	};

	put_code(&f);
	f.data_at = f.b.len;
	put_pclntab(&f);
	if (s->version)
		put_info(&f);
	f.data_end = f.b.len;
	put_relocs(&f);
	size_t loaded = f.b.len;
	put_sections(&f, &head);

	Elf64_Phdr segments[3] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_offset = TEXT_AT,
		 .p_vaddr = SYNTH_TEXT,
		 .p_filesz = TEXT_SIZE,
		 .p_memsz = TEXT_SIZE},
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_W,
		 .p_offset = f.data_at,
		 .p_vaddr = SYNTH_BASE + f.data_at,
		 .p_filesz = loaded - f.data_at,
		 .p_memsz = loaded - f.data_at},
		{.p_type = f.dynamic_len ? PT_DYNAMIC : PT_NULL,
		 .p_flags = PF_R,
		 .p_offset = f.dynamic,
		 .p_vaddr = SYNTH_BASE + f.dynamic,
		 .p_filesz = f.dynamic_len,
		 .p_memsz = f.dynamic_len},
	};
	memcpy(f.b.p, &head, sizeof(head));
	memcpy(f.b.p + sizeof(head), segments, sizeof(segments));
	*ret_len = f.b.len;
	return f.b.p;
}

void synth_file(const struct synth *s, int *ret_fd, char path[64])
{
	size_t len;
	cleanup_free unsigned char *data = synth_build(s, &len);

	*ret_fd = memfd_create("synthetic", MFD_CLOEXEC);
	if (*ret_fd < 0 || write(*ret_fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", *ret_fd);
}
