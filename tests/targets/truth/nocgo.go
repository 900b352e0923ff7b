// SPDX-License-Identifier: GPL-2.0-only

//go:build !cgo

package main

import (
	"syscall"
	"time"
)

const usesCgo = false

// block sleeps in a system call: the goroutine keeps its thread.
func block(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	syscall.Nanosleep(&ts, nil)
}
