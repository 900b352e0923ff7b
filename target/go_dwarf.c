/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/debug_section.h"

/* The unit of types grows with the program: 100 KB in a small one, 4 MB in the Go compiler. */
#define UNIT_MAX   (24U << 20)
#define INFO_MAX   (96U << 20)
#define ABBREV_MAX (1U << 20)
#define UNITS_MAX  65536
#define FIELDS_MAX 512
/* Zeros behind the unit: libdw hands out a string or a value at its very end without looking for its end. */
#define GUARD 16U

/* A unit's header, DWARF 4 and 5 in the 32-bit format; then the number of the abbreviation and the unit's name. */
#define LENGTH_SIZE 4U
#define HEAD_DWARF4 11U
#define HEAD_DWARF5 12U

static const char unit_name[] = "runtime";
/* Only the unit of types has a struct of that name. */
static const char landmark[] = "runtime.schedt";

/* An ELF file in memory that holds just the abbreviations and one unit, for libdw. */
enum { SEC_NONE, SEC_NAMES, SEC_ABBREV, SEC_INFO, SEC_COUNT };
static const char section_names[] = "\0.debug_abbrev\0.debug_info\0.shstrtab";
#define NAME_ABBREV 1U
#define NAME_INFO   15U
#define NAME_NAMES  27U
#define TABLE_AT    sizeof(Elf64_Ehdr)
#define NAMES_AT    (TABLE_AT + SEC_COUNT * sizeof(Elf64_Shdr))
#define ABBREV_AT   (NAMES_AT + sizeof(section_names))

struct image {
	unsigned char *data;
	size_t size, abbrev_size, unit_at, unit_size;
	uint64_t unit_offset; /* of the unit in the program's .debug_info: references count from there */
};

struct reader {
	const struct image *image;
	Dwarf *dwarf;
	char name[32]; /* of the struct that was found last */
	Dwarf_Die type;
};

static void image_headers(struct image *im, uint16_t machine)
{
	Elf64_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_REL,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_shoff = TABLE_AT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SEC_COUNT,
		.e_shstrndx = SEC_NAMES,
	};
	Elf64_Shdr table[SEC_COUNT] = {
		[SEC_NAMES] = {.sh_name = NAME_NAMES,
			       .sh_type = SHT_STRTAB,
			       .sh_offset = NAMES_AT,
			       .sh_size = sizeof(section_names),
			       .sh_addralign = 1},
		[SEC_ABBREV] = {.sh_name = NAME_ABBREV,
				.sh_type = SHT_PROGBITS,
				.sh_offset = ABBREV_AT,
				.sh_size = im->abbrev_size,
				.sh_addralign = 1},
		[SEC_INFO] = {.sh_name = NAME_INFO,
			      .sh_type = SHT_PROGBITS,
			      .sh_offset = im->unit_at,
			      .sh_size = im->unit_size,
			      .sh_addralign = 1},
	};

	memcpy(im->data, &head, sizeof(head));
	memcpy(im->data + TABLE_AT, table, sizeof(table));
	memcpy(im->data + NAMES_AT, section_names, sizeof(section_names));
}

static int image_grow(struct image *im, size_t size)
{
	unsigned char *grown = size > im->size ? realloc(im->data, size) : im->data;

	if (!grown)
		return -ENOMEM;
	im->data = grown;
	im->size = size > im->size ? size : im->size;
	return 0;
}

static int read_abbrev(struct image *im, const struct elf_file *elf)
{
	cleanup_with(debug_section_close) struct debug_section s;
	int err = debug_section_open(&s, elf, "abbrev");

	if (err == 0 && (s.size == 0 || s.size > ABBREV_MAX))
		err = -ENODATA;
	if (err < 0)
		return err;
	im->abbrev_size = (size_t)s.size;
	im->unit_at = ABBREV_AT + im->abbrev_size;
	err = image_grow(im, im->unit_at);
	return err < 0 ? err : debug_section_read(&s, im->data + ABBREV_AT, im->abbrev_size);
}

/* Bytes of the header before the first DIE; 0 = a version that Go doesn't write. */
static size_t head_size(const unsigned char *unit)
{
	uint16_t version;

	memcpy(&version, unit + LENGTH_SIZE, sizeof(version));
	return version == 4 ? HEAD_DWARF4 : version == 5 ? HEAD_DWARF5 : 0;
}

/* The name comes first in Go's units (cmd/internal/dwarf/dwarf.go DW_ABRV_COMPUNIT), behind a one-byte number. */
static bool is_runtime(const unsigned char *unit, size_t len)
{
	size_t head = head_size(unit);

	return head && head + 1 + sizeof(unit_name) <= len &&
	       memcmp(unit + head + 1, unit_name, sizeof(unit_name)) == 0;
}

/* Reads the rest of a unit, of which @known bytes have been read; it is kept when it is the one with the types. */
static int keep_unit(struct image *im, struct debug_section *s, const unsigned char *start, size_t known, size_t size)
{
	int err = image_grow(im, im->unit_at + size + GUARD);

	if (err < 0)
		return err;
	unsigned char *unit = im->data + im->unit_at;
	memcpy(unit, start, known);
	memset(unit + size, 0, GUARD);
	err = debug_section_read(s, unit + known, size - known);
	if (err == 0 && memmem(unit, size, landmark, sizeof(landmark)))
		im->unit_size = size;
	return err;
}

/* Reads units until the one that holds the types. */
static int read_unit(struct image *im, const struct elf_file *elf)
{
	cleanup_with(debug_section_close) struct debug_section s;
	unsigned char start[HEAD_DWARF5 + 1 + sizeof(unit_name)] = {0};
	int err = debug_section_open(&s, elf, "info");
	uint64_t at = 0;

	for (int n = 0; err == 0 && n < UNITS_MAX && at < INFO_MAX; n++) {
		uint32_t length;

		err = debug_section_read(&s, start, LENGTH_SIZE);
		if (err < 0)
			break;
		memcpy(&length, start, LENGTH_SIZE);
		uint64_t size = (uint64_t)length + LENGTH_SIZE;
		if (size > s.size - at) /* 64-bit DWARF announces itself by 0xffffffff */
			return -ENODATA;
		size_t known = size < sizeof(start) ? (size_t)size : sizeof(start);
		err = debug_section_read(&s, start + LENGTH_SIZE, known - LENGTH_SIZE);
		if (err == 0 && is_runtime(start, known) && size <= UNIT_MAX)
			err = keep_unit(im, &s, start, known, (size_t)size);
		else if (err == 0)
			err = debug_section_skip(&s, size - known);
		if (err == 0 && im->unit_size) {
			im->unit_offset = at;
			return 0;
		}
		at += size;
	}
	return err < 0 ? err : -ENODATA;
}

/* What a member's type is, behind its names. References are offsets into the program's .debug_info. */
static bool type_of(const struct reader *r, Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Die at = *die;

	for (int i = 0; i < 4; i++) {
		uint32_t ref;

		if (!dwarf_attr(&at, DW_AT_type, &attr) || dwarf_whatform(&attr) != DW_FORM_ref_addr)
			return false;
		memcpy(&ref, attr.valp, sizeof(ref)); /* in the unit, or in the guard behind it */
		if (ref < r->image->unit_offset || ref - r->image->unit_offset >= r->image->unit_size ||
		    !dwarf_offdie(r->dwarf, ref - r->image->unit_offset, &at))
			return false;
		if (dwarf_tag(&at) != DW_TAG_typedef) {
			*ret = at;
			return dwarf_tag(ret) == DW_TAG_structure_type;
		}
	}
	return false;
}

/* A struct of the runtime by its name, which stands right behind the one-byte number of its DIE's abbreviation. */
static bool find_struct(struct reader *r, const char *name, size_t len)
{
	const unsigned char *unit = r->image->data + r->image->unit_at, *end = unit + r->image->unit_size, *at = unit;
	char full[sizeof(r->name)] = "runtime.";
	size_t prefix = strlen(full);

	if (prefix + len >= sizeof(full))
		return false;
	memcpy(full + prefix, name, len);
	size_t size = prefix + len + 1;
	if (strcmp(r->name, full) == 0)
		return true;
	r->name[0] = '\0';
	for (; (at = memmem(at, (size_t)(end - at), full, size)); at++) {
		const char *die_name;

		if (at == unit || !dwarf_offdie(r->dwarf, (Dwarf_Off)(at - unit) - 1, &r->type) ||
		    dwarf_tag(&r->type) != DW_TAG_structure_type)
			continue;
		die_name = dwarf_diename(&r->type);
		if (die_name && strcmp(die_name, full) == 0) {
			memcpy(r->name, full, size);
			return true;
		}
	}
	return false;
}

static bool find_member(Dwarf_Die *type, const char *name, size_t len, Dwarf_Die *ret)
{
	Dwarf_Die die, following;
	int more = dwarf_child(type, &die);

	for (int i = 0; more == 0 && i < FIELDS_MAX; i++) {
		const char *is = dwarf_tag(&die) == DW_TAG_member ? dwarf_diename(&die) : NULL;

		if (is && strncmp(is, name, len) == 0 && is[len] == '\0') {
			*ret = die;
			return true;
		}
		more = dwarf_siblingof(&die, &following);
		die = following;
	}
	return false;
}

/* "g.sched.sp": the offset of sp in sched in runtime.g. @end is behind the last character. */
static uint16_t offset_of(struct reader *r, const char *path, const char *end)
{
	const char *dot = memchr(path, '.', (size_t)(end - path));
	Dwarf_Word sum = 0;

	if (!dot || !find_struct(r, path, (size_t)(dot - path)))
		return GO_OFF_NONE;
	Dwarf_Die type = r->type;
	for (const char *p = dot + 1;; p = dot + 1) {
		Dwarf_Die member;
		Dwarf_Attribute attr;
		Dwarf_Word at;

		dot = memchr(p, '.', (size_t)(end - p));
		if (!find_member(&type, p, (size_t)((dot ? dot : end) - p), &member) ||
		    !dwarf_attr(&member, DW_AT_data_member_location, &attr) || dwarf_formudata(&attr, &at) != 0 ||
		    at >= GO_OFF_NONE)
			return GO_OFF_NONE;
		sum += at;
		if (!dot)
			break;
		if (!type_of(r, &member, &type))
			return GO_OFF_NONE;
	}
	return sum < GO_OFF_NONE ? (uint16_t)sum : GO_OFF_NONE;
}

/* Of the names of a field the first that the version has. */
static uint16_t offset_of_any(struct reader *r, const char *names)
{
	uint16_t off = GO_OFF_NONE;

	while (off == GO_OFF_NONE && *names) {
		const char *end = strchrnul(names, '|');

		off = offset_of(r, names, end);
		names = *end ? end + 1 : end;
	}
	return off;
}

static void close_dwarf(Dwarf **d)
{
	dwarf_end(*d);
}

static void close_elf(Elf **e)
{
	elf_end(*e);
}

static int read_offsets(const struct image *im, struct go_offsets *ret)
{
	struct go_offsets off;

	elf_version(EV_CURRENT);
	cleanup_with(close_elf) Elf *elf = elf_memory((char *)im->data, im->unit_at + im->unit_size);
	cleanup_with(close_dwarf) Dwarf *dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	if (!dwarf)
		return -ENODATA;
	struct reader r = {.image = im, .dwarf = dwarf};
#define READ(member, names) off.member = offset_of_any(&r, names);
	GO_OFFSETS(READ)
#undef READ
	/* Without these nothing is known; what else lacks is as with a version that has no such field. */
	if (off.g_m == GO_OFF_NONE || off.g_goid == GO_OFF_NONE || off.m_g0 == GO_OFF_NONE ||
	    off.m_curg == GO_OFF_NONE || off.m_procid == GO_OFF_NONE || off.m_alllink == GO_OFF_NONE ||
	    off.p_id == GO_OFF_NONE)
		return -ENODATA;
	*ret = off;
	return 0;
}

static void image_done(struct image *im)
{
	free(im->data);
}

int go_dwarf_offsets(const struct elf_file *elf, struct go_offsets *ret)
{
	cleanup_with(image_done) struct image im = {0};
	int err = read_abbrev(&im, elf);

	if (err == 0)
		err = read_unit(&im, elf);
	if (err < 0)
		return err;
	image_headers(&im, elf->machine);
	return read_offsets(&im, ret);
}
