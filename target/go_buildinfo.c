/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_buildinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MAGIC        "\xff Go buildinf:"
#define MAGIC_LEN    14U
#define HEADER_LEN   32U
#define ALIGN        16U
#define FLAGS_INLINE 2U
#define VERSION_MAX  128U
#define INFO_MAX     (1U << 20)
#define SETTINGS_MAX 256U
#define SENTINEL_LEN 16U /* around the module information, cmd/go/internal/modload */

struct bytes {
	const char *p;
	size_t len;
};

/* A length in 7-bit groups, then that many bytes. */
static bool take_string(const unsigned char **p, const unsigned char *end, struct bytes *ret)
{
	uint64_t len = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		if (*p == end)
			return false;
		unsigned char b = *(*p)++;
		len |= (uint64_t)(b & 0x7f) << shift;
		if (b & 0x80)
			continue;
		if (len > (uint64_t)(end - *p))
			return false;
		*ret = (struct bytes){(const char *)*p, (size_t)len};
		*p += len;
		return true;
	}
	return false;
}

/* A pointer at @vaddr to a Go string's header. */
static bool string_behind(const struct elf_file *elf, uint64_t vaddr, struct bytes *ret)
{
	uint64_t header, data, len;

	if (!elf_pointer(elf, vaddr, &header) || !elf_pointer(elf, header, &data) ||
	    !elf_pointer(elf, header + 8, &len) || len > INFO_MAX)
		return false;
	const char *p = elf_at(elf, data, (size_t)len);
	*ret = (struct bytes){p, p ? (size_t)len : 0};
	return p != NULL;
}

static bool find_magic(const struct elf_file *elf, const unsigned char **ret, size_t *ret_len, uint64_t *ret_vaddr)
{
	const void *data;

	if (elf_section(elf, ".go.buildinfo", &data, ret_len, ret_vaddr) && data && *ret_len >= HEADER_LEN &&
	    memcmp(data, MAGIC, MAGIC_LEN) == 0) {
		*ret = data;
		return true;
	}
	for (size_t i = 0; i < elf->n_phdrs; i++) {
		const Elf64_Phdr *p = &elf->phdrs[i];
		size_t len;

		if (p->p_type != PT_LOAD || (p->p_flags & PF_X) || !(data = elf_rest(elf, p->p_vaddr, &len)))
			continue;
		const unsigned char *at = data, *end = at + len;
		while ((at = memmem(at, (size_t)(end - at), MAGIC, MAGIC_LEN))) {
			uint64_t vaddr = p->p_vaddr + (uint64_t)(at - (const unsigned char *)data);

			if (vaddr % ALIGN == 0 && (size_t)(end - at) >= HEADER_LEN) {
				*ret = at;
				*ret_len = (size_t)(end - at);
				*ret_vaddr = vaddr;
				return true;
			}
			at++;
		}
	}
	return false;
}

/* Undoes strconv.Quote as far as build settings use it: "..." with backslashes, or `...`. Returns new memory. */
static char *unquote(const char *s, size_t len)
{
	if (len < 2 || s[0] != s[len - 1] || (s[0] != '"' && s[0] != '`'))
		return strndup(s, len);
	char *out = malloc(len);
	size_t n = 0;
	for (size_t i = 1; out && i < len - 1; i++) {
		if (s[0] == '"' && s[i] == '\\' && i + 1 < len - 1) {
			i++;
			out[n++] = s[i] == 'n' ? '\n' : s[i] == 't' ? '\t' : s[i];
		} else {
			out[n++] = s[i];
		}
	}
	if (out)
		out[n] = '\0';
	return out;
}

/* "key=value", either part quoted where it holds special characters. */
static int add_setting(struct go_buildinfo *b, const char *line, size_t len)
{
	size_t key_len = 0;

	if (len && (line[0] == '"' || line[0] == '`')) {
		const char *close = memchr(line + 1, line[0], len - 1);
		key_len = close ? (size_t)(close - line) + 1 : len;
	} else {
		const char *eq = memchr(line, '=', len);
		key_len = eq ? (size_t)(eq - line) : len;
	}
	if (key_len >= len || line[key_len] != '=' || b->n_settings == SETTINGS_MAX)
		return 0;
	struct go_setting *grown = realloc(b->settings, (b->n_settings + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	b->settings = grown;
	struct go_setting *s = &grown[b->n_settings];
	s->key = unquote(line, key_len);
	s->value = unquote(line + key_len + 1, len - key_len - 1);
	if (!s->key || !s->value) {
		free(s->key);
		free(s->value);
		return -ENOMEM;
	}
	b->n_settings++;
	return 0;
}

/* Lines of "path\tP", "mod\t...", "build\tKEY=VALUE". */
static int parse_info(struct go_buildinfo *b, struct bytes info)
{
	int err = 0;

	if (info.len < 2 * SENTINEL_LEN + 1 || info.p[info.len - SENTINEL_LEN - 1] != '\n')
		return 0;
	const char *p = info.p + SENTINEL_LEN, *end = info.p + info.len - SENTINEL_LEN;
	while (p < end && err == 0) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);

		if (len > 5 && memcmp(p, "path\t", 5) == 0 && !b->path) {
			b->path = strndup(p + 5, len - 5);
			err = b->path ? 0 : -ENOMEM;
		} else if (len > 6 && memcmp(p, "build\t", 6) == 0) {
			err = add_setting(b, p + 6, len - 6);
		}
		p += len + 1;
	}
	return err;
}

int go_buildinfo_read(struct go_buildinfo *b, const struct elf_file *elf)
{
	struct bytes version = {0}, info = {0};
	const unsigned char *data;
	uint64_t vaddr;
	size_t len;

	*b = (struct go_buildinfo){0};
	if (!find_magic(elf, &data, &len, &vaddr))
		return -ENODATA;
	if (data[15] & FLAGS_INLINE) {
		const unsigned char *p = data + HEADER_LEN, *end = data + len;

		if (!take_string(&p, end, &version))
			return -ENODATA;
		if (!take_string(&p, end, &info))
			info.len = 0;
	} else {
		if (data[14] != 8 || !string_behind(elf, vaddr + 16, &version))
			return -ENODATA;
		if (!string_behind(elf, vaddr + 24, &info))
			info.len = 0;
	}
	if (version.len == 0 || version.len > VERSION_MAX || info.len > INFO_MAX)
		return -ENODATA;
	b->version = strndup(version.p, version.len);
	int err = b->version ? parse_info(b, info) : -ENOMEM;
	if (err < 0)
		go_buildinfo_done(b);
	return err;
}

void go_buildinfo_done(struct go_buildinfo *b)
{
	free(b->version);
	free(b->path);
	for (size_t i = 0; i < b->n_settings; i++) {
		free(b->settings[i].key);
		free(b->settings[i].value);
	}
	free(b->settings);
	*b = (struct go_buildinfo){0};
}
