/* SPDX-License-Identifier: GPL-2.0-only */
/* How people write numbers, sizes and times: in options, and on the screen. All take the whole text or refuse it:
 * -EINVAL, *ret left alone. */
#ifndef SCHEDTOP_BASE_VALUES_H
#define SCHEDTOP_BASE_VALUES_H

#include <stdint.h>

/** A decimal number without sign, blanks or anything after it, up to @max. */
int value_uint(const char *text, unsigned long max, unsigned long *ret);

/** A decimal number, maybe with a fraction, from 0 to @max. */
int value_decimal(const char *text, double max, double *ret);

/** Bytes: "512", "100K", "100M", "2G" (powers of 1024). Above 0. */
int value_bytes(const char *text, uint64_t *ret);

/** Time in ns: "12.5" and "12.5s" are seconds; "300us", "300ms", "10m", "2h". */
int value_time(const char *text, uint64_t *ret);

/** "120x40": 1 to 1000 each. */
int value_size(const char *text, int *ret_cols, int *ret_rows);

/** "gap=100,stw=50": milliseconds each, 0 = not given. */
int value_trigger(const char *text, uint64_t *ret_gap_ns, uint64_t *ret_stw_ns);

#endif
