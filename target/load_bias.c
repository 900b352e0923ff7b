/* SPDX-License-Identifier: GPL-2.0-only */
/* Apart from the rest, because <elf.h> and events/event.h both have an EV_NONE. */
#include "target/load_bias.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/read_file.h"

#define AUXV_BYTES_MAX 4096U

/* Where the program's first instruction is: as linked, from the file. */
static int linked_entry(const char *path, uint64_t *ret)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr eh;

	if (fd < 0)
		return -errno;
	if (pread(fd, &eh, sizeof(eh), 0) != (ssize_t)sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	*ret = eh.e_entry;
	return 0;
}

/* The same as loaded: what the kernel told the process at its exec. */
static int loaded_entry(pid_t pid, uint64_t *ret)
{
	char path[64];
	size_t len = 0;
	uint64_t pair[2];

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	cleanup_free char *auxv = read_file_text(path, AUXV_BYTES_MAX, &len);
	if (!auxv)
		return errno == ENOENT ? -ESRCH : -errno;
	for (size_t i = 0; i + sizeof(pair) <= len; i += sizeof(pair)) {
		memcpy(pair, auxv + i, sizeof(pair));
		if (pair[0] == AT_ENTRY && pair[1]) {
			*ret = pair[1];
			return 0;
		}
	}
	return -EAGAIN; /* in the middle of its exec */
}

int load_bias(pid_t pid, const char *path, uint64_t *ret)
{
	uint64_t linked = 0, loaded = 0;
	int err = linked_entry(path, &linked);

	if (err == 0)
		err = loaded_entry(pid, &loaded);
	if (err == 0)
		*ret = loaded - linked;
	return err;
}
