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

// TSC reads the processor's time stamp counter.
func TSC() uint64

// Hold spins in assembly for that many ticks of the time stamp counter. Nothing can preempt it, async preemption or not.
// It returns the counter at its start, when it first saw that it was asked to leave (0: never), and at its end.
func Hold(ticks uint64) (start, asked, end uint64)

// Guard is the word in which the scheduler asks the calling goroutine to leave.
func Guard() *uint64 {
	return (*uint64)(unsafe.Add(g(), guardOffset))
}

// Asked says whether the scheduler wants the goroutine of that guard to leave. It compiles to a load and a comparison and
// is no preemption point.
func Asked(guard *uint64) bool {
	return atomic.LoadUint64(guard) == stackPreempt
}
