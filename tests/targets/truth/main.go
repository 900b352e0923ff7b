// SPDX-License-Identifier: GPL-2.0-only

// truth does what its flags say, once each and in this order, and ends with key=value lines of what it saw itself. It
// never changes GOMAXPROCS or the GC's percentage: before Go 1.22 the runtime doesn't count those stops of the world.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"time"

	"schedtop/demo/selfstat"
)

var (
	wait       = flag.Duration("wait", 0, "sleep first, so that a watcher can be in place")
	cycles     = flag.Int("gc", 0, "force this many garbage collections")
	spins      = flag.Int("spins", 0, "run this many call-free loops of Go code")
	holds      = flag.Int("holds", 0, "run this many loops of assembly, which nothing can preempt")
	spin       = flag.Duration("spin", 100*time.Millisecond, "length of one such loop")
	goroutines = flag.Int("goids", 0, "start this many goroutines and print their ids and functions")
	threads    = flag.Int("threads", 0, "have this many goroutines each hold a thread, all at once")
)

func main() {
	flag.Parse()
	time.Sleep(*wait)
	var pairs []selfstat.Pair
	for i := 0; i < *cycles; i++ {
		runtime.GC()
	}
	if *spins > 0 {
		pairs = append(pairs, spinAll(*spins, *spin).pairs("spin")...)
	}
	if *holds > 0 {
		pairs = append(pairs, holdAll(*holds, *spin).pairs("hold")...)
	}
	if *goroutines > 0 {
		pairs = append(pairs, selfstat.Pair{Key: "goroutines", Value: crowd(*goroutines)})
	}
	if *threads > 0 {
		pairs = append(pairs, selfstat.Pair{Key: "threads", Value: holdThreads(*threads)})
	}
	fmt.Println("truth: done")
	id, _ := self()
	selfstat.Print(append(pairs,
		selfstat.Pair{Key: "cgo", Value: usesCgo},
		selfstat.Pair{Key: "goid_main", Value: id})...)
}
