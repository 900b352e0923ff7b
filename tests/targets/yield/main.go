// SPDX-License-Identifier: GPL-2.0-only

// yield calls runtime.Gosched n times on one P and prints what one call takes: the cost of a probe on goschedImpl is
// the difference between a watched and an unwatched run.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"time"
)

func main() {
	n := flag.Int("n", 1000000, "calls of runtime.Gosched")
	wait := flag.Duration("wait", 0, "sleep before, so that probes are in place")
	flag.Parse()
	time.Sleep(*wait)
	runtime.GOMAXPROCS(1)
	start := time.Now()
	for i := 0; i < *n; i++ {
		runtime.Gosched()
	}
	fmt.Printf("calls=%d\nns_per_call=%.1f\n", *n, float64(time.Since(start).Nanoseconds())/float64(*n))
}
