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
	COMMAND_RECORD = 1 << 4,
	COMMAND_REPLAY = 1 << 5,
	COMMAND_REPORT = 1 << 6,
	COMMAND_SNAPSHOT = 1 << 7,
	COMMAND_EXPORT = 1 << 8,
	COMMAND_REMOTE = 1 << 9,
	COMMAND_SET = 1 << 10,
	COMMAND_COMPARE = 1 << 11,
};

#define COMMANDS_WATCH   (COMMAND_RUN | COMMAND_ATTACH)
#define COMMANDS_COLLECT (COMMANDS_WATCH | COMMAND_RECORD | COMMAND_REMOTE | COMMAND_COMPARE)
#define COMMANDS_CAPTURE (COMMANDS_WATCH | COMMAND_RECORD)
#define COMMANDS_SCREEN  (COMMANDS_WATCH | COMMAND_REPLAY | COMMAND_REMOTE)
#define COMMANDS_DRAW    (COMMANDS_SCREEN | COMMAND_SNAPSHOT)
#define COMMANDS_BATCH   (COMMANDS_SCREEN)
#define COMMANDS_JSON    (COMMANDS_SCREEN | COMMAND_REPORT | COMMAND_INSPECT | COMMAND_DOCTOR | COMMAND_COMPARE)
#define COMMANDS_ALL                                                                                                   \
	(COMMANDS_COLLECT | COMMANDS_DRAW | COMMAND_REPORT | COMMAND_EXPORT | COMMAND_INSPECT | COMMAND_DOCTOR |       \
	 COMMAND_SET)

/* OPTION(id, long name, short or 0, argument or NULL, commands that know it, help) */
#define OPTIONS(OPTION)                                                                                                \
	OPTION(PID, "pid", 'p', "PID", COMMAND_ATTACH | COMMAND_RECORD | COMMAND_REMOTE, "the process to watch")       \
	OPTION(OUTPUT, "output", 'o', "FILE", COMMANDS_CAPTURE | COMMAND_EXPORT,                                       \
	       "run, attach, record: the capture, record: - is standard output; export: the result")                   \
	OPTION(COLLECTOR, "collector", 0, "NAME", COMMANDS_COLLECT,                                                    \
	       "where events come from: ebpf, perf, proc, schedtrace, or auto (the default): the best that works")     \
	OPTION(DETAIL, "detail", 0, "LEVEL", COMMANDS_COLLECT,                                                         \
	       "threads: kernel events; sched (the default): Go runtime too; exact: every goroutine switch")           \
	OPTION(MAX_OVERHEAD, "max-overhead", 0, "PCT", COMMANDS_COLLECT,                                               \
	       "step the detail down where probes cost more of the target's CPU time (default 3, 0 = no limit)")       \
	OPTION(DURATION, "duration", 0, "SECONDS", COMMANDS_COLLECT, "stop after that long; fractions are allowed")    \
	OPTION(BATCH, "batch", 0, NULL, COMMANDS_BATCH,                                                                \
	       "no screen: print a report at the end (implied when stdout is no terminal)")                            \
	OPTION(JSON, "json", 0, NULL, COMMANDS_JSON, "print JSON; implies --batch")                                    \
	OPTION(THEME, "theme", 0, "NAME", COMMANDS_DRAW, "colours of the screen: the name of a theme, or a file")      \
	OPTION(NO_COLOR, "no-color", 0, NULL, COMMANDS_DRAW, "no colours; so does NO_COLOR in the environment")        \
	OPTION(ASCII, "ascii", 0, NULL, COMMANDS_DRAW, "draw with ASCII characters only")                              \
	OPTION(NO_MOUSE, "no-mouse", 0, NULL, COMMANDS_SCREEN, "leave the mouse to the terminal")                      \
	OPTION(SAMPLE_HZ, "sample-hz", 0, "N", COMMANDS_COLLECT,                                                       \
	       "stack samples a second and CPU, 0 = none (default 199)")                                               \
	OPTION(IGNORE_STATUS, "ignore-status", 0, NULL, COMMAND_RUN | COMMAND_RECORD | COMMAND_COMPARE,                \
	       "don't pass on the target's exit status")                                                               \
	OPTION(LOG, "log", 0, "FILE", COMMAND_RUN,                                                                     \
	       "keep the target's output in FILE; with --batch, instead of passing it to stderr")                      \
	OPTION(REDACT, "redact", 0, NULL, COMMANDS_CAPTURE | COMMAND_REMOTE,                                           \
	       "leave arguments and the folders of paths out of the capture")                                          \
	OPTION(ROTATE, "rotate", 0, "SIZE|TIME", COMMANDS_CAPTURE,                                                     \
	       "begin a new file at that size (100M) or age (10m); the old one becomes FILE.1")                        \
	OPTION(KEEP, "keep", 0, "N", COMMANDS_CAPTURE,                                                                 \
	       "with --rotate or --flight: keep so many old files (default 5)")                                        \
	OPTION(FLIGHT, "flight", 0, "SECONDS", COMMANDS_CAPTURE,                                                       \
	       "keep the last SECONDS in memory, write them when triggered: --trigger, SIGUSR1, key w")                \
	OPTION(TRIGGER, "trigger", 0, "KIND=MS,...", COMMANDS_CAPTURE,                                                 \
	       "with --flight: write at a gap or a pause of that length: gap=100,stw=50")                              \
	OPTION(BWLIMIT, "bwlimit", 0, "RATE", COMMANDS_CAPTURE | COMMAND_REMOTE,                                       \
	       "write at most so many bytes a second (500K); what is more is dropped and counted")                     \
	OPTION(SIZE, "size", 0, "COLSxROWS", COMMAND_SNAPSHOT, "size of the frame (default 120x40)")                   \
	OPTION(AT, "at", 0, "TIME", COMMAND_SNAPSHOT,                                                                  \
	       "the moment to show, from the session's start: 12.5, 300ms (default: the end)")                         \
	OPTION(VIEW, "view", 0, "NAME", COMMAND_SNAPSHOT,                                                              \
	       "cpus (the default), ps, threads, goroutines, then a panel: cpus,verdicts; compare[,ROWS]: side by "    \
	       "side")                                                                                                 \
	OPTION(FIND, "find", 0, "TEXT", COMMAND_SNAPSHOT,                                                              \
	       "go to the first match, and dim the rest: a function, a thread, G42, P0, CPU1")                         \
	OPTION(FILTER, "filter", 0, "TEXT", COMMAND_SNAPSHOT, "show only what matches, as key f does")                 \
	OPTION(FOLLOW, "follow", 0, "GOID", COMMAND_SNAPSHOT, "follow a goroutine: the rest is dimmed")                \
	OPTION(WINDOW, "window", 0, "TIME", COMMAND_SNAPSHOT, "how much time the frame shows (default: all)")          \
	OPTION(FORMAT, "format", 0, "NAME", COMMAND_SNAPSHOT | COMMAND_EXPORT,                                         \
	       "snapshot: text (the default), ansi or svg; export: perfetto, json or csv")                             \
	OPTION(SSH, "ssh", 0, "COMMAND", COMMAND_REMOTE, "how to reach the host (default ssh)")                        \
	OPTION(REMOTE_SCHEDTOP, "remote-schedtop", 0, "PATH", COMMAND_REMOTE,                                          \
	       "schedtop on the other host (default schedtop; sudo is put before it unless it is root's)")             \
	OPTION(VARIANT, "variant", 0, "NAME:K=V,...", COMMAND_COMPARE,                                                 \
	       "a variant: its environment, or GODEBUG settings by name; the first is the baseline")                   \
	OPTION(BINARY, "binary", 0, "NAME:PATH", COMMAND_COMPARE, "the program of a variant")                          \
	OPTION(CPUS, "cpus", 0, "NAME:LIST", COMMAND_COMPARE, "the CPUs of a variant (a:0-3,8)")                       \
	OPTION(ROUNDS, "rounds", 0, "N", COMMAND_COMPARE, "runs of each variant (default 5; 4 at least to be sure)")   \
	OPTION(WARMUP, "warmup", 0, "N", COMMAND_COMPARE, "runs of each variant that are discarded first (default 1)") \
	OPTION(TIMEOUT, "timeout", 0, "SECONDS", COMMAND_COMPARE,                                                      \
	       "end a run that hangs (default 30); without --duration, runs last until the program ends")              \
	OPTION(PARALLEL, "parallel", 0, NULL, COMMAND_COMPARE, "run the variants at once, each on CPUs of its own")    \
	OPTION(ASSERT, "assert", 0, "TEXT", COMMAND_COMPARE,                                                           \
	       "fail unless: FIGURE [VARIANT] ratio|value <|<=|>|>= NUMBER[UNIT]")                                     \
	OPTION(FIGURES, "figures", 0, "A,B,...", COMMAND_COMPARE, "the figures to show; all, or help for their names") \
	OPTION(PRESET, "preset", 0, "NAME", COMMAND_COMPARE, "asyncpreempt, or go-versions with two --binary")         \
	OPTION(SAVE, "save", 0, "DIR", COMMAND_COMPARE, "record each run to DIR/VARIANT-ROUND.cap")                    \
	OPTION(NO_NOISE_CHECK, "no-noise-check", 0, NULL, COMMAND_COMPARE,                                             \
	       "don't run the baseline against itself: a third less time, and less to rely on")                        \
	OPTION(READY, "ready", 0, "WHAT", COMMAND_COMPARE,                                                             \
	       "a variant is measured once it is ready: tcp:PORT, log:REGEX (of its output) or cmd:COMMAND")           \
	OPTION(READY_TIMEOUT, "ready-timeout", 0, "TIME", COMMAND_COMPARE, "how long to wait for it (default 30)")     \
	OPTION(LOAD, "load", 0, "COMMAND", COMMAND_COMPARE,                                                            \
	       "run that beside each variant while it is measured; its end ends the run")                              \
	OPTION(ISOLATE, "isolate", 0, "WHAT", COMMAND_COMPARE,                                                         \
	       "net: each variant has a network of its own, so that equal ports don't collide")                        \
	OPTION(HTML, "html", 0, "FILE", COMMAND_COMPARE, "write the report as one HTML file, with drawings")           \
	OPTION(YES, "yes", 'y', NULL, COMMAND_SET, "write without asking")                                             \
	OPTION(HELP, "help", 'h', NULL, COMMANDS_ALL, "print this help")                                               \
	OPTION(VERSION, "version", 'V', NULL, COMMANDS_ALL, "print the version")

enum option_id {
#define OPTION_ENUM(id, name, letter, arg, commands, help) OPT_##id,
	OPTIONS(OPTION_ENUM)
#undef OPTION_ENUM
		OPT_COUNT
};

#define MAX_OVERHEAD_PCT_DEFAULT 3.0

#define OPTION_LIST_MAX 32

/* An option that may be given again. */
struct option_list {
	const char *text[OPTION_LIST_MAX];
	size_t n;
};

struct options {
	pid_t pid;             /* 0 = not given */
	const char *collector; /* a name that collectors_named() knows */
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

	const char *output; /* NULL = not given */
	bool redact;
	uint64_t rotate_bytes, rotate_ns;
	unsigned keep;
	uint64_t flight_ns, trigger_gap_ns, trigger_stw_ns;
	uint64_t bwlimit;
	const char *trigger; /* as given: for what is passed on */
	int cols, rows;
	bool have_at;
	uint64_t at_ns, window_ns; /* window 0 = all */
	const char *view, *format;
	const char *find, *filter, *follow; /* NULL = not given */
	const char *ssh, *remote_schedtop;

	struct option_list variants, binaries, cpus, asserts;
	unsigned rounds, warmup;
	double timeout_s; /* 0 = not given */
	bool parallel, no_noise_check;
	const char *figures, *preset, *save;
	const char *ready, *load, *html;
	uint64_t ready_timeout_ns; /* 0 = not given */
	bool isolate_net;
	bool yes; /* don't ask */
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
