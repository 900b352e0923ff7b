/* SPDX-License-Identifier: GPL-2.0-only */
/* A model with a session of a Go program on two CPUs, and its verdicts. */
#ifndef SCHEDTOP_TESTS_MODEL_TRIAL_H
#define SCHEDTOP_TESTS_MODEL_TRIAL_H

#include "tests/model/stream.h"

#include <stdlib.h>

struct trial {
	struct session session;
	struct model *m;
	struct verdict v[16];
	size_t n;
};

static inline int trial_begin(void **state)
{
	struct trial *t = test_calloc(1, sizeof(*t));

	session_init(&t->session);
	t->session.go_version = strdup("go1.22.12");
	t->session.n_cpus = 2;
	t->m = model_new(NULL, &t->session);
	*state = t;
	location(t->m, 1, "main.crunch", "/src/demo/crunch.go", 42);
	location(t->m, 2, "main.worker", "/src/demo/worker.go", 7);
	goroutine(t->m, 7, 2);
	return t->m ? 0 : -1;
}

static inline int trial_end(void **state)
{
	struct trial *t = *state;

	model_free(t->m);
	session_done(&t->session);
	test_free(t);
	return 0;
}

static inline const struct verdict *find(struct trial *t, const char *code)
{
	t->n = model_verdicts(t->m, t->v, 16);
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->v[i].code, code) == 0)
			return &t->v[i];
	}
	return NULL;
}

static inline const struct verdict *must_find(struct trial *t, const char *code)
{
	const struct verdict *v = find(t, code);

	if (!v)
		fail_msg("no verdict %s", code);
	return v ? v : &t->v[0];
}

static inline bool says(const struct verdict *v, const char *words)
{
	for (size_t i = 0; i < v->n_evidence; i++) {
		if (strstr(v->evidence[i], words))
			return true;
	}
	return strstr(v->title, words) || strstr(v->advice, words);
}

static inline void runtime_says(struct model *m, int8_t off)
{
	struct event ev = {.head = {.kind = EV_RUNTIME}};

	ev.runtime = (struct ev_runtime){.gomaxprocs = 2, .asyncpreemptoff = off};
	model_feed(m, &ev);
}

#define verdict_test(f) cmocka_unit_test_setup_teardown(f, trial_begin, trial_end)

#endif
