/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What schedtop may do, and when it gives that up (docs/security.md). Sets of capabilities are bit masks by the numbers
 * of linux/capability.h. Capabilities belong to a thread: these functions act on the calling one, and a thread that is
 * made later begins with what its maker has.
 */
#ifndef SCHEDTOP_BASE_PRIVILEGES_H
#define SCHEDTOP_BASE_PRIVILEGES_H

#include <linux/capability.h>
#include <stdint.h>

#define PRIVILEGE(cap) (UINT64_C(1) << (cap))

/* Loading programs, placing probes; reading another user's process, its files included; ending it. */
#define PRIVILEGES_PROBES  (PRIVILEGE(CAP_BPF) | PRIVILEGE(CAP_PERFMON))
#define PRIVILEGES_FOREIGN (PRIVILEGE(CAP_SYS_PTRACE) | PRIVILEGE(CAP_DAC_READ_SEARCH) | PRIVILEGE(CAP_KILL))

/** The capabilities in effect, and those that could be. */
uint64_t privileges_effective(void);
uint64_t privileges_permitted(void);

/**
 * At the start of a command, before there are threads. Under sudo schedtop becomes the invoking user and keeps only
 * what tracing needs: from then on it is as if file capabilities had been given. Otherwise nothing changes. 0 or
 * -errno.
 */
int privileges_begin(void);

/**
 * Gives up for good all that isn't in @keep, and the way to regain anything (no_new_privs: whatever this process execs
 * then has no more rights either). Root that nobody called through sudo keeps besides what it needs to write and to end
 * its own things where it could before: CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_KILL. 0 or -errno.
 */
int privileges_settle(uint64_t keep);

/** Gives up everything, root's part included. 0 or -errno. */
int privileges_drop(void);

/** This thread alone: it has nothing but root's part of the above. A thread that writes files needs no more. */
void privileges_drop_thread(void);

/**
 * Puts the capabilities out of effect, but for root's part, so that what follows is allowed by the user's own rights
 * only. Returns what privileges_restore() puts back.
 */
uint64_t privileges_lower(void);
/** The other way: puts into effect all that is permitted. */
uint64_t privileges_raise(void);
void privileges_restore(uint64_t effective);

#endif
