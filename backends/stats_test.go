package backends

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/valyala/fasthttp"
)

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGroup(t, 2, 1)
		f := func(busy, waiting, requests int, refused uint64) {
			t.Helper()
			synctest.Wait()
			want := MemberStats{
				Name: "workers", State: StateUp, Weight: 1, EffectiveWeight: 1, Workers: 2, MaxInFlight: 2, Queue: 1,
				Busy: busy, Waiting: waiting, Refused: refused, Requests: uint64(requests),
			}
			if got := g.Stats().Members; len(got) != 1 || got[0] != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		f(0, 0, 0, 0)
		release := make(chan struct{})
		for range 3 {
			go g.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error {
				<-release
				return nil
			})
		}
		f(2, 1, 2, 0)
		for range 2 {
			if err := g.Serve(context.Background(), nil, nothing); !errors.Is(err, ErrFull) {
				t.Errorf("got %v, want %v", err, ErrFull)
			}
		}
		f(2, 1, 2, 2)
		close(release)
		f(0, 0, 3, 2)
	})
}
