/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/perfetto.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return h ^ (h >> 32);
}

uint64_t perfetto_name(struct perfetto_names *n, const char *text, bool *ret_new)
{
	uint64_t hash = hash_of(text);
	struct perfetto_name *s;
	size_t i = hash % PERFETTO_SLOTS;

	for (; n->slot[i].text; i = (i + 1) % PERFETTO_SLOTS) {
		s = &n->slot[i];
		if (s->hash == hash && strcmp(s->text, text) == 0) {
			*ret_new = false;
			return s->iid;
		}
	}
	s = &n->slot[i];
	s->text = strdup(text);
	if (!s->text)
		return 0;
	s->hash = hash;
	s->iid = ++n->next_iid;
	n->n++;
	*ret_new = true;
	return s->iid;
}

void perfetto_names_clear(struct perfetto_names *n)
{
	for (size_t i = 0; i < PERFETTO_SLOTS; i++) {
		free(n->slot[i].text);
		n->slot[i].text = NULL;
	}
	n->n = 0;
}
