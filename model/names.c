/* SPDX-License-Identifier: GPL-2.0-only */
/* Dictionaries: functions and locations by the collector's ids, names of threads. All text is copied and bounded. */
#include "model/model_internal.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a: stable between sessions, as colours must be */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
	return h;
}

static void func_free(struct func *f)
{
	if (!f)
		return;
	free((char *)f->info.name);
	free((char *)f->info.file);
	free(f);
}

/* The worker itself, or a wrapper of its go statement (Go 1.23 and later: "....gowrap1"). */
static bool is_gc_worker(const char *func, size_t len)
{
	static const char worker[] = "runtime.gcBgMarkWorker", wrapper[] = "runtime.gcBgMarkStartWorkers.";
	size_t n = sizeof(wrapper) - 1;

	return (len == sizeof(worker) - 1 && memcmp(func, worker, len) == 0) ||
	       (len > n && memcmp(func, wrapper, n) == 0);
}

static struct func *func_new(const struct ev_loc *loc, size_t name_len, uint64_t hash)
{
	struct func *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->info.name = strndup(loc->func, name_len);
	f->info.file = strndup(loc->file ? loc->file : "", MAX_NAME_BYTES);
	f->info.line = loc->line;
	f->info.hash = (uint32_t)(hash ^ (hash >> 32));
	f->info.is_runtime = loc->is_runtime != 0;
	f->is_gc_worker = is_gc_worker(loc->func, name_len);
	/* main.main runs in runtime.main: the program's own. */
	f->is_system = f->info.is_runtime && strcmp(loc->func, "runtime.main") != 0;
	if (!f->info.name || !f->info.file) {
		func_free(f);
		return NULL;
	}
	return f;
}

/* The id of a function by its name, made if it is new; 0 when the table is full or memory is. */
static uint32_t func_intern(struct model *m, const struct ev_loc *loc)
{
	size_t len = strnlen(loc->func, MAX_NAME_BYTES);
	uint64_t hash = hash_of(loc->func, len);
	uint32_t first = (uint32_t)idmap_get(&m->func_by_hash, hash);
	struct func *f;

	for (uint32_t id = first; id; id = m->funcs[id - 1]->next_same_hash) {
		const char *name = m->funcs[id - 1]->info.name;

		if (strlen(name) == len && memcmp(name, loc->func, len) == 0)
			return id;
	}
	if (m->n_funcs >= MAX_FUNCS || array_reserve((void **)&m->funcs, &m->cap_funcs, m->n_funcs, sizeof(*m->funcs)))
		return 0;
	f = func_new(loc, len, hash);
	if (!f)
		return 0;
	f->next_same_hash = first;
	if (idmap_set(&m->func_by_hash, hash, m->n_funcs + 1)) {
		func_free(f);
		return 0;
	}
	m->funcs[m->n_funcs++] = f;
	return (uint32_t)m->n_funcs;
}

void names_on_loc(struct model *m, const struct ev_loc *ev)
{
	uintptr_t known;
	uint32_t func;
	struct loc loc;

	if (ev->id == EV_NO_LOC || !ev->func) {
		model_invalid(m);
		return;
	}
	func = func_intern(m, ev);
	if (!func) {
		model_invalid(m);
		return;
	}
	/* The locations of a function share its file: inlined calls have functions of their own. */
	loc = (struct loc){.func = func, .line = ev->line, .file = m->funcs[func - 1]->info.file};
	known = idmap_get(&m->loc_by_id, ev->id);
	if (known) {
		m->locs[known - 1] = loc;
		return;
	}
	if (m->n_locs >= MAX_LOCS || array_reserve((void **)&m->locs, &m->cap_locs, m->n_locs, sizeof(*m->locs)) ||
	    idmap_set(&m->loc_by_id, ev->id, m->n_locs + 1)) {
		model_invalid(m);
		return;
	}
	m->locs[m->n_locs++] = loc;
}

const struct func_info *model_func(const struct model *m, uint32_t func)
{
	return func && func <= m->n_funcs ? &m->funcs[func - 1]->info : NULL;
}

bool model_loc(const struct model *m, uint32_t loc, struct loc_info *ret)
{
	uintptr_t i = loc ? idmap_get(&m->loc_by_id, loc) : 0;
	const struct loc *l;

	if (!i)
		return false;
	l = &m->locs[i - 1];
	*ret = (struct loc_info){.func = l->func, .line = l->line, .file = l->file};
	return true;
}

uint32_t names_func_of_loc(const struct model *m, uint32_t loc)
{
	uintptr_t i = loc ? idmap_get(&m->loc_by_id, loc) : 0;

	return i ? m->locs[i - 1].func : 0;
}

bool names_is_gc_worker(const struct model *m, uint32_t func)
{
	return func && func <= m->n_funcs && m->funcs[func - 1]->is_gc_worker;
}

bool names_is_system(const struct model *m, uint32_t func)
{
	return func && func <= m->n_funcs && m->funcs[func - 1]->is_system;
}

void names_on_comm(struct model *m, uint32_t tid, const char comm[EV_COMM_SIZE])
{
	uintptr_t i = idmap_get(&m->comm_by_tid, tid);
	struct comm *c;

	if (!i && m->n_comms < MAX_COMMS) {
		if (array_reserve((void **)&m->comms, &m->cap_comms, m->n_comms, sizeof(*m->comms)) ||
		    idmap_set(&m->comm_by_tid, tid, m->n_comms + 1))
			return;
		i = ++m->n_comms;
	} else if (!i) {
		/* Full: the oldest makes room. */
		idmap_del(&m->comm_by_tid, m->comms[m->next_comm].tid);
		if (idmap_set(&m->comm_by_tid, tid, m->next_comm + 1))
			return;
		i = m->next_comm + 1;
		m->next_comm = (m->next_comm + 1) % MAX_COMMS;
	}
	c = &m->comms[i - 1];
	c->tid = tid;
	memcpy(c->comm, comm, EV_COMM_SIZE);
	c->comm[EV_COMM_SIZE] = '\0';
}

const char *model_comm(const struct model *m, uint32_t tid)
{
	uintptr_t i = idmap_get(&m->comm_by_tid, tid);

	return i ? m->comms[i - 1].comm : "";
}

void names_done(struct model *m)
{
	for (size_t i = 0; i < m->n_funcs; i++)
		func_free(m->funcs[i]);
	free(m->funcs);
	free(m->locs);
	free(m->comms);
	idmap_done(&m->func_by_hash);
	idmap_done(&m->loc_by_id);
	idmap_done(&m->comm_by_tid);
}
