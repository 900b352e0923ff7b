/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/recording.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/text.h"
#include "capture/capture.h"

/* What SIGUSR1 triggers, while it lives: the sessions side by side. More than that aren't triggered. */
#define TRIGGERED_MAX 8
static struct capture_writer *volatile triggered[TRIGGERED_MAX];

static void on_trigger(int sig)
{
	(void)sig;
	for (int i = 0; i < TRIGGERED_MAX; i++) {
		if (triggered[i])
			capture_writer_trigger(triggered[i]);
	}
}

static void replace_triggered(const struct capture_writer *old, struct capture_writer *by)
{
	for (int i = 0; i < TRIGGERED_MAX; i++) {
		if (triggered[i] == old) {
			triggered[i] = by;
			return;
		}
	}
}

static bool to_stdout(const struct options *o)
{
	return strcmp(o->output, "-") == 0;
}

static int check(const struct options *o, bool alone, struct fault *fault)
{
	const char *what = o->flight_ns                      ? "--flight"
			   : o->rotate_bytes || o->rotate_ns ? "--rotate"
			   : o->trigger                      ? "--trigger"
			   : o->redact                       ? "--redact"
			   : o->bwlimit                      ? "--bwlimit"
							     : NULL;

	if (!o->output && what) {
		fault_set(fault, -EINVAL, what, "nothing is recorded without a file");
		return fault_todo(fault, "Give one with -o FILE");
	}
	if (o->output && to_stdout(o) && !alone) {
		fault_set(fault, -EINVAL, "-o -", "standard output has the screen or the report");
		return fault_todo(fault, "Use schedtop record -o - for a stream, or give a file");
	}
	if (o->output && to_stdout(o) && (o->rotate_bytes || o->rotate_ns || o->flight_ns)) {
		fault_set(fault, -EINVAL, what, "standard output is one stream");
		return fault_todo(fault, "Give a file with -o FILE");
	}
	if (o->trigger && !o->flight_ns) {
		fault_set(fault, -EINVAL, "--trigger", "it triggers the flight recorder, which is off");
		return fault_todo(fault, "Add --flight SECONDS");
	}
	return 0;
}

int recording_start(const struct options *o, bool alone, struct capture_writer **ret, struct fault *fault)
{
	struct capture_writer_opts opts = {.size = sizeof(opts),
					   .fd = STDOUT_FILENO,
					   .redact = o->redact,
					   .rotate_bytes = o->rotate_bytes,
					   .rotate_ns = o->rotate_ns,
					   .keep = o->keep,
					   .flight_ns = o->flight_ns,
					   .bwlimit = o->bwlimit};
	struct sigaction sa = {.sa_handler = on_trigger, .sa_flags = SA_RESTART};
	struct session empty;

	*ret = NULL;
	int err = check(o, alone, fault);
	if (err < 0 || !o->output)
		return err;
	if (!to_stdout(o))
		opts.path = o->output;
	session_init(&empty);
	err = capture_writer_new(&opts, &empty, ret, fault);
	session_done(&empty);
	if (err < 0)
		return err;
	replace_triggered(NULL, *ret);
	sigaction(SIGUSR1, &sa, NULL);
	return 0;
}

bool recording_failed(const struct capture_writer *w)
{
	struct capture_writer_stats stats;

	if (!w)
		return false;
	capture_writer_stats(w, &stats);
	return stats.error != 0;
}

static void say_recorded(const struct options *o, const struct capture_writer_stats *stats)
{
	char size[32];

	if (o->flight_ns && !stats->triggers) {
		fprintf(stderr, "schedtop: the flight recorder wasn't triggered: %s was not written", o->output);
	} else {
		text_bytes(size, sizeof(size), stats->bytes);
		fprintf(stderr, "schedtop: %llu events recorded, %s", (unsigned long long)stats->events, size);
		if (!to_stdout(o))
			fprintf(stderr, " in %s", o->output);
		if (stats->files > 1)
			fprintf(stderr, " and %llu more files", (unsigned long long)stats->files - 1);
		if (o->flight_ns)
			fprintf(stderr, "; the flight recorder was triggered %llu times",
				(unsigned long long)stats->triggers);
	}
	if (stats->dropped)
		fprintf(stderr, "; %llu events dropped, because %s", (unsigned long long)stats->dropped,
			stats->error ? "writing had failed" : "they couldn't be written fast enough");
	fputs("\n", stderr);
}

int recording_end(const struct options *o, struct capture_writer *w, struct fault *fault)
{
	struct capture_writer_stats stats;

	if (!w)
		return 0;
	replace_triggered(w, NULL);
	int err = capture_writer_end(w, &stats, fault);
	say_recorded(o, &stats);
	return err;
}

void recording_drop(struct capture_writer *w)
{
	replace_triggered(w, NULL);
	capture_writer_end(w, NULL, NULL);
}
