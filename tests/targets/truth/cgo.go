// SPDX-License-Identifier: GPL-2.0-only

//go:build cgo

package main

// #include <unistd.h>
import "C"

import "time"

const usesCgo = true

// block sleeps in a call of C: the goroutine keeps its thread, and g is not in that thread's registers.
func block(d time.Duration) {
	C.usleep(C.useconds_t(d / time.Microsecond))
}
