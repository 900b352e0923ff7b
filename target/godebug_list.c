/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/godebug_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One item of the list: is it a setting of that name? */
static bool is_setting(const char *item, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	return len > name_len && strncmp(item, name, name_len) == 0 && item[name_len] == '=';
}

static size_t append(char *dst, size_t at, const char *text, size_t len)
{
	if (at)
		dst[at++] = ',';
	memcpy(dst + at, text, len);
	dst[at + len] = '\0';
	return at + len;
}

char *godebug_list_set(const char *list, const char *name, const char *value)
{
	size_t at = 0;

	list = list ? list : "";
	/* Two commas, an equals sign and the NUL, at most, beside what is there. */
	char *ret = calloc(1, strlen(list) + strlen(name) + (value ? strlen(value) : 0) + 4);
	if (!ret)
		return NULL;
	while (*list) {
		size_t len = strcspn(list, ",");

		if (len && !is_setting(list, len, name))
			at = append(ret, at, list, len);
		list += len + (list[len] == ',');
	}
	if (value) {
		at = append(ret, at, name, strlen(name));
		ret[at++] = '=';
		stpcpy(ret + at, value);
	}
	return ret;
}
