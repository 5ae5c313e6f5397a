package memcached

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// ofRequest is the context of a request with a Patience.
type ofRequest struct {
	context.Context
	patience Patience
}

func (r *ofRequest) Value(key any) any {
	if key == any(PatienceKey) {
		return &r.patience
	}
	return r.Context.Value(key)
}

// A server that hangs takes little more than its timeout from a request,
// whichever client asks it, and from another request again. Other servers are
// asked as ever, and so is one that is back.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := testConfig("hangs:1", "answers:1")
		hanging := true
		var clients []*Client
		for range 2 {
			c := newClient(t, config)
			for _, s := range c.servers {
				s.dial = func(time.Time) (net.Conn, error) {
					here, there := net.Pipe()
					t.Cleanup(func() { _ = there.Close() })
					if s.name == "hangs:1" && hanging {
						go func() { _, _ = io.Copy(io.Discard, there) }()
					} else {
						(&peer{there, t}).serve()
					}
					return here, nil
				}
			}
			clients = append(clients, c)
		}
		on := func(name string) (key string) {
			for key = "a"; clients[0].servers.pick(key).name != name; key += "a" {
			}
			return key
		}
		hangs, answers := on("hangs:1"), on("answers:1")
		f := func(ctx context.Context, call func(ctx context.Context) error, want error, within time.Duration) {
			t.Helper()
			began := time.Now()
			if err := call(ctx); !errors.Is(err, want) {
				t.Errorf("got error %v, want %v", err, want)
			}
			if took := time.Since(began); took != within {
				t.Errorf("took %v, want %v", took, within)
			}
		}
		read := func(c *Client, key string) func(context.Context) error {
			return func(ctx context.Context) error { _, err := c.Get(ctx, key); return err }
		}
		write := func(ctx context.Context) error { return clients[1].Set(ctx, hangs, nil, 0) }
		whole := config.Timeout
		one, other := &ofRequest{Context: t.Context()}, &ofRequest{Context: t.Context()}
		f(one, read(clients[0], answers), nil, 0)
		f(one, read(clients[0], hangs), ErrUnavailable, whole)
		f(one, write, ErrUncertain, whole/8) // it is sent
		f(one, read(clients[0], answers), nil, 0)
		f(one, read(clients[1], hangs), ErrUnavailable, whole/64)
		f(one, read(clients[0], hangs), errSilent, 0)
		f(one, write, errSilent, 0)
		if got := clients[1].Stats()[0]; got.Calls != 2 || got.Failures != 2 || got.Down {
			t.Errorf("got %+v; what was not asked does not count, and who had no time says nothing", got)
		}
		f(t.Context(), write, ErrUnavailable, whole)
		f(other, write, ErrUnavailable, whole)
		hanging = false
		f(other, read(clients[0], hangs), nil, 0)
		hanging = true
		clients[0].servers.pick(hangs).dropIdle()
		f(other, read(clients[0], hangs), ErrUnavailable, whole/8)
		hanging = false
		f(other, read(clients[1], hangs), nil, 0)
		hanging = true
		clients[1].servers.pick(hangs).dropIdle()
		f(other, write, ErrUnavailable, whole/8)
	})
}

// A failure at once costs no patience: the server is asked again.
func TestPatienceWithRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPiped(t, 1)
		dials := 0
		p.dial = func(time.Time) (net.Conn, error) {
			dials++
			return nil, &dialError{errors.New("connection refused")}
		}
		var patience Patience
		for range 3 {
			if _, err := p.call(&patience, request{verb: verbGet, key: "a"}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("got error %v", err)
			}
			time.Sleep(pause) // so that it is not down
		}
		if dials != 3 {
			t.Errorf("the server was asked %d times", dials)
		}
		p.end()
	})
}

// A call that is sent at all has time to connect.
func TestPatienceWithShortTimeouts(t *testing.T) {
	f := func(timeout time.Duration, want ...time.Duration) {
		t.Helper()
		var p Patience
		for _, w := range want {
			if got := p.left("a", timeout); got != w {
				t.Errorf("got %v, want %v", got, w)
			}
			p.note("a", true)
		}
	}
	f(time.Second, time.Second, 125*time.Millisecond, 15625*time.Microsecond, 0)
	f(50*time.Millisecond, 50*time.Millisecond, 6250*time.Microsecond, 5*time.Millisecond, 0)
	f(2*time.Millisecond, 2*time.Millisecond, 2*time.Millisecond, 2*time.Millisecond, 0)
}
