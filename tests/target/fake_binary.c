/* SPDX-License-Identifier: GPL-2.0-only */
#include "fake_binary.h"

#include <errno.h>
#include <string.h>

struct fake_binary fake;

int go_binary_open(const char *path, struct go_binary **ret, struct fault *fault)
{
	(void)path;
	(void)fault;
	fake.open++;
	*ret = (struct go_binary *)&fake;
	return 0;
}

void go_binary_close(struct go_binary *b)
{
	fake.open -= b != NULL;
}

bool go_binary_is_go(const struct go_binary *b)
{
	(void)b;
	return fake.is_go;
}

const char *go_binary_version(const struct go_binary *b)
{
	(void)b;
	return fake.version;
}

int go_binary_minor(const struct go_binary *b)
{
	(void)b;
	return fake.minor;
}

bool go_binary_stripped(const struct go_binary *b)
{
	(void)b;
	return fake.stripped;
}

bool go_binary_is_pie(const struct go_binary *b)
{
	(void)b;
	return fake.is_pie;
}

bool go_binary_is_cgo_linked(const struct go_binary *b)
{
	(void)b;
	return fake.cgo;
}

int go_binary_setting(const struct go_binary *b, size_t i, const char **ret_key, const char **ret_value)
{
	(void)b;
	if (i >= 8 || !fake.settings[i][0])
		return -ENOENT;
	*ret_key = fake.settings[i][0];
	*ret_value = fake.settings[i][1];
	return 0;
}

const char *go_binary_setting_get(const struct go_binary *b, const char *key)
{
	const char *k, *v;

	for (size_t i = 0; go_binary_setting(b, i, &k, &v) == 0; i++) {
		if (strcmp(k, key) == 0)
			return v;
	}
	return NULL;
}

int go_binary_resolve(const struct go_binary *b, uint64_t vaddr, struct go_loc *ret)
{
	(void)b;
	*ret = (struct go_loc){.func = "main.main", .file = "", .entry = vaddr};
	return 0;
}

int go_binary_resolve_start(const struct go_binary *b, uint64_t vaddr, struct go_loc *ret)
{
	return go_binary_resolve(b, vaddr, ret);
}

int go_binary_data(const struct go_binary *b, const char *name, uint64_t *ret_vaddr)
{
	(void)b;
	for (size_t i = 0; i < 8 && fake.vars[i].name; i++) {
		if (strcmp(fake.vars[i].name, name) == 0 && fake.vars[i].vaddr) {
			*ret_vaddr = fake.vars[i].vaddr;
			return 0;
		}
	}
	return -ENOENT;
}

int go_binary_godebug_knob(const struct go_binary *b, const char *name, uint64_t *ret_vaddr)
{
	(void)b;
	if (strcmp(name, "asyncpreemptoff") != 0 || !fake.asyncpreemptoff)
		return -ENOENT;
	*ret_vaddr = fake.asyncpreemptoff;
	return 0;
}

int go_binary_godebug_knobs(const struct go_binary *b, const char *const *names, size_t n, uint64_t *ret_vaddrs)
{
	for (size_t i = 0; i < n; i++) {
		if (go_binary_godebug_knob(b, names[i], &ret_vaddrs[i]) < 0)
			ret_vaddrs[i] = 0;
	}
	return fake.asyncpreemptoff ? 0 : -ENOENT;
}

const char *go_binary_preempt_reader(const struct go_binary *b, uint64_t vaddr)
{
	(void)b;
	return vaddr && vaddr == fake.preempt_reader ? "runtime.preemptone" : NULL;
}

int go_binary_offsets(const struct go_binary *b, struct go_offsets *ret, bool *ret_guess)
{
	(void)b;
	*ret = fake.offsets;
	*ret_guess = false;
	return fake.offsets_err;
}
