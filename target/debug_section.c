/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/debug_section.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "target/elf_file.h"

/* "ZLIB" and the unpacked size, big-endian: the form of .zdebug_* (binutils, bfd/compress.c). */
#define OLD_HEADER 12U

static int open_packed(struct debug_section *s, uint64_t size, const unsigned char *data, size_t len)
{
	s->size = size;
	s->packed = true;
	s->z = (z_stream){.next_in = (unsigned char *)(uintptr_t)data, .avail_in = (unsigned)len};
	if (len > UINT_MAX)
		return -ENODATA;
	return inflateInit(&s->z) == Z_OK ? 0 : -ENOMEM;
}

int debug_section_open(struct debug_section *s, const struct elf_file *elf, const char *name)
{
	char full[32];
	const void *data;
	uint64_t vaddr, size = 0;
	size_t len;
	Elf64_Chdr packed;
	bool is_packed;

	*s = (struct debug_section){0};
	snprintf(full, sizeof(full), ".debug_%s", name);
	if (elf_section_flags(elf, full, &is_packed) && elf_section(elf, full, &data, &len, &vaddr) && data) {
		if (!is_packed) {
			s->next = data;
			s->left = len;
			s->size = len;
			return 0;
		}
		if (len < sizeof(packed))
			return -ENODATA;
		memcpy(&packed, data, sizeof(packed));
		if (packed.ch_type != ELFCOMPRESS_ZLIB)
			return -ENODATA;
		return open_packed(s, packed.ch_size, (const unsigned char *)data + sizeof(packed),
				   len - sizeof(packed));
	}
	snprintf(full, sizeof(full), ".zdebug_%s", name);
	if (!elf_section(elf, full, &data, &len, &vaddr) || !data || len < OLD_HEADER || memcmp(data, "ZLIB", 4) != 0)
		return -ENODATA;
	const unsigned char *p = data;
	for (size_t i = 4; i < OLD_HEADER; i++)
		size = size << 8 | p[i];
	return open_packed(s, size, p + OLD_HEADER, len - OLD_HEADER);
}

void debug_section_close(struct debug_section *s)
{
	if (s->packed)
		inflateEnd(&s->z);
	*s = (struct debug_section){0};
}

int debug_section_read(struct debug_section *s, void *buf, size_t n)
{
	if (!s->packed) {
		if (n > s->left)
			return -ENODATA;
		memcpy(buf, s->next, n);
		s->next += n;
		s->left -= n;
		return 0;
	}
	if (n > UINT_MAX)
		return -ENODATA;
	s->z.next_out = buf;
	s->z.avail_out = (unsigned)n;
	while (s->z.avail_out > 0) {
		if (inflate(&s->z, Z_NO_FLUSH) != Z_OK)
			break; /* at the end of the data with the last byte of it, or damaged */
	}
	return s->z.avail_out == 0 ? 0 : -ENODATA;
}

int debug_section_skip(struct debug_section *s, uint64_t n)
{
	unsigned char scrap[16384];

	if (!s->packed) {
		if (n > s->left)
			return -ENODATA;
		s->next += n;
		s->left -= (size_t)n;
		return 0;
	}
	while (n > 0) {
		size_t some = n < sizeof(scrap) ? (size_t)n : sizeof(scrap);
		int err = debug_section_read(s, scrap, some);

		if (err < 0)
			return err;
		n -= some;
	}
	return 0;
}
