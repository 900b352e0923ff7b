// SPDX-License-Identifier: GPL-2.0-only

// Package selfstat is what the demo programs know about themselves: how often the runtime stopped the world and how late
// a timer fired, counted inside the process. schedtop's figures are held against these.
package selfstat

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Pair is one line of the report a program prints about itself.
type Pair struct {
	Key   string
	Value interface{}
}

var turned uint64 // so that no turn is optimized away

// Turns returns how many turns of a loop take about d.
func Turns(loop func(turns uint64) uint64, d time.Duration) uint64 {
	n := uint64(1 << 14)
	for {
		start := Monotonic()
		atomic.AddUint64(&turned, loop(n))
		took := Monotonic() - start
		if took >= int64(20*time.Millisecond) {
			return uint64(float64(n) * float64(d) / float64(took))
		}
		n *= 2
	}
}

// Wait blocks until seconds have passed (0: for ever) or SIGINT or SIGTERM arrives.
func Wait(seconds float64) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	var timeout <-chan time.Time
	if seconds > 0 {
		timeout = time.After(time.Duration(seconds * float64(time.Second)))
	}
	select {
	case <-stop:
	case <-timeout:
	}
}

// Print writes the pairs and then the runtime's own counts as key=value lines to standard output. Nothing in here stops
// the world: runtime.ReadMemStats would, and would count itself.
func Print(pairs ...Pair) {
	gc, other := Pauses()
	pairs = append(pairs,
		Pair{"stw_gc_count", gc},
		Pair{"stw_other_count", other},
		Pair{"stw_total_count", gc + other},
		Pair{"gc_cycles", GCCycles()},
		Pair{"gomaxprocs", runtime.GOMAXPROCS(0)},
		Pair{"go_version", runtime.Version()})
	for _, p := range pairs {
		fmt.Printf("%s=%v\n", p.Key, p.Value)
	}
}

// Pauses counts the stop-the-world pauses since the program began. Before Go 1.22 the runtime counts only those of the
// garbage collector; other is 0 then.
func Pauses() (gc, other uint64) {
	gc, ok := histogramCount("/sched/pauses/total/gc:seconds")
	if !ok {
		gc, _ = histogramCount("/gc/pauses:seconds")
	}
	other, _ = histogramCount("/sched/pauses/total/other:seconds")
	return gc, other
}

// GCCycles counts the finished garbage collections.
func GCCycles() uint64 {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func histogramCount(name string) (n uint64, ok bool) {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0, false
	}
	for _, c := range s[0].Value.Float64Histogram().Counts {
		n += c
	}
	return n, true
}

// Monotonic reads CLOCK_MONOTONIC in nanoseconds. Unlike time.Now it is nosplit all the way down, so that it is no
// preemption point: a loop timed by it ends its measurement before the scheduler can take the P away.
//
//go:nosplit
func Monotonic() int64 {
	const clockMonotonic = 1
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Sec*int64(time.Second) + ts.Nsec
}

// Ticker measures how late a periodic timer fires.
type Ticker struct {
	ticks, sum, worst int64 // times in nanoseconds
	stop              int32
	done              chan struct{}
}

// StartTicker starts a goroutine that sleeps until the next period and notes how much later it runs.
func StartTicker(period time.Duration) *Ticker {
	t := &Ticker{done: make(chan struct{})}
	go t.run(period)
	return t
}

func (t *Ticker) run(period time.Duration) {
	defer close(t.done)
	for atomic.LoadInt32(&t.stop) == 0 {
		due := time.Now().Add(period)
		time.Sleep(period)
		late := int64(time.Since(due))
		t.ticks++
		t.sum += late
		if late > t.worst {
			t.worst = late
		}
	}
}

// Stop ends the goroutine and returns what it measured.
func (t *Ticker) Stop() (ticks int64, mean, worst time.Duration) {
	atomic.StoreInt32(&t.stop, 1)
	<-t.done
	if t.ticks > 0 {
		mean = time.Duration(t.sum / t.ticks)
	}
	return t.ticks, mean, time.Duration(t.worst)
}

// Millis formats a duration in milliseconds.
func Millis(d time.Duration) string {
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}
