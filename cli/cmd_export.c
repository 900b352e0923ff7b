/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "engine/load.h"
#include "export/export.h"

/* Where the result goes: a file gets its name only when it is whole. */
struct target_file {
	char *path;      /* NULL = standard output */
	char *temporary; /* beside it; NULL = written in place (a device, a pipe) */
	int fd;
};

/* What a signal that ends the program must remove. */
static char *volatile unfinished;

static void on_end(int sig)
{
	if (unfinished)
		unlink(unfinished);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void remove_if_interrupted(char *path)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	unfinished = path;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction sa = {.sa_handler = on_end}, old;

		/* What nohup or a shell has set to be ignored stays so. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

static int open_in_place(struct target_file *t, struct fault *fault)
{
	t->fd = open(t->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return t->fd < 0 ? fault_set(fault, -errno, t->path, "it can't be opened (%s)", strerror(errno)) : 0;
}

static int open_file(struct target_file *t, const char *name, struct fault *fault)
{
	struct stat st;
	bool exists = stat(name, &st) == 0;

	/* A link stays: the file that it points to is replaced. */
	t->path = exists ? realpath(name, NULL) : strdup(name);
	if (!t->path)
		return fault_set(fault, -errno, name, "%s", strerror(errno));
	if (exists && S_ISDIR(st.st_mode))
		return fault_set(fault, -EISDIR, name, "it is a folder");
	if (exists && !S_ISREG(st.st_mode))
		return open_in_place(t, fault);
	if (asprintf(&t->temporary, "%s.XXXXXX", t->path) < 0) {
		t->temporary = NULL;
		return fault_set(fault, -ENOMEM, name, "out of memory");
	}
	t->fd = mkostemp(t->temporary, O_CLOEXEC); /* mode 0600: it may hold more than everybody should know */
	if (t->fd < 0) {
		int err = fault_set(fault, -errno, name, "no file can be made beside it (%s)", strerror(errno));

		free(t->temporary);
		t->temporary = NULL;
		return err;
	}
	remove_if_interrupted(t->temporary);
	return 0;
}

static int open_target(struct target_file *t, const struct options *o, const struct export_format *f,
		       struct fault *fault)
{
	*t = (struct target_file){.fd = STDOUT_FILENO};
	if (o->output && strcmp(o->output, "-") != 0) {
		t->fd = -1;
		return open_file(t, o->output, fault);
	}
	if (!export_format_is_binary(f) || !isatty(STDOUT_FILENO))
		return 0;
	fault_set(fault, -EINVAL, "standard output", "it is a terminal, and %s is binary", o->format);
	return fault_todo(fault, "Give a file with -o OUT");
}

/* Gives the file its name, or removes it after @err. Returns @err, or what went wrong. */
static int close_target(struct target_file *t, int err, struct fault *fault)
{
	if (t->path && t->fd >= 0 && close(t->fd) < 0 && err == 0)
		err = fault_set(fault, -errno, t->path, "it can't be written (%s)", strerror(errno));
	if (t->temporary && err == 0 && rename(t->temporary, t->path) < 0)
		err = fault_set(fault, -errno, t->path, "it can't be made (%s)", strerror(errno));
	if (t->temporary && err < 0)
		unlink(t->temporary);
	unfinished = NULL;
	free(t->temporary);
	free(t->path);
	return err;
}

struct exporting {
	const struct export_format *format;
	int fd;
	struct export *x;
};

static int on_opened(void *ctx, const struct loaded *l)
{
	struct exporting *e = ctx;

	return export_new(e->format, e->fd, l->model, &e->x);
}

static int on_event(void *ctx, const struct loaded *l, const struct event *ev)
{
	const struct exporting *e = ctx;

	(void)l;
	return export_event(e->x, ev);
}

static int export_to(const char *path, struct exporting *e, const char *out_name, struct export_counts *ret,
		     struct fault *fault)
{
	const struct load_opts opts = {
		.model.undrawn = true, .until_ns = UINT64_MAX, .opened = on_opened, .event = on_event, .ctx = e};
	struct loaded l = {0};
	int err = load_capture(path, &opts, &l, fault);

	if (err == 0) {
		replay_say_damage(l.reader);
		err = export_end(e->x, ret);
	}
	export_free(e->x);
	load_done(&l);
	if (err < 0 && !fault->err)
		fault_set(fault, err, out_name, "it can't be written (%s)", strerror(-err));
	return err;
}

static void say_counts(const char *out_name, const struct export_counts *n)
{
	fprintf(stderr, "schedtop: %llu spans, %llu gaps, %llu pauses and %llu counter values in %s\n",
		(unsigned long long)n->spans, (unsigned long long)n->gaps, (unsigned long long)n->stws,
		(unsigned long long)n->counters, out_name);
}

static const struct export_format *chosen_format(const struct options *o)
{
	const struct export_format *f = o->format ? export_format_find(o->format) : NULL;
	char names[160], why[200];

	if (f)
		return f;
	snprintf(why, sizeof(why), "Choose one of: %s", export_format_names(names, sizeof(names)));
	if (o->format)
		snprintf(names, sizeof(names), "--format=%s", o->format);
	cli_usage(o->format ? names : "--format", o->format ? "there is no such format" : "it isn't given", why);
	return NULL;
}

int cmd_export(const struct options *o, char **operands)
{
	struct exporting e = {.format = chosen_format(o)};
	const char *path = e.format ? cli_one_file("export", operands) : NULL;
	struct export_counts counts = {0};
	struct fault fault = {0};
	struct target_file out;

	if (!path)
		return EXIT_USAGE;
	int err = open_target(&out, o, e.format, &fault);
	if (err == 0) {
		e.fd = out.fd;
		err = export_to(path, &e, out.path ? out.path : "standard output", &counts, &fault);
	}
	err = close_target(&out, err, &fault);
	if (err < 0)
		return cli_fail(&fault);
	if (o->output && strcmp(o->output, "-") != 0)
		say_counts(o->output, &counts);
	return EXIT_SUCCESS;
}
