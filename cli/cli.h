/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli/ is the program's edge: commands, options, and the wiring of the stages. Nothing else prints errors. A command
 * is one file and one row in the table in main.c.
 */
#ifndef SCHEDTOP_CLI_CLI_H
#define SCHEDTOP_CLI_CLI_H

#include "base/sandbox.h"
#include "cli/options.h"

#define EXIT_USAGE 2

struct fault;
struct launch;

struct command {
	enum command_id id;
	const char *name;
	const char *synopsis; /* what follows the name */
	const char *summary;  /* one line */
	const char *details;  /* sentences for its --help, with line breaks */
	bool stop_at_operand; /* what follows the first operand belongs to the target */
	/* @operands is NULL-terminated. Returns the exit status. */
	int (*run)(const struct options *o, char **operands);
};

int cmd_run(const struct options *o, char **operands);
int cmd_attach(const struct options *o, char **operands);
int cmd_inspect(const struct options *o, char **operands);
int cmd_doctor(const struct options *o, char **operands);
int cmd_record(const struct options *o, char **operands);
int cmd_replay(const struct options *o, char **operands);
int cmd_report(const struct options *o, char **operands);
int cmd_snapshot(const struct options *o, char **operands);
int cmd_export(const struct options *o, char **operands);
int cmd_compare(const struct options *o, char **operands);
int cmd_remote(const struct options *o, char **operands);
int cmd_set(const struct options *o, char **operands);

/** Prints a fault and returns the exit status for it: EXIT_FAILURE. */
int cli_fail(const struct fault *fault);

/** Before a command traces: under sudo it goes on as the invoking user (privileges.h). 0, or -errno with @fault. */
int cli_begin_tracing(struct fault *fault);

/** Prints what is wrong with the use of the program; returns EXIT_USAGE. */
int cli_usage(const char *what, const char *why, const char *todo);

/** After standard output has been written: 0, or the failure printed and EXIT_FAILURE. @err as a report returns it. */
int cli_stdout_status(int err);

/* One session, from its start to its report. */
struct watch_opts {
	const struct options *options;
	pid_t pid;
	struct launch *launch; /* waiting at its gate; NULL = attached */
	char *const *argv;     /* of a launched target */
	bool record;           /* no screen and no report: only the capture, options->output */
};

/** Is this session shown on the screen? */
bool watch_on_screen(const struct options *o);

/**
 * Watches until the target ends, --duration is over, the user quits or a signal comes; prints the report. A launched
 * target that still runs then is ended. Returns EXIT_SUCCESS or EXIT_FAILURE, the error printed.
 * @ret_target_status  how a launched target ended by itself, as a shell gives it; -1 = it didn't
 */
int watch_session(const struct watch_opts *w, int *ret_target_status);

/** Launches operands[] and watches it. Returns the exit status, the target's own included. */
int watch_launched(const struct options *o, char **operands, bool record);

/** Checks that @pid is a process that can be watched, and watches it. Returns the exit status. */
int watch_attached(const struct options *o, pid_t pid, bool record);

/** Is @pid a process that is there, not a thread, and not schedtop? 0 or -errno with @fault, which names the command.
 */
int cli_check_process(pid_t pid, const char *command, struct fault *fault);

/**
 * Opens a file that somebody else may have made: by the rights of root, also under sudo, but of the user alone where
 * the capabilities are those of schedtop's file. "-" is standard input. From then on files are written with the user's
 * rights. 0 with a descriptor that is never 0, or -errno with @fault.
 */
int cli_open(const char *path, int *ret_fd, struct fault *fault);

/** The same of @n files at once, since only the first call has root's rights. After an error none is open. */
int cli_open_files(char *const *paths, size_t n, int *ret_fds, struct fault *fault);

/** Gives up all privileges, before anything in such a file is looked at. @s: what the command does afterwards. */
void cli_drop(enum sandbox s);

/** The file that a command works on: its only operand. NULL when there is another number of them (said on stderr). */
const char *cli_one_file(const char *command, char **operands);

/** The same of a command that takes several: how many there are, 1 to @max (4 at most), or -EINVAL, said on stderr. */
int cli_files(const char *command, char **operands, int max);

#endif
