package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMemoryOfLargeResults asks for a gigabyte, and has clients that do not
// read what they asked for. What bounds the memory is max_bytes: a result is
// held until it is whole, so that an error is still an error, and one that is
// larger is given up when it has become so.
func TestMemoryOfLargeResults(t *testing.T) {
	config := configuration(t, `
max = 8
max_bytes = "32MiB"
timeout = "20s"`) + `
[[routes]]
match = "GET /rows/{n}"
sql = "select repeat('x', 1000000) as x from seq_1_to_1000 where seq <= :path.n"
`
	r := start(t, config)
	client := newClient(t)
	if got := get(client, r.base+"/rows/1"); got.status != 200 || len(got.body) < 1_000_000 {
		t.Fatalf("got %d, %d bytes", got.status, len(got.body))
	}
	began := residentSize(t, r.Process.Pid)
	peak := watchResidentSize(t, r.Process.Pid)

	for range 5 {
		got := get(client, r.base+"/rows/1000")
		if got.status != 500 || !strings.Contains(got.body, `"code":"result_too_long"`) {
			t.Fatalf("got %d %.200s, %v", got.status, got.body, got.err)
		}
	}
	// 30 MB each, of which the clients read the first bytes only.
	var clients sync.WaitGroup
	var idle []net.Conn
	var mu sync.Mutex
	for range 4 {
		clients.Go(func() {
			c, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(c, "GET /rows/30 HTTP/1.1\r\nHost: x\r\n\r\n")
			c.SetDeadline(time.Now().Add(20 * time.Second))
			head := make([]byte, 64)
			if _, err := io.ReadFull(c, head); err != nil || !strings.HasPrefix(string(head), "HTTP/1.1 200") {
				t.Errorf("got %q, %v", head, err)
			}
			mu.Lock()
			defer mu.Unlock()
			idle = append(idle, c)
		})
	}
	clients.Wait()
	// The statements are over: slow clients hold no connection of the pool.
	if got := get(client, r.base+"/echo?v=x"); got.status != http.StatusOK {
		t.Errorf("got %+v while clients read slowly", got)
	}
	for _, c := range idle {
		c.Close()
	}
	got := peak() - began
	t.Logf("%d kB before, %d kB more at the peak", began, got)
	// Four results of 30 MB at a time. A buffer doubles as it grows, and what
	// it has outgrown waits for the collector.
	if most := 600_000; got > most {
		t.Errorf("got %d kB more, want %d at most", got, most)
	}
	r.stop(t)
}

// watchResidentSize looks at a process's resident set until the function that
// it returns is called, which returns the largest in kB.
func watchResidentSize(t *testing.T, pid int) (peak func() int) {
	stop, result := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		for {
			select {
			case <-stop:
				result <- most
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, residentSize(t, pid))
			}
		}
	}()
	peak = sync.OnceValue(func() int {
		close(stop)
		return <-result
	})
	t.Cleanup(func() { peak() }) // before the process ends
	return peak
}
