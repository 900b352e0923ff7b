/* SPDX-License-Identifier: GPL-2.0-only */
/* What a fuzz target is: one function, which libFuzzer calls, or driver.c where there is no engine. */
#ifndef SCHEDTOP_TESTS_FUZZ_H
#define SCHEDTOP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Takes any bytes; 8-aligned, and not one byte more than @size may be read. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
