// SPDX-License-Identifier: GPL-2.0-only

// httpd is a server on a fixed port, for what has to wait until a server is ready and put a load on it. Each request
// computes a little and allocates some. It says when it listens, and how many requests there were when it is ended.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	addr  = flag.String("addr", "127.0.0.1:8347", "where to listen")
	delay = flag.Duration("delay", 0, "wait so long before listening")
	never = flag.Bool("never", false, "never listen")

	requests uint64
)

func handle(w http.ResponseWriter, _ *http.Request) {
	n := atomic.AddUint64(&requests, 1)
	b := make([]byte, 16<<10)
	for i := range b {
		b[i] = byte(uint64(i) * n)
	}
	fmt.Fprintf(w, "request %d: %d\n", n, b[len(b)/2])
}

func main() {
	flag.Parse()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("httpd: starting")
	time.Sleep(*delay)
	if !*never {
		l, err := net.Listen("tcp", *addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, "httpd:", err)
			os.Exit(1)
		}
		fmt.Println("httpd: listening on", l.Addr())
		go http.Serve(l, http.HandlerFunc(handle))
	}
	<-end
	fmt.Printf("requests=%d\n", atomic.LoadUint64(&requests))
}
