/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope-bound cleanup: an early return frees what it should.
 *
 *   cleanup_free char *buf = malloc(n);
 *   cleanup_close int fd = open(...);      (-1 means "nothing to close")
 */
#ifndef SCHEDTOP_BASE_CLEANUP_H
#define SCHEDTOP_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define cleanup_with(fn) __attribute__((cleanup(fn)))
#define cleanup_free     cleanup_with(cleanup_free_ptr)
#define cleanup_close    cleanup_with(cleanup_close_fd)
#define cleanup_fclose   cleanup_with(cleanup_fclose_file)

/** Hands a pointer over to the caller: the variable no longer owns it. */
#define take_ptr(p)                                                                                                    \
	({                                                                                                             \
		__typeof__(p) taken_ = (p);                                                                            \
		(p) = NULL;                                                                                            \
		taken_;                                                                                                \
	})

/** The same for a file descriptor. */
#define take_fd(fd)                                                                                                    \
	({                                                                                                             \
		int taken_ = (fd);                                                                                     \
		(fd) = -1;                                                                                             \
		taken_;                                                                                                \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
