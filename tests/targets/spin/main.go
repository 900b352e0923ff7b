// SPDX-License-Identifier: GPL-2.0-only

// spin never leaves a loop without a preemption point, while main collects garbage every 50 ms. With asynchronous
// preemption it goes on; with asyncpreemptoff=1 the first collection waits for the loop for ever. With -fail-if-off it
// ends with status 3 instead.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

var sink uint64

//go:noinline
func spinForever() {
	x := uint64(1)
	for {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		if x == 0 { // never: xorshift has no way to zero
			break
		}
	}
	sink = x
}

func main() {
	off := strings.Contains(os.Getenv("GODEBUG"), "asyncpreemptoff=1")
	if len(os.Args) > 1 && os.Args[1] == "-fail-if-off" && off {
		fmt.Fprintln(os.Stderr, "spin: refusing to run")
		os.Exit(3)
	}
	runtime.GOMAXPROCS(2)
	go spinForever()
	for {
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
	}
}
