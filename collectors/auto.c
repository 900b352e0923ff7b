/* SPDX-License-Identifier: GPL-2.0-only */
#include "collectors/auto.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"

static const struct {
	const char *name;
	const struct collector_ops *ops[COLLECTORS_MAX];
} choices[] = {
	{"auto", {&collector_ebpf, &collector_perf, &collector_proc}},
	{"ebpf", {&collector_ebpf}},
	{"perf", {&collector_perf}},
	{"proc", {&collector_proc}},
	{"schedtrace", {&collector_schedtrace}},
};

const struct collector_ops *const *collectors_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (strcmp(choices[i].name, name) == 0)
			return choices[i].ops;
	}
	return NULL;
}

static int try_one(const struct collector_ops *ops, const struct collector_opts *opts, struct session *session,
		   struct collector **ret, struct fault *fault)
{
	struct collector *c;
	int err = ops->open(opts, &c, fault);

	if (err < 0)
		return err;
	session->collector = ops->name;
	err = ops->start(c, session, fault);
	if (err < 0)
		ops->close(c);
	else
		*ret = c;
	return err;
}

/* Nothing works: the first says what to do, the others why they don't help either. */
static int add_fault(struct fault *all, const struct fault *next)
{
	size_t n = strlen(all->why);

	if (!all->err) {
		*all = *next;
		return all->err;
	}
	snprintf(all->why + n, sizeof(all->why) - n, "; %s: %.120s", next->what, next->why);
	return all->err;
}

int collectors_start(const struct collector_ops *const *candidates, const struct collector_opts *opts,
		     struct session *session, const struct collector_ops **ret_ops, struct collector **ret,
		     struct fault *fault)
{
	struct fault all = {0};

	for (; *candidates; candidates++) {
		struct fault why = {0};
		int err = try_one(*candidates, opts, session, ret, &why);

		if (err == 0) {
			*ret_ops = *candidates;
			return 0;
		}
		log_write(LOG_COLLECT, "%s: %s", (*candidates)->name, why.why);
		session_why_not(session, "%s: %s. %s", (*candidates)->name, why.why, why.todo);
		add_fault(&all, &why);
	}
	if (fault)
		*fault = all;
	return all.err ? all.err : -ENOENT;
}
