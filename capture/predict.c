/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/predict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events/event.h"

int predict_begin(struct predict *s, uint64_t quantum)
{
	struct known_thread *threads = s->threads;
	size_t cap = s->cap_threads;

	memset(s, 0, sizeof(*s));
	s->threads = threads;
	s->cap_threads = cap;
	s->quantum = quantum;
	return predict_add_thread(s, 0);
}

void predict_done(struct predict *s)
{
	free(s->threads);
	s->threads = NULL;
	s->n_threads = s->cap_threads = 0;
}

int predict_add_thread(struct predict *s, uint32_t tid)
{
	if (s->n_threads == s->cap_threads) {
		size_t cap = s->cap_threads ? s->cap_threads * 2 : 64;

		if (cap > DICT_MAX)
			return -EOVERFLOW;
		struct known_thread *grown = realloc(s->threads, cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->threads = grown;
		s->cap_threads = cap;
	}
	s->threads[s->n_threads++] = (struct known_thread){.tid = tid, .p = EV_NO_P};
	return 0;
}
