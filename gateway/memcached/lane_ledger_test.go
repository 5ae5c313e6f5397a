package memcached

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/gateway/memcached/memcachedtest"
)

// cutter stands in front of a server and cuts connections, after a random
// number of bytes of an answer.
type cutter struct {
	net.Listener
	target string
	length atomic.Int64 // how many bytes a connection lives for at most; 0 is for good
	wg     sync.WaitGroup
}

func newCutter(t *testing.T, target string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, target: target}
	c.wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.pass(nc) })
		}
	})
	t.Cleanup(func() { l.Close(); c.wg.Wait() })
	return c
}

// pass carries bytes until one side ends, or the connection has had its time.
func (c *cutter) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	c.wg.Go(func() {
		_, _ = io.Copy(server, client)
		server.Close()
	})
	var answers io.Reader = server
	if length := c.length.Load(); length > 0 {
		answers = io.LimitReader(server, rand.Int64N(length))
	}
	_, _ = io.Copy(client, answers)
}

// ledgerKeys are the keys of a ledger: every third has no value, the others
// have themselves, at some length.
const ledgerKeys = 300

func ledgerValue(key int) string { return fmt.Sprintf("%0*d", 1+key*7%900, key) }

// ledgerAsk asks for a random key, within a random time, and returns how it ended.
func ledgerAsk(t *testing.T, s *server, random *rand.Rand) string {
	key := random.IntN(ledgerKeys)
	r := request{verb: verb(random.IntN(int(verbTouch) + 1)), key: fmt.Sprintf("key%d", key), expiry: 100}
	within := 200 * time.Millisecond
	if random.IntN(4) == 0 {
		within = time.Duration(random.IntN(2000)) * time.Microsecond
	}
	began := time.Now()
	answer, err := s.until(began.Add(within), &r, false)
	if took := time.Since(began); took > within+slack {
		t.Errorf("took %v of %v", took, within)
	}
	there := key%3 != 0
	switch {
	case err == nil && !there:
		t.Errorf("%s has a value: %q", r.key, answer.value)
	case err == nil && r.verb != verbTouch && string(answer.value) != ledgerValue(key):
		t.Errorf("%s: got %q, want %q", r.key, answer.value, ledgerValue(key))
	case errors.Is(err, ErrMiss) && there:
		t.Errorf("%s has no value", r.key)
	case err != nil && !errors.Is(err, ErrMiss) && !errors.Is(err, ErrUnavailable):
		t.Errorf("got error %v", err)
	}
	switch {
	case err == nil || errors.Is(err, ErrMiss):
		return "answered"
	case errors.Is(err, errDown):
		return "down"
	}
	return "failed"
}

// TestLaneLedger: many ask for what some of them have no time to wait for, while connections
// are cut in the middle of answers: nobody is ever told of another one's value,
// nor that there is none, and nothing is left behind.
func TestLaneLedger(t *testing.T) {
	for _, most := range []int{1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) { testLaneLedger(t, most) })
	}
}

func testLaneLedger(t *testing.T, most int) {
	proxy := newCutter(t, memcachedtest.Start(t).Address())
	s := newClient(t, testConfig(proxy.Addr().String())).servers[0]
	s.lanes.most = most
	for key := range ledgerKeys {
		if key%3 != 0 {
			_, err := s.call(nil, request{verb: verbSet, key: fmt.Sprintf("key%d", key), value: []byte(ledgerValue(key))})
			check(t, err, nil)
		}
	}
	s.dropIdle()
	proxy.length.Store(200_000)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		ends = map[string]int{}
	)
	for range 32 {
		random := rand.New(rand.NewPCG(rand.Uint64(), 0))
		wg.Go(func() {
			for range 600 {
				end := ledgerAsk(t, s, random)
				mu.Lock()
				ends[end]++
				mu.Unlock()
				if end == "down" {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	stats := s.stats()
	t.Logf("%v, %d calls in %d batches, %d of them again", ends, stats.Shared, stats.Batches, stats.Retries)
	if ends["answered"] < 5000 || stats.Retries == 0 {
		t.Error("too few were answered, or cut")
	}
	if stats.Busy != 0 || s.lanes.aboard != 0 || s.lanes.line.oldest != nil {
		t.Errorf("riders are left: %+v", stats)
	}
	proxy.length.Store(0)
	s.dropIdle()
	check(t, eventually(func() error { return isSound(s) }), nil)
	for range 100 {
		check(t, isSound(s), nil)
	}
}

// isSound returns nil when a value can be read.
func isSound(s *server) error {
	_, err := s.call(nil, request{verb: verbGetAndTouch, key: "key1"})
	return err
}
