/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * go_target: a live (or about to be exec'ed) process that runs a go_binary: where it is loaded, its memory, the state
 * of its runtime. Reads with process_vm_readv; never stops the process, never writes.
 */
#ifndef SCHEDTOP_TARGET_GO_TARGET_H
#define SCHEDTOP_TARGET_GO_TARGET_H

#include "target/go_binary.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fault;
struct session;
struct go_target;

/**
 * Describes process @pid.
 * @path  the binary to read; NULL = /proc/PID/exe. Give it for a process that hasn't exec'ed yet.
 * Returns 0 also when the program isn't Go (go_target_is_go() tells). The caller frees with go_target_close().
 * -ESRCH no such process, -EACCES not ours, and what go_binary_open() returns.
 */
int go_target_open(pid_t pid, const char *path, struct go_target **ret, struct fault *fault);
void go_target_close(struct go_target *t);

pid_t go_target_pid(const struct go_target *t);
bool go_target_is_go(const struct go_target *t);
const struct go_binary *go_target_binary(const struct go_target *t);
/** The path that a uprobe must name so that the kernel finds the file's inode (also in another mount namespace). */
const char *go_target_probe_path(const struct go_target *t);

/**
 * Finds the load address in /proc/PID/maps (call again after exec). 0; -EAGAIN while the program isn't mapped yet.
 * Only PIE programs have a non-zero bias.
 */
int go_target_locate(struct go_target *t);
/** run-time address = link-time address + bias. */
uint64_t go_target_bias(const struct go_target *t);

/** Reads the target's memory. 0 or -EFAULT, -EPERM, -ESRCH. Never a short read. */
int go_target_read(const struct go_target *t, uint64_t addr, void *buf, size_t len);

/** Resolves a run-time PC. */
int go_target_resolve(const struct go_target *t, uint64_t pc, struct go_loc *ret);

/**
 * Checks the offsets on the live process: walks allm; each m.procid must be a thread of the process, m.g0 must point
 * back, each p.id must be its index. 0 = trusted; -EAGAIN = the runtime isn't far enough yet; -EINVAL = they are wrong
 * and no goroutine may be shown (@fault says which check failed).
 */
int go_target_selfcheck(struct go_target *t, struct fault *fault);

/** runtime.gomaxprocs; -errno when it can't be read. */
int go_target_gomaxprocs(const struct go_target *t, int32_t *ret);
/** runtime.debug.asyncpreemptoff of the live process; -errno when it can't be read. */
int go_target_asyncpreemptoff(const struct go_target *t, int32_t *ret);

/**
 * Fills the session's target part: exe, args, GO* environment, version, settings, stripped, linkmode, and who set
 * asyncpreemptoff with the evidence. Memory that can't be read stays unknown. 0 or -ENOMEM.
 */
int go_target_describe(const struct go_target *t, struct session *s);

#endif
