/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The developer's log. SCHEDTOP_DEBUG=collect,model,draw (or "all") turns topics on; the lines go to the file named by
 * SCHEDTOP_DEBUG_FILE (default: schedtop-debug.log in the current directory), never to the screen.
 */
#ifndef SCHEDTOP_BASE_LOG_H
#define SCHEDTOP_BASE_LOG_H

enum log_topic {
	LOG_COLLECT = 1 << 0,
	LOG_MODEL = 1 << 1,
	LOG_DRAW = 1 << 2,
	LOG_TARGET = 1 << 3,
};

/** Reads the environment once; called by main before any thread starts. */
void log_init(void);

/**
 * Writes one line if @topic is on; cut at 511 bytes, foreign text in it escaped. Any thread: lines don't mix. errno may
 * change.
 */
void log_write(enum log_topic topic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
