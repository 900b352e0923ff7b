/* SPDX-License-Identifier: GPL-2.0-only */
/* set: switches asynchronous preemption on in a live process (target/rescue.h). Nothing else can be set. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "cli/cli.h"
#include "cli/set.h"
#include "target/go_target.h"
#include "target/rescue.h"
#include "target/stuck.h"

#define LOOK_EVERY_NS (5 * NS_PER_MS)

int set_parse(const char *text, struct fault *fault)
{
	static const char name[] = "asyncpreemptoff";
	const char *eq = strchr(text, '=');
	char what[64], *end;

	snprintf(what, sizeof(what), "%.60s", text);
	if (!eq || eq == text) {
		fault_set(fault, -EINVAL, what, "this is no SETTING=VALUE");
		return fault_todo(fault, "Write schedtop set PID asyncpreemptoff=0");
	}
	errno = 0;
	long value = strtol(eq + 1, &end, 10);
	if (end == eq + 1 || *end || errno || value < INT32_MIN || value > INT32_MAX || strchr(" +\t\n", eq[1])) {
		fault_set(fault, -EINVAL, what, "the value is no number");
		return fault_todo(fault, "Write schedtop set PID asyncpreemptoff=0");
	}
	if (strlen(name) != (size_t)(eq - text) || strncmp(text, name, sizeof(name) - 1) != 0) {
		fault_set(fault, -EPERM, what,
			  "only asyncpreemptoff can be set in a live process: the runtime reads it afresh each time, "
			  "and 0 does no harm");
		return fault_todo(fault, "Restart the program with that setting in GODEBUG");
	}
	if (value != 0) {
		fault_set(fault, -EPERM, what,
			  "only 0 can be written: another value leaves signals that are under way unanswered, and "
			  "threads that are never preempted again, also after 0 is back");
		return fault_todo(fault, "Restart the program with GODEBUG=%s", "asyncpreemptoff=1");
	}
	return 0;
}

/* The answer of whoever is at the terminal; anything but yes is no. */
static bool says_yes(void)
{
	char line[16] = "";

	fflush(stdout);
	fputs("Write it? [y/N] ", stderr);
	fflush(stderr);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	return strcmp(line, "y\n") == 0 || strcmp(line, "Y\n") == 0 || strcmp(line, "yes\n") == 0;
}

static int agree(const struct options *o, struct fault *fault)
{
	if (o->yes)
		return 0;
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		if (says_yes())
			return 0;
		return fault_set(fault, -ECANCELED, "set", "not confirmed: nothing was written");
	}
	fflush(stdout);
	fault_set(fault, -EPERM, "set", "there is no terminal to ask on: nothing was written");
	return fault_todo(fault, "Add --yes to have it done without being asked");
}

/* Looks until no thread is left that lost its signal, or it is known that they can't be had back. */
static int repair(struct go_target *t, struct fault *fault)
{
	static struct stuck s;
	struct stuck_reader r;

	if (stuck_reader_of(t, &r) < 0)
		return fault_set(fault, -ENODATA, "signals",
				 "threads that lost theirs can't be looked for in this version of Go");
	stuck_begin(&s, clock_now_ns());
	while (!stuck_step(&s, &r, clock_now_ns())) {
		const struct timespec wait = {.tv_nsec = (long)LOOK_EVERY_NS};

		nanosleep(&wait, NULL);
	}
	char text[STUCK_TEXT_CAP];

	printf("%s\n", stuck_text(&s, text, sizeof(text)));
	if (s.found == s.repaired)
		return 0;
	fault_set(fault, -EIO, "signals", "%u of %u threads didn't answer their SIGURG", s.found - s.repaired, s.found);
	return fault_todo(fault, "They aren't preempted by signal until they get one; see schedtop(1)");
}

static int rescue(const struct options *o, struct go_target *t, struct fault *fault)
{
	cleanup_with(rescue_plan_done) struct rescue_plan plan = {.pidfd = -1};
	char lines[RESCUE_LINES][RESCUE_LINE_CAP];
	uint64_t at_ns;
	int err = rescue_plan(t, &plan, fault);

	if (err < 0)
		return err;
	size_t n = rescue_describe(t, &plan, lines);
	for (size_t i = 0; i < n; i++)
		puts(lines[i]);
	if (plan.from == 0) {
		puts("Asynchronous preemption is on already: nothing was written.");
		return 0;
	}
	err = agree(o, fault);
	if (err == 0)
		err = rescue_write(t, &plan, &at_ns, fault);
	if (err < 0)
		return err;
	printf("Written and read back: asyncpreemptoff was %" PRId32 ", is 0. Asynchronous preemption is on.\n",
	       plan.from);
	fflush(stdout);
	return repair(t, fault);
}

int cmd_set(const struct options *o, char **operands)
{
	struct fault fault = {0};
	struct go_target *t = NULL;
	pid_t pid;

	if (!operands[0] || !operands[1] || operands[2])
		return cli_usage("set", "a process id and a setting are needed",
				 "Write schedtop set PID asyncpreemptoff=0");
	int err = options_parse_pid(operands[0], &pid, &fault);
	if (err == 0)
		err = set_parse(operands[1], &fault);
	if (err < 0) {
		fault_print(&fault, stderr);
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	err = cli_check_process(pid, "set", &fault);
	if (err == 0)
		err = go_target_open(pid, NULL, &t, &fault);
	if (err == 0)
		err = rescue(o, t, &fault);
	go_target_close(t);
	fflush(stdout);
	return err < 0 ? cli_fail(&fault) : cli_stdout_status(0);
}
