// SPDX-License-Identifier: GPL-2.0-only

// bigframe runs loops of 100 ms in a function whose stack frame is 8 MB, beside regular garbage collections: each must
// stop the loop, and each scans its stack. It is for comparing Go releases: build it with each, and use
// schedtop compare --preset go-versions.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"schedtop/demo/selfstat"
)

const frameWords = 8 << 20 / 8

var (
	seconds = flag.Float64("seconds", 0, "run this long (0: until SIGINT or SIGTERM)")
	loop    = flag.Duration("loop", 100*time.Millisecond, "length of one loop")
	every   = flag.Duration("gc", 50*time.Millisecond, "time between two collections")

	stopping int32
	sink     uint64
)

// crunch has no call and no preemption point in its loop, and needs its whole frame after it.
//
//go:noinline
func crunch(turns uint64) uint64 {
	var frame [frameWords]uint64
	x := turns | 1
	for i := uint64(0); i < turns; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		frame[x%frameWords] = x
	}
	return frame[x%frameWords] ^ frame[turns%frameWords]
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(2)
	turns := selfstat.Turns(crunch, *loop)
	go func() {
		for atomic.LoadInt32(&stopping) == 0 {
			atomic.AddUint64(&sink, crunch(turns))
		}
	}()
	go func() {
		for atomic.LoadInt32(&stopping) == 0 {
			time.Sleep(*every)
			runtime.GC()
		}
	}()
	selfstat.Wait(*seconds)
	atomic.StoreInt32(&stopping, 1)
	fmt.Println("bigframe: done")
	selfstat.Print()
}
