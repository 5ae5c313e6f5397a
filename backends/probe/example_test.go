package probe_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"zerohop/backends/probe"
)

func ExampleProber() {
	dial := func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			theirs.Read(make([]byte, 1024))
			io.WriteString(theirs, "HTTP/1.1 503 Service Unavailable\r\n\r\n")
		}()
		return ours, nil
	}
	results := make(chan probe.Result, 1)
	prober := probe.New(probe.Config{
		Path: "/health", Every: time.Millisecond, Timeout: time.Second, Fails: 1, Passes: 2,
	}, []probe.Target{{Host: "example.com", Dial: dial}}, func(_ int, r probe.Result) {
		if r.Changed {
			results <- r
		}
	})
	prober.Start()
	r := <-results
	prober.Close()
	fmt.Println(r.Up, r.Err)
	// Output: false unexpected answer: status 503
}
