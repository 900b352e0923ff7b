/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table from 64-bit ids (thread ids, goroutine ids, location ids, hashes of names) to non-zero words. Open
 * addressing with linear probing: a lookup that hits costs one multiplication and usually one cache line.
 */
#ifndef SCHEDTOP_MODEL_IDMAP_H
#define SCHEDTOP_MODEL_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap_slot {
	uint64_t key;
	uintptr_t val; /* 0 = free */
};

/* All zero is an empty map. */
struct idmap {
	struct idmap_slot *slot;
	size_t n;
	unsigned bits; /* 1 << bits slots; 0 = none yet */
};

/** The value of a key, or 0. */
uintptr_t idmap_get(const struct idmap *map, uint64_t key);
/** Adds or replaces; @val is not 0. Returns 0 or -ENOMEM (the map is unchanged then). */
int idmap_set(struct idmap *map, uint64_t key, uintptr_t val);
/** Removes a key; one that isn't there is no error. */
void idmap_del(struct idmap *map, uint64_t key);
/** Frees the slots; the map is empty and usable again. */
void idmap_done(struct idmap *map);

#endif
