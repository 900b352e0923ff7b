// SPDX-License-Identifier: GPL-2.0-only

// Package gstate looks at the calling goroutine from inside, so that a target can tell when exactly the scheduler asked
// it to leave its P: the truth that a preemption gap is held against.
package gstate

import (
	"sync/atomic"
	"unsafe"
)

const (
	guardOffset  = 16                 // runtime/runtime2.go g.stackguard0, Go 1.19 to 1.26
	stackPreempt = 0xfffffffffffffade // runtime/stack.go stackPreempt
)

// g is the calling goroutine's descriptor. The runtime never moves it.
func g() unsafe.Pointer

// Hold spins in assembly until that time. Nothing can preempt it, async preemption or not. It returns when it first saw
// that it was asked to leave (0: never) and when it ended. Times are CLOCK_MONOTONIC nanoseconds, read by a system call:
// the time stamp counter of a virtual machine can't be trusted.
func Hold(until int64) (asked, end int64)

// Guard is the word in which the scheduler asks the calling goroutine to leave.
func Guard() *uint64 {
	return (*uint64)(unsafe.Add(g(), guardOffset))
}

// Asked says whether the scheduler wants the goroutine of that guard to leave. It compiles to a load and a comparison and
// is no preemption point.
func Asked(guard *uint64) bool {
	return atomic.LoadUint64(guard) == stackPreempt
}
