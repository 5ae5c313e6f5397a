package backends

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// nginxPeer and nginxPeers are nginx's rule as its source describes it, with
// times in whole seconds: the table that smooth_wrr must equal.
type nginxPeer struct {
	weight, effective, current  int
	fails, maxFails             int
	accessed, checked, failTime int64
	down                        bool
}

type nginxPeers struct{ primaries, backups []*nginxPeer }

// pick returns the peer for a request that has tried some already, or nil.
func (p nginxPeers) pick(tried map[*nginxPeer]bool, now int64) *nginxPeer {
	if best := pickNginx(p.primaries, tried, now); best != nil {
		return best
	}
	return pickNginx(p.backups, tried, now)
}

func pickNginx(peers []*nginxPeer, tried map[*nginxPeer]bool, now int64) *nginxPeer {
	var best *nginxPeer
	total := 0
	for _, p := range peers {
		if tried[p] || p.down || p.maxFails > 0 && p.fails >= p.maxFails && now-p.checked <= p.failTime {
			continue
		}
		p.current += p.effective
		total += p.effective
		if p.effective < p.weight {
			p.effective++
		}
		if best == nil || p.current > best.current {
			best = p
		}
	}
	if best == nil {
		return nil
	}
	tried[best] = true
	best.current -= total
	if now-best.checked > best.failTime {
		best.checked = now
	}
	return best
}

func (p *nginxPeer) free(failed bool, now int64) {
	if !failed {
		if p.accessed < p.checked {
			p.fails = 0
		}
		return
	}
	p.fails++
	p.accessed, p.checked = now, now
	if p.maxFails > 0 {
		p.effective -= p.weight / p.maxFails
	}
	if p.effective < 0 {
		p.effective = 0
	}
}

// A thousand picks, with failures, retries and passing time in between, are
// nginx's.
func TestSmoothWRREqualsNginx(t *testing.T) {
	f := func(name string, maxFails, failures int, members ...MemberConfig) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { compareWithNginx(t, maxFails, failures, members) })
		})
	}
	weights := func(all ...int) (members []MemberConfig) {
		for _, w := range all {
			members = append(members, MemberConfig{Weight: w})
		}
		return members
	}
	f("equal", 1, 0, weights(1, 1, 1, 1)...)
	f("weights", 1, 0, weights(5, 1, 1)...)
	f("many", 1, 0, weights(7, 3, 3, 2, 11, 1, 1, 65535)...)
	f("failures", 1, 15, weights(5, 5, 5, 5)...)
	f("rare failures", 3, 3, weights(5, 4, 1)...)
	f("some fails", 3, 40, weights(5, 4, 1)...)
	f("division", 4, 30, weights(10, 7, 3)...)
	f("never left out", 0, 30, weights(3, 2, 1)...)
	f("backups", 1, 40, MemberConfig{Weight: 2}, MemberConfig{Weight: 1}, MemberConfig{Weight: 3, Backup: true}, MemberConfig{Weight: 1, Backup: true})
	f("down", 2, 20, MemberConfig{Weight: 2}, MemberConfig{Weight: 9, Down: true}, MemberConfig{Weight: 1}, MemberConfig{Weight: 1, Backup: true})
	f("all fail", 1, 90, weights(1, 2, 3)...)
}

// compareWithNginx lets failures in a hundred requests fail.
func compareWithNginx(t *testing.T, maxFails, failures int, members []MemberConfig) {
	cfg := Pool(1, 0)
	cfg.Balance, cfg.MaxFails, cfg.WhenAllDown, cfg.Members = balanceSmoothWRR, maxFails, allDownFail, members
	g, _ := newFakeGroup(t, cfg)
	began := time.Now()
	now := func() int64 { return 1_000_000 + int64(time.Since(began)/time.Second) }

	var peers nginxPeers
	index := map[*nginxPeer]int{}
	for i, m := range members {
		p := &nginxPeer{weight: m.Weight, effective: m.Weight, maxFails: maxFails, failTime: 10, down: m.Down}
		index[p] = i
		if m.Backup {
			peers.backups = append(peers.backups, p)
		} else {
			peers.primaries = append(peers.primaries, p)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for picks := 0; picks < 1000; {
		time.Sleep(time.Duration(random.IntN(10)/7) * time.Second)
		o, tried := order{able: g.servers}, map[*nginxPeer]bool{}
		for failed := true; failed; picks++ {
			want := peers.pick(tried, now())
			g.mu.Lock()
			got, err := g.nextLocked(&o)
			g.mu.Unlock()
			if want == nil {
				if !errors.Is(err, ErrDown) {
					t.Fatalf("pick %d: got %v, want %v", picks, err, ErrDown)
				}
				break
			}
			if err != nil || got != g.members[index[want]] {
				t.Fatalf("pick %d: got %v, %v, want member %d", picks, got, err, index[want])
			}
			failed = random.IntN(100) < failures
			want.free(failed, now())
			if failed {
				g.release(got, outcomeFailed, errors.New("failure"))
			} else {
				g.release(got, outcomePassed, nil)
			}
			if got.standing.effective != want.effective || got.standing.fails != want.fails {
				t.Fatalf("pick %d: got weight %d and %d fails, want %d and %d", picks,
					got.standing.effective, got.standing.fails, want.effective, want.fails)
			}
		}
	}
}
