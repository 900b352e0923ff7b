/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "cli/cli.h"
#include "cli/replay.h"
#include "cli/result_file.h"
#include "engine/load.h"
#include "export/export.h"

static int open_target(struct result_file *t, const struct options *o, const struct export_format *f,
		       struct fault *fault)
{
	*t = (struct result_file){.fd = STDOUT_FILENO};
	if (o->output && strcmp(o->output, "-") != 0)
		return result_file_open(t, o->output, fault);
	if (!export_format_is_binary(f) || !isatty(STDOUT_FILENO))
		return 0;
	fault_set(fault, -EINVAL, "standard output", "it is a terminal, and %s is binary", o->format);
	return fault_todo(fault, "Give a file with -o OUT");
}

struct exporting {
	const struct export_format *format;
	int in_fd, fd;
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
	const struct load_opts opts = {.model.undrawn = true,
				       .until_ns = UINT64_MAX,
				       .fd = e->in_fd,
				       .opened = on_opened,
				       .event = on_event,
				       .ctx = e};
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
	char settings[48] = "";

	if (n->settings)
		snprintf(settings, sizeof(settings), ", %llu settings", (unsigned long long)n->settings);
	fprintf(stderr, "schedtop: %llu spans, %llu gaps, %llu pauses%s and %llu counter values in %s\n",
		(unsigned long long)n->spans, (unsigned long long)n->gaps, (unsigned long long)n->stws, settings,
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
	struct result_file out;

	if (!path)
		return EXIT_USAGE;
	int err = cli_open(path, &e.in_fd, &fault);
	if (err < 0)
		return cli_fail(&fault);
	err = open_target(&out, o, e.format, &fault);
	if (err == 0) {
		cli_drop(SANDBOX_WRITE);
		e.fd = out.fd;
		err = export_to(path, &e, out.path ? out.path : "standard output", &counts, &fault);
	}
	err = result_file_close(&out, err, &fault);
	if (err < 0)
		return cli_fail(&fault);
	if (o->output && strcmp(o->output, "-") != 0)
		say_counts(o->output, &counts);
	return EXIT_SUCCESS;
}
