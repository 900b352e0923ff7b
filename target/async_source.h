/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is asynchronous preemption on, and who says so? One GODEBUG setting of those in godebug.h, told with its evidence.
 * Internal to target/.
 */
#ifndef SCHEDTOP_TARGET_ASYNC_SOURCE_H
#define SCHEDTOP_TARGET_ASYNC_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "target/godebug.h"

struct async_facts {
	struct godebug_facts set;
	bool live_known; /* runtime.debug.asyncpreemptoff in memory could be read */
	int32_t live;
};

/** Decides: fills s->async_enabled, s->async_source and the evidence. */
void async_source_decide(const struct async_facts *f, struct session *s);

/** Collects the facts of a located process (its GO* environment is in @s already) and decides. */
void async_source_of_process(const struct go_target *t, bool env_known, struct session *s);

/** The same for a file that doesn't run. */
void async_source_of_file(const struct go_binary *b, struct session *s);

#endif
