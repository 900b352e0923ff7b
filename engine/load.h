/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole capture into a model, at once and on the caller's thread: for reports, pictures and exports. */
#ifndef SCHEDTOP_ENGINE_LOAD_H
#define SCHEDTOP_ENGINE_LOAD_H

#include "capture/capture.h"
#include "model/model.h"

#include <stdint.h>

struct fault;

struct loaded {
	struct capture_reader *reader;
	struct model *model;
};

/* What else wants to see the events: after the model has had each. */
struct load_opts {
	struct model_opts model;
	int fd;            /* the capture, open already, which stays the caller's; 0 = @path is opened */
	uint64_t until_ns; /* stop there: ns from the session's start; UINT64_MAX = read all */
	/* Before the first event; may be NULL. 0 or a negative errno, as event. */
	int (*opened)(void *ctx, const struct loaded *l);
	/* May be NULL. 0, or a negative errno that ends the reading and that load_capture() returns, without a fault.
	 */
	int (*event)(void *ctx, const struct loaded *l, const struct event *ev);
	void *ctx;
};

/** Reads @path ("-": standard input, to its end). 0 with what load_done() frees; -errno with @fault. */
int load_capture(const char *path, const struct load_opts *opts, struct loaded *ret, struct fault *fault);

void load_done(struct loaded *l);

/** Says why a capture can't be read on: @err is what its reader returned. Returns it. */
int load_fault(const char *path, int err, struct fault *fault);

#endif
