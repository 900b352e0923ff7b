/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starts the target of a session once more, beside it, for the screen: with other settings or another binary, as the
 * same user, watched by an engine of its own. Used on the main thread: what is launched ends with the thread that
 * launched it.
 */
#ifndef SCHEDTOP_CLI_RELAUNCH_H
#define SCHEDTOP_CLI_RELAUNCH_H

#include <stddef.h>

#include "cli/options.h"
#include "engine/engine.h"
#include "tui/tui.h"

struct fault;
struct relaunch;

/* What a target gets to end by itself after SIGTERM. */
#define END_GRACE_MS 2000

/**
 * @first  the session's engine, started with @like (its strings and its launch must outlive this)
 * How an attached process was started is read now, while it is there. NULL when there is no memory.
 */
struct relaunch *relaunch_new(const struct options *o, struct engine *first, const struct engine_opts *like);

/** What the screen calls. */
const struct tui_relaunch *relaunch_ops(const struct relaunch *r);

/** The screen's view of a live session. */
struct tui_feed relaunch_feed(const struct options *o, struct engine *e);

/** Ends what was started, its captures too, and says on stderr where captures and output are. Accepts NULL. */
void relaunch_free(struct relaunch *r);

/**
 * The name of the @n-th file of a family, 2 or above: FILE-2, before a suffix: app-2.cap. Returns a string to free, or
 * NULL.
 */
char *relaunch_beside(const char *file, unsigned n);

/** A name for a log that nobody can have prepared; the file is made. 0 or -errno with @fault. */
int relaunch_make_log(char *ret, size_t cap, struct fault *fault);

/** Says where a log that relaunch_make_log() made is, or takes it away when there is nothing in it. */
void relaunch_settle_log(const char *path);

#endif
