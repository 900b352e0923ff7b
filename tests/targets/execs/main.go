// SPDX-License-Identifier: GPL-2.0-only

// execs collects its garbage a few times and then becomes the program that its arguments name.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

func main() {
	for i := 0; i < 5; i++ {
		runtime.GC()
	}
	fmt.Println("execs: " + runtime.Version())
	err := syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	fmt.Fprintln(os.Stderr, "execs:", err)
	os.Exit(1)
}
