/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug information of the runtime's types, as Go's linker lays it out (cmd/internal/dwarf/dwarf.go). */
#include <dwarf.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "synthetic_internal.h"
#include "target/go_binary.h"

uint16_t synth_offset(size_t i)
{
	return (uint16_t)(8 * i + 8);
}

enum { ABBREV_UNIT = 1, ABBREV_STRUCT, ABBREV_MEMBER, ABBREV_TYPEDEF, ABBREV_BASE };

static void put_abbrev(struct buf *b, unsigned code, unsigned tag, unsigned children, const unsigned (*attrs)[2])
{
	put_leb(b, code);
	put_leb(b, tag);
	put8(b, children);
	for (; (*attrs)[0]; attrs++) {
		put_leb(b, (*attrs)[0]);
		put_leb(b, (*attrs)[1]);
	}
	put16(b, 0);
}

void make_abbrevs(struct buf *b)
{
	put_abbrev(b, ABBREV_UNIT, DW_TAG_compile_unit, 1,
		   (const unsigned[][2]){{DW_AT_name, DW_FORM_string}, {DW_AT_language, DW_FORM_data1}, {0, 0}});
	put_abbrev(b, ABBREV_STRUCT, DW_TAG_structure_type, 1,
		   (const unsigned[][2]){{DW_AT_name, DW_FORM_string}, {DW_AT_byte_size, DW_FORM_udata}, {0, 0}});
	put_abbrev(b, ABBREV_MEMBER, DW_TAG_member, 0,
		   (const unsigned[][2]){{DW_AT_name, DW_FORM_string},
					 {DW_AT_data_member_location, DW_FORM_udata},
					 {DW_AT_type, DW_FORM_ref_addr},
					 {0, 0}});
	put_abbrev(b, ABBREV_TYPEDEF, DW_TAG_typedef, 0,
		   (const unsigned[][2]){{DW_AT_name, DW_FORM_string}, {DW_AT_type, DW_FORM_ref_addr}, {0, 0}});
	put_abbrev(b, ABBREV_BASE, DW_TAG_base_type, 0, (const unsigned[][2]){{DW_AT_name, DW_FORM_string}, {0, 0}});
	put8(b, 0);
}

static size_t begin_unit(struct buf *b, const char *name)
{
	size_t at = b->len;

	put32(b, 0);
	put16(b, 4);
	put32(b, 0);
	put8(b, 8);
	put_leb(b, ABBREV_UNIT);
	put_text(b, name);
	put8(b, DW_LANG_Go);
	return at;
}

static void end_unit(struct buf *b, size_t at)
{
	put8(b, 0);
	memcpy(b->p + at, &(uint32_t){(uint32_t)(b->len - at - 4)}, 4);
}

static size_t begin_struct(struct buf *b, const char *name)
{
	size_t at = b->len;

	put_leb(b, ABBREV_STRUCT);
	put_text(b, name);
	put_leb(b, 4096);
	return at;
}

static void put_member(struct buf *b, const char *name, size_t len, uint32_t offset, size_t type)
{
	put_leb(b, ABBREV_MEMBER);
	put_bytes(b, name, len);
	put8(b, 0);
	put_leb(b, offset);
	put32(b, type);
}

/* The members of GO_OFFSETS that lie in @path ("g.", "g.stack."), less what @base the struct itself begins at. */
static void put_members(struct buf *b, const char *path, uint32_t base, size_t type)
{
	static const char *const names[] = {
#define NAME(member, name) (name),
		GO_OFFSETS(NAME)
#undef NAME
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		/* Of alternatives the last, so that the others must be tried. */
		const char *name = strrchr(names[i], '|') ? strrchr(names[i], '|') + 1 : names[i];
		size_t len = strlen(path);

		if (strncmp(name, path, len) == 0 && !strchr(name + len, '.'))
			put_member(b, name + len, strlen(name + len), synth_offset(i) - base, type);
	}
}

/* One struct of the runtime whose member @inner is a struct itself, behind a typedef. */
static void put_nested(struct buf *b, const char *name, const char *inner, const char *inner_name, size_t type)
{
	char full[64], path[64];
	size_t at;

	snprintf(full, sizeof(full), "runtime.%s", inner_name);
	snprintf(path, sizeof(path), "%s.%s.", name, inner);
	at = begin_struct(b, full);
	put_members(b, path, 4, type);
	put8(b, 0);
	size_t alias = b->len;
	put_leb(b, ABBREV_TYPEDEF);
	put_text(b, full);
	put32(b, at);
	snprintf(full, sizeof(full), "runtime.%s", name);
	/* The name also stands elsewhere: before its struct, as a typedef's. */
	put_leb(b, ABBREV_TYPEDEF);
	put_text(b, full);
	put32(b, type);
	begin_struct(b, full);
	snprintf(path, sizeof(path), "%s.", name);
	put_members(b, path, 0, type);
	put_member(b, inner, strlen(inner), 4, alias);
	put8(b, 0);
}

void make_info(struct buf *b)
{
	size_t unit = begin_unit(b, "main");

	end_unit(b, unit);
	unit = begin_unit(b, "runtime"); /* one of its units of code, without types */
	end_unit(b, unit);
	unit = begin_unit(b, "runtime");
	size_t type = b->len;
	put_leb(b, ABBREV_BASE);
	put_text(b, "uint64");
	/* g has two inner structs: the first is put by hand. */
	size_t stack = begin_struct(b, "runtime.stack");
	put_members(b, "g.stack.", 4, type);
	put8(b, 0);
	size_t gobuf = begin_struct(b, "runtime.gobuf");
	put_members(b, "g.sched.", 4, type);
	put8(b, 0);
	begin_struct(b, "runtime.g");
	put_members(b, "g.", 0, type);
	put_member(b, "stack", 5, 4, stack);
	put_member(b, "sched", 5, 4, gobuf);
	put8(b, 0);
	begin_struct(b, "runtime.m");
	put_members(b, "m.", 0, type);
	put8(b, 0);
	begin_struct(b, "runtime.p");
	put_members(b, "p.", 0, type);
	put8(b, 0);
	put_nested(b, "schedt", "runq", "gQueue", type);
	end_unit(b, unit);
}
