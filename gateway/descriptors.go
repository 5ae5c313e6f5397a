package gateway

import (
	"math"
	"syscall"
)

// places is how many connections each kind of listener may have open at once.
type places struct {
	public, internal, admin int
	// surplus is how many over the limit are told so, for each kind.
	surplus int
}

const (
	// ownDescriptors are for everything that is not counted below: the
	// standard streams, the poller, files and names looked up on the way.
	ownDescriptors = 32
	// databaseControls are a database's connections besides those of its pool.
	databaseControls = 2
	// adminConnections are for the operator.
	adminConnections = 256
)

// demand is what needs descriptors besides the connections of clients.
type demand struct {
	listeners int
	databases int // connections to them
	kept      int // connections to servers behind, without a request
	// passed is how many requests the servers behind may have at once. Each of
	// them is a client's, which has a connection of its own.
	passed int
}

func demandOf(cfg *Config) demand {
	d := demand{listeners: len(cfg.Listen) + len(cfg.Internal) + 1}
	for _, db := range cfg.Databases {
		d.databases += db.Max + databaseControls
	}
	for _, group := range cfg.Backends {
		d.kept += group.Kept()
		d.passed += group.InFlight()
	}
	return d
}

// clients returns how many clients n descriptors are enough for, where each may
// have a request at a server.
func (d demand) clients(n int) int { return max(n-d.passed, n/2) }

// share divides what the process may have open: clients never take what the
// databases, the servers behind and the operator need, and the public not what
// the internal listeners do. Where there is enough for all, that is what the
// configuration says. descriptors is the process's limit.
func share(descriptors int, cfg *Config, others demand) places {
	want := places{public: cfg.Limits.Connections, admin: adminConnections, surplus: surplusConnections}
	kinds := 1
	if len(cfg.Internal) > 0 {
		want.internal, kinds = cfg.Limits.Connections, 2
	}
	// Whatever the databases and the servers behind may want, some clients must be able to ask.
	free := max(descriptors-ownDescriptors-others.listeners-others.databases-others.kept, descriptors/4)
	if others.clients(free-want.admin-kinds*want.surplus) >= want.public+want.internal {
		return want
	}
	got := places{admin: min(max(free/16, 4), want.admin), surplus: min(free/16, want.surplus)}
	clients := others.clients(free - got.admin - kinds*got.surplus)
	got.internal = min(want.internal, clients/4)
	got.public = max(min(want.public, clients-got.internal), 1)
	got.internal = min(want.internal, max(clients-got.public, 1))
	return got
}

// descriptorLimit returns how many descriptors the process may have open. Go
// has raised that to the hard limit at the start.
func descriptorLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(limit.Cur)
}

// sharePlaces gives the acceptors their places.
func (s *Server) sharePlaces() {
	limit, others := descriptorLimit(), demandOf(s.cfg)
	p := share(limit, s.cfg, others)
	s.public.allow(p.public, p.surplus)
	if s.internal != nil {
		s.internal.allow(p.internal, p.surplus)
	}
	if s.admin != nil {
		s.admin.allow(p.admin, 0)
	}
	if p.public < s.cfg.Limits.Connections {
		s.problems.log.Warn("fewer connections than limits.connections: raise the limit of open files (ulimit -n, LimitNOFILE=)",
			"connections", p.public, "wanted", s.cfg.Limits.Connections, "open_files", limit,
			"for_databases", others.databases, "kept_to_servers", others.kept,
			"requests_at_servers", min(others.passed, p.public+p.internal))
	}
}
