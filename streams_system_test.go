package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

// behind starts the built program in front of an upstream, whose URL it puts
// into the configuration.
func behind(t *testing.T, upstream http.Handler, settings string) *running {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close) // after the program has ended
	return start(t, fmt.Sprintf(`
listen = "127.0.0.1:0"
[backends.app]
members = [{ url = %q }]
%s
`, server.URL, settings))
}

// TestMemoryOfStreams sends a gigabyte through the program, up and down, and
// has clients and upstreams that stop reading in the middle.
func TestMemoryOfStreams(t *testing.T) {
	const size, most = 1 << 30, 32 << 10 // bytes, kB
	stalled := make(chan struct{})
	upstream := http.NewServeMux()
	upstream.HandleFunc("PUT /up", func(w http.ResponseWriter, request *http.Request) {
		n, err := io.Copy(io.Discard, request.Body)
		fmt.Fprint(w, n, " ", err)
	})
	upstream.HandleFunc("GET /down", func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		io.CopyN(w, zeros{}, size)
	})
	upstream.HandleFunc("GET /chunked", func(w http.ResponseWriter, request *http.Request) {
		io.CopyN(w, zeros{}, size)
	})
	upstream.HandleFunc("PUT /stalled", func(w http.ResponseWriter, request *http.Request) {
		<-stalled
	})
	r := behind(t, upstream, `
[[routes]]
match = "/"
backend = "app"
body_bytes = "2GiB"
`)
	t.Cleanup(sync.OnceFunc(func() { close(stalled) }))
	client := newClient(t)
	client.Timeout = time.Minute
	if got := get(client, r.base+"/nothing"); got.status != http.StatusNotFound {
		t.Fatalf("got %+v", got)
	}
	began := residentSize(t, r.Process.Pid)
	peak := watchResidentSize(t, r.Process.Pid)

	put := func(length int64) {
		t.Helper()
		request, err := http.NewRequest("PUT", r.base+"/up", io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = length
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if got, _ := io.ReadAll(response.Body); string(got) != fmt.Sprint(size, " ", nil) {
			t.Errorf("a body of declared length %d: the upstream got %s", length, got)
		}
	}
	fetch := func(path string) {
		t.Helper()
		response, err := client.Get(r.base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if n, err := io.Copy(io.Discard, response.Body); n != size || err != nil {
			t.Errorf("GET %s: got %d bytes, %v", path, n, err)
		}
	}
	put(size)
	put(-1)
	fetch("/down")
	fetch("/chunked")

	// Ten clients that do not read their gigabyte, and ten whose upstream does
	// not read theirs.
	for range 10 {
		response, err := client.Get(r.base + "/down")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, write := io.Pipe()
		defer write.Close()
		go io.CopyN(write, zeros{}, size)
		go client.Post(r.base+"/stalled", "application/octet-stream", body)
	}
	fetch("/down")
	if got := peak() - began; got >= most {
		t.Errorf("got %d kB more than the %d before, want less than %d", got, began, most)
	} else {
		t.Logf("%d kB before, %d kB more at the peak", began, got)
	}
}

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestSystemEventsAreFlushed counts how long an event takes through the
// program, which is to pass each on at once.
func TestSystemEventsAreFlushed(t *testing.T) {
	const events, most = 20, 50 * time.Millisecond
	send := make(chan struct{})
	r := behind(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush()
		for range send {
			fmt.Fprintf(w, "data: %d\n\n", time.Now().UnixNano())
			http.NewResponseController(w).Flush()
		}
	}), `
[[routes]]
match = "/"
backend = "app"
`)
	defer close(send)
	asked := time.Now()
	response, err := newClient(t).Get(r.base + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	// The header came before there was any event.
	if took := time.Since(asked); took > time.Second || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("got the header %v after %v", response.Header, took)
	}
	lines := bufio.NewScanner(response.Body)
	late := 0
	for range events {
		send <- struct{}{}
		if !lines.Scan() {
			t.Fatal("the events ended:", lines.Err())
		}
		sent, err := strconv.ParseInt(strings.TrimPrefix(lines.Text(), "data: "), 10, 64)
		if err != nil {
			t.Fatalf("got %q", lines.Text())
		}
		if took := time.Since(time.Unix(0, sent)); took > most {
			late++
			t.Logf("an event took %v", took)
		}
		lines.Scan() // the empty line behind the event
	}
	// One may be the machine's.
	if late > 1 {
		t.Errorf("%d of %d events took longer than %v", late, events, most)
	}
}

// TestSystemTunnels has a thousand WebSocket clients echo while another route
// fails all the time.
func TestSystemTunnels(t *testing.T) {
	const tunnels, rounds = 1000, 3
	upstream := http.NewServeMux()
	// The handshake as it comes: a client that is no browser has no origin.
	upstream.Handle("/echo", websocket.Server{Handler: func(ws *websocket.Conn) { io.Copy(ws, ws) }})
	upstream.HandleFunc("/broken", func(w http.ResponseWriter, request *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	})
	r := behind(t, upstream, `
[backends.broken]
members = [{ url = "http://127.0.0.1:1" }]
[[routes]]
match = "/"
backend = "app"
[[routes]]
match = "/refused"
backend = "broken"
`)
	stop := make(chan struct{})
	var failing sync.WaitGroup
	failures := 0
	failing.Go(func() {
		client := newClient(t)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			path := []string{"/broken", "/refused"}[i%2]
			if got := get(client, r.base+path); got.status != http.StatusBadGateway {
				t.Errorf("GET %s: got %+v", path, got)
				return
			}
			failures++
		}
	})

	address := strings.Replace(r.base, "http:", "ws:", 1) + "/echo"
	open := make(chan struct{})
	var opened, clients sync.WaitGroup
	opened.Add(tunnels)
	slots := make(chan struct{}, 50)
	for i := range tunnels {
		clients.Go(func() {
			slots <- struct{}{}
			ws, err := websocket.Dial(address, "", r.base)
			<-slots
			opened.Done()
			if err != nil {
				t.Errorf("tunnel %d: %v", i, err)
				return
			}
			defer ws.Close()
			<-open // all of them at the same time
			ws.SetDeadline(time.Now().Add(30 * time.Second))
			for round := range rounds {
				want, got := fmt.Sprintf("%d of %d", round, i), ""
				if err := websocket.Message.Send(ws, want); err != nil {
					t.Errorf("tunnel %d: %v", i, err)
					return
				}
				if err := websocket.Message.Receive(ws, &got); err != nil || got != want {
					t.Errorf("tunnel %d: got %q, %v, want %q", i, got, err, want)
					return
				}
			}
		})
	}
	opened.Wait()
	close(open)
	clients.Wait()
	close(stop)
	failing.Wait()
	if failures == 0 {
		t.Error("the other route has not failed once")
	}
	r.stop(t)
}
