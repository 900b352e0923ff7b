/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * go_target: a live (or about to be exec'ed) process that runs a go_binary: where it is loaded, its memory, the state
 * of its runtime. Reads with process_vm_readv; never stops the process. What writes is rescue.h, when it is told to.
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
 * Opens what process @pid runs.
 * @pid   0 = a file that nothing runs: then @path is needed, and it can only be described.
 * @path  the binary to read; NULL = /proc/PID/exe. Give it for a process that hasn't exec'ed yet.
 * Returns 0 also when the program isn't Go (go_target_is_go() tells). The caller frees with go_target_close().
 * -ESRCH no such process, -EACCES not ours, -ENOEXEC a kernel thread, and what go_binary_open() returns.
 */
int go_target_open(pid_t pid, const char *path, struct go_target **ret, struct fault *fault);
void go_target_close(struct go_target *t);

pid_t go_target_pid(const struct go_target *t);
bool go_target_is_go(const struct go_target *t);
const struct go_binary *go_target_binary(const struct go_target *t);
/** The path that a uprobe must name so that the kernel finds the file's inode (also in another mount namespace). */
const char *go_target_probe_path(const struct go_target *t);

/**
 * Finds where the program is loaded; call again after an exec. 0; -EAGAIN while the process runs another file than the
 * one that was opened (a launched one at its gate; one that has exec'ed another program since); -ESRCH, -EACCES.
 * Only PIE programs have a non-zero bias.
 */
int go_target_locate(struct go_target *t);
/** run-time address = link-time address + bias. */
uint64_t go_target_bias(const struct go_target *t);

/** Reads the target's memory. 0 or -EFAULT, -EPERM, -ESRCH. Never a short read. */
int go_target_read(const struct go_target *t, uint64_t addr, void *buf, size_t len);

/* A piece of the target's memory. */
struct go_read {
	uint64_t addr;
	void *buf;
	size_t len; /* not 0 */
	bool ok;    /* filled by the call: all of it was read */
};

/**
 * Reads @n pieces, 1024 with a system call; one that can't be read costs another call and leaves the others whole.
 * @ret_calls  is increased by the system calls made
 * Returns how many are ok, or -EPERM (not allowed at all), -ESRCH, -errno.
 */
int go_target_read_many(const struct go_target *t, struct go_read *r, size_t n, uint64_t *ret_calls);

/** Where a runtime variable is in the process, for pieces. 0 or as go_target_read_var(). */
int go_target_var(const struct go_target *t, const char *name, uint64_t *ret_addr);

/** Reads a runtime variable by its name ("runtime.allm"), a string that lives as long as the target. The same, and
 * -EAGAIN unless located, -ENOENT, -ENODATA. */
int go_target_read_var(const struct go_target *t, const char *name, void *buf, size_t len);
/** The same of a part of it, @offset bytes in. */
int go_target_read_var_at(const struct go_target *t, const char *name, uint64_t offset, void *buf, size_t len);

/** Resolves a run-time PC. */
int go_target_resolve(const struct go_target *t, uint64_t pc, struct go_loc *ret);
/** The function that a goroutine runs, by its start PC (go_binary_resolve_start()). */
int go_target_resolve_start(const struct go_target *t, uint64_t pc, struct go_loc *ret);

/**
 * Locates the program and checks the offsets on the live process: walks allm; m.g0 must point back, m.procid must be a
 * thread of the process (in its pid namespace), of the goroutines that run one must point back to its M and have an id,
 * each p.id must be its index, and the first of allgs must be goroutine 1. A few hundred µs with a dozen threads.
 * 0 = trusted; -EAGAIN = the runtime isn't far enough yet; -EINVAL = they are wrong and no goroutine may be shown;
 * -ESRCH = it has ended (@fault says which check failed).
 */
int go_target_selfcheck(struct go_target *t, struct fault *fault);

/** runtime.gomaxprocs. 0; -EAGAIN unless located and until the runtime has set it; -errno when it can't be read. */
int go_target_gomaxprocs(const struct go_target *t, int32_t *ret);
/** runtime.debug.asyncpreemptoff of the live process; the same errors. */
int go_target_asyncpreemptoff(const struct go_target *t, int32_t *ret);

/* A GODEBUG setting that changes scheduling, garbage collection or stop-the-world pauses, as it is in effect. */
struct go_godebug {
	const char *name, *about; /* static */
	int since, until;         /* minor versions of Go that have it: 0 = 1.19 or before; 0 = still there in 1.26 */
	bool exists;              /* in the target's version; without it there is no value */
	bool known;
	int32_t value;
	uint8_t source; /* enum async_source; of the environment or the linker also when the version lacks it */
};

#define GO_GODEBUG_MAX 48

/**
 * All of them: of a process from its memory, of a file as it was built.
 * @s    described by go_target_describe() just before
 * @ret  room for @cap of them
 * Returns how many were filled; 0 when the program isn't Go.
 */
size_t go_target_godebug(const struct go_target *t, const struct session *s, struct go_godebug *ret, size_t cap);

/**
 * Fills the session's target part: pid, exe, args, GO* environment, version, settings, stripped, linkmode, and who set
 * asyncpreemptoff with the evidence. What can't be read stays unknown. It replaces what an earlier call said, so call
 * it again when more can be known: before the exec of a launched target only the file speaks; from the moment
 * go_target_selfcheck() returns 0 the runtime's memory does. Without a process (@pid 0) asyncpreemptoff is told as it
 * was built in. 0 or -ENOMEM.
 */
int go_target_describe(struct go_target *t, struct session *s);

#endif
