/* SPDX-License-Identifier: GPL-2.0-only */
/* What may be set in a live process, for cmd_set.c and its test. */
#ifndef SCHEDTOP_CLI_SET_H
#define SCHEDTOP_CLI_SET_H

struct fault;

/**
 * Reads SETTING=VALUE. 0 = asyncpreemptoff=0; -EINVAL it isn't of that form (wrong use); -EPERM it is, but must not be
 * written into a live process; both with @fault.
 */
int set_parse(const char *text, struct fault *fault);

#endif
