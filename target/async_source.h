/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is asynchronous preemption on, and who says so? The order is the runtime's own (runtime/runtime1.go
 * parseRuntimeDebugVars): GODEBUG in the environment goes over runtime.godebugDefault, which the linker sets, by hand
 * (-ldflags -X) or for the //go:debug lines; and what stands in the live process's memory is the truth. Internal to
 * target/.
 */
#ifndef SCHEDTOP_TARGET_ASYNC_SOURCE_H
#define SCHEDTOP_TARGET_ASYNC_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct go_binary;
struct go_target;
struct session;

/* All that can be known; a string is NULL when it is unknown or absent. Borrowed. */
struct async_facts {
	int go_minor;
	bool env_known;       /* the environment could be read */
	const char *godebug;  /* GODEBUG in it */
	const char *linked;   /* runtime.godebugDefault in memory */
	const char *ldflags;  /* -ldflags in the build info */
	const char *built_in; /* DefaultGODEBUG in the build info */
	bool live_known;      /* runtime.debug.asyncpreemptoff in memory could be read */
	int32_t live;
	bool is_file; /* nothing runs: what the file alone says */
};

/** Decides: fills s->async_enabled, s->async_source and the evidence. */
void async_source_decide(const struct async_facts *f, struct session *s);

/** What a GODEBUG list says of asyncpreemptoff: 0, 1, or -1 = nothing. @list may be NULL. */
int async_source_in_list(const char *list);

/** Collects the facts of a located process (its GO* environment is in @s already) and decides. */
void async_source_of_process(const struct go_target *t, bool env_known, struct session *s);

/** The same for a file that doesn't run. */
void async_source_of_file(const struct go_binary *b, struct session *s);

#endif
