/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be changed for the next start of the target: GODEBUG settings, variables that the Go runtime reads, the
 * binary itself. The list comes from whoever can start it (tui.h, struct tui_relaunch); here it is walked and edited.
 * Keys come in, the state changes: no terminal is needed.
 */
#ifndef SCHEDTOP_TUI_TOGGLES_H
#define SCHEDTOP_TUI_TOGGLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOGGLES_MAX 64
#define TOGGLE_TEXT 512

enum toggle_kind {
	TOGGLE_GODEBUG, /* a setting of GODEBUG: an integer */
	TOGGLE_PROCS,   /* GOMAXPROCS: a number above 0 */
	TOGGLE_PERCENT, /* GOGC: a number, or off */
	TOGGLE_BYTES,   /* GOMEMLIMIT: bytes, with B, KiB, MiB, GiB or TiB behind, or off */
	TOGGLE_BINARY,  /* a path of an executable file */
};

struct toggle {
	char name[40];
	char about[160];
	enum toggle_kind kind;
	bool on_off;               /* 0 or 1: a key switches it */
	char current[TOGGLE_TEXT]; /* in the first pane; "" = not set, or unknown. Foreign text */
	char initial[32];          /* what it is where nobody sets it; "" = nothing to tell */
	bool is_chosen;
	char chosen[TOGGLE_TEXT]; /* for the next start; "" = not set */
};

struct toggles {
	struct toggle at[TOGGLES_MAX];
	size_t n;
	char of[160]; /* whose settings these are: "go1.26.4, pid 4711" */
	int row;      /* the one with the cursor */
	bool editing; /* its value is being typed */
	char typed[TOGGLE_TEXT];
	char error[TOGGLE_TEXT + 120]; /* why what was typed can't be taken; "" = nothing wrong */
};

/* What a key was beyond the list. */
enum toggles_wish { TOGGLES_STAY, TOGGLES_CLOSE, TOGGLES_RELAUNCH, TOGGLES_RELAUNCH_ALONE };

/** Adds one; silently full after TOGGLES_MAX. NULL strings count as "". */
void toggles_add(struct toggles *t, enum toggle_kind kind, const char *name, const char *about, const char *current,
		 const char *initial);

/** A key while the list is open. */
enum toggles_wish toggles_key(struct toggles *t, uint32_t key);

/** What was chosen in @from is chosen in @to as well, where that has it, unless it is so already. */
void toggles_keep(struct toggles *to, const struct toggles *from);

/** How many are chosen. */
size_t toggles_chosen(const struct toggles *t);

/** "GODEBUG=asyncpreemptoff=1 GOMAXPROCS=2"; "the same settings" when nothing is chosen. Returns @dst. */
char *toggles_text(const struct toggles *t, char *dst, size_t cap);

/** May @value be given to it? 0, or -EINVAL with why in @why. "" is allowed: not set. Binaries are looked at. */
int toggle_check(const struct toggle *t, const char *value, char *why, size_t cap);

#endif
