package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// TestSystemDeliversOnce sends 10,000 POSTs to upstreams whose connections are
// reset again and again: with the request under way, with the answer under way,
// and while they are kept. No upstream ever sees one of them a second time, and
// one that was answered with 200 has been seen.
func TestSystemDeliversOnce(t *testing.T) {
	const requests, clients = 10_000, 16
	seen := newDeliveries(requests)
	upstream := httptest.NewServer(seen)
	defer upstream.Close()

	// Each proxy breaks connections in a way of its own. A reset hits three in
	// ten connections at the first byte that goes the named way, after so many
	// milliseconds: 0 loses the request, or the answer to it, and more lets a
	// kept connection die between two requests, or in one.
	var members []string
	for i, toxics := range [][]string{
		{resetPeer("upstream", 0, 0.3)},
		{resetPeer("downstream", 0, 0.3)},
		{resetPeer("downstream", 3, 0.7), resetPeer("upstream", 20, 0.3)},
	} {
		address := startToxiproxy(t, fmt.Sprint("member", i), strings.TrimPrefix(upstream.URL, "http://"), toxics)
		members = append(members, fmt.Sprintf(`{ url = "http://%s" }`, address))
	}
	r := start(t, fmt.Sprintf(`
listen = "127.0.0.1:0"
[backends.app]
max_fails = 0
retry_limit = 3
members = [%s]
[[routes]]
match = "/"
backend = "app"
`, strings.Join(members, ", ")))

	var answered, refused, next atomic.Int64
	client := newClient(t)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for id := next.Add(1) - 1; id < requests; id = next.Add(1) - 1 {
				response, err := client.Post(r.base+"/order/"+strconv.FormatInt(id, 10), "text/plain", strings.NewReader("one"))
				if err != nil {
					t.Errorf("order %d: %v", id, err)
					return
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				switch response.StatusCode {
				case http.StatusOK:
					answered.Add(1)
					if seen.count(id) != 1 {
						t.Errorf("order %d was answered and has been delivered %d times", id, seen.count(id))
					}
				case http.StatusBadGateway:
					refused.Add(1)
				default:
					t.Errorf("order %d: got %d", id, response.StatusCode)
				}
			}
		})
	}
	all.Wait()

	delivered := 0
	for id := range int64(requests) {
		switch n := seen.count(id); {
		case n > 1:
			t.Errorf("order %d was delivered %d times", id, n)
		case n == 1:
			delivered++
		}
	}
	t.Logf("%d answered, %d refused with 502, %d delivered", answered.Load(), refused.Load(), delivered)
	// Without both, the proxies have broken nothing, or everything.
	if answered.Load() < requests/4 || refused.Load() < requests/100 {
		t.Errorf("got %d answered and %d refused", answered.Load(), refused.Load())
	}
	r.stop(t)
}

// deliveries counts how often each order has come.
type deliveries struct{ counts []atomic.Int32 }

func newDeliveries(n int) *deliveries { return &deliveries{make([]atomic.Int32, n)} }

func (d *deliveries) count(id int64) int32 { return d.counts[id].Load() }

func (d *deliveries) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	id, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/order/"))
	if err != nil || id < 0 || id >= len(d.counts) {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	d.counts[id].Add(1)
	if id%5 == 0 {
		// What a proxy does to a connection is settled when it begins.
		w.Header().Set("Connection", "close")
	}
	io.Copy(w, request.Body)
}

// resetPeer is a toxic that resets a share of the connections.
func resetPeer(stream string, milliseconds int, share float64) string {
	return fmt.Sprintf(`{"name": %q, "type": "reset_peer", "stream": %q, "toxicity": %g, "attributes": {"timeout": %d}}`,
		"reset_"+stream, stream, share, milliseconds)
}

// startToxiproxy puts a proxy with toxics in front of an address, and returns its own.
func startToxiproxy(t *testing.T, name, upstream string, toxics []string) string {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, name, "127.0.0.1:0", upstream)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	for _, toxic := range toxics {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatal(err)
		}
	}
	return proxy.Listen
}
