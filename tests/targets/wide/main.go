// SPDX-License-Identifier: GPL-2.0-only

// wide has many threads and many more goroutines: 100 goroutines that block in a read, each on a thread of its own, 10,000
// that wait for a channel, and a few that run. What a sampler of it costs must not depend on the 10,000.
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"
)

func block(fd int) {
	var b [1]byte
	for {
		if n, err := syscall.Read(fd, b[:]); n == 0 && err == nil {
			return
		}
	}
}

func main() {
	threads := flag.Int("threads", 100, "goroutines blocked in a system call")
	parked := flag.Int("parked", 10000, "goroutines that wait for a channel")
	seconds := flag.Float64("seconds", 60, "run this long")
	flag.Parse()

	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 0; i < *threads; i++ {
		go block(pipe[0])
	}
	never := make(chan int)
	for i := 0; i < *parked; i++ {
		go func() { <-never }()
	}
	go func() {
		for t := range time.Tick(time.Millisecond) {
			_ = t
		}
	}()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready=1")
	time.Sleep(time.Duration(*seconds * float64(time.Second)))
}
