/* SPDX-License-Identifier: GPL-2.0-only */
/* Which collector: the best one that works here, and why not a better one. */
#ifndef SCHEDTOP_COLLECTORS_AUTO_H
#define SCHEDTOP_COLLECTORS_AUTO_H

#include "collectors/collector.h"

#define COLLECTORS_MAX 4

/** The collectors of a name ("auto": all of them, best first), ended by NULL; NULL for a name that there isn't. */
const struct collector_ops *const *collectors_named(const char *name);

/**
 * Opens and starts the first of @candidates (NULL-terminated) that can be; session->collector is its name, why the ones
 * before it can't goes to session->why_not. 0 with *ret_ops and *ret; else -errno of the first with @fault about all.
 */
int collectors_start(const struct collector_ops *const *candidates, const struct collector_opts *opts,
		     struct session *session, const struct collector_ops **ret_ops, struct collector **ret,
		     struct fault *fault);

#endif
