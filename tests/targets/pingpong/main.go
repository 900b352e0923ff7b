// SPDX-License-Identifier: GPL-2.0-only

// pingpong passes a byte to and fro between two threads through two pipes and prints what one round takes: two context
// switches when both run on one CPU. The goroutines keep their threads and their Ps (raw system calls), so that nothing but
// the kernel switches.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pingpong:", err)
		os.Exit(1)
	}
}

// transfer is a raw read or write of one byte: the runtime doesn't hear of it.
func transfer(call uintptr, fd int, b *byte) {
	for {
		n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(b)), 1)
		if n == 1 {
			return
		}
		if errno != syscall.EINTR {
			check(errno)
		}
	}
}

func main() {
	n := flag.Int("n", 200000, "rounds")
	wait := flag.Duration("wait", 0, "sleep before, so that probes are in place")
	flag.Parse()
	runtime.GOMAXPROCS(2)
	var there, back [2]int
	check(syscall.Pipe(there[:]))
	check(syscall.Pipe(back[:]))
	time.Sleep(*wait)
	go func() {
		runtime.LockOSThread()
		var b byte
		for i := 0; i < *n; i++ {
			transfer(syscall.SYS_READ, there[0], &b)
			transfer(syscall.SYS_WRITE, back[1], &b)
		}
	}()
	runtime.LockOSThread()
	var b byte
	start := time.Now()
	for i := 0; i < *n; i++ {
		transfer(syscall.SYS_WRITE, there[1], &b)
		transfer(syscall.SYS_READ, back[0], &b)
	}
	fmt.Printf("rounds=%d\nns_per_round=%.1f\n", *n, float64(time.Since(start).Nanoseconds())/float64(*n))
}
