/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/values.h"
#include "collectors/auto.h"
#include "tui/view.h"

#define SAMPLE_HZ_DEFAULT 199 /* no divisor of a timer's rate, so that samples don't run in step with it */
#define SAMPLE_HZ_MAX     10000
#define DURATION_MAX_S    1e8 /* three years */
#define KEEP_MAX          10000
#define KEEP_DEFAULT      5
#define ROUNDS_MAX        100
#define ROUNDS_DEFAULT    5
#define WARMUP_DEFAULT    1
#define COLS_DEFAULT      120
#define ROWS_DEFAULT      40
#define HELP_COLS         26
/* getopt_long() values of the long options: out of the letters' way. */
#define LONG_BASE 256

struct option_row {
	const char *name;
	int letter;
	const char *arg;
	unsigned commands;
	const char *help;
};

static const struct option_row rows[] = {
#define OPTION_ROW(id, name, letter, arg, commands, help) [OPT_##id] = {name, letter, arg, commands, help},
	OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

static int bad_value(struct fault *fault, enum option_id id, const char *value, const char *want)
{
	char what[64];

	snprintf(what, sizeof(what), "--%s", rows[id].name);
	fault_set(fault, -EINVAL, what, "'%s' is not %s", value, want);
	return fault_todo(fault, "See schedtop --help");
}

int options_parse_pid(const char *text, pid_t *ret, struct fault *fault)
{
	unsigned long v;

	if (value_uint(text, INT32_MAX, &v) < 0 || v == 0) {
		fault_set(fault, -EINVAL, text, "this is no process id");
		return fault_todo(fault, "Give the number of a running process; pgrep NAME finds it");
	}
	*ret = (pid_t)v;
	return 0;
}

static int parse_duration(const char *text, double *ret)
{
	double v;

	if (value_decimal(text, DURATION_MAX_S, &v) < 0 || v <= 0)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* A size or an age. */
static int parse_rotate(const char *text, struct options *o)
{
	uint64_t bytes, ns;

	if (value_bytes(text, &bytes) == 0 && !strpbrk(text, "sh") && text[strlen(text) - 1] != 'm')
		o->rotate_bytes = bytes;
	else if (value_time(text, &ns) == 0 && ns > 0)
		o->rotate_ns = ns;
	else
		return -EINVAL;
	return 0;
}

static int parse_detail(const char *text, enum detail_level *ret, struct fault *fault)
{
	if (strcmp(text, "exact") == 0)
		*ret = DETAIL_EXACT;
	else if (strcmp(text, "threads") == 0)
		*ret = DETAIL_THREADS;
	else if (strcmp(text, "sched") == 0)
		*ret = DETAIL_SCHED;
	else
		return bad_value(fault, OPT_DETAIL, text, "threads, sched or exact");
	return 0;
}

static int parse_collector(const char *text, struct options *o, struct fault *fault)
{
	if (!collectors_named(text))
		return bad_value(fault, OPT_COLLECTOR, text, "auto, ebpf, perf, proc or schedtrace");
	o->collector = text;
	return 0;
}

static int append(struct option_list *list, enum option_id id, const char *arg, struct fault *fault)
{
	if (list->n == OPTION_LIST_MAX)
		return bad_value(fault, id, arg, "possible any more: it was given too often");
	list->text[list->n++] = arg;
	return 0;
}

/* The options of compare. */
static int take_compare(enum option_id id, const char *arg, struct options *o, struct fault *fault)
{
	unsigned long v;

	switch (id) {
	case OPT_VARIANT:
		return append(&o->variants, id, arg, fault);
	case OPT_BINARY:
		return append(&o->binaries, id, arg, fault);
	case OPT_CPUS:
		return append(&o->cpus, id, arg, fault);
	case OPT_ASSERT:
		return append(&o->asserts, id, arg, fault);
	case OPT_ROUNDS:
		if (value_uint(arg, ROUNDS_MAX, &v) < 0 || !v)
			return bad_value(fault, id, arg, "a number from 1 to 100");
		o->rounds = (unsigned)v;
		break;
	case OPT_WARMUP:
		if (value_uint(arg, ROUNDS_MAX, &v) < 0)
			return bad_value(fault, id, arg, "a number from 0 to 100");
		o->warmup = (unsigned)v;
		break;
	case OPT_TIMEOUT:
		if (parse_duration(arg, &o->timeout_s) < 0)
			return bad_value(fault, id, arg, "a number of seconds above 0");
		break;
	case OPT_PARALLEL:
		o->parallel = true;
		break;
	case OPT_FIGURES:
		o->figures = arg;
		break;
	case OPT_PRESET:
		o->preset = arg;
		break;
	case OPT_SAVE:
		o->save = arg;
		break;
	case OPT_NO_NOISE_CHECK:
		o->no_noise_check = true;
		break;
	case OPT_READY:
		o->ready = arg;
		break;
	case OPT_READY_TIMEOUT:
		if (value_time(arg, &o->ready_timeout_ns) < 0 || !o->ready_timeout_ns)
			return bad_value(fault, id, arg, "a time above 0 (30, 500ms)");
		break;
	case OPT_LOAD:
		if (!*arg)
			return bad_value(fault, id, arg, "a command");
		o->load = arg;
		break;
	case OPT_ISOLATE:
		if (strcmp(arg, "net") != 0)
			return bad_value(fault, id, arg, "net");
		o->isolate_net = true;
		break;
	case OPT_HTML:
		o->html = arg;
		break;
	default:
		break;
	}
	return 0;
}

/* The options of snapshot. */
static int take_snapshot(enum option_id id, const char *arg, struct options *o, struct fault *fault)
{
	unsigned long v;

	switch (id) {
	case OPT_SIZE:
		if (value_size(arg, &o->cols, &o->rows) < 0)
			return bad_value(fault, id, arg, "a size in cells (120x40), up to 1000 each");
		break;
	case OPT_AT:
		if (value_time(arg, &o->at_ns) < 0)
			return bad_value(fault, id, arg, "a time (12.5, 300ms)");
		o->have_at = true;
		break;
	case OPT_WINDOW:
		if (value_time(arg, &o->window_ns) < 0 || !o->window_ns)
			return bad_value(fault, id, arg, "a time above 0 (4s, 300ms)");
		break;
	case OPT_VIEW:
		o->view = arg;
		break;
	case OPT_FIND:
	case OPT_FILTER:
		if (strlen(arg) >= PATTERN_CAP)
			return bad_value(fault, id, arg, "a text of at most 63 characters");
		*(id == OPT_FIND ? &o->find : &o->filter) = arg;
		break;
	case OPT_FOLLOW:
		arg += *arg == 'G' || *arg == 'g';
		if (value_uint(arg, UINT64_MAX, &v) < 0 || !v)
			return bad_value(fault, id, arg, "the number of a goroutine");
		o->follow = arg;
		break;
	default:
		return take_compare(id, arg, o, fault);
	}
	return 0;
}

static int take_option(enum option_id id, const char *arg, struct options *o, struct fault *fault)
{
	unsigned long v;

	switch (id) {
	case OPT_PID:
		return options_parse_pid(arg, &o->pid, fault);
	case OPT_COLLECTOR:
		return parse_collector(arg, o, fault);
	case OPT_DETAIL:
		return parse_detail(arg, &o->detail, fault);
	case OPT_DURATION:
		if (parse_duration(arg, &o->duration_s) < 0)
			return bad_value(fault, id, arg, "a number of seconds above 0");
		break;
	case OPT_JSON:
		o->json = true;
		o->batch = true;
		break;
	case OPT_BATCH:
		o->batch = true;
		break;
	case OPT_THEME:
		o->theme = arg;
		break;
	case OPT_NO_COLOR:
		o->no_color = true;
		break;
	case OPT_ASCII:
		o->ascii = true;
		break;
	case OPT_NO_MOUSE:
		o->no_mouse = true;
		break;
	case OPT_SAMPLE_HZ:
		if (value_uint(arg, SAMPLE_HZ_MAX, &v) < 0)
			return bad_value(fault, id, arg, "a number from 0 to 10000");
		o->sample_hz = (uint32_t)v;
		break;
	case OPT_MAX_OVERHEAD:
		if (value_decimal(arg, 100, &o->max_overhead_pct) < 0)
			return bad_value(fault, id, arg, "a percentage from 0 (no limit) to 100");
		break;
	case OPT_IGNORE_STATUS:
		o->ignore_status = true;
		break;
	case OPT_LOG:
		o->log = arg;
		break;
	case OPT_OUTPUT:
		o->output = arg;
		break;
	case OPT_REDACT:
		o->redact = true;
		break;
	case OPT_ROTATE:
		if (parse_rotate(arg, o) < 0)
			return bad_value(fault, id, arg, "a size (100M) or a time (10m)");
		break;
	case OPT_KEEP:
		if (value_uint(arg, KEEP_MAX, &v) < 0)
			return bad_value(fault, id, arg, "a number from 0 to 10000");
		o->keep = (unsigned)v;
		break;
	case OPT_FLIGHT:
		if (value_time(arg, &o->flight_ns) < 0 || !o->flight_ns)
			return bad_value(fault, id, arg, "a number of seconds above 0");
		break;
	case OPT_TRIGGER:
		if (value_trigger(arg, &o->trigger_gap_ns, &o->trigger_stw_ns) < 0)
			return bad_value(fault, id, arg, "gap=MS, stw=MS or both with a comma between");
		o->trigger = arg;
		break;
	case OPT_BWLIMIT:
		if (value_bytes(arg, &o->bwlimit) < 0)
			return bad_value(fault, id, arg, "a number of bytes a second (500K)");
		break;
	case OPT_FORMAT:
		o->format = arg;
		break;
	case OPT_SSH:
		o->ssh = arg;
		break;
	case OPT_REMOTE_SCHEDTOP:
		o->remote_schedtop = arg;
		break;
	case OPT_YES:
		o->yes = true;
		break;
	case OPT_HELP:
		o->help = true;
		break;
	case OPT_VERSION:
		o->version = true;
		break;
	default:
		return take_snapshot(id, arg, o, fault);
	}
	return 0;
}

/* What getopt_long() has just refused. */
static int refused(int answer, char **argv, struct fault *fault)
{
	char letter[] = {'-', (char)optopt, '\0'};
	const char *word = argv[optind - 1];

	/* Of a letter the word is still being read, or it was the last one in it. */
	const char *what = optopt > 0 && optopt < LONG_BASE ? letter : word;
	if (answer == ':')
		fault_set(fault, -EINVAL, what, "this option needs a value");
	else if (optopt >= LONG_BASE)
		fault_set(fault, -EINVAL, what, "this option takes no value");
	else
		fault_set(fault, -EINVAL, what, "there is no such option here");
	return fault_todo(fault, "See schedtop --help");
}

int options_parse(unsigned commands, bool stop_at_operand, int argc, char **argv, struct options *ret,
		  struct fault *fault)
{
	struct option longs[OPT_COUNT + 1] = {0};
	char letters[2 * OPT_COUNT + 3];
	size_t n_letters = 0, n_longs = 0;
	int answer;

	if (stop_at_operand)
		letters[n_letters++] = '+'; /* else, as GNU does, operands may stand between options */
	letters[n_letters++] = ':';
	for (int id = 0; id < OPT_COUNT; id++) {
		const struct option_row *row = &rows[id];

		if (!(row->commands & commands))
			continue;
		longs[n_longs++] = (struct option){
			.name = row->name,
			.has_arg = row->arg ? required_argument : no_argument,
			.val = LONG_BASE + id,
		};
		if (!row->letter)
			continue;
		letters[n_letters++] = (char)row->letter;
		if (row->arg)
			letters[n_letters++] = ':';
	}
	letters[n_letters] = '\0';

	*ret = (struct options){.collector = "auto",
				.detail = DETAIL_SCHED,
				.sample_hz = SAMPLE_HZ_DEFAULT,
				.max_overhead_pct = MAX_OVERHEAD_PCT_DEFAULT,
				.keep = KEEP_DEFAULT,
				.cols = COLS_DEFAULT,
				.rows = ROWS_DEFAULT,
				.rounds = ROUNDS_DEFAULT,
				.warmup = WARMUP_DEFAULT};
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		enum option_id id = OPT_COUNT;

		if (answer == '?' || answer == ':')
			return refused(answer, argv, fault);
		for (int i = 0; i < OPT_COUNT; i++) {
			if (answer == LONG_BASE + i || (rows[i].letter && answer == rows[i].letter))
				id = (enum option_id)i;
		}
		int err = take_option(id, optarg, ret, fault);
		if (err < 0)
			return err;
	}
	return optind;
}

void options_help(unsigned commands)
{
	for (size_t id = 0; id < ARRAY_SIZE(rows); id++) {
		const struct option_row *row = &rows[id];
		char left[64], letter[8] = "    ";

		if (!(row->commands & commands))
			continue;
		if (row->letter)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name, row->arg ? "=" : "",
			 row->arg ? row->arg : "");
		/* inspect, doctor and report have no screen to leave out. */
		const char *help = id == OPT_JSON && !(commands & COMMANDS_BATCH) ? "print JSON" : row->help;
		printf("  %-*s %s\n", HELP_COLS, left, help);
	}
}
