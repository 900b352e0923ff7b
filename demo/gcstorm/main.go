// SPDX-License-Identifier: GPL-2.0-only

// gcstorm does little but allocate and collect: goroutines build and drop trees while another forces a collection at
// short intervals. Two stops of the world for each cycle, mark assists and background workers in between.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"schedtop/demo/selfstat"
)

var (
	seconds = flag.Float64("seconds", 0, "run this long (0: until SIGINT or SIGTERM)")
	every   = flag.Duration("every", 50*time.Millisecond, "interval of the forced collections")
	depth   = flag.Int("depth", 14, "depth of the trees")

	stopping int32
	trees    uint64
)

type node struct {
	left, right *node
	payload     [4]uint64
}

func grow(depth int) *node {
	n := &node{}
	if depth > 0 {
		n.left, n.right = grow(depth-1), grow(depth-1)
	}
	return n
}

// planter keeps two trees alive and replaces the older one.
func planter(wg *sync.WaitGroup) {
	defer wg.Done()
	var forest [2]*node
	for i := 0; atomic.LoadInt32(&stopping) == 0; i++ {
		forest[i%2] = grow(*depth)
		atomic.AddUint64(&trees, 1)
	}
	runtime.KeepAlive(forest)
}

func collector(wg *sync.WaitGroup) {
	defer wg.Done()
	for atomic.LoadInt32(&stopping) == 0 {
		runtime.GC()
		time.Sleep(*every)
	}
}

func main() {
	flag.Parse()
	var wg sync.WaitGroup
	planters := runtime.GOMAXPROCS(0)
	wg.Add(planters + 1)
	for i := 0; i < planters; i++ {
		go planter(&wg)
	}
	go collector(&wg)
	selfstat.Wait(*seconds)
	atomic.StoreInt32(&stopping, 1)
	wg.Wait()

	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 3)}
	debug.ReadGCStats(&stats)
	fmt.Printf("gcstorm: %d collections stopped the world for %s ms in all (longest of the last 256: %s ms).\n", stats.NumGC,
		selfstat.Millis(stats.PauseTotal), selfstat.Millis(stats.PauseQuantiles[2]))
	selfstat.Print(
		selfstat.Pair{Key: "trees", Value: trees},
		selfstat.Pair{Key: "pause_total_ms", Value: selfstat.Millis(stats.PauseTotal)},
		selfstat.Pair{Key: "pause_p50_ms", Value: selfstat.Millis(stats.PauseQuantiles[1])},
		selfstat.Pair{Key: "pause_max_ms", Value: selfstat.Millis(stats.PauseQuantiles[2])})
}
