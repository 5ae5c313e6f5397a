package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answering returns how to connect to a member that reads a request and then
// sends an answer. Until that is asked for, the member hangs.
func answering(answer func() (text string, hang bool)) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := theirs.Read(make([]byte, 4096)); err != nil {
				return
			}
			text, hang := answer()
			io.WriteString(theirs, text)
			if hang {
				io.Copy(io.Discard, theirs)
			}
		}()
		return ours, nil
	}
}

func healthy() (string, bool) { return "HTTP/1.1 200 OK\r\n\r\n", false }
func failing() (string, bool) { return "HTTP/1.1 500 Oops\r\n\r\n", false }
func hanging() (string, bool) { return "HTTP/1.1 2", true }

// seconds is a Config that checks every 10 s for up to 2 s, the first time
// after 1 s.
func seconds() Config {
	return Config{
		Path: "/health", Every: 10 * time.Second, Timeout: 2 * time.Second, Fails: 2, Passes: 2,
		First: func(time.Duration) time.Duration { return time.Second },
	}
}

// watch runs a prober of targets for a while, and returns what it reported, as
// "member second outcome", with an u, U, d or D as in TestTally.
func watch(cfg Config, during time.Duration, targets ...Target) (reported []string) {
	began := time.Now()
	p := New(cfg, targets, func(i int, r Result) {
		outcome, state := "-", "d"
		if r.OK {
			outcome = "+"
		}
		if r.Up {
			state = "u"
		}
		if r.Changed {
			state = strings.ToUpper(state)
		}
		if (r.Err == nil) != r.OK {
			outcome = "?"
		}
		reported = append(reported, fmt.Sprintf("%d %v %s%s", i, r.At.Sub(began), outcome, state))
	})
	p.Start()
	time.Sleep(during)
	p.Close()
	return reported
}

func TestProberFollowsTheSchedule(t *testing.T) {
	f := func(cfg Config, during time.Duration, dial func(context.Context) (net.Conn, error), want ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			if got := watch(cfg, during, Target{Dial: dial}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	refused := func(context.Context) (net.Conn, error) { return nil, errors.New("refused") }
	f(seconds(), 22*time.Second, answering(healthy), "0 1s +u", "0 11s +u", "0 21s +u")
	f(seconds(), 22*time.Second, answering(failing), "0 1s -u", "0 11s -D", "0 21s -d")
	f(seconds(), 22*time.Second, answering(hanging), "0 3s -u", "0 13s -D")
	f(seconds(), 22*time.Second, refused, "0 1s -u", "0 11s -D", "0 21s -d")

	down := seconds()
	down.Down = true
	f(down, 22*time.Second, answering(healthy), "0 1s +d", "0 11s +U", "0 21s +u")
	f(down, 12*time.Second, refused, "0 1s -d", "0 11s -d")

	// A check that takes longer than it is to the next one puts that off.
	slow := seconds()
	slow.Timeout = 12 * time.Second
	f(slow, 40*time.Second, answering(hanging), "0 13s -u", "0 25s -D", "0 37s -d")
}

func TestHangingMemberDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := seconds()
		cfg.Every = 3 * time.Second
		got := watch(cfg, 8*time.Second,
			Target{Dial: answering(hanging)}, Target{Dial: answering(healthy)},
			Target{Dial: func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }})
		count := map[string]int{}
		for _, report := range got {
			count[report]++
		}
		for _, want := range []string{"1 1s +u", "1 4s +u", "1 7s +u", "0 3s -u", "2 3s -u", "0 6s -D", "2 6s -D"} {
			if count[want] != 1 {
				t.Errorf("want %q once, got %q", want, got)
			}
		}
		if len(got) != 7 {
			t.Errorf("got %q, want 7 reports", got)
		}
	})
}

func TestOneCheckAMemberAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open, most, all atomic.Int32
		cfg := seconds()
		cfg.Every, cfg.Timeout = time.Second, 5*time.Second
		watch(cfg, time.Minute, Target{Dial: func(ctx context.Context) (net.Conn, error) {
			most.Store(max(most.Load(), open.Add(1)))
			all.Add(1)
			<-ctx.Done()
			open.Add(-1)
			return nil, ctx.Err()
		}})
		if most.Load() != 1 || all.Load() != 12 {
			t.Errorf("got %d checks at a time, %d in all; want 1 and 12", most.Load(), all.Load())
		}
	})
}

func TestErrorsSayWhatHappened(t *testing.T) {
	f := func(dial func(context.Context) (net.Conn, error), kind error, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			var got Result
			p := New(seconds(), []Target{{Dial: dial}}, func(_ int, r Result) { got = r })
			p.Start()
			time.Sleep(4 * time.Second)
			p.Close()
			if !errors.Is(got.Err, kind) || got.Err.Error() != want {
				t.Errorf("got %v, want %q", got.Err, want)
			}
		})
	}
	refused := errors.New("refused")
	f(func(context.Context) (net.Conn, error) { return nil, refused }, refused, "refused")
	f(func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		context.DeadlineExceeded, "no answer within 2s: context deadline exceeded")
	f(answering(hanging), context.DeadlineExceeded, "no answer within 2s: context deadline exceeded")
	f(answering(failing), ErrUnexpected, "unexpected answer: status 500")
	f(answering(func() (string, bool) { return "", false }), io.ErrUnexpectedEOF,
		"read answer: closed before its end: unexpected EOF")
	f(func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		return ours, theirs.Close()
	}, io.ErrClosedPipe, "send: io: read/write on closed pipe")
}

func TestCloseEndsChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := seconds()
		cfg.Timeout = time.Hour
		p := New(cfg, []Target{
			{Dial: answering(hanging)},
			{Dial: func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }},
		}, func(i int, r Result) { t.Errorf("member %d: %+v was reported", i, r) })
		p.Start()
		time.Sleep(5 * time.Second) // both checks are under way
		began := time.Now()
		p.Close()
		p.Close()
		if took := time.Since(began); took != 0 {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestCloseWithoutStart(t *testing.T) {
	New(seconds(), []Target{{}}, nil).Close()
}

func TestFirstCheckIsAtARandomTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := seconds()
		cfg.First = nil
		targets := make([]Target, 50)
		for i := range targets {
			targets[i].Dial = answering(healthy)
		}
		began := time.Now()
		at := map[time.Duration]bool{}
		p := New(cfg, targets, func(_ int, r Result) { at[r.At.Sub(began)] = true })
		p.Start()
		time.Sleep(cfg.Every)
		p.Close()
		// Fifty times at the same nanosecond of ten seconds is no chance.
		if len(at) < 40 {
			t.Errorf("got %d different times of 50, want them spread", len(at))
		}
	})
}

func TestRequest(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			cfg.Every, cfg.Timeout, cfg.Fails, cfg.Passes = time.Second, time.Second, 1, 1
			cfg.First = func(time.Duration) time.Duration { return 0 }
			ours, theirs := net.Pipe()
			p := New(cfg, []Target{{Host: "10.0.0.1:8000", Dial: func(context.Context) (net.Conn, error) { return ours, nil }}},
				func(int, Result) {})
			p.Start()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(bufio.NewReader(theirs), got); err != nil || string(got) != want {
				t.Errorf("got %q and %v, want %q", got, err, want)
			}
			p.Close()
		})
	}
	f(Config{Path: "/health?full=1"}, "GET /health?full=1 HTTP/1.1\r\nHost: 10.0.0.1:8000\r\n"+
		"User-Agent: zerohop-health\r\nAccept: */*\r\nConnection: close\r\n\r\n")
	f(Config{Path: "/", Host: "example.com", HTTP10: true}, "GET / HTTP/1.0\r\nHost: example.com\r\n"+
		"User-Agent: zerohop-health\r\nAccept: */*\r\nConnection: close\r\n\r\n")
	f(Config{Send: "PING\r\n"}, "PING\r\n")
	f(Config{Send: "GET /health HTTP/1.0\r\n\r\n"}, "GET /health HTTP/1.0\r\n\r\n")
}
