/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a variant that is a server needs around one run: its network namespace, the wait until it is ready, the load on
 * it. Where nothing of it is asked for, nothing happens. From the thread that launches (target/launch.h).
 *
 *   service_begin()     before the target is forked: service_launch_opts() says how
 *   service_ready()     it has been let go: waits until it is ready. Its output goes to standard error from here on
 *   service_load()      puts the load on it; then the measurement begins
 *   service_round()     now and then, while it is measured
 *   service_unload()    the measurement is over
 *   service_done()      it has been ended
 */
#ifndef SCHEDTOP_COMPARE_SERVICE_H
#define SCHEDTOP_COMPARE_SERVICE_H

#include "compare/load.h"
#include "compare/ready.h"
#include "engine/output.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct launch;

/* The same for all variants. */
struct service_opts {
	const char *ready;       /* --ready; NULL = at once */
	uint64_t ready_limit_ns; /* how long to wait for it */
	const char *load;        /* --load; NULL = none */
	bool isolate_net;
	int stop_fd; /* readable when the user wants the end; -1 = none */
};

struct service {
	const struct service_opts *opts; /* borrowed */
	const char *variant;             /* borrowed */
	struct ready ready;
	struct output output; /* of the target, while output_fd is read */
	int output_fd;        /* the launch's; -1 = it goes to standard error by itself */
	struct loadgen load;
	bool load_runs;
	int netns_fd; /* -1 = schedtop's own */
	char variant_env[96];
};

/** Is the target to be waited for, or loaded, before it is measured? */
static inline bool service_waits(const struct service_opts *opts)
{
	return opts->ready || opts->load;
}

/**
 * @variant is its name: for what is said, and SCHEDTOP_VARIANT in the load's environment. 0; or -errno with @fault: a
 * bad spec, no permission for a namespace, a port that is in use already. Call service_done() in any case.
 */
int service_begin(struct service *s, const struct service_opts *opts, const char *variant, struct fault *fault);

/** How the target is to be launched. */
struct launch_opts service_launch_opts(const struct service *s, char *const argv[], char *const env[]);

/** Waits until the target is ready. 0 or -errno with @fault: see ready_wait(). */
int service_ready(struct service *s, const struct launch *target, struct fault *fault);

/** Starts the load, if there is one. 0 or -errno with @fault. */
int service_load(struct service *s, struct fault *fault);

/** To be called every 100 ms or so. true: there is a load, and it has ended: so has the measurement. */
bool service_round(struct service *s);

/**
 * Ends the load with its group. Returns its status: as a shell gives it, -1 = none, or it was still running. If it
 * failed, @fault has its last line, and *@ret_lines (may be NULL) up to @cap of its last lines until service_done().
 */
int service_unload(struct service *s, struct fault *fault, const char **ret_lines, size_t cap, size_t *ret_n);

/** Passes on what the target printed last, gives the namespace up, frees. A load that still runs is ended. */
void service_done(struct service *s);

#endif
