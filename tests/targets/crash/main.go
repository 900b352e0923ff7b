// SPDX-License-Identifier: GPL-2.0-only

// crash ends by a panic: status 2 and a stack trace on standard error.
package main

func main() {
	panic("crash: on purpose")
}
