/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/go_binary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "target/go_binary_internal.h"
#include "target/go_code.h"

static int minor_of(const char *version)
{
	const char *p = version ? strstr(version, "go1.") : NULL;
	char *end;

	if (!p || p[4] < '0' || p[4] > '9')
		return -1;
	long v = strtol(p + 4, &end, 10);
	return v > 0 && v < 256 ? (int)v : -1;
}

int go_binary_from_elf(struct elf_file *elf, const char *what, struct go_binary **ret, struct fault *fault)
{
	struct go_binary *b = calloc(1, sizeof(*b));

	if (!b) {
		elf_file_close(elf);
		return fault_set(fault, -ENOMEM, what, "out of memory");
	}
	b->elf = *elf;
	int err = 0;
	if (elf->machine != EM_X86_64 && elf->machine != EM_AARCH64) {
		err = fault_set(fault, -EPROTONOSUPPORT, what, "built for another architecture (ELF machine %u)",
				elf->machine);
		fault_todo(fault, "schedtop reads amd64 and arm64 programs");
		go_binary_close(b);
		return err;
	}
	err = go_buildinfo_read(&b->info, &b->elf);
	if (err == 0 || err == -ENODATA) {
		b->minor = minor_of(b->info.version);
		b->has_tab = go_pclntab_find(&b->tab, &b->elf) == 0;
		err = go_binary_find_offsets(b);
	}
	if (err < 0) {
		go_binary_close(b);
		return fault_set(fault, err, what, "out of memory");
	}
	*ret = b;
	return 0;
}

int go_binary_open(const char *path, struct go_binary **ret, struct fault *fault)
{
	struct elf_file elf;
	int err = elf_file_open(&elf, path, fault);

	return err < 0 ? err : go_binary_from_elf(&elf, path, ret, fault);
}

int go_binary_open_fd(int fd, const char *path, struct go_binary **ret, struct fault *fault)
{
	struct elf_file elf;
	int err = elf_file_map(&elf, fd, path, fault);

	return err < 0 ? err : go_binary_from_elf(&elf, path, ret, fault);
}

void go_binary_close(struct go_binary *b)
{
	if (!b)
		return;
	go_buildinfo_done(&b->info);
	elf_file_close(&b->elf);
	free(b);
}

bool go_binary_is_go(const struct go_binary *b)
{
	return b->info.version && b->has_tab;
}

const char *go_binary_version(const struct go_binary *b)
{
	return b->info.version;
}

int go_binary_minor(const struct go_binary *b)
{
	return b->minor;
}

bool go_binary_stripped(const struct go_binary *b)
{
	const void *data;
	uint64_t vaddr;
	size_t len;

	return !elf_section(&b->elf, ".symtab", &data, &len, &vaddr);
}

bool go_binary_is_pie(const struct go_binary *b)
{
	return b->elf.pie;
}

bool go_binary_is_cgo_linked(const struct go_binary *b)
{
	const void *data;
	uint64_t vaddr;
	size_t len;

	/* The C linker adds its start files, with an .init section that Go's own linker never writes. */
	return elf_section(&b->elf, ".init", &data, &len, &vaddr);
}

const char *go_binary_arch(const struct go_binary *b)
{
	return b->elf.machine == EM_AARCH64 ? "arm64" : "amd64";
}

const char *go_binary_path(const struct go_binary *b)
{
	return b->info.path;
}

int go_binary_setting(const struct go_binary *b, size_t i, const char **ret_key, const char **ret_value)
{
	if (i >= b->info.n_settings)
		return -ENOENT;
	*ret_key = b->info.settings[i].key;
	*ret_value = b->info.settings[i].value;
	return 0;
}

const char *go_binary_setting_get(const struct go_binary *b, const char *key)
{
	for (size_t i = 0; i < b->info.n_settings; i++) {
		if (strcmp(b->info.settings[i].key, key) == 0)
			return b->info.settings[i].value;
	}
	return NULL;
}

int go_binary_func(const struct go_binary *b, const char *name, uint64_t *ret_vaddr)
{
	struct go_func f;

	if (!go_binary_is_go(b))
		return -ENODATA;
	int err = go_pclntab_func_named(&b->tab, name, &f);
	if (err == 0)
		*ret_vaddr = f.entry;
	return err;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The runtime's own code. Its assembly helpers (aeshashbody, memeqbody) have no package in their names. */
static bool is_runtime_name(const char *name)
{
	static const char *const prefixes[] = {"runtime.",      "runtime/internal/", "internal/runtime/",
					       "internal/abi.", "internal/bytealg.", "internal/cpu."};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (starts_with(name, prefixes[i]))
			return true;
	}
	return !strchr(name, '.');
}

int go_binary_resolve(const struct go_binary *b, uint64_t vaddr, struct go_loc *ret)
{
	struct go_func f;

	if (!go_binary_is_go(b))
		return -ENODATA;
	int err = go_pclntab_func_at(&b->tab, vaddr, &f);
	if (err < 0)
		return err;
	go_pclntab_line(&b->tab, &f, vaddr, &ret->func, &ret->file, &ret->line);
	ret->entry = f.entry;
	ret->is_runtime = is_runtime_name(ret->func);
	return 0;
}

#define WRAPPER_CALLS 8
#define WRAPPER_SIZE  160 /* bytes; those of up to ten arguments have 40 to 140 */

int go_binary_resolve_start(const struct go_binary *b, uint64_t vaddr, struct go_loc *ret)
{
	uint64_t calls[WRAPPER_CALLS];
	struct go_loc called, only = {0};
	struct go_func f;
	int n_called = 0, err = go_binary_resolve(b, vaddr, ret);

	if (err < 0 || go_pclntab_func_at(&b->tab, vaddr, &f) < 0 || !go_pclntab_is_wrapper(&b->tab, &f, b->minor) ||
	    f.end - f.entry > WRAPPER_SIZE)
		return err;
	size_t n = go_code_calls(&b->elf, &f, calls, WRAPPER_CALLS);
	for (size_t i = 0; i < n; i++) {
		/* Its stack check and panics call the runtime; what it wraps is the one other call. */
		if (go_binary_resolve(b, calls[i], &called) < 0 || strncmp(called.func, "runtime.morestack", 17) == 0 ||
		    (called.is_runtime && !ret->is_runtime))
			continue;
		only = called;
		n_called++;
	}
	if (n_called == 1)
		*ret = only;
	return 0;
}
