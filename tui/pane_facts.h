/* SPDX-License-Identifier: GPL-2.0-only */
/* What a session was started with, and in what two of them differ: the headings of panes. */
#ifndef SCHEDTOP_TUI_PANE_FACTS_H
#define SCHEDTOP_TUI_PANE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* Copies: a session may only be read with its model's lock held, and two are compared. Foreign text. */
struct pane_facts {
	bool known; /* the target has been described */
	bool launched;
	uint32_t pid;
	char exe[512];
	char go_version[32];  /* "" = not Go, or unknown */
	uint64_t args;        /* a number that differs when the arguments (but the program's own name) do */
	char godebug[512];    /* "" = not set */
	char variables[1024]; /* the other GO* variables, "K=V", a line each, in the order of their names */
};

void pane_facts_of(const struct session *s, struct pane_facts *ret);

/**
 * In what @one differs from @base: "GODEBUG=asyncpreemptoff=1 GOMAXPROCS=2 app-1.19 go1.19.13"; a setting that only the
 * base has is "-gctrace" in the list, a variable "no GOGC". "" when it doesn't. Returns @dst.
 */
char *pane_facts_differ(const struct pane_facts *base, const struct pane_facts *one, char *dst, size_t cap);

/** What a session was started with, for the first pane: "as launched", its GODEBUG. Returns @dst. */
char *pane_facts_text(const struct pane_facts *f, char *dst, size_t cap);

#endif
