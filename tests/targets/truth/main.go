// SPDX-License-Identifier: GPL-2.0-only

// truth does what its flags say, once each and in this order, and ends with key=value lines of what it saw itself. It
// never changes GOMAXPROCS or the GC's percentage: before Go 1.22 the runtime doesn't count those stops of the world.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"schedtop/demo/selfstat"
)

var (
	cycles     = flag.Int("gc", 0, "force this many garbage collections")
	spins      = flag.Int("spins", 0, "run this many call-free loops")
	spin       = flag.Duration("spin", 100*time.Millisecond, "length of one call-free loop")
	goroutines = flag.Int("goids", 0, "start this many goroutines and print their ids")

	sink uint64
)

//go:noinline
func loop(n uint64) uint64 {
	x := n | 1
	for i := uint64(0); i < n; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// spinAll runs the loops and returns the longest. Reading the clock is no preemption point (see Monotonic).
func spinAll() (worst time.Duration) {
	n, took := uint64(1<<16), int64(0)
	for took < int64(5*time.Millisecond) {
		n *= 2
		start := selfstat.Monotonic()
		sink += loop(n)
		took = selfstat.Monotonic() - start
	}
	turns := uint64(float64(n) * float64(*spin) / float64(took))
	for i := 0; i < *spins; i++ {
		start := selfstat.Monotonic()
		x := loop(turns)
		took := time.Duration(selfstat.Monotonic() - start)
		sink += x
		if took > worst {
			worst = took
		}
		runtime.Gosched()
	}
	return worst
}

// goid reads the calling goroutine's id from the header of its own stack trace.
func goid() string {
	buf := make([]byte, 64)
	return strings.Fields(string(buf[:runtime.Stack(buf, false)]))[1]
}

// goids runs n goroutines that each compute for a while, and returns their ids.
func goids(n int) string {
	ids := make([]string, n)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			ids[i] = goid()
			end := time.Now().Add(50 * time.Millisecond)
			for time.Now().Before(end) {
				runtime.Gosched()
			}
		}(i)
	}
	wg.Wait()
	return strings.Join(ids, ",")
}

func main() {
	flag.Parse()
	var pairs []selfstat.Pair
	for i := 0; i < *cycles; i++ {
		runtime.GC()
	}
	if *spins > 0 {
		pairs = append(pairs, selfstat.Pair{Key: "worst_spin_ms", Value: selfstat.Millis(spinAll())})
	}
	if *goroutines > 0 {
		pairs = append(pairs, selfstat.Pair{Key: "goids", Value: goids(*goroutines)})
	}
	fmt.Println("truth: done")
	selfstat.Print(append(pairs, selfstat.Pair{Key: "goid_main", Value: goid()})...)
}
