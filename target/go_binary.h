/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target/ knows Go programs: their files (go_binary), their processes (go_target), how to start one stopped (launch)
 * and what the kernel tells about any process (proc, cgroup). It draws nothing, prints nothing and knows no collector.
 *
 * go_binary: an executable file as the Go runtime sees it. Needs no symbol table: functions come from gopclntab, data
 * addresses from the code that uses them. The file is foreign input: every length and offset is checked, counts are
 * never trusted, and opening a hostile file costs bounded time and memory.
 */
#ifndef SCHEDTOP_TARGET_GO_BINARY_H
#define SCHEDTOP_TARGET_GO_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct go_binary;

#define GO_OFF_NONE UINT16_MAX

/*
 * Offsets of the runtime's struct fields, in bytes; GO_OFF_NONE = the field doesn't exist in that version.
 * X-macro: X(member, "struct.field", or its later name behind a |): the table, its generator and the checks are made
 * from this one list. What they hold (runtime/runtime2.go): p.runqhead and p.runqtail uint32, the local queue's length
 * is tail - head (and one more when p.runnext, a guintptr, isn't 0); the global queue's length an int32; p.gcAssistTime
 * int64 ns; p.gcMarkWorkerMode int (0 = no worker runs there); g.waitsince int64 ns; g.schedlink, g.lockedm pointers;
 * m.spinning, m.incgo bool; m.preemptGen and m.signalPending uint32.
 */
#define GO_OFFSETS(X)                                                                                                  \
	X(g_stack_lo, "g.stack.lo")                                                                                    \
	X(g_stack_hi, "g.stack.hi")                                                                                    \
	X(g_stackguard0, "g.stackguard0")                                                                              \
	X(g_m, "g.m")                                                                                                  \
	X(g_sched_sp, "g.sched.sp")                                                                                    \
	X(g_sched_pc, "g.sched.pc")                                                                                    \
	X(g_atomicstatus, "g.atomicstatus")                                                                            \
	X(g_goid, "g.goid")                                                                                            \
	X(g_schedlink, "g.schedlink")                                                                                  \
	X(g_waitsince, "g.waitsince")                                                                                  \
	X(g_waitreason, "g.waitreason")                                                                                \
	X(g_preempt, "g.preempt")                                                                                      \
	X(g_parentgoid, "g.parentGoid")                                                                                \
	X(g_gopc, "g.gopc")                                                                                            \
	X(g_startpc, "g.startpc")                                                                                      \
	X(g_lockedm, "g.lockedm")                                                                                      \
	X(m_g0, "m.g0")                                                                                                \
	X(m_procid, "m.procid")                                                                                        \
	X(m_gsignal, "m.gsignal")                                                                                      \
	X(m_curg, "m.curg")                                                                                            \
	X(m_p, "m.p")                                                                                                  \
	X(m_id, "m.id")                                                                                                \
	X(m_preemptoff, "m.preemptoff")                                                                                \
	X(m_locks, "m.locks")                                                                                          \
	X(m_spinning, "m.spinning")                                                                                    \
	X(m_incgo, "m.incgo")                                                                                          \
	X(m_preemptgen, "m.preemptGen")                                                                                \
	X(m_signalpending, "m.signalPending")                                                                          \
	X(m_alllink, "m.alllink")                                                                                      \
	X(p_id, "p.id")                                                                                                \
	X(p_status, "p.status")                                                                                        \
	X(p_schedtick, "p.schedtick")                                                                                  \
	X(p_m, "p.m")                                                                                                  \
	X(p_runqhead, "p.runqhead")                                                                                    \
	X(p_runqtail, "p.runqtail")                                                                                    \
	X(p_runnext, "p.runnext")                                                                                      \
	X(p_gcassisttime, "p.gcAssistTime")                                                                            \
	X(p_gcmarkworkermode, "p.gcMarkWorkerMode")                                                                    \
	X(p_preempt, "p.preempt")                                                                                      \
	X(sched_gcwaiting, "schedt.gcwaiting")                                                                         \
	X(sched_stopwait, "schedt.stopwait")                                                                           \
	X(sched_runqsize, "schedt.runqsize|schedt.runq.size")

struct go_offsets {
#define GO_OFFSET_MEMBER(member, name) uint16_t member;
	GO_OFFSETS(GO_OFFSET_MEMBER)
#undef GO_OFFSET_MEMBER
};

/* Places in the runtime that schedtop can probe. The function behind each depends on the version (probe table). */
enum go_probe_id {
	GO_PROBE_STW_STOP,    /* stopTheWorldWithSema entered; from 1.21 AL = stwReason */
	GO_PROBE_STW_STOPPED, /* its RET: every P has stopped (1.22 and earlier; later versions tell it at the start) */
	GO_PROBE_STW_START,   /* startTheWorldWithSema; 1.22: CX = asked; from 1.23 CX = asked, DI = stopped */
	GO_PROBE_PREEMPT_REQUEST, /* preemptone: RAX = p */
	GO_PROBE_SUSPEND,         /* suspendG: RAX = g */
	GO_PROBE_ASYNC_TAKEN,     /* asyncPreempt2, or asyncPreempt where that has no cheap point; R14 = g */
	GO_PROBE_LEAVE,          /* goschedImpl: RAX = g, from 1.22 BL = preempted; before: gopreempt_m, RAX = g, always
				    preempted */
	GO_PROBE_YIELD,          /* gosched_m: RAX = g, before 1.22; later versions tell it at GO_PROBE_LEAVE */
	GO_PROBE_PARK_PREEMPTED, /* preemptPark: RAX = g */
	/*
	 * For detail level exact (go_probe_is_exact()); go_probe.subject says which register holds the g or p.
	 * A goroutine becomes runnable (_Grunnable) at READY, in a READY_LIST, NEW, SYSCALL_WAIT and LEAVE; it runs
	 * from EXECUTE on.
	 */
	GO_PROBE_READY,      /* ready: g, which waited, is runnable */
	GO_PROBE_READY_LIST, /* injectglist: a list of them, of the network poller and the GC. The subject is a pointer
				to the head (a g); the next is g.schedlink. One that the poller found may run at once
				and is in no list. */
	GO_PROBE_EXECUTE,    /* execute: g starts running on this M */
	GO_PROBE_PARK, /* park_m: g stops running; the reason is in g.waitreason. Where its unlock function says no, an
			  EXECUTE of the same g follows at once. */
	GO_PROBE_SYSCALL_ENTER, /* reentersyscall: g keeps its P for now (entersyscall goes through it, and the return
				   from a callback of C's) */
	GO_PROBE_SYSCALL_BLOCK, /* entersyscallblock: g is known to block and gives its P away */
	GO_PROBE_SYSCALL_EXIT,  /* exitsyscall: g is back; it may still have no P */
	GO_PROBE_SYSCALL_WAIT,  /* exitsyscall0, from 1.26 exitsyscallNoP: g is back without a P */
	GO_PROBE_HANDOFF,       /* handoffp: p is taken from an M that blocks in a system call, or is given away */
	GO_PROBE_EXIT,          /* goexit0, from 1.22 gdestroy: g ends */
	GO_PROBE_NEW, /* newproc: g has been made and goes to the queue of this P; g.parentGoid made it. The goroutines
			 of coroutines (iter.Pull) come without it. */
	GO_PROBE_ASSIST,     /* gcAssistAlloc: g begins to mark for the GC before it may allocate */
	GO_PROBE_ASSIST_END, /* the same: it has marked. On the same thread, with no switch of goroutines between; it
				may park after it ("GC assist wait") and begin again. */
	GO_PROBE_P_ACQUIRE,  /* acquirep (from 1.26 acquirepNoTrace): this M takes p, which was idle. An M that comes
				back  from a system call to its own p doesn't come here. */
	GO_PROBE_P_RELEASE,  /* releasep (from 1.22 releasepNoTrace): this M gives its p (m.p) up */
	GO_PROBE_COUNT
};

/* Where the g or the p is that a probe tells of: ABIInternal's registers on amd64, and on arm64. */
enum go_subject {
	GO_SUBJECT_NONE, /* it tells of none */
	GO_SUBJECT_AX,   /* the first argument: AX, x0 */
	GO_SUBJECT_BX,   /* the second argument: BX, x1 */
	GO_SUBJECT_G,    /* R14, x28: the current goroutine, never g0 at these places */
	GO_SUBJECT_M,    /* R14.m, x28.m: that register holds g or g0; what is meant hangs on its M */
};

struct go_probe {
	uint64_t file_offset; /* where the uprobe goes, from the start of the file */
	uint64_t vaddr;       /* the same place as a link-time address */
	const char *func;     /* the function's name, static */
	bool emulated;        /* the kernel emulates the instruction there (about 0.7 µs a hit rather than 9.5) */
	uint8_t subject;      /* enum go_subject */
};

struct go_loc {
	const char *func; /* full name, e.g. "main.crunch"; valid as long as the binary; never NULL */
	const char *file; /* may be "" */
	uint32_t line;    /* 0 = unknown */
	uint64_t entry;   /* link-time address of the function */
	bool is_runtime;  /* package runtime, internal/runtime/... , runtime/internal/..., and the runtime's assembly */
};

/**
 * Opens and reads an executable.
 * @path   any path, also /proc/PID/exe or /proc/PID/root/...
 * Returns 0 and a binary that the caller frees with go_binary_close(); -ENOEXEC when it isn't ELF or is damaged,
 * -EPROTONOSUPPORT for an architecture that schedtop doesn't know, -ENOENT/-EACCES... from the file system.
 * A program that isn't Go opens: go_binary_is_go() is false then and all the rest answers -ENODATA.
 */
int go_binary_open(const char *path, struct go_binary **ret, struct fault *fault);
void go_binary_close(struct go_binary *b);

bool go_binary_is_go(const struct go_binary *b);
/** "go1.22.12" with suffixes as built; NULL = not Go or unknown. Valid as long as the binary. */
const char *go_binary_version(const struct go_binary *b);
/** Minor number (22 for go1.22.12), or -1. */
int go_binary_minor(const struct go_binary *b);
bool go_binary_stripped(const struct go_binary *b); /* no .symtab */
bool go_binary_is_pie(const struct go_binary *b);
bool go_binary_is_cgo_linked(const struct go_binary *b); /* external link mode: TLS laid out by the C linker */
const char *go_binary_arch(const struct go_binary *b);   /* "amd64", "arm64", or ELF machine name */
/** Module path of the main package ("path" of the build info), or NULL. */
const char *go_binary_path(const struct go_binary *b);

/** Walks the build settings in their order: @i from 0 until -ENOENT. Strings live as long as the binary. */
int go_binary_setting(const struct go_binary *b, size_t i, const char **ret_key, const char **ret_value);
/** Value of one setting ("-ldflags", "DefaultGODEBUG"), or NULL. */
const char *go_binary_setting_get(const struct go_binary *b, const char *key);

/** Link-time entry of a function by its full name. 0, -ENOENT, -ENODATA. */
int go_binary_func(const struct go_binary *b, const char *name, uint64_t *ret_vaddr);

/** What is at a link-time address. Innermost inlined call first where the tables say so. 0, -ENOENT, -ENODATA. */
int go_binary_resolve(const struct go_binary *b, uint64_t vaddr, struct go_loc *ret);

/**
 * The function that a goroutine runs, by its start PC. For "go f(x)" the compiler makes a wrapper that only calls f
 * ("main.main.gowrap1", before Go 1.22 a numbered closure): then that is f. 0, -ENOENT, -ENODATA.
 */
int go_binary_resolve_start(const struct go_binary *b, uint64_t vaddr, struct go_loc *ret);

/** Is the probe for detail level exact only? A program of level sched leaves it out. */
bool go_probe_is_exact(enum go_probe_id id);

/** Does this version need the probe? false where another place tells the same. */
bool go_binary_probe_wanted(const struct go_binary *b, enum go_probe_id id);

/** Where to put a probe. 0; -ENOENT when this version has no such place or it was inlined away; -ENODATA. */
int go_binary_probe(const struct go_binary *b, enum go_probe_id id, struct go_probe *ret);

/**
 * Link-time address of a runtime variable by name: "runtime.allgs", "runtime.allm", "runtime.allp",
 * "runtime.sched", "runtime.gomaxprocs", "runtime.debug", "runtime.buildVersion", "runtime.godebugDefault". From the
 * symbol table, else recovered from code. 0, -ENOENT, -ENODATA.
 */
int go_binary_data(const struct go_binary *b, const char *name, uint64_t *ret_vaddr);

/**
 * Link-time address of the variable behind a GODEBUG setting ("asyncpreemptoff"), through the runtime's dbgvars table.
 * 0, -ENOENT when this version has no such setting, -ENODATA.
 */
int go_binary_godebug_knob(const struct go_binary *b, const char *name, uint64_t *ret_vaddr);

/**
 * The same for several settings at the cost of one: ret_vaddrs[i] is 0 when the version has no names[i].
 * 0, -ENOENT when the table isn't found, -ENODATA.
 */
int go_binary_godebug_knobs(const struct go_binary *b, const char *const *names, size_t n, uint64_t *ret_vaddrs);

/**
 * A function that decides whether to preempt by signal (preemptone, suspendG, sighandler) and reads the 4 bytes at
 * @vaddr, by its machine code: that the table of settings and the code that obeys agree on a variable. NULL = none.
 * Static.
 */
const char *go_binary_preempt_reader(const struct go_binary *b, uint64_t vaddr);

/**
 * Offsets for this binary: of the table when it has this very version; else from the binary's DWARF; else those of the
 * same release line, which seldom change within it; else the newest known before it (then *ret_guess is true, and they
 * may be used only when go_target_selfcheck() passes). 0, -ENODATA.
 */
int go_binary_offsets(const struct go_binary *b, struct go_offsets *ret, bool *ret_guess);

/* TABLE: a row of the table, of the same release line. DWARF: the binary's own. GUESS: a row of an older one. */
enum go_offsets_source { GO_OFFSETS_TABLE, GO_OFFSETS_DWARF, GO_OFFSETS_GUESS };

/**
 * Where they came from. *ret_version is the toolchain whose row of the table was taken ("go1.22.12"), static; NULL with
 * GO_OFFSETS_DWARF. 0, -ENODATA.
 */
int go_binary_offsets_source(const struct go_binary *b, enum go_offsets_source *ret, const char **ret_version);

/**
 * Distance of g from the thread pointer (fs on amd64, TPIDR_EL0 on arm64), e.g. -8. 0, -ENODATA when it can't be told
 * from the file, and on arm64 without cgo, where the runtime keeps g in x28 only.
 */
int go_binary_tls_g(const struct go_binary *b, int64_t *ret_offset);

#endif
