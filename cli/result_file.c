/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/result_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/invoker.h"

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

static int open_in_place(struct result_file *t, struct fault *fault)
{
	t->fd = open(t->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return t->fd < 0 ? fault_set(fault, -errno, t->path, "it can't be opened (%s)", strerror(errno)) : 0;
}

int result_file_open(struct result_file *t, const char *name, struct fault *fault)
{
	struct stat st;
	bool exists = stat(name, &st) == 0;

	*t = (struct result_file){.fd = -1};
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
	invoker_give(t->fd);
	remove_if_interrupted(t->temporary);
	return 0;
}

int result_file_close(struct result_file *t, int err, struct fault *fault)
{
	if (t->path && t->fd >= 0 && close(t->fd) < 0 && err == 0)
		err = fault_set(fault, -errno, t->path, "it can't be written (%s)", strerror(errno));
	if (t->temporary && t->path && err == 0 && rename(t->temporary, t->path) < 0)
		err = fault_set(fault, -errno, t->path, "it can't be made (%s)", strerror(errno));
	if (t->temporary && err < 0)
		unlink(t->temporary);
	unfinished = NULL;
	free(t->temporary);
	free(t->path);
	*t = (struct result_file){.fd = -1};
	return err;
}
