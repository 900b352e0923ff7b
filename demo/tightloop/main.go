// SPDX-License-Identifier: GPL-2.0-only

// tightloop holds every P with loops that contain no preemption point, beside a 1 ms ticker and a goroutine that
// allocates. With asynchronous preemption the runtime interrupts the loops after about 10 ms; with
// GODEBUG=asyncpreemptoff=1 the ticker and every stop of the world wait until a chunk ends. The loops yield between
// chunks, so the program goes on either way.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"schedtop/demo/selfstat"
)

var (
	seconds  = flag.Float64("seconds", 0, "run this long (0: until SIGINT or SIGTERM)")
	chunk    = flag.Duration("chunk", 650*time.Millisecond, "length of one call-free chunk")
	crunches = flag.Int("crunchers", 0, "goroutines that crunch (0: one for each P)")

	stopping   int32
	worstChunk int64 // nanoseconds
	sink       uint64
	garbage    [][]byte
)

// crunch is a xorshift loop: no call, no memory, no preemption point.
//
//go:noinline
func crunch(n uint64) uint64 {
	x := n | 1
	for i := uint64(0); i < n; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// cruncher runs chunks until told to stop. Between the two readings of the clock there is no preemption point, so the
// time is the chunk's own and not the wait after it.
func cruncher(turns uint64, wg *sync.WaitGroup) {
	defer wg.Done()
	for atomic.LoadInt32(&stopping) == 0 {
		start := selfstat.Monotonic()
		x := crunch(turns)
		took := selfstat.Monotonic() - start
		atomic.AddUint64(&sink, x)
		for {
			worst := atomic.LoadInt64(&worstChunk)
			if took <= worst || atomic.CompareAndSwapInt64(&worstChunk, worst, took) {
				break
			}
		}
		runtime.Gosched()
	}
}

// allocator makes the garbage collector run, and with it stops of the world.
func allocator(wg *sync.WaitGroup) {
	defer wg.Done()
	garbage = make([][]byte, 32)
	for atomic.LoadInt32(&stopping) == 0 {
		for i := 0; i < 2*len(garbage); i++ {
			garbage[i%len(garbage)] = make([]byte, 32<<10)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	flag.Parse()
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(2)
	}
	if *crunches <= 0 {
		*crunches = runtime.GOMAXPROCS(0)
	}
	turns := selfstat.Turns(crunch, *chunk)

	var wg sync.WaitGroup
	ticker := selfstat.StartTicker(time.Millisecond)
	wg.Add(1 + *crunches)
	go allocator(&wg)
	for i := 0; i < *crunches; i++ {
		go cruncher(turns, &wg)
	}
	selfstat.Wait(*seconds)
	atomic.StoreInt32(&stopping, 1)
	ticks, mean, worst := ticker.Stop()
	wg.Wait()

	longest := time.Duration(atomic.LoadInt64(&worstChunk))
	fmt.Printf("tightloop: a 1 ms timer fired up to %s ms late (%s ms on average, %d ticks); the longest loop took %s ms.\n",
		selfstat.Millis(worst), selfstat.Millis(mean), ticks, selfstat.Millis(longest))
	selfstat.Print(
		selfstat.Pair{Key: "ticks", Value: ticks},
		selfstat.Pair{Key: "worst_tick_ms", Value: selfstat.Millis(worst)},
		selfstat.Pair{Key: "mean_tick_ms", Value: selfstat.Millis(mean)},
		selfstat.Pair{Key: "worst_chunk_ms", Value: selfstat.Millis(longest)})
}
