/* SPDX-License-Identifier: GPL-2.0-only */
/* Who called schedtop, when it runs as root through sudo: what it starts and what it writes is theirs, not root's. */
#ifndef SCHEDTOP_BASE_INVOKER_H
#define SCHEDTOP_BASE_INVOKER_H

#include <stdbool.h>
#include <sys/types.h>

/** By SUDO_UID and SUDO_GID, when we are root. false: nobody but ourselves. *ret_gid is (gid_t)-1 when it isn't told.
 */
bool invoker_ids(uid_t *ret_uid, gid_t *ret_gid);

/** Gives an open file to the invoking user. A file that stays root's is an inconvenience, not a fault. */
void invoker_give(int fd);

#endif
