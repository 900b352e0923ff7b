// SPDX-License-Identifier: GPL-2.0-only

// server is an HTTP server under GC pressure with its own clients on the loopback interface: many short run intervals,
// network wake-ups and garbage collections. It measures the latency its clients see.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"schedtop/demo/selfstat"
)

const (
	step    = 10 * time.Microsecond // resolution of the latency counts
	steps   = 100000                // up to 1 s; what is longer is counted in the last
	entries = 4096                  // of the server's cache
)

var (
	seconds = flag.Float64("seconds", 0, "run this long (0: until SIGINT or SIGTERM)")
	clients = flag.Int("clients", 16, "concurrent clients")
	think   = flag.Duration("think", 2*time.Millisecond, "pause of a client between requests")

	counts   [steps]uint32
	requests uint64
	failures uint64
	worst    int64
	stopping int32
)

type item struct {
	ID   int
	Name string
	Tags []string
}

// cache keeps some of what the handler makes, so that the collector has live data to mark.
type cache struct {
	mu   sync.Mutex
	kept [entries][]item
	next int
}

func (c *cache) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	items := make([]item, 32)
	c.mu.Lock()
	n := c.next
	c.next++
	c.mu.Unlock()
	for i := range items {
		items[i] = item{ID: n, Name: fmt.Sprintf("item %d of %d", i, n), Tags: []string{"live", "demo"}}
	}
	c.mu.Lock()
	c.kept[n%entries] = items
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(items); err != nil {
		atomic.AddUint64(&failures, 1)
	}
}

func count(d time.Duration) {
	i := int(d / step)
	if i >= steps {
		i = steps - 1
	}
	atomic.AddUint32(&counts[i], 1)
	atomic.AddUint64(&requests, 1)
	for {
		w := atomic.LoadInt64(&worst)
		if int64(d) <= w || atomic.CompareAndSwapInt64(&worst, w, int64(d)) {
			return
		}
	}
}

func client(url string, wg *sync.WaitGroup) {
	defer wg.Done()
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: 10 * time.Second}
	for atomic.LoadInt32(&stopping) == 0 {
		start := time.Now()
		r, err := c.Get(url)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		if err != nil {
			atomic.AddUint64(&failures, 1)
			time.Sleep(*think)
			continue
		}
		count(time.Since(start))
		time.Sleep(*think)
	}
}

// quantile returns the upper edge of the step that holds the q-th of all requests.
func quantile(q float64) time.Duration {
	var total, sum uint64
	for i := range counts {
		total += uint64(counts[i])
	}
	for i := range counts {
		sum += uint64(counts[i])
		if total > 0 && float64(sum) >= q*float64(total) {
			return time.Duration(i+1) * step
		}
	}
	return 0
}

func main() {
	flag.Parse()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintf(os.Stderr, "server: can't listen on the loopback interface: %v\n", err)
		os.Exit(1)
	}
	go http.Serve(l, &cache{})

	var wg sync.WaitGroup
	wg.Add(*clients)
	for i := 0; i < *clients; i++ {
		go client("http://"+l.Addr().String()+"/", &wg)
	}
	selfstat.Wait(*seconds)
	atomic.StoreInt32(&stopping, 1)
	wg.Wait()

	p50, p99 := quantile(0.50), quantile(0.99)
	fmt.Printf("server: %d requests, half of them within %s ms, 99 %% within %s ms, the slowest %s ms.\n", requests,
		selfstat.Millis(p50), selfstat.Millis(p99), selfstat.Millis(time.Duration(worst)))
	selfstat.Print(
		selfstat.Pair{Key: "requests", Value: requests},
		selfstat.Pair{Key: "failures", Value: failures},
		selfstat.Pair{Key: "p50_ms", Value: selfstat.Millis(p50)},
		selfstat.Pair{Key: "p99_ms", Value: selfstat.Millis(p99)},
		selfstat.Pair{Key: "worst_ms", Value: selfstat.Millis(time.Duration(worst))})
}
