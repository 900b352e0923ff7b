/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * schedtop on another host, drawn here: `ssh HOST schedtop record -o - ...` piped into a replay that follows it. Only
 * the capture crosses the link, so that a slow one costs detail (drops, counted), never the target.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"

#define WORDS_MAX 64

/* The words of the local command, and the one word that is the other host's shell command. */
struct remote {
	char *words[WORDS_MAX + 2];
	size_t n_words;
	char *script;
	size_t script_len;
	FILE *out; /* writes to script */
};

/* As a POSIX shell reads it back: in single quotes. */
static void quote(FILE *out, const char *text)
{
	fputs(" '", out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

/* The command may have options of its own: "ssh -p 2222". Split at blanks, as users of rsync -e expect. */
static int split_ssh(struct remote *r, const char *command)
{
	char *copy = strdup(command), *rest = copy;

	if (!copy)
		return -ENOMEM;
	for (char *word; (word = strsep(&rest, " "));) {
		if (*word && r->n_words < WORDS_MAX)
			r->words[r->n_words++] = word;
	}
	return r->n_words ? 0 : -EINVAL; /* the words point into the copy, which lives as long as the program */
}

static void write_script(struct remote *r, const struct options *o, char **target)
{
	FILE *out = r->out;
	const char *path = o->remote_schedtop ? o->remote_schedtop : "schedtop";

	/* Tracing needs root there; sudo must not ask for a password, since nobody could answer. */
	fputs("if [ \"$(id -u)\" = 0 ]; then as=; else as='sudo -n'; fi; exec $as", out);
	quote(out, path);
	fprintf(out, " record -o - --collector=%s --detail=%s --max-overhead=%g --sample-hz=%u", o->collector,
		detail_name(o->detail), o->max_overhead_pct, o->sample_hz);
	if (o->duration_s > 0)
		fprintf(out, " --duration=%g", o->duration_s);
	if (o->bwlimit)
		fprintf(out, " --bwlimit=%llu", (unsigned long long)o->bwlimit);
	if (o->redact)
		fputs(" --redact", out);
	if (o->pid)
		fprintf(out, " -p %d", (int)o->pid);
	else
		fputs(" --", out);
	for (; *target; target++)
		quote(out, *target);
}

static pid_t start(struct remote *r, int *ret_fd, struct fault *fault)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return fault_set(fault, -errno, r->words[0], "%s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		/* Keys are the screen's; ssh may still ask for a password on the terminal itself, before it is drawn.
		 */
		int null = open("/dev/null", O_RDONLY);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		signal(SIGPIPE, SIG_DFL);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(fds[1], STDOUT_FILENO) < 0)
			_exit(127);
		execvp(r->words[0], r->words);
		fprintf(stderr, "schedtop: %s: %s\n", r->words[0], strerror(errno));
		_exit(127);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	if (pid < 0) {
		int err = -errno;

		close(fds[0]);
		return fault_set(fault, err, r->words[0], "%s", strerror(-err));
	}
	return pid;
}

static int show(const struct options *o, const char *host, int fd, struct fault *fault)
{
	if (watch_on_screen(o))
		return replay_on_screen(o, host, fd, fault);
	if (dup2(fd, STDIN_FILENO) < 0)
		return fault_set(fault, -errno, host, "%s", strerror(errno));
	char dash[] = "-", *operands[] = {dash, NULL};
	return cmd_report(o, operands) == EXIT_SUCCESS ? 0 : -EIO;
}

int cmd_remote(const struct options *o, char **operands)
{
	struct remote r = {0};
	struct fault fault = {0};
	cleanup_close int fd = -1;
	int status = 0;

	if (!operands[0] || (o->pid ? operands[1] != NULL : !operands[1]))
		return cli_usage("remote", "a host and what to watch there are needed",
				 "Write schedtop remote [OPTION...] HOST -p PID, or HOST -- COMMAND [ARG...]");
	if (operands[0][0] == '-')
		return cli_usage(operands[0], "this is no host", "Write schedtop remote [user@]HOST ...");
	r.out = open_memstream(&r.script, &r.script_len);
	if (!r.out || split_ssh(&r, o->ssh ? o->ssh : "ssh") < 0)
		return cli_usage("--ssh", "there is no command in it", "Give one, such as 'ssh -p 2222'");
	write_script(&r, o, operands + 1);
	if (fclose(r.out) != 0)
		return EXIT_FAILURE;
	r.words[r.n_words] = operands[0];
	r.words[r.n_words + 1] = r.script;
	pid_t pid = start(&r, &fd, &fault);
	int err = pid < 0 ? (int)pid : show(o, operands[0], fd, &fault);
	close(fd); /* the other side stops recording when nobody reads */
	fd = -1;
	if (pid > 0)
		waitpid(pid, &status, 0);
	free(r.script);
	if (err < 0 && fault.err)
		return cli_fail(&fault);
	return err < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 255) ? EXIT_FAILURE : EXIT_SUCCESS;
}
