// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"strings"
	"sync"
	"time"

	"schedtop/demo/selfstat"
)

// self reads the calling goroutine's id and the function it was started with from its own stack trace: the id is in
// the header, the function is the last one before "created by". The compiler's wrappers (go f(x)) aren't in there.
func self() (id, fn string) {
	buf := make([]byte, 8192)
	lines := strings.Split(string(buf[:runtime.Stack(buf, false)]), "\n")
	id = strings.Fields(lines[0])[1]
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, "created by") {
			break
		}
		if line != "" && !strings.HasPrefix(line, "\t") {
			fn = line[:strings.LastIndex(line, "(")]
		}
	}
	return id, fn
}

// member is one goroutine of a crowd.
type member struct {
	id, fn string
	wg     *sync.WaitGroup
}

// live makes a member known: it computes, and then holds its thread in a sleep outside of Go, where a thread's
// goroutine is looked at.
func (m *member) live() {
	defer m.wg.Done()
	m.id, m.fn = self()
	for end := selfstat.Monotonic() + int64(10*time.Millisecond); selfstat.Monotonic() < end; {
	}
	block(2 * time.Millisecond)
}

//go:noinline
func (m *member) asMethod() { m.live() }

//go:noinline
func asFunction(m *member) { m.live() }

//go:noinline
func withMore(m *member, kind int, name string) {
	if kind >= 0 && name != "" {
		m.live()
	}
}

//go:noinline
func generic[T any](m *member, _ T) { m.live() }

// crowd starts n goroutines in each way that there is, and returns them as id:function,id:function.
func crowd(n int) string {
	all := make([]member, n)
	var wg sync.WaitGroup
	for i := range all {
		m := &all[i]
		m.wg = &wg
		wg.Add(1)
		switch i % 6 {
		case 0:
			go asFunction(m)
		case 1:
			go m.asMethod()
		case 2:
			go withMore(m, i, "more")
		case 3:
			go func() { m.live() }()
		case 4:
			value := m.asMethod
			go value()
		case 5:
			go generic(m, i)
		}
	}
	wg.Wait()
	var words []string
	for i := range all {
		words = append(words, all[i].id+":"+all[i].fn)
	}
	return strings.Join(words, ",")
}

// holdThreads has n goroutines sleep outside of Go all at once, each on a thread of its own, and returns n.
func holdThreads(n int) int {
	var wg sync.WaitGroup
	var ready sync.WaitGroup
	gate := make(chan struct{})
	for i := 0; i < n; i++ {
		wg.Add(1)
		ready.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread()
			ready.Done()
			<-gate
			block(300 * time.Millisecond)
		}()
	}
	ready.Wait()
	close(gate)
	wg.Wait()
	return n
}
