package memcached

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/gateway/memcached/memcachedtest"
)

// slack is what a call may take longer than its timeout on a busy machine.
const slack = 300 * time.Millisecond

// One try of each verb finds its connection closed by a server that was
// started anew, and none of them fails.
func TestStaleConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, server *memcachedtest.Server) {
		c := newClient(t, testConfig(server.Address()))
		f := func(call func() error, want error) {
			t.Helper()
			check(t, c.Set(t.Context(), "there", []byte("1"), 0), nil) // a connection is kept
			server.Kill()
			server.Restart()
			check(t, call(), want)
		}
		f(func() error { _, err := c.Get(t.Context(), "a"); return err }, ErrMiss)
		f(func() error { _, err := c.GetAndTouch(t.Context(), "a", 0); return err }, ErrMiss)
		f(func() error { return c.Touch(t.Context(), "a", 0) }, ErrMiss)
		f(func() error { return c.Set(t.Context(), "a", nil, 0) }, nil)
		f(func() error { return c.Add(t.Context(), "a", nil, 0) }, nil)
		f(func() error { return c.CompareAndSwap(t.Context(), "a", nil, 0, 1) }, ErrMiss)
		f(func() error { return c.Delete(t.Context(), "a") }, ErrMiss)
		f(func() error { _, err := c.Increment(t.Context(), "a", 1); return err }, ErrMiss)
		if got := c.Stats()[0].Failures; got != 0 {
			t.Errorf("%d failures", got)
		}
	})
}

func TestStoppedServer(t *testing.T) {
	server := memcachedtest.Start(t)
	config := testConfig(server.Address())
	config.Timeout, config.Connections = 50*time.Millisecond, 2
	c := newClient(t, config)
	check(t, eventually(func() error { return c.Set(t.Context(), "a", []byte("1"), 0) }), nil)
	server.Freeze()
	var wg sync.WaitGroup
	for range 20 { // most of them wait for a connection
		wg.Go(func() {
			started := time.Now()
			if _, err := c.Get(t.Context(), "a"); !errors.Is(err, ErrUnavailable) {
				t.Errorf("got error %v, want %v", err, ErrUnavailable)
			}
			if got, want := time.Since(started), config.Timeout+slack; got > want {
				t.Errorf("took %v, want %v at most", got, want)
			}
		})
	}
	wg.Wait()
	for !c.Stats()[0].Down {
		check(t, c.Delete(t.Context(), "a"), ErrUnavailable)
	}
	check(t, eventually(func() error { return isDown(c.Add(t.Context(), "b", nil, 0)) }), nil)
	server.Thaw()
	check(t, eventually(func() error { return c.Set(t.Context(), "c", []byte("1"), 0) }), nil)
	if c.Stats()[0].Down {
		t.Error("the server is still down")
	}
}

// A write that was sent and not answered says so.
func TestUncertainWrite(t *testing.T) {
	server := memcachedtest.Start(t)
	config := testConfig(server.Address())
	config.Timeout = 300 * time.Millisecond
	c := newClient(t, config)
	check(t, eventually(func() error { return c.Set(t.Context(), "n", []byte("1"), 0) }), nil)
	server.Freeze()
	_, err := c.Increment(t.Context(), "n", 1)
	check(t, err, ErrUncertain)
	_, err = c.Get(t.Context(), "n")
	check(t, err, ErrUnavailable)
	if errors.Is(err, ErrUncertain) {
		t.Errorf("nothing is uncertain about a read: %v", err)
	}
	server.Thaw()
	var item Item
	check(t, eventually(func() error { item, err = c.Get(t.Context(), "n"); return err }), nil)
	if got, want := string(item.Value), "2"; got != want { // once, and not twice
		t.Errorf("got %s, want %s", got, want)
	}
}

// eventually calls until there is no error, or five seconds have passed.
func eventually(call func() error) (err error) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = call(); err == nil {
			return nil
		}
	}
	return err
}

// Several goroutines read and write while the server is killed and started
// again: nobody reads another's value, and afterwards nothing fails any more.
func TestKillAndRestartUnderLoad(t *testing.T) {
	server := memcachedtest.Start(t)
	config := testConfig(server.Address())
	config.Timeout, config.Connections = 200*time.Millisecond, 4
	c := newClient(t, config)
	var (
		wg               sync.WaitGroup
		stop             = make(chan struct{})
		good, bad, wrong atomic.Int64
	)
	for i := range 8 {
		wg.Go(func() {
			key := fmt.Sprintf("key%d", i)
			for {
				select {
				case <-stop:
					return
				default:
				}
				_ = c.Set(t.Context(), key, []byte(key), 0)
				started := time.Now()
				value, err := c.GetAndTouch(t.Context(), key, time.Minute)
				switch {
				case err == nil && string(value) != key:
					wrong.Add(1)
				case err == nil:
					good.Add(1)
				case errors.Is(err, ErrUnavailable):
					bad.Add(1)
					time.Sleep(time.Millisecond)
				}
				if took := time.Since(started); took > config.Timeout+slack {
					t.Errorf("took %v", took)
				}
			}
		})
	}
	await := func(count *atomic.Int64) {
		t.Helper()
		goal := count.Load() + 50
		for deadline := time.Now().Add(10 * time.Second); count.Load() < goal; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing happens")
			}
		}
	}
	for range 3 {
		await(&good)
		server.Kill()
		await(&bad)
		server.Restart()
		await(&good)
	}
	close(stop)
	wg.Wait()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d values of others", n)
	}
	before := c.Stats()[0].Failures
	for range 100 {
		check(t, c.Set(t.Context(), "a", nil, 0), nil)
	}
	if got := c.Stats()[0].Failures; got != before {
		t.Errorf("%d calls failed after the server was back", got-before)
	}
	if got := c.Stats()[0]; got.Busy != 0 || got.Idle > config.Connections {
		t.Errorf("got %d busy and %d idle connections of %d", got.Busy, got.Idle, config.Connections)
	}
}

// With one of three servers lost, what the others have stays.
func TestLostServer(t *testing.T) {
	var addresses []string
	servers := map[string]*memcachedtest.Server{}
	for range 3 {
		server := memcachedtest.Start(t)
		addresses = append(addresses, server.Address())
		servers[server.Address()] = server
	}
	c := newClient(t, testConfig(addresses...))
	const keys = 300
	for i := range keys {
		check(t, c.Set(t.Context(), fmt.Sprint(i), []byte(fmt.Sprint(i)), 0), nil)
	}
	servers[addresses[1]].Kill()
	lost := 0
	for i := range keys {
		key := fmt.Sprint(i)
		want := error(nil)
		if c.servers.pick(key).name == addresses[1] {
			lost++
			want = ErrUnavailable
		}
		_, err := c.Get(t.Context(), key)
		check(t, err, want)
	}
	if lost < keys/6 || lost > keys/2 {
		t.Errorf("a third of the servers had %d of %d keys", lost, keys)
	}
}

func TestNoSuchSocket(t *testing.T) {
	c := newClient(t, testConfig("unix:/nonexistent/memcached"))
	_, err := c.Get(t.Context(), "a")
	check(t, err, ErrUnavailable)
	check(t, err, os.ErrNotExist)
	check(t, eventually(func() error { _, err := c.Get(t.Context(), "a"); return isDown(err) }), nil)
}

// isDown returns nil for a call that failed without being sent.
func isDown(err error) error {
	if errors.Is(err, errDown) {
		return nil
	}
	return fmt.Errorf("got error %w, want %w", err, errDown)
}
