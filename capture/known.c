/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/encode.h"

/* Others of the state have their kind as key. */
#define KEY_REPAIRED (EV_SETTING | EV_SETTING_REPAIRED << 8)

static const size_t half_max[KNOWN_SORTS] = {
	[KNOWN_LOC] = 16384, [KNOWN_COMM] = 8192, [KNOWN_GOROUTINE] = 32768, [KNOWN_THREAD] = 8192, [KNOWN_STATE] = 16,
};

void known_init(struct known *k)
{
	memset(k, 0, sizeof(*k));
	for (unsigned i = 0; i < KNOWN_SORTS; i++) {
		k->tables[i].max = half_max[i];
		dict_clear(&k->tables[i].index[0]);
		dict_clear(&k->tables[i].index[1]);
	}
}

static void forget(struct known_entry *entry)
{
	if (entry->ev.head.kind == EV_LOC)
		free((char *)entry->ev.loc.func);
	entry->ev.head.kind = EV_NONE;
}

static void forget_half(struct known_table *t, unsigned half)
{
	for (size_t i = 0; i < t->index[half].n; i++)
		forget(&t->entries[half][i]);
	dict_clear(&t->index[half]);
}

void known_done(struct known *k)
{
	for (unsigned i = 0; i < KNOWN_SORTS; i++) {
		for (unsigned half = 0; half < 2; half++) {
			forget_half(&k->tables[i], half);
			dict_done(&k->tables[i].index[half]);
			free(k->tables[i].entries[half]);
		}
	}
	memset(k, 0, sizeof(*k));
}

/* A new, empty entry in the newer half. NULL on ENOMEM. */
static struct known_entry *add(struct known_table *t, uint64_t key)
{
	if (t->index[t->newer].n == t->max) {
		t->newer ^= 1;
		forget_half(t, t->newer);
	}
	struct dict *index = &t->index[t->newer];
	if (index->n == t->cap[t->newer]) {
		size_t cap = t->cap[t->newer] ? t->cap[t->newer] * 2 : 16;
		struct known_entry *grown = realloc(t->entries[t->newer], cap * sizeof(*grown));

		if (!grown)
			return NULL;
		t->entries[t->newer] = grown;
		t->cap[t->newer] = cap;
	}
	struct known_entry *entry = &t->entries[t->newer][index->n];
	if (dict_add(index, key) < 0)
		return NULL;
	*entry = (struct known_entry){0};
	return entry;
}

/* NULL if it isn't known. */
static struct known_entry *find(struct known_table *t, uint64_t key)
{
	uint32_t at = dict_find(&t->index[t->newer], key);

	if (at != DICT_NONE)
		return &t->entries[t->newer][at];
	unsigned older = t->newer ^ 1;
	at = dict_find(&t->index[older], key);
	if (at == DICT_NONE)
		return NULL;
	struct known_entry moved = t->entries[older][at];
	/* Emptied first: making room may forget the half that it is in. */
	t->entries[older][at].ev.head.kind = EV_NONE;
	struct known_entry *entry = add(t, key);
	if (entry)
		*entry = moved;
	else
		forget(&moved);
	return entry;
}

static int remember(struct known_table *t, uint64_t key, const struct event *ev, uint64_t seq)
{
	struct event copy = *ev;

	if (ev->head.kind == EV_LOC) {
		size_t n_func = strlen(ev->loc.func) + 1, n_file = strlen(ev->loc.file) + 1;
		char *names = malloc(n_func + n_file);

		if (!names)
			return -ENOMEM;
		copy.loc.func = memcpy(names, ev->loc.func, n_func);
		copy.loc.file = memcpy(names + n_func, ev->loc.file, n_file);
	}
	struct known_entry *entry = find(t, key);
	if (!entry)
		entry = add(t, key);
	if (!entry) {
		forget(&(struct known_entry){.ev = copy});
		return -ENOMEM;
	}
	forget(entry);
	*entry = (struct known_entry){.ev = copy, .seq = seq};
	return 0;
}

/* The latest that was written and, behind it, what has become of it. */
static int remember_setting(struct known *k, const struct event *ev, uint64_t seq)
{
	struct known_table *t = &k->tables[KNOWN_STATE];
	struct event copy = *ev;

	if (ev->setting.what == EV_SETTING_REPAIRED)
		return remember(t, KEY_REPAIRED, ev, seq);
	struct known_entry *outcome = find(t, KEY_REPAIRED);
	if (outcome)
		forget(outcome);
	if (!copy.setting.at_ns)
		copy.setting.at_ns = ev->head.time_ns;
	return remember(t, ev->head.kind, &copy, seq);
}

int known_tell(struct known *k, const struct event *ev, uint64_t seq)
{
	struct known_entry *entry;

	switch (ev->head.kind) {
	case EV_LOC:
		return remember(&k->tables[KNOWN_LOC], ev->loc.id, ev, seq);
	case EV_COMM:
		return remember(&k->tables[KNOWN_COMM], ev->comm.tid, ev, seq);
	case EV_GOROUTINE:
		return remember(&k->tables[KNOWN_GOROUTINE], ev->goroutine.goid, ev, seq);
	case EV_THREAD_NEW:
		return remember(&k->tables[KNOWN_THREAD], ev->head.tid, ev, seq);
	case EV_THREAD_EXIT:
		entry = find(&k->tables[KNOWN_THREAD], ev->head.tid);
		if (entry)
			forget(entry);
		return 0;
	case EV_SETTING:
		return remember_setting(k, ev, seq);
	case EV_RUNTIME:
	case EV_DETAIL:
	case EV_SAMPLING:
		return remember(&k->tables[KNOWN_STATE], ev->head.kind, ev, seq);
	default:
		return 0;
	}
}

struct repeat {
	struct part_encoder *context;
	uint64_t seq, time_ns;
};

static void repeat_entry(const struct repeat *r, struct known_entry *entry)
{
	if (!entry || entry->ev.head.kind == EV_NONE || entry->seq == r->seq || part_encoder_full(r->context))
		return;
	struct event ev = entry->ev;
	ev.head.time_ns = r->time_ns;
	if (ev.head.kind == EV_THREAD_NEW || ev.head.kind == EV_SETTING)
		ev.head.flags |= EVF_INITIAL;
	part_encoder_event(r->context, &ev);
	part_encoder_known(r->context, r->seq - entry->seq);
	entry->seq = r->seq;
}

static void repeat_all(const struct repeat *r, struct known_table *t)
{
	for (unsigned half = 0; half < 2; half++) {
		for (size_t i = 0; i < t->index[half].n; i++)
			repeat_entry(r, &t->entries[half][i]);
	}
}

static void repeat_used(const struct repeat *r, struct known_table *t, const struct dict *used)
{
	for (size_t i = 0; i < used->n; i++)
		repeat_entry(r, find(t, used->keys[i]));
}

void known_context(struct known *k, const struct part_encoder *events, uint64_t seq, uint64_t time_ns, bool all,
		   struct part_encoder *context)
{
	const struct repeat r = {.context = context, .seq = seq, .time_ns = time_ns};

	repeat_all(&r, &k->tables[KNOWN_STATE]);
	if (all)
		repeat_all(&r, &k->tables[KNOWN_THREAD]);
	repeat_used(&r, &k->tables[KNOWN_THREAD], &events->tids);
	repeat_used(&r, &k->tables[KNOWN_COMM], &events->tids);
	/* The origins of goroutines refer to locations, which must come first: those are collected before. */
	struct dict locs = {0};
	for (size_t i = 0; i < events->goids.n; i++) {
		const struct known_entry *entry = find(&k->tables[KNOWN_GOROUTINE], events->goids.keys[i]);

		if (!entry || entry->ev.head.kind == EV_NONE || entry->seq == seq)
			continue;
		const uint32_t used[] = {entry->ev.goroutine.start_loc, entry->ev.goroutine.create_loc};
		for (size_t n = 0; n < 2; n++) {
			if (used[n] && dict_find(&locs, used[n]) == DICT_NONE && dict_add(&locs, used[n]) < 0)
				break;
		}
	}
	repeat_used(&r, &k->tables[KNOWN_LOC], &locs);
	repeat_used(&r, &k->tables[KNOWN_LOC], &events->locs);
	repeat_used(&r, &k->tables[KNOWN_GOROUTINE], &events->goids);
	dict_done(&locs);
}
