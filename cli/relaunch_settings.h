/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be changed for another start of a target, as it is now; and what is chosen as environment and arguments. */
#ifndef SCHEDTOP_CLI_RELAUNCH_SETTINGS_H
#define SCHEDTOP_CLI_RELAUNCH_SETTINGS_H

#include <stdbool.h>
#include <sys/types.h>

struct fault;
struct toggles;

struct relaunch_target {
	pid_t pid;        /* 0 = it has ended */
	const char *path; /* of its program */
	char *const *env; /* that it was started with, NULL-terminated */
};

/** Fills the list. Programs that aren't Go have only a binary. 0 or -errno with @fault. */
int relaunch_toggles(const struct relaunch_target *t, struct toggles *ret, struct fault *fault);

struct relaunch_base {
	char *const *argv, *const *env; /* NULL-terminated */
	bool by_lines;                  /* the runtime is asked to print for collector schedtrace, too */
};

struct relaunch_settings {
	char **argv, **env;  /* arrays that borrow their strings from the base and from below */
	char *binary;        /* absolute; NULL = the same */
	char *variables[16]; /* "K=V" */
	unsigned n;
};

/** @base's strings are borrowed. 0 or -errno: a binary that is gone, no memory. Free it in any case. */
int relaunch_settings_make(const struct relaunch_base *base, const struct toggles *chosen,
			   struct relaunch_settings *ret);
void relaunch_settings_done(struct relaunch_settings *s);

#endif
