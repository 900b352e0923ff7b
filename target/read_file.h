/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads small files of /proc and the cgroup file systems. Internal to target/. */
#ifndef SCHEDTOP_TARGET_READ_FILE_H
#define SCHEDTOP_TARGET_READ_FILE_H

#include <stddef.h>

/**
 * The whole file, up to @max bytes, with a NUL behind it (the content may hold NULs too: @ret_len, may be NULL, counts
 * them). Returns memory to free, or NULL with errno set.
 */
char *read_file_text(const char *path, size_t max, size_t *ret_len);

#endif
