/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A go_binary of the test's choice: linked before the library, it takes the place of the real one, so that go_target
 * can be shown runtimes that are wrong in every way.
 */
#ifndef SCHEDTOP_TESTS_FAKE_BINARY_H
#define SCHEDTOP_TESTS_FAKE_BINARY_H

#include "target/go_binary.h"

struct fake_var {
	const char *name;
	uint64_t vaddr; /* 0 = not to be found */
};

struct fake_binary {
	bool is_go, is_pie, stripped, cgo;
	const char *version;
	int minor;
	const char *settings[8][2]; /* until a NULL key */
	struct fake_var vars[8];    /* until a NULL name */
	uint64_t asyncpreemptoff;   /* vaddr; 0 = no such setting */
	uint64_t preempt_reader;    /* the vaddr that preemptone reads; 0 = none */
	struct go_offsets offsets;
	int offsets_err;
	int open; /* how many are open */
};

extern struct fake_binary fake;

#endif
