// SPDX-License-Identifier: GPL-2.0-only

// exit42 prints a line and ends with status 42.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println("exit42: leaving")
	os.Exit(42)
}
