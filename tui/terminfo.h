/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of the common terminals, compiled in: for hosts that have no terminfo database, or none that knows the
 * terminal at the other end of an SSH connection.
 */
#ifndef SCHEDTOP_TUI_TERMINFO_H
#define SCHEDTOP_TUI_TERMINFO_H

struct terminfo {
	const char *name; /* to give to newterm() */
	const char *text; /* to put into TERMINFO in the environment (terminfo(5): "b64:...") */
};

/**
 * The description for a value of TERM: of that name, else of what it begins with before a '-' ("xterm-kitty" is an
 * xterm). NULL if there is none.
 */
const struct terminfo *terminfo_builtin(const char *term);

#endif
