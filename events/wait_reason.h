/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a goroutine waits: one numbering for all Go versions, append-only, with the runtime's own words
 * (runtime/runtime2.go waitReason and waitReasonStrings, Go 1.19 to 1.26, which renumbers them from version to
 * version).
 */
#ifndef SCHEDTOP_EVENTS_WAIT_REASON_H
#define SCHEDTOP_EVENTS_WAIT_REASON_H

#include <stdint.h>

#define WAIT_REASONS(X)                                                                                                \
	X(WAIT_NONE, "")                                                                                               \
	X(WAIT_GC_ASSIST_MARKING, "GC assist marking")                                                                 \
	X(WAIT_IO_WAIT, "IO wait")                                                                                     \
	X(WAIT_CHAN_RECEIVE_NIL_CHAN, "chan receive (nil chan)")                                                       \
	X(WAIT_CHAN_SEND_NIL_CHAN, "chan send (nil chan)")                                                             \
	X(WAIT_DUMPING_HEAP, "dumping heap")                                                                           \
	X(WAIT_GARBAGE_COLLECTION, "garbage collection")                                                               \
	X(WAIT_GARBAGE_COLLECTION_SCAN, "garbage collection scan")                                                     \
	X(WAIT_PANICWAIT, "panicwait")                                                                                 \
	X(WAIT_SELECT, "select")                                                                                       \
	X(WAIT_SELECT_NO_CASES, "select (no cases)")                                                                   \
	X(WAIT_GC_ASSIST_WAIT, "GC assist wait")                                                                       \
	X(WAIT_GC_SWEEP_WAIT, "GC sweep wait")                                                                         \
	X(WAIT_GC_SCAVENGE_WAIT, "GC scavenge wait")                                                                   \
	X(WAIT_CHAN_RECEIVE, "chan receive")                                                                           \
	X(WAIT_CHAN_SEND, "chan send")                                                                                 \
	X(WAIT_FINALIZER_WAIT, "finalizer wait")                                                                       \
	X(WAIT_FORCE_GC_IDLE, "force gc (idle)")                                                                       \
	X(WAIT_SEMACQUIRE, "semacquire")                                                                               \
	X(WAIT_SLEEP, "sleep")                                                                                         \
	X(WAIT_SYNC_COND_WAIT, "sync.Cond.Wait")                                                                       \
	X(WAIT_TIMER_GOROUTINE_IDLE, "timer goroutine (idle)")                                                         \
	X(WAIT_TRACE_READER_BLOCKED, "trace reader (blocked)")                                                         \
	X(WAIT_WAIT_FOR_GC_CYCLE, "wait for GC cycle")                                                                 \
	X(WAIT_GC_WORKER_IDLE, "GC worker (idle)")                                                                     \
	X(WAIT_PREEMPTED, "preempted")                                                                                 \
	X(WAIT_DEBUG_CALL, "debug call")                                                                               \
	X(WAIT_SYNC_MUTEX_LOCK, "sync.Mutex.Lock")                                                                     \
	X(WAIT_SYNC_RWMUTEX_RLOCK, "sync.RWMutex.RLock")                                                               \
	X(WAIT_SYNC_RWMUTEX_LOCK, "sync.RWMutex.Lock")                                                                 \
	X(WAIT_GC_WORKER_ACTIVE, "GC worker (active)")                                                                 \
	X(WAIT_GC_MARK_TERMINATION, "GC mark termination")                                                             \
	X(WAIT_STOPPING_THE_WORLD, "stopping the world")                                                               \
	X(WAIT_FLUSHING_PROC_CACHES, "flushing proc caches")                                                           \
	X(WAIT_TRACE_GOROUTINE_STATUS, "trace goroutine status")                                                       \
	X(WAIT_TRACE_PROC_STATUS, "trace proc status")                                                                 \
	X(WAIT_PAGE_TRACE_FLUSH, "page trace flush")                                                                   \
	X(WAIT_COROUTINE, "coroutine")                                                                                 \
	X(WAIT_GC_WEAK_TO_STRONG_WAIT, "GC weak to strong wait")                                                       \
	X(WAIT_SYNC_WAITGROUP_WAIT, "sync.WaitGroup.Wait")                                                             \
	X(WAIT_SYNCTEST_RUN, "synctest.Run")                                                                           \
	X(WAIT_SYNCTEST_WAIT, "synctest.Wait")                                                                         \
	X(WAIT_CHAN_RECEIVE_SYNCTEST, "chan receive (synctest)")                                                       \
	X(WAIT_CHAN_SEND_SYNCTEST, "chan send (synctest)")                                                             \
	X(WAIT_SELECT_SYNCTEST, "select (synctest)")                                                                   \
	X(WAIT_GOMAXPROCS_UPDATER_IDLE, "GOMAXPROCS updater (idle)")                                                   \
	X(WAIT_CHAN_RECEIVE_DURABLE, "chan receive (durable)")                                                         \
	X(WAIT_CHAN_SEND_DURABLE, "chan send (durable)")                                                               \
	X(WAIT_SELECT_DURABLE, "select (durable)")                                                                     \
	X(WAIT_SYNC_WAITGROUP_WAIT_DURABLE, "sync.WaitGroup.Wait (durable)")                                           \
	X(WAIT_CLEANUP_WAIT, "cleanup wait")

enum wait_reason {
#define WAIT_REASON_ID(id, text) id,
	WAIT_REASONS(WAIT_REASON_ID)
#undef WAIT_REASON_ID
		WAIT_REASON_COUNT
};

/** The runtime's words ("chan receive"); "unknown" for what isn't known. */
const char *wait_reason_name(uint8_t reason);

#endif
