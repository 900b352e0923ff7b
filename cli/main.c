/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/cli.h"

static const struct command commands[] = {
	{
		.id = COMMAND_RUN,
		.name = "run",
		.synopsis = "[OPTION...] -- COMMAND [ARG...]",
		.summary = "launch a program and watch it from its first instruction",
		.details =
			"The program runs as the invoking user, also under sudo. Its output goes to a pane and a log\n"
			"file; with --batch, to standard error. If it still runs at the end, it is ended (SIGTERM, "
			"then\n"
			"SIGKILL). Its exit status is passed on, unless schedtop ended it or --ignore-status is "
			"given.\n",
		.stop_at_operand = true,
		.run = cmd_run,
	},
	{
		.id = COMMAND_ATTACH,
		.name = "attach",
		.synopsis = "[OPTION...] PID",
		.summary = "watch a running process; it is left running",
		.details = "The probes are removed at the end, in whatever way schedtop ends.\n",
		.run = cmd_attach,
	},
	{
		.id = COMMAND_RECORD,
		.name = "record",
		.synopsis = "[OPTION...] -o FILE (-p PID | -- COMMAND [ARG...])",
		.summary = "record a session to a file, without a screen",
		.details =
			"FILE may be -: a stream on standard output, which schedtop replay - follows. The target's\n"
			"output goes to standard error. The file is for its user alone, and holds of the environment\n"
			"only variables whose names begin with GO.\n",
		.stop_at_operand = true,
		.run = cmd_record,
	},
	{
		.id = COMMAND_REPLAY,
		.name = "replay",
		.synopsis = "[OPTION...] FILE...",
		.summary = "show a capture as it was seen live; FILE may be - to follow a stream",
		.details =
			"Needs no privileges. Space plays and stops, ( and ) change the speed, : goes to a time, [ "
			"and ]\n"
			"to gaps and pauses. Without a terminal, or with --batch, the report is printed. Up to four\n"
			"files are shown side by side, at the same times since each one's start.\n",
		.run = cmd_replay,
	},
	{
		.id = COMMAND_REPORT,
		.name = "report",
		.synopsis = "[--json] FILE",
		.summary = "the summary of a capture: what the live session would have printed",
		.details = "A file that is damaged or cut off is read as far as it is intact; what is lost is said on\n"
			   "standard error.\n",
		.run = cmd_report,
	},
	{
		.id = COMMAND_SNAPSHOT,
		.name = "snapshot",
		.synopsis = "[OPTION...] FILE...",
		.summary = "one frame of a capture, without a terminal: text, ANSI or SVG",
		.details =
			"The frame shows the session up to --at, at any size; with --view compare up to four sessions\n"
			"side by side, with the ratios of their figures.\n",
		.run = cmd_snapshot,
	},
	{
		.id = COMMAND_EXPORT,
		.name = "export",
		.synopsis = "--format=perfetto|json|csv [-o OUT] FILE",
		.summary = "a capture for other tools",
		.details = "perfetto: a trace for the Perfetto UI, with tracks per CPU, P, thread and goroutine, "
			   "pauses and\n"
			   "gaps. json: an object a line, one for each interval, pause and gap. csv: the same as a "
			   "table.\n",
		.run = cmd_export,
	},
	{
		.id = COMMAND_REMOTE,
		.name = "remote",
		.synopsis = "[OPTION...] [USER@]HOST (-p PID | -- COMMAND [ARG...])",
		.summary = "watch a process on another host through ssh; only the drawing is local",
		.details = "schedtop must be there too (one file is enough: a static build). Options may stand before "
			   "HOST or\n"
			   "behind it.\n",
		.run = cmd_remote,
	},
	{
		.id = COMMAND_COMPARE,
		.name = "compare",
		.synopsis = "[OPTION...] --variant NAME:K=V,... --variant ... -- COMMAND [ARG...]",
		.summary = "run a program in variants, and tell what differs and how sure that is",
		.details =
			"The variants run in turn (A B B A ...). Each figure is told with its ratio to the first "
			"variant, "
			"a 95 %\n"
			"interval over the rounds, and whether it is significant. K=V is an environment variable, or a "
			"GODEBUG\n"
			"setting by its name. Exit status 1: a variant failed or hung, or an --assert doesn't hold.\n",
		.stop_at_operand = true,
		.run = cmd_compare,
	},
	{
		.id = COMMAND_SET,
		.name = "set",
		.synopsis = "[--yes] PID asyncpreemptoff=0",
		.summary = "switch async preemption on in a live process; nothing else can be set",
		.details = "Shows what will be written and where, and asks. It is refused where the Go runtime's "
			   "layout can't\n"
			   "be verified. Threads that had lost their preemption signal are looked for and repaired.\n",
		.run = cmd_set,
	},
	{
		.id = COMMAND_INSPECT,
		.name = "inspect",
		.synopsis = "[--json] BINARY|PID",
		.summary = "what is known of a Go program, and whether async preemption is on",
		.details = "Go version, build settings, the GODEBUG in effect and who set it, and which probes can be\n"
			   "placed. A number is taken for a process id; a file of that name is ./NUMBER.\n",
		.run = cmd_inspect,
	},
	{
		.id = COMMAND_DOCTOR,
		.name = "doctor",
		.synopsis = "[--json]",
		.summary = "what this machine and this user can trace, and how to get more",
		.details = "The exit status is 1 if schedtop can't watch anything here.\n",
		.run = cmd_doctor,
	},
};

static int print_version(void)
{
	puts("schedtop " SCHEDTOP_VERSION);
	return cli_stdout_status(0);
}

static int print_help(void)
{
	puts("Usage: schedtop COMMAND [OPTION...]\n"
	     "       schedtop [OPTION...] -- PROGRAM [ARG...]   the same as schedtop run\n"
	     "       schedtop [OPTION...] -p PID                the same as schedtop attach\n"
	     "\n"
	     "Shows live what the Go scheduler and the Linux scheduler do to one Go process.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-26s %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions of run and attach:");
	options_help(COMMANDS_WATCH);
	puts("\nschedtop COMMAND --help tells more of a command. Exit status: 0, 1 on failure, 2 on wrong use; run "
	     "passes\n"
	     "the program's own on. Tracing needs root; schedtop doctor tells what is allowed here.");
	return cli_stdout_status(0);
}

static int print_command_help(const struct command *c)
{
	printf("Usage: schedtop %s %s\n\n%c%s.\n%s\nOptions:\n", c->name, c->synopsis, c->summary[0] - ('a' - 'A'),
	       c->summary + 1, c->details);
	options_help(c->id);
	return cli_stdout_status(0);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct options o;
	struct fault fault;
	int first = options_parse(c->id, c->stop_at_operand, argc, argv, &o, &fault);

	if (first < 0) {
		fault_print(&fault, stderr);
		return EXIT_USAGE;
	}
	if (o.help)
		return print_command_help(c);
	return o.version ? print_version() : c->run(&o, argv + first);
}

/* Without a command: -p means attach, and a program means run. */
static int run_default(int argc, char **argv)
{
	struct options o;
	struct fault fault;
	int first = options_parse(COMMANDS_WATCH, true, argc, argv, &o, &fault);

	if (first < 0) {
		fault_print(&fault, stderr);
		return EXIT_USAGE;
	}
	if (o.help)
		return print_help();
	if (o.version)
		return print_version();
	return o.pid ? cmd_attach(&o, argv + first) : cmd_run(&o, argv + first);
}

/*
 * A closed standard stream would hand its number to the next file that is opened, and reports would go there.
 * Read-only, so that writing to it still fails.
 */
static void hold_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			abort();
	}
}

int main(int argc, char **argv)
{
	hold_standard_fds();
	/* A reader that went away is an error of the write, not a reason to leave a target behind. */
	signal(SIGPIPE, SIG_IGN);
	log_init();
	if (argc < 2)
		return cli_usage("no command given", "there is nothing to do",
				 "Try schedtop run -- PROGRAM, schedtop attach PID, or schedtop --help");
	if (argv[1][0] == '-')
		return run_default(argc, argv);
	const struct command *c = find_command(argv[1]);
	if (!c)
		return cli_usage(argv[1], "unknown command",
				 "See schedtop --help; to launch a program, write schedtop run -- PROGRAM");
	return run_command(c, argc - 1, argv + 1);
}
