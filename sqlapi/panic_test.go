package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

// bomb has every connection of a database panic when it is told to write
// something.
type bomb struct {
	t    *testing.T
	db   *Database
	fuse atomic.Pointer[func(written string) bool] // tells what sets it off
}

// explosive is such a connection.
type explosive struct {
	net.Conn
	bomb   *bomb
	closed atomic.Bool
}

func (e *explosive) Close() error {
	e.closed.Store(true)
	return e.Conn.Close()
}

func (e *explosive) Write(b []byte) (int, error) {
	if fuse := e.bomb.fuse.Load(); fuse != nil && !e.closed.Load() && (*fuse)(string(b)) {
		panic(fmt.Sprintf("set off by %q", b))
	}
	return e.Conn.Write(b)
}

func newBomb(t *testing.T, change func(*Config)) *bomb {
	t.Helper()
	cfg := mariaDBConfig(t)
	cfg.Max, cfg.Timeout = 2, 500*time.Millisecond
	change(&cfg)
	b := &bomb{t: t, db: open(t, cfg)}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &explosive{Conn: conn, bomb: b}, nil
	}
	dialer, err := wire.NewDialer(wire.DialerConfig{DSN: cfg.DSN, MaxBytes: cfg.MaxBytes, Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	b.db.dialer, b.db.killer.dialer = dialer, dialer
	return b
}

func (b *bomb) arm(fuse func(written string) bool) { b.fuse.Store(&fuse) }

func has(text string) func(string) bool {
	return func(written string) bool { return strings.Contains(written, text) }
}

func (b *bomb) ask(sql string) (string, error) {
	b.t.Helper()
	return serve(endpoint(b.t, b.db, sql), asker{}, "")
}

// disarm wants all to be well again: every slot is back, and requests are answered.
func (b *bomb) disarm() {
	b.t.Helper()
	eventually(b.t, 5*time.Second, "the slots are back", func() bool { return b.db.Stats().Busy == 0 })
	b.fuse.Store(nil)
	if got, err := b.ask("select 1 as n"); err != nil || got != `[{"n":1}]` {
		b.t.Errorf("got %s, %v", got, err)
	}
	eventually(b.t, 5*time.Second, "the slots are back", func() bool { return b.db.Stats().Busy == 0 })
}

func TestPanicWhileConnecting(t *testing.T) {
	b := newBomb(t, func(*Config) {})
	b.arm(has("SET NAMES"))
	for range 5 {
		if _, err := b.ask("select 1 as n"); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errPanic) {
			t.Errorf("got %v, want %v for a panic", err, ErrUnavailable)
		}
	}
	b.disarm()
	if got := b.db.Stats(); got.Outages != 0 || got.ConnectFailures != 5 {
		t.Errorf("got %+v, want five failures and no outage", got)
	}
}

func TestPanicWhileTakingLeave(t *testing.T) {
	b := newBomb(t, func(c *Config) { c.Lifetime = time.Millisecond })
	b.arm(func(written string) bool { return written == "\x01\x00\x00\x00\x01" }) // COM_QUIT
	eventually(t, 10*time.Second, "five connections have ended", func() bool {
		if got, err := b.ask("select sleep(0.01) as s"); err != nil || got != `[{"s":0}]` {
			t.Errorf("got %s, %v", got, err)
		}
		return b.db.Stats().Panics >= 5
	})
	b.disarm()
}

func TestPanicWhileKilling(t *testing.T) {
	b := newBomb(t, func(*Config) {})
	b.arm(has("KILL"))
	for range 3 {
		if _, err := b.ask("select sleep(3)"); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v, want %v", err, ErrTimeout)
		}
	}
	b.disarm()
	if got := b.db.Stats(); got.Kills != 0 || got.Panics != 3 || got.Outages != 0 {
		t.Errorf("got %+v, want three panics, and no kill that got through", got)
	}
}
