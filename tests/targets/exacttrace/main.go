// SPDX-License-Identifier: GPL-2.0-only

// exacttrace does a bit of everything that a scheduler sees, writes the runtime's own execution trace of it, and ends with
// key=value lines of what it counted itself. With -ask it begins when a line arrives on its standard input, so that a
// watcher can be in place, and it ends when standard input does.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"schedtop/demo/selfstat"
)

var (
	out     = flag.String("trace", "", "write the execution trace to this file")
	seconds = flag.Float64("seconds", 1.5, "how long")
	ask     = flag.Bool("ask", false, "wait for a line on standard input first, and for its end at the end")

	stop    int32
	created int64 // goroutines that were started while the trace ran
	bursts  int64
	rounds  int64
	calls   int64
)

func done() bool { return atomic.LoadInt32(&stop) != 0 }

// burn computes for that long.
func burn(d time.Duration) {
	for end := selfstat.Monotonic() + int64(d); selfstat.Monotonic() < end; {
	}
	atomic.AddInt64(&bursts, 1)
}

var all sync.WaitGroup

func start(fn func()) {
	atomic.AddInt64(&created, 1)
	all.Add(1)
	go func() {
		defer all.Done()
		fn()
	}()
}

// pingPong passes a token between two goroutines; each computes before it passes it on.
func pingPong(d time.Duration) {
	there, back := make(chan int), make(chan int)
	start(func() {
		for i := range there {
			burn(d)
			back <- i
		}
		close(back)
	})
	start(func() {
		for i := 0; !done(); i++ {
			there <- i
			burn(d)
			<-back
			atomic.AddInt64(&rounds, 1)
		}
		close(there)
	})
}

// bursty computes from 30 us to 5 ms and sleeps in between.
func bursty(step int) {
	for i := 0; !done(); i++ {
		burn(30*time.Microsecond + time.Duration(i*step%50)*100*time.Microsecond)
		time.Sleep(time.Duration(2+step) * time.Millisecond)
	}
}

// pipe has one goroutine block in read(2) on a pipe that another writes to; the runtime's poller isn't in it.
func pipe() {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	start(func() {
		buf := make([]byte, 1)
		for {
			n, err := syscall.Read(fds[0], buf)
			if err == syscall.EINTR {
				continue
			}
			if n != 1 {
				break
			}
			burn(40 * time.Microsecond)
		}
		syscall.Close(fds[0])
	})
	start(func() {
		for !done() {
			burn(60 * time.Microsecond)
			syscall.Write(fds[1], []byte{1})
			atomic.AddInt64(&calls, 1)
			time.Sleep(3 * time.Millisecond)
		}
		syscall.Close(fds[1])
	})
}

// shortLived is a stream of goroutines that compute a little and end.
func shortLived() {
	for !done() {
		for i := 0; i < 5; i++ {
			start(func() { burn(50 * time.Microsecond) })
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func yielder() {
	for !done() {
		burn(30 * time.Microsecond)
		runtime.Gosched()
		burn(100 * time.Microsecond)
		time.Sleep(4 * time.Millisecond)
	}
}

var garbage [][]byte

func collector() {
	for !done() {
		garbage = nil
		for i := 0; i < 64; i++ {
			garbage = append(garbage, make([]byte, 32<<10))
		}
		runtime.GC()
		time.Sleep(100 * time.Millisecond)
	}
}

// spinner runs longer than a slice, so that it is preempted.
func spinner() {
	for !done() {
		burn(35 * time.Millisecond)
		time.Sleep(90 * time.Millisecond)
	}
}

// mark is one burst of the goroutine that notes when it computed: what the trace must say, too.
type mark struct{ begin, end int64 }

const marksMax = 256

func marker(goid *string, marks *[]mark) {
	buf := make([]byte, 64)
	*goid = strings.Fields(string(buf[:runtime.Stack(buf, false)]))[1]
	for !done() {
		begin := selfstat.Monotonic()
		burn(250 * time.Microsecond)
		end := selfstat.Monotonic()
		if len(*marks) < marksMax {
			*marks = append(*marks, mark{begin, end})
		}
		time.Sleep(4 * time.Millisecond)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "exacttrace:", err)
		os.Exit(1)
	}
}

func main() {
	flag.Parse()
	in := bufio.NewReader(os.Stdin)
	if *ask {
		fmt.Println("exacttrace: waiting")
		_, err := in.ReadString('\n')
		check(err)
	}
	f, err := os.Create(*out)
	check(err)
	check(trace.Start(f))
	began := selfstat.Monotonic()
	var goid string
	marks := make([]mark, 0, marksMax)
	start(func() { marker(&goid, &marks) })
	for i := 0; i < 6; i++ {
		pingPong(time.Duration(25+15*i) * time.Microsecond)
	}
	for i := 0; i < 8; i++ {
		i := i
		start(func() { bursty(i) })
	}
	for i := 0; i < 4; i++ {
		pipe()
		start(yielder)
	}
	start(shortLived)
	start(collector)
	start(spinner)
	time.Sleep(time.Duration(*seconds * float64(time.Second)))
	atomic.StoreInt32(&stop, 1)
	all.Wait()
	ended := selfstat.Monotonic()
	trace.Stop()
	check(f.Close())
	var words []string
	for _, m := range marks {
		words = append(words, fmt.Sprintf("%d-%d", m.begin, m.end))
	}
	selfstat.Print(
		selfstat.Pair{Key: "began_ns", Value: began},
		selfstat.Pair{Key: "ended_ns", Value: ended},
		selfstat.Pair{Key: "created", Value: created},
		selfstat.Pair{Key: "bursts", Value: bursts},
		selfstat.Pair{Key: "rounds", Value: rounds},
		selfstat.Pair{Key: "calls", Value: calls},
		selfstat.Pair{Key: "goid_marker", Value: goid},
		selfstat.Pair{Key: "marks", Value: strings.Join(words, ",")})
	if *ask {
		_, _ = in.ReadString('\n')
	}
}
