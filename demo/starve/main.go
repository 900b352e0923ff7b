// SPDX-License-Identifier: GPL-2.0-only

// starve has many more runnable goroutines than Ps: each wants to compute all the time, so each waits for most of it,
// and so does a 1 ms timer. Nothing is wrong with preemption here; there is too much work.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"schedtop/demo/selfstat"
)

var (
	seconds = flag.Float64("seconds", 0, "run this long (0: until SIGINT or SIGTERM)")
	factor  = flag.Int("factor", 16, "hungry goroutines for each P")

	stopping int32
	sink     uint64
)

// chew is one bite of work, short and with a call at each turn of its caller.
//
//go:noinline
func chew(x uint64) uint64 {
	for i := 0; i < 1000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func hungry(seed uint64, bites *uint64, wg *sync.WaitGroup) {
	defer wg.Done()
	x := seed
	for atomic.LoadInt32(&stopping) == 0 {
		x = chew(x)
		*bites++
	}
	atomic.AddUint64(&sink, x)
}

func main() {
	flag.Parse()
	n := *factor * runtime.GOMAXPROCS(0)
	if n < 1 {
		n = 1
	}
	var wg sync.WaitGroup
	bites := make([]struct {
		n uint64
		_ [7]uint64 // a cache line each
	}, n)
	wg.Add(n)
	ticker := selfstat.StartTicker(time.Millisecond)
	for i := range bites {
		go hungry(uint64(i), &bites[i].n, &wg)
	}
	selfstat.Wait(*seconds)
	atomic.StoreInt32(&stopping, 1)
	ticks, mean, worst := ticker.Stop()
	wg.Wait()

	least, most := bites[0].n, bites[0].n
	for i := range bites {
		if bites[i].n < least {
			least = bites[i].n
		}
		if bites[i].n > most {
			most = bites[i].n
		}
	}
	fmt.Printf("starve: %d goroutines shared %d Ps; a 1 ms timer fired up to %s ms late (%s ms on average).\n", n,
		runtime.GOMAXPROCS(0), selfstat.Millis(worst), selfstat.Millis(mean))
	selfstat.Print(
		selfstat.Pair{Key: "hungry", Value: n},
		selfstat.Pair{Key: "least_bites", Value: least},
		selfstat.Pair{Key: "most_bites", Value: most},
		selfstat.Pair{Key: "ticks", Value: ticks},
		selfstat.Pair{Key: "worst_tick_ms", Value: selfstat.Millis(worst)},
		selfstat.Pair{Key: "mean_tick_ms", Value: selfstat.Millis(mean)})
}
