package backends

import (
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// newBusyMembers returns members with the given weights and requests in flight.
func newBusyMembers(weights, busy []int) []*member {
	var members []*member
	for i, w := range weights {
		m := newMember(i, MemberConfig{URL: fmt.Sprintf("http://10.0.0.%d", i), Weight: w}, &healthRules{})
		if busy != nil {
			m.busy = busy[i]
		}
		members = append(members, m)
	}
	return members
}

func all(members []*member) set { return 1<<len(members) - 1 }

func TestLeastBusy(t *testing.T) {
	f := func(weights, busy []int, candidates set, want int) {
		t.Helper()
		p := newPolicy(balanceLeastBusy, newBusyMembers(weights, busy))
		for range 100 {
			if got := p.choose(candidates, 0, time.Time{}); got != want {
				t.Fatalf("weights %v, busy %v: got %d, want %d", weights, busy, got, want)
			}
		}
	}
	f([]int{1, 1, 1}, []int{3, 2, 4}, 0b111, 1)
	f([]int{1, 1, 1}, []int{3, 2, 4}, 0b101, 0)
	f([]int{1, 1, 1}, []int{3, 2, 4}, 0b100, 2)
	f([]int{5, 1}, []int{4, 1}, 0b11, 0)
	f([]int{5, 1}, []int{6, 1}, 0b11, 1)
	f([]int{65535, 1}, []int{1 << 20, 17}, 0b11, 0)
	f([]int{65535, 1}, []int{1 << 20, 1 << 20}, 0b11, 0)
}

// Equals are drawn, by weight.
func TestLeastBusyDrawsAmongEquals(t *testing.T) {
	f := func(weights, busy []int, want ...float64) {
		t.Helper()
		members := newBusyMembers(weights, busy)
		p := newPolicy(balanceLeastBusy, members)
		counts := make([]float64, len(members))
		const n = 20_000
		for range n {
			counts[p.choose(all(members), 0, time.Time{})]++
		}
		for i, got := range counts {
			if got < n*(want[i]-0.03) || got > n*(want[i]+0.03) {
				t.Errorf("weights %v: got %v of %d, want the parts %v", weights, counts, n, want)
				return
			}
		}
	}
	f([]int{1, 1, 1, 1}, nil, 0.25, 0.25, 0.25, 0.25)
	f([]int{3, 1}, nil, 0.75, 0.25)
	f([]int{3, 1, 1}, []int{3, 1, 2}, 0.75, 0.25, 0)
}

func keys(n int) (keys []uint64) {
	for i := range n {
		keys = append(keys, hashKey(fmt.Appendf(nil, "192.168.%d.%d", i/250, i%250)))
	}
	return keys
}

// Every member has its share of the keys, and losing one moves its keys alone,
// to all the others.
func TestRendezvous(t *testing.T) {
	weights := []int{1, 2, 3, 4}
	members := newBusyMembers(weights, nil)
	p := newPolicy(balanceHash, members)
	all := keys(20_000)
	owners := make([]int, len(all))
	counts := make([]int, len(members))
	for i, key := range all {
		owners[i] = p.choose(0b1111, key, time.Time{})
		counts[owners[i]]++
		if again := p.choose(0b1111, key, time.Time{}); again != owners[i] {
			t.Fatalf("key %d: got %d, then %d", key, owners[i], again)
		}
	}
	for i, got := range counts {
		if want := len(all) * weights[i] / 10; got < want*9/10 || got > want*11/10 {
			t.Errorf("got %v keys for the weights %v", counts, weights)
		}
	}
	const lost = 2
	moved := make([]int, len(members))
	for i, key := range all {
		got := p.choose(0b1111&^(1<<lost), key, time.Time{})
		if owners[i] != lost && got != owners[i] {
			t.Fatalf("a key of member %d moved to %d", owners[i], got)
		}
		if owners[i] == lost {
			moved[got]++
		}
	}
	for i, got := range moved {
		if want := counts[lost] * weights[i] / 7; i != lost && (got < want*8/10 || got > want*12/10) {
			t.Errorf("got %v keys moved for the weights %v", moved, weights)
		}
	}
}

// What a member gets is its own, wherever it stands in the list.
func TestRendezvousGoesByName(t *testing.T) {
	members := newBusyMembers([]int{1, 1, 1}, nil)
	reversed := slices.Clone(members)
	slices.Reverse(reversed)
	p, q := newPolicy(balanceHash, members), newPolicy(balanceHash, reversed)
	for _, key := range keys(1000) {
		got, want := reversed[q.choose(0b111, key, time.Time{})], members[p.choose(0b111, key, time.Time{})]
		if got != want {
			t.Fatalf("key %d: got %s, want %s", key, got.name, want.name)
		}
	}
}

// A restart, and a new version, move nobody: keys keep their members.
func TestRendezvousStays(t *testing.T) {
	p := newPolicy(balanceHash, newBusyMembers([]int{1, 1, 1, 1}, nil))
	var got []int
	for _, key := range keys(12) {
		got = append(got, p.choose(0b1111, key, time.Time{}))
	}
	if want := []int{3, 0, 2, 3, 1, 1, 0, 1, 3, 3, 2, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHashKeyIsFNV(t *testing.T) {
	for _, key := range []string{"a", "192.0.2.1", "\x00\xff"} {
		h := fnv.New64a()
		h.Write([]byte(key))
		if got, want := hashKey([]byte(key)), h.Sum64(); got != want {
			t.Errorf("%q: got %#x, want %#x", key, got, want)
		}
	}
}

// Where requests of the same value go.
func TestHashKeys(t *testing.T) {
	f := func(hash string, change func(in *fakeInbound, rc *fasthttp.RequestCtx, i int), wantOne bool) {
		t.Helper()
		cfg := servers(8)
		cfg.Balance, cfg.Hash = balanceHash, hash
		g, fakes := newFakeGroup(t, cfg)
		for i := range 40 {
			in, rc := newInbound(), newRequest("GET")
			change(in, rc, i)
			g.Serve(in, rc, nil)
		}
		used := slices.DeleteFunc(fakes, func(s *fakeServer) bool { return s.asked == 0 })
		if (len(used) == 1) != wantOne {
			t.Errorf("%s: got %d members, want one: %t", hash, len(used), wantOne)
		}
	}
	f("", func(in *fakeInbound, _ *fasthttp.RequestCtx, _ int) { in.ip = []byte("192.0.2.1") }, true)
	f("client.ip", func(in *fakeInbound, _ *fasthttp.RequestCtx, i int) { in.ip = fmt.Appendf(nil, "192.0.2.%d", i) }, false)
	f("client.ip", func(*fakeInbound, *fasthttp.RequestCtx, int) {}, false) // no key: wherever there is room
	f("header.X_User", func(_ *fakeInbound, rc *fasthttp.RequestCtx, _ int) { rc.Request.Header.Set("x-user", "bob") }, true)
	f("header.X_User", func(_ *fakeInbound, rc *fasthttp.RequestCtx, i int) { rc.Request.Header.Set("x-user", fmt.Sprint(i)) }, false)
	f("cookie.session", func(_ *fakeInbound, rc *fasthttp.RequestCtx, _ int) { rc.Request.Header.SetCookie("session", "a") }, true)
}

func BenchmarkGroupOfServers(b *testing.B) {
	for _, balance := range []string{balanceSmoothWRR, balanceLeastBusy, balanceHash} {
		b.Run(balance, func(b *testing.B) {
			cfg := servers(4)
			cfg.Balance = balance
			g, _ := newFakeGroup(b, cfg)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					o := order{able: g.servers, key: 12345}
					m, _, err := g.enter(&o)
					if err != nil {
						b.Fatal(err)
					}
					g.release(m, outcomePassed, nil)
				}
			})
		})
	}
}

func TestServersCostNoAllocation(t *testing.T) {
	for _, balance := range []string{balanceSmoothWRR, balanceLeastBusy, balanceHash} {
		cfg := servers(4)
		cfg.Balance, cfg.Retry = balance, []string{"error", "503"}
		g, _ := newFakeGroup(t, cfg)
		in, rc := newInbound(), newRequest("GET")
		in.ip = []byte("192.0.2.1")
		if got := testing.AllocsPerRun(1000, func() { g.Serve(in, rc, nil) }); got != 0 {
			t.Errorf("%s: got %v allocations, want none", balance, got)
		}
	}
}
