package memcached

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zerohop/gateway/memcached/memcachedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testConfig is patient with a machine that is busy with other tests.
func testConfig(servers ...string) Config {
	return Config{Servers: servers, Timeout: time.Second, Connections: 8}
}

func newClient(t testing.TB, c Config) *Client {
	t.Helper()
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func check(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// onBoth runs a test on a server with a port, and on one with a socket.
func onBoth(t *testing.T, test func(t *testing.T, server *memcachedtest.Server)) {
	t.Run("tcp", func(t *testing.T) { test(t, memcachedtest.Start(t)) })
	t.Run("unix", func(t *testing.T) { test(t, memcachedtest.StartUnix(t)) })
}

func TestVerbs(t *testing.T) {
	onBoth(t, func(t *testing.T, server *memcachedtest.Server) {
		c := newClient(t, testConfig(server.Address()))
		_, err := c.Get(t.Context(), "a")
		check(t, err, ErrMiss)
		check(t, c.Set(t.Context(), "a", []byte("1"), time.Minute), nil)
		check(t, c.Add(t.Context(), "a", []byte("2"), time.Minute), ErrExists)
		check(t, c.Add(t.Context(), "empty", nil, 0), nil)
		item, err := c.Get(t.Context(), "a")
		check(t, err, nil)
		if got, want := string(item.Value), "1"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		check(t, c.CompareAndSwap(t.Context(), "a", []byte("3\r\nEND\r\n"), time.Minute, item.CAS), nil)
		check(t, c.CompareAndSwap(t.Context(), "a", []byte("4"), time.Minute, item.CAS), ErrConflict)
		check(t, c.CompareAndSwap(t.Context(), "b", []byte("4"), time.Minute, item.CAS), ErrMiss)
		value, err := c.GetAndTouch(t.Context(), "a", time.Minute)
		check(t, err, nil)
		if got, want := string(value), "3\r\nEND\r\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		value, err = c.GetAndTouch(t.Context(), "empty", time.Minute)
		check(t, err, nil)
		if len(value) != 0 {
			t.Errorf("got %q, want nothing", value)
		}
		check(t, c.Touch(t.Context(), "a", time.Minute), nil)
		check(t, c.Touch(t.Context(), "b", time.Minute), ErrMiss)
		check(t, c.Set(t.Context(), "n", []byte("41"), time.Minute), nil)
		n, err := c.Increment(t.Context(), "n", 1)
		check(t, err, nil)
		if n != 42 {
			t.Errorf("got %d, want 42", n)
		}
		_, err = c.Increment(t.Context(), "m", 1)
		check(t, err, ErrMiss)
		_, err = c.Increment(t.Context(), "empty", 1)
		check(t, err, ErrUnavailable) // it is no number
		check(t, c.Delete(t.Context(), "a"), nil)
		check(t, c.Delete(t.Context(), "a"), ErrMiss)
	})
}

func TestRefusedBeforeItIsSent(t *testing.T) {
	c := newClient(t, testConfig("127.0.0.1:1")) // nobody is asked
	f := func(key string, value []byte, want error) {
		t.Helper()
		check(t, c.Set(t.Context(), key, value, 0), want)
		if got := c.Stats()[0].Calls; got != 0 {
			t.Errorf("%d calls", got)
		}
	}
	f("", nil, ErrKey)
	f(strings.Repeat("k", 251), nil, ErrKey)
	f("a b", nil, ErrKey)
	f("a\r\nflush_all", nil, ErrKey)
	f("a\x7f", nil, ErrKey)
	f("a", make([]byte, MaxValue+1), ErrTooLarge)
}

func TestLargestValueAndKey(t *testing.T) {
	c := newClient(t, testConfig(memcachedtest.Start(t).Address()))
	key := strings.Repeat("k", 250)
	check(t, c.Set(t.Context(), key, make([]byte, MaxValue), time.Minute), nil)
	item, err := c.Get(t.Context(), key)
	check(t, err, nil)
	if got := len(item.Value); got != MaxValue {
		t.Errorf("got %d bytes, want %d", got, MaxValue)
	}
}

// A server that refuses a value has answered all the same, and the next call
// finds its connection in order.
func TestValueTooLargeForServer(t *testing.T) {
	c := newClient(t, testConfig(memcachedtest.Start(t, "-I", "512k").Address()))
	for range 2 * patience {
		check(t, c.Set(t.Context(), "a", make([]byte, 800<<10), time.Minute), ErrUnavailable)
		check(t, c.Set(t.Context(), "b", []byte("1"), time.Minute), nil)
	}
}

func TestExpiry(t *testing.T) {
	f := func(ttl time.Duration, least, most int64) {
		t.Helper()
		if got := int64(expiry(ttl)); got < least || got > most {
			t.Errorf("%v: got %d, want %d to %d", ttl, got, least, most)
		}
	}
	now := time.Now().Unix()
	f(0, 0, 0)
	f(-time.Second, -1, -1)
	f(time.Nanosecond, 1, 1)
	f(1500*time.Millisecond, 2, 2)
	f(30*24*time.Hour, 2592000, 2592000)
	f(31*24*time.Hour, now+31*86400, now+31*86400+5)
	f(1<<63-1, 1<<31-1, 1<<31-1)

	c := newClient(t, testConfig(memcachedtest.Start(t).Address()))
	check(t, c.Set(t.Context(), "long", []byte("1"), 31*24*time.Hour), nil)
	_, err := c.Get(t.Context(), "long")
	check(t, err, nil)
	check(t, c.Set(t.Context(), "over", []byte("1"), -time.Second), nil)
	_, err = c.Get(t.Context(), "over")
	check(t, err, ErrMiss)
}

func TestFind(t *testing.T) {
	a, b := memcachedtest.Start(t), memcachedtest.Start(t)
	c := newClient(t, testConfig(a.Address(), b.Address()))
	for _, server := range []*memcachedtest.Server{a, b} {
		single := newClient(t, testConfig(server.Address()))
		check(t, single.Set(t.Context(), "old", []byte(server.Address()), 0), nil)
		item, remove, err := c.Find(t.Context(), "old")
		check(t, err, nil)
		if got, want := string(item.Value), server.Address(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		check(t, remove(), nil)
		check(t, remove(), nil)
		_, _, err = c.Find(t.Context(), "old")
		check(t, err, ErrMiss)
	}
	b.Kill()
	_, _, err := c.Find(t.Context(), "old")
	check(t, err, ErrUnavailable) // it might be there
}

func TestClose(t *testing.T) {
	c := newClient(t, testConfig(memcachedtest.Start(t).Address()))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for c.Set(t.Context(), "a", []byte("1"), 0) == nil {
			}
		})
	}
	_ = eventually(func() error { _, err := c.Get(t.Context(), "a"); return err })
	c.Close()
	c.Close()
	wg.Wait()
	check(t, c.Set(t.Context(), "a", nil, 0), ErrClosed)
	if got := c.Stats()[0]; got.Idle != 0 || got.Busy != 0 {
		t.Errorf("connections are left: %+v", got)
	}
}

// onBothForBench runs a benchmark on a server with a port, and on one with a
// socket, with what reads one of a thousand values.
func onBothForBench(b *testing.B, run func(b *testing.B, c *Client, read func(n int))) {
	on := func(name string, server *memcachedtest.Server) {
		b.Run(name, func(b *testing.B) {
			c := newClient(b, testConfig(server.Address()))
			keys := make([]string, 1000)
			for i := range keys {
				keys[i] = fmt.Sprintf("zerohop:session:%043d", i)
				check(b, c.Set(context.Background(), keys[i], make([]byte, 200), 0), nil)
			}
			b.ReportAllocs()
			b.ResetTimer()
			run(b, c, func(n int) {
				if _, err := c.GetAndTouch(context.Background(), keys[n%len(keys)], time.Minute); err != nil {
					b.Error(err)
				}
			})
		})
	}
	on("tcp", memcachedtest.Start(b))
	on("unix", memcachedtest.StartUnix(b))
}

// BenchmarkGetAndTouch is one caller alone.
func BenchmarkGetAndTouch(b *testing.B) {
	onBothForBench(b, func(b *testing.B, _ *Client, read func(int)) {
		for n := 0; b.Loop(); n++ {
			read(n)
		}
	})
}

// BenchmarkCrowd is 64 callers at once.
func BenchmarkCrowd(b *testing.B) {
	onBothForBench(b, func(b *testing.B, c *Client, read func(int)) {
		b.SetParallelism(64 / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for n := rand.IntN(1000); pb.Next(); n++ {
				read(n)
			}
		})
		if stats := c.Stats()[0]; stats.Batches > 0 {
			b.ReportMetric(float64(stats.Shared)/float64(stats.Batches), "calls/batch")
		}
	})
}
