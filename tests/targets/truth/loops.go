// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"time"

	"schedtop/demo/selfstat"
	"schedtop/tests/targets/gstate"
)

// longest is what the loops of one kind saw: how long one took, and how long one went on after it had been asked to leave.
type longest struct {
	took, gap time.Duration
}

func (l *longest) add(took, gap time.Duration) {
	if took > l.took {
		l.took = took
	}
	if gap > l.gap {
		l.gap = gap
	}
}

func (l longest) pairs(kind string) []selfstat.Pair {
	return []selfstat.Pair{
		{Key: "worst_" + kind + "_ms", Value: selfstat.Millis(l.took)},
		{Key: "worst_" + kind + "_gap_ms", Value: selfstat.Millis(l.gap)},
	}
}

var sink uint64

const clockMask = 1<<18 - 1 // a look at the clock now and then: what is interrupted is the loop, not the clock

// loop spins until that time without a preemption point and notes when it was asked to leave (0: never).
//
//go:noinline
func loop(until int64, guard *uint64) (x uint64, asked int64) {
	x = uint64(until) | 1
	for i := uint64(1); ; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		if asked == 0 && gstate.Asked(guard) {
			asked = selfstat.Monotonic()
		}
		if i&clockMask == 0 && selfstat.Monotonic() >= until {
			return x, asked
		}
	}
}

// spinAll runs loops of Go code. Reading the clock is no preemption point (see Monotonic); with async preemption on
// the loops are interrupted all the same, and the gap has no meaning.
func spinAll(count int, d time.Duration) (l longest) {
	guard := gstate.Guard()
	for i := 0; i < count; i++ {
		runtime.Gosched()
		start := selfstat.Monotonic()
		x, asked := loop(start+int64(d), guard)
		end := selfstat.Monotonic()
		sink += x
		if asked == 0 {
			asked = end
		}
		l.add(time.Duration(end-start), time.Duration(end-asked))
	}
	runtime.Gosched()
	return l
}

// holdAll runs loops of assembly.
func holdAll(count int, d time.Duration) (l longest) {
	for i := 0; i < count; i++ {
		runtime.Gosched()
		start := selfstat.Monotonic()
		asked, end := gstate.Hold(start + int64(d))
		if asked == 0 {
			asked = end
		}
		l.add(time.Duration(end-start), time.Duration(end-asked))
	}
	runtime.Gosched()
	return l
}
