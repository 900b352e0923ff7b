/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers for keys, in order of first use. Emptied in no time, so that one table serves block after block. */
#ifndef SCHEDTOP_CAPTURE_DICT_H
#define SCHEDTOP_CAPTURE_DICT_H

#include <stddef.h>
#include <stdint.h>

struct dict_slot {
	uint64_t key;
	uint32_t number;
	uint32_t generation;
};

struct dict {
	struct dict_slot *slots;
	size_t cap;     /* a power of two */
	uint64_t *keys; /* by number */
	size_t n, cap_keys;
	uint32_t generation;
};

void dict_clear(struct dict *d);
void dict_done(struct dict *d);

#define DICT_NONE UINT32_MAX

/** The number of a key, or DICT_NONE. */
uint32_t dict_find(const struct dict *d, uint64_t key);

/** Adds a key that isn't there. Its number is d->n before. 0 or -ENOMEM. */
int dict_add(struct dict *d, uint64_t key);

#endif
