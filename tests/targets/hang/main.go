// SPDX-License-Identifier: GPL-2.0-only

// hang is a program that stands still without asynchronous preemption: goroutines in loops without an end and without a
// call hold every P. What its main goroutine prints each time it gets to run tells when it was freed:
// "tick=<CLOCK_MONOTONIC ns>". It ends by itself after -seconds of running, but not while it hangs.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"time"

	"schedtop/demo/selfstat"
)

var (
	spinners = flag.Int("spinners", 1, "goroutines that spin, and Ps")
	seconds  = flag.Float64("seconds", 20, "end after that long")
	sinks    [64]uint64
)

//go:noinline
func spin(sink *uint64) {
	x := uint64(1)
	for {
		x ^= x << 13
		x ^= x >> 7
		if x == 0 { // never: only so that the compiler keeps the loop
			*sink = x
		}
	}
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(*spinners)
	fmt.Printf("tick=%d\n", selfstat.Monotonic())
	for i := 0; i < *spinners && i < len(sinks); i++ {
		go spin(&sinks[i])
	}
	end := selfstat.Monotonic() + int64(*seconds*1e9)
	for selfstat.Monotonic() < end {
		time.Sleep(time.Millisecond)
		fmt.Printf("tick=%d\n", selfstat.Monotonic())
	}
}
