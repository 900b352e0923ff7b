/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GODEBUG: the settings that change scheduling, garbage collection or stop-the-world pauses, who sets each, and to
 * what. The order is the runtime's own (runtime/runtime1.go parseRuntimeDebugVars): its own default;
 * runtime.godebugDefault, which the linker sets, by hand (-ldflags -X) or for the //go:debug lines and the go line in
 * go.mod; GODEBUG in the environment over both; and what stands in the live process's memory is the truth.
 */
#ifndef SCHEDTOP_TARGET_GODEBUG_H
#define SCHEDTOP_TARGET_GODEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/session.h"

struct go_binary;
struct go_target;

/* All that can be known from outside of the runtime's memory; a string is NULL when it is unknown or absent. Borrowed.
 */
struct godebug_facts {
	int go_minor;
	bool env_known;       /* the environment could be read */
	const char *godebug;  /* GODEBUG in it */
	const char *linked;   /* runtime.godebugDefault in memory */
	const char *ldflags;  /* -ldflags in the build info */
	const char *built_in; /* DefaultGODEBUG in the build info */
	bool is_file;         /* nothing runs: what the file alone says */
};

/* One setting. The versions are minor numbers, from the dbgvars tables in runtime/runtime1.go of Go 1.19 to 1.26. */
struct godebug_setting {
	const char *name;
	int since;       /* 0 = 1.19 or before */
	int until;       /* the last that has it; 0 = still there */
	int32_t initial; /* the runtime's own default on Linux */
	const char *about;
};

/** Walks the settings: @i from 0 until NULL. */
const struct godebug_setting *godebug_setting(size_t i);
bool godebug_setting_exists(const struct godebug_setting *s, int go_minor);

/** What a GODEBUG list (may be NULL) says of a setting; false = nothing that the runtime would take. */
bool godebug_in_list(const char *list, const char *name, int32_t *ret);

/**
 * The list that the linker put into the program: as memory has it, else as the build info says; NULL = none.
 * *ret_owned is to be freed, when the list had to be cut out of the linker's flags. *ret_by_linker: somebody set it by
 * hand, rather than the go command for //go:debug lines.
 */
const char *godebug_defaults(const struct godebug_facts *f, char **ret_owned, bool *ret_by_linker);

/** Who sets it and to what, of environment, linker, //go:debug, and the runtime's default (then *ret isn't touched). */
enum async_source godebug_setter(const struct godebug_facts *f, const char *name, int32_t *ret);

/**
 * The value in effect and who it comes from.
 * @live_known, @live  the variable in the process's memory
 * ASYNC_SOURCE_RUNTIME_MEMORY: memory says otherwise than all of those; ASYNC_SOURCE_UNKNOWN: and the environment,
 * which might explain it, can't be read. false = the value isn't known.
 */
bool godebug_effective(const struct godebug_facts *f, const struct godebug_setting *s, bool live_known, int32_t live,
		       int32_t *ret_value, enum async_source *ret_source);

/** The facts of a process (GO* environment in @s) or of a file; free them with godebug_facts_done(). */
struct godebug_held {
	struct godebug_facts facts;
	char *linked;
};
void godebug_facts_of_process(const struct go_target *t, bool env_known, const struct session *s,
			      struct godebug_held *ret);
void godebug_facts_of_file(const struct go_binary *b, struct godebug_held *ret);
void godebug_facts_done(struct godebug_held *h);

#endif
