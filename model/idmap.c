/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/idmap.h"

#include <errno.h>
#include <stdlib.h>

#define IDMAP_MIN_BITS 6

static size_t home_of(const struct idmap *map, uint64_t key)
{
	return (size_t)((key * 0x9E3779B97F4A7C15ULL) >>
			(64 - map->bits)); /* Fibonacci hashing: the high bits mix best */
}

static size_t find(const struct idmap *map, uint64_t key)
{
	size_t mask = ((size_t)1 << map->bits) - 1;
	size_t i = home_of(map, key);

	while (map->slot[i].val && map->slot[i].key != key)
		i = (i + 1) & mask;
	return i;
}

uintptr_t idmap_get(const struct idmap *map, uint64_t key)
{
	return map->bits ? map->slot[find(map, key)].val : 0;
}

static int grow(struct idmap *map)
{
	struct idmap bigger = {.n = map->n, .bits = map->bits ? map->bits + 1 : IDMAP_MIN_BITS};
	size_t n_old = map->bits ? (size_t)1 << map->bits : 0;

	bigger.slot = calloc((size_t)1 << bigger.bits, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < n_old; i++) {
		if (map->slot[i].val)
			bigger.slot[find(&bigger, map->slot[i].key)] = map->slot[i];
	}
	free(map->slot);
	*map = bigger;
	return 0;
}

int idmap_set(struct idmap *map, uint64_t key, uintptr_t val)
{
	size_t i;

	/* At most two thirds full, so that probing stays short and always meets a free slot. */
	if (!map->bits || (map->n + 1) * 3 > ((size_t)1 << map->bits) * 2) {
		int err = grow(map);

		if (err)
			return err;
	}
	i = find(map, key);
	if (!map->slot[i].val)
		map->n++;
	map->slot[i] = (struct idmap_slot){.key = key, .val = val};
	return 0;
}

void idmap_del(struct idmap *map, uint64_t key)
{
	size_t mask, hole, i;

	if (!map->bits)
		return;
	mask = ((size_t)1 << map->bits) - 1;
	hole = find(map, key);
	if (!map->slot[hole].val)
		return;
	map->n--;
	/* Close the hole: move back every follower whose home isn't between the hole and its place. */
	for (i = (hole + 1) & mask; map->slot[i].val; i = (i + 1) & mask) {
		size_t home = home_of(map, map->slot[i].key);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->slot[hole] = map->slot[i];
			hole = i;
		}
	}
	map->slot[hole].val = 0;
}

void idmap_done(struct idmap *map)
{
	free(map->slot);
	*map = (struct idmap){0};
}
