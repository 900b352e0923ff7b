/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/dict.h"

#include <errno.h>
#include <stdlib.h>

static size_t slot_of(const struct dict *d, uint64_t key)
{
	uint64_t h = key * 0x9e3779b97f4a7c15ULL;

	return (size_t)(h >> 32) & (d->cap - 1);
}

void dict_clear(struct dict *d)
{
	d->n = 0;
	d->generation++;
	if (d->generation)
		return;
	/* The numbers of generations have come round: what is left of the last round must not be taken for new. */
	for (size_t i = 0; i < d->cap; i++)
		d->slots[i].generation = 0;
	d->generation = 1;
}

void dict_done(struct dict *d)
{
	free(d->slots);
	free(d->keys);
	*d = (struct dict){0};
}

uint32_t dict_find(const struct dict *d, uint64_t key)
{
	if (!d->cap)
		return DICT_NONE;
	for (size_t i = slot_of(d, key); d->slots[i].generation == d->generation; i = (i + 1) & (d->cap - 1)) {
		if (d->slots[i].key == key)
			return d->slots[i].number;
	}
	return DICT_NONE;
}

static void insert(struct dict *d, uint64_t key, uint32_t number)
{
	size_t i = slot_of(d, key);

	while (d->slots[i].generation == d->generation)
		i = (i + 1) & (d->cap - 1);
	d->slots[i] = (struct dict_slot){.key = key, .number = number, .generation = d->generation};
}

static int grow_slots(struct dict *d)
{
	size_t cap = d->cap ? d->cap * 2 : 256;
	struct dict_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(d->slots);
	d->slots = slots;
	d->cap = cap;
	if (!d->generation)
		d->generation = 1;
	for (size_t i = 0; i < d->n; i++)
		insert(d, d->keys[i], (uint32_t)i);
	return 0;
}

int dict_add(struct dict *d, uint64_t key)
{
	if (d->n == d->cap_keys) {
		size_t cap = d->cap_keys ? d->cap_keys * 2 : 256;
		uint64_t *keys = realloc(d->keys, cap * sizeof(*keys));

		if (!keys)
			return -ENOMEM;
		d->keys = keys;
		d->cap_keys = cap;
	}
	if (d->n * 2 >= d->cap) {
		int err = grow_slots(d);

		if (err < 0)
			return err;
	}
	insert(d, key, (uint32_t)d->n);
	d->keys[d->n++] = key;
	return 0;
}
