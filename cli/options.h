/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line. Every option is one row of the table below: parser, --help and the check of the manual page are
 * made from it.
 */
#ifndef SCHEDTOP_CLI_OPTIONS_H
#define SCHEDTOP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "events/session.h"

struct fault;

enum command_id {
	COMMAND_RUN = 1 << 0,
	COMMAND_ATTACH = 1 << 1,
	COMMAND_INSPECT = 1 << 2,
	COMMAND_DOCTOR = 1 << 3,
};

#define COMMANDS_WATCH (COMMAND_RUN | COMMAND_ATTACH)
#define COMMANDS_ALL   (COMMANDS_WATCH | COMMAND_INSPECT | COMMAND_DOCTOR)

/* OPTION(id, long name, short or 0, argument or NULL, commands that know it, help) */
#define OPTIONS(OPTION)                                                                                                \
	OPTION(PID, "pid", 'p', "PID", COMMAND_ATTACH, "the process to watch")                                         \
	OPTION(COLLECTOR, "collector", 0, "NAME", COMMANDS_WATCH,                                                      \
	       "where events come from: auto or ebpf (default auto)")                                                  \
	OPTION(DETAIL, "detail", 0, "LEVEL", COMMANDS_WATCH,                                                           \
	       "threads: kernel events; sched (the default): Go runtime too; exact: every goroutine switch")           \
	OPTION(MAX_OVERHEAD, "max-overhead", 0, "PCT", COMMANDS_WATCH,                                                 \
	       "step the detail down where probes cost more of the target's CPU time (default 3, 0 = no limit)")       \
	OPTION(DURATION, "duration", 0, "SECONDS", COMMANDS_WATCH, "stop after that long; fractions are allowed")      \
	OPTION(BATCH, "batch", 0, NULL, COMMANDS_WATCH,                                                                \
	       "no screen: print a report at the end (implied when stdout is no terminal)")                            \
	OPTION(JSON, "json", 0, NULL, COMMANDS_ALL, "print JSON; implies --batch")                                     \
	OPTION(THEME, "theme", 0, "NAME", COMMANDS_WATCH, "colours of the screen: the name of a theme, or a file")     \
	OPTION(NO_COLOR, "no-color", 0, NULL, COMMANDS_WATCH, "no colours; so does NO_COLOR in the environment")       \
	OPTION(ASCII, "ascii", 0, NULL, COMMANDS_WATCH, "draw with ASCII characters only")                             \
	OPTION(NO_MOUSE, "no-mouse", 0, NULL, COMMANDS_WATCH, "leave the mouse to the terminal")                       \
	OPTION(SAMPLE_HZ, "sample-hz", 0, "N", COMMANDS_WATCH,                                                         \
	       "stack samples a second and CPU, 0 = none (default 199)")                                               \
	OPTION(IGNORE_STATUS, "ignore-status", 0, NULL, COMMAND_RUN, "don't pass on the target's exit status")         \
	OPTION(LOG, "log", 0, "FILE", COMMAND_RUN,                                                                     \
	       "keep the target's output in FILE; with --batch, instead of passing it to stderr")                      \
	OPTION(HELP, "help", 'h', NULL, COMMANDS_ALL, "print this help")                                               \
	OPTION(VERSION, "version", 'V', NULL, COMMANDS_ALL, "print the version")

enum option_id {
#define OPTION_ENUM(id, name, letter, arg, commands, help) OPT_##id,
	OPTIONS(OPTION_ENUM)
#undef OPTION_ENUM
		OPT_COUNT
};

#define MAX_OVERHEAD_PCT_DEFAULT 3.0

struct options {
	pid_t pid; /* 0 = not given */
	enum detail_level detail;
	double duration_s;       /* 0 = no limit */
	double max_overhead_pct; /* 0 = no limit */
	bool batch, json;
	const char *theme; /* NULL = default */
	bool no_color, ascii, no_mouse;
	uint32_t sample_hz;
	bool ignore_status;
	const char *log; /* NULL = default */
	bool help, version;
};

/**
 * Parses the options of the commands in @commands (a set of enum command_id). argv[0] is skipped.
 * @stop_at_operand  options end at the first operand: what follows are the target's own words
 * Returns the index of the first operand, or -EINVAL with @fault (bad usage), -EOPNOTSUPP (known, but not in this
 * version).
 */
int options_parse(unsigned commands, bool stop_at_operand, int argc, char **argv, struct options *ret,
		  struct fault *fault);

/** Prints the rows of the table that the commands know. */
void options_help(unsigned commands);

/** A process id: decimal digits only. 0 or -EINVAL with @fault. */
int options_parse_pid(const char *text, pid_t *ret, struct fault *fault);

#endif
