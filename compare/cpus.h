/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of CPUs, as taskset(1) writes them: "0-3,8". */
#ifndef SCHEDTOP_COMPARE_CPUS_H
#define SCHEDTOP_COMPARE_CPUS_H

#include <sched.h>
#include <stddef.h>

/** CPUs below CPU_SETSIZE (1024), at least one. 0, or -EINVAL and *ret is left alone. */
int cpus_parse(const char *text, cpu_set_t *ret);

/**
 * Divides the CPUs of @from into @n sets of one size, neighbours together; what is left over stays unused. Set @i of
 * them. 0, or -ENOSPC when there are fewer CPUs than sets.
 */
int cpus_share(const cpu_set_t *from, size_t n, size_t i, cpu_set_t *ret);

#endif
