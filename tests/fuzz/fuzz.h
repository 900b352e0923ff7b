/* SPDX-License-Identifier: GPL-2.0-only */
/* What a fuzz target is: an engine (libFuzzer), or tests/fuzz/mutate.c, calls it with one input after the other. */
#ifndef SCHEDTOP_TESTS_FUZZ_FUZZ_H
#define SCHEDTOP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
