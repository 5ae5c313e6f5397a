package gateway

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"zerohop/sqlapi"
)

func newTestScope(t testing.TB, timeout time.Duration) (*scopes, *scope) {
	t.Helper()
	var pool scopes
	s := pool.get(&conn{ip: []byte("192.0.2.1"), port: []byte("4711")}, time.Now())
	s.deadline = s.start.Add(timeout)
	return &pool, s
}

func TestScopeDeadline(t *testing.T) {
	_, s := newTestScope(t, 20*time.Millisecond)
	if err := s.Err(); err != nil {
		t.Fatalf("got %v before the deadline, want nil", err)
	}
	select {
	case <-s.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("Done was not closed at the deadline")
	}
	if err := s.Err(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

// Err knows that the time is up even when nobody has asked for Done.
func TestScopeErrWithoutDone(t *testing.T) {
	_, s := newTestScope(t, -time.Second)
	if err := s.Err(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	select {
	case <-s.Done():
	default:
		t.Error("Done is open although Err is not nil")
	}
}

func TestScopeCancel(t *testing.T) {
	_, s := newTestScope(t, time.Hour)
	child, stop := context.WithCancel(s)
	defer stop()
	if !s.cancel(context.Canceled) {
		t.Error("cancel: got that nobody had asked for Done, want true")
	}
	select {
	case <-child.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("a context below the scope did not end with it")
	}
	s.cancel(context.DeadlineExceeded)
	if err := s.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the first error to stay", err)
	}
}

// Whoever holds the Done of a request that is over sees it closed, and never
// the Done of another request.
func TestScopeIsNotReusedOnceObserved(t *testing.T) {
	pool, s := newTestScope(t, time.Hour)
	done := s.Done()
	pool.put(s)
	select {
	case <-done:
	default:
		t.Error("Done is open after the request has ended")
	}
	for range 100 {
		if pool.get(&conn{}, time.Now()) == s {
			t.Fatal("a scope whose Done is known was used again")
		}
	}
}

func TestScopeIsCleanWhenReused(t *testing.T) {
	pool, s := newTestScope(t, -time.Second)
	if err := s.readBasic([]byte("Basic Ym9iOnNlY3JldA=="), false); err != nil {
		t.Fatal(err)
	}
	_ = s.Err()
	secret := s.secret
	pool.put(s)
	if s.user != nil || s.password != nil || s.err != nil || s.route != nil || s.client != nil || s.id != nil {
		t.Errorf("got %+v, want nothing of the request left", s)
	}
	for _, c := range secret[:cap(secret)] {
		if c != 0 {
			t.Fatalf("got %q, want the password wiped", secret[:cap(secret)])
		}
	}
}

func TestScopeLookup(t *testing.T) {
	_, s := newTestScope(t, time.Hour)
	s.route = newTestRoute(t, "/{a}/{b...}", nil)
	if err := s.path.parse([]byte("/x%2Fy/z/")); err != nil {
		t.Fatal(err)
	}
	s.values = []span{s.path.segments[0], s.path.from(1)}
	looker := s.Value(sqlapi.LookupKey).(sqlapi.Lookuper)
	f := func(source sqlapi.Source, name, want string, wantOK bool) {
		t.Helper()
		if got, ok := looker.Lookup(source, name); string(got) != want || ok != wantOK {
			t.Errorf("Lookup(%d, %s): got %q %t, want %q %t", source, name, got, ok, want, wantOK)
		}
	}
	f(sqlapi.SourcePath, "a", "x/y", true)
	f(sqlapi.SourcePath, "b", "z/", true)
	f(sqlapi.SourcePath, "c", "", false)
	f(sqlapi.SourceAuth, "user", "", false)
	f(sqlapi.SourceClient, "ip", "192.0.2.1", true)
	f(sqlapi.SourceClient, "port", "4711", true)
	f(sqlapi.SourceClient, "name", "", false)
	f(sqlapi.SourceQuery, "a", "", false)
	if err := s.readBasic([]byte("Basic Ym9iOg=="), false); err != nil {
		t.Fatal(err)
	}
	f(sqlapi.SourceAuth, "user", "bob", true)
	f(sqlapi.SourceAuth, "password", "", true)
	f(sqlapi.SourceAuth, "realm", "", false)
	if got := s.Value("another key"); got != nil {
		t.Errorf("Value: got %v, want nil", got)
	}
}

func TestScopeDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector pools forget; run without -race")
	}
	var pool scopes
	client := &conn{ip: []byte("192.0.2.1")}
	now := time.Now()
	got := testing.AllocsPerRun(1000, func() {
		s := pool.get(client, now)
		s.deadline = now.Add(time.Hour)
		s.setRequestID(nil)
		if err := s.readBasic([]byte("Basic Ym9iOnNlY3JldA=="), true); err != nil {
			t.Fatal(err)
		}
		var ctx context.Context = s
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil {
			t.Fatal("no deadline")
		}
		looker := ctx.Value(sqlapi.LookupKey).(sqlapi.Lookuper)
		if v, _ := looker.Lookup(sqlapi.SourceAuth, "user"); len(v) != 3 {
			t.Fatal("no user")
		}
		pool.put(s)
	})
	// The garbage collector may empty the pool in between.
	if got > 0.1 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// A deadline that has been moved ends nothing at its old time, be that still to
// come or over, and the new one counts.
func TestScopeRebind(t *testing.T) {
	f := func(name string, wait time.Duration, asks bool) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, s := newTestScope(t, time.Second)
				if asks {
					s.Done() // a verifier waited for its turn
				}
				time.Sleep(wait) // a slow upload
				_ = s.Err()
				if err := s.rebind(time.Now().Add(time.Minute)); err != nil {
					t.Fatalf("got %v, want nil", err)
				}
				time.Sleep(59 * time.Second)
				select {
				case <-s.Done():
					t.Fatal("the old deadline has ended the request")
				default:
				}
				if err := s.Err(); err != nil {
					t.Errorf("got %v, want nil", err)
				}
				time.Sleep(2 * time.Second)
				<-s.Done()
				if err := s.Err(); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
			})
		})
	}
	f("before", time.Millisecond, true)
	f("after", 2*time.Second, true)
	f("after, unobserved", 2*time.Second, false)
}

// Without a deadline a request goes on, unless its client has left.
func TestScopeRebindToNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newTestScope(t, time.Second)
		s.Done()
		time.Sleep(2 * time.Second)
		if err := s.rebind(time.Time{}); err != nil {
			t.Fatalf("got %v, want nil", err)
		}
		time.Sleep(time.Hour)
		if err := s.Err(); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		s.abandon()
		if err := s.rebind(time.Now().Add(time.Minute)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that the client has left", err)
		}
		<-s.Done()
	})
}
