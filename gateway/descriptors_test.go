package gateway

import (
	"math"
	"testing"

	"zerohop/backends"
	"zerohop/sqlapi"
)

func TestShareDescriptors(t *testing.T) {
	f := func(descriptors, connections, pool int, internal bool, want places) {
		t.Helper()
		cfg := &Config{Listen: []string{":1"}, Databases: map[string]sqlapi.Config{"main": {Max: pool}}}
		cfg.Limits.Connections = connections
		kinds := 1
		if internal {
			cfg.Internal, kinds = []string{"unix:/in"}, 2
		}
		got := share(descriptors, cfg, demandOf(cfg))
		if got != want {
			t.Errorf("share(%d) of %d connections: got %+v, want %+v", descriptors, connections, got, want)
		}
		used := got.public + got.internal + got.admin + kinds*got.surplus + pool
		if enough := pool < descriptors/2; enough && used >= descriptors {
			t.Errorf("share(%d) of %d connections: got %d in use, want room left", descriptors, connections, used)
		}
	}
	all := places{public: 30000, admin: adminConnections, surplus: surplusConnections}
	f(math.MaxInt32, 30000, 100, false, all)
	f(1<<20, 30000, 100, false, all)
	all.internal = 30000
	f(1<<20, 30000, 100, true, all)
	// Too few for all: clients get what databases and operator leave.
	f(256, 30000, 100, false, places{public: 106, admin: 7, surplus: 7})
	f(256, 30000, 100, true, places{public: 74, internal: 24, admin: 7, surplus: 7})
	f(256, 50, 100, true, places{public: 50, internal: 48, admin: 7, surplus: 7})
	f(256, 50, 10, false, places{public: 50, admin: 13, surplus: 13})
	f(1024, 30000, 100, false, places{public: 778, admin: 55, surplus: 55})
	// However few there are, somebody can ask.
	f(64, 30000, 100, true, places{public: 8, internal: 2, admin: 4, surplus: 1})
	f(16, 30000, 100, false, places{public: 1, admin: 4})
}

// A request that is passed on takes a second descriptor, and servers have no
// more requests than there are clients, however many they might have.
func TestShareWithServersBehind(t *testing.T) {
	f := func(descriptors, groups, members, inFlight, want int) {
		t.Helper()
		cfg := &Config{Listen: []string{":1"}, Backends: map[string]backends.Config{}}
		cfg.Limits.Connections = 30000
		for i := range groups {
			var group backends.Config
			group.SetDefaults()
			for range members {
				group.Members = append(group.Members, backends.MemberConfig{URL: "http://127.0.0.1:1", Weight: 1, MaxInFlight: inFlight})
			}
			cfg.Backends[string(rune('a'+i))] = group
		}
		others := demandOf(cfg)
		got := share(descriptors, cfg, others)
		if got.public != want {
			t.Errorf("%d groups of %d: got %+v of %d, want %d clients", groups, members, got, descriptors, want)
		}
		if used := got.public + min(got.public, others.passed) + others.kept + got.admin + got.surplus; used > descriptors {
			t.Errorf("%d groups of %d: got %d in use of %d", groups, members, used, descriptors)
		}
	}
	f(1<<20, 4, 4, 0, 30000)
	f(20000, 1, 4, 0, 15286)
	f(20000, 4, 4, 0, 9295)
	f(20000, 8, 8, 0, 7711)
	f(20000, 4, 4, 10, 18430)
	f(50000, 1, 4, 0, 30000)
}

func TestListenSharesTheLimit(t *testing.T) {
	limits := testLimits()
	limits.Connections = maxConnections
	ts := startServer(t, limits, newTestRoute(t, "/", say("")))
	if limit := descriptorLimit(); ts.public.limits.Connections >= limit {
		t.Errorf("got %d connections where %d files may be open", ts.public.limits.Connections, limit)
	}
	if got := ts.get("/"); got.StatusCode != 200 {
		t.Errorf("got %d, want 200", got.StatusCode)
	}
}
