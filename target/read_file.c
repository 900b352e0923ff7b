/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define FIRST_BYTES 4096U

char *read_file_text(const char *path, size_t max, size_t *ret_len)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, cap = max < FIRST_BYTES ? max : FIRST_BYTES;

	if (fd < 0)
		return NULL;
	cleanup_free char *buf = malloc(cap + 1);
	if (!buf)
		return NULL;
	for (;;) {
		ssize_t n = read(fd, buf + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		len += (size_t)n;
		if (n == 0 || len == max)
			break;
		if (len == cap) {
			cap = cap < max / 2 ? cap * 2 : max;
			char *grown = realloc(buf, cap + 1);
			if (!grown)
				return NULL;
			buf = grown;
		}
	}
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return take_ptr(buf);
}
