/* SPDX-License-Identifier: GPL-2.0-only */
/* The session and the facts of a recording as JSON: what a META block holds. */
#ifndef SCHEDTOP_CAPTURE_META_H
#define SCHEDTOP_CAPTURE_META_H

#include "capture/capture.h"

/**
 * Returns the session as one JSON object, NULL on ENOMEM; the caller frees. @options may be NULL. @redact leaves out
 * arguments, options and folders.
 */
char *meta_print(const struct session *s, const char *options, bool redact);

/**
 * Replaces what @ret (initialised) and @ret_info hold by what the JSON says; unknown keys are ignored, missing ones are
 * unknown. 0, -EBADMSG (nothing is changed), -ENOMEM.
 */
int meta_parse(const char *json, size_t len, struct session *ret, struct capture_info *ret_info);

/** Where the last part of a path begins. */
const char *meta_base_name(const char *path);

#endif
