package backends

import (
	"time"

	"zerohop/backends/upstream"
)

// GroupStats is a snapshot of a group. Counts are since the start.
type GroupStats struct {
	Name    string
	Balance string
	// Queue is how many requests may wait for any member, Waiting how many do.
	Queue, Waiting int
	// QueueTimeouts is how many waited until their time was up, Refused how
	// many found no place to wait either.
	QueueTimeouts, Refused uint64
	// Retries is how many times a request was tried on a further member,
	// RetriesDenied how many times the budget stood in the way.
	Retries, RetriesDenied uint64
	// Unavailable is how many requests found no member up.
	Unavailable uint64
	Members     []MemberStats
}

// MemberStats is a snapshot of one member of a group.
type MemberStats struct {
	// Name is the URL as written, or "workers".
	Name string
	// URL: the member is an HTTP server.
	URL bool
	// State is one of the State constants, Since when it began: the zero time
	// is the start.
	State string
	Since time.Time
	// Weight is as configured, EffectiveWeight what failures have left of it.
	Weight, EffectiveWeight int
	Backup                  bool

	// Workers is how many requests a pool runs at once, MaxInFlight how many
	// the member may have, Queue how many more may wait for it alone.
	Workers, MaxInFlight, Queue int
	// Busy is how many it has now, Waiting how many wait for it.
	Busy, Waiting int
	// Refused is how many found every worker busy and no place in the queue.
	Refused uint64
	// Requests is how many the member was given, Failures how many of them
	// failed through its fault, Fails how many of those count against it now.
	Requests, Failures uint64
	Fails              int
	// LastError is why the last one failed, and LastErrorAt when.
	LastError   string
	LastErrorAt time.Time

	// Checks is how many health checks there were, CheckFailures how many of
	// them failed; the rest is of the last one.
	Checks, CheckFailures uint64
	LastCheck             time.Time
	LastCheckOK           bool
	LastCheckError        string
	// LastCheckSince is when the first of those checks ended that have come
	// out like the last one ever since.
	LastCheckSince time.Time

	// Connections is how many connections to it are open, Idle how many of
	// them have no request. Connects is how many were opened, StaleRetries how
	// many requests were sent again because a kept one had been closed,
	// Tunnels how many became tunnels.
	Connections, Idle               int
	Connects, StaleRetries, Tunnels uint64
}

// The states of a member.
const (
	StateUp       = "up"
	StateDown     = "down"     // by health checks
	StateFailing  = "failing"  // out until its fail_timeout has passed
	StateOff      = "off"      // by configuration
	StateStarting = "starting" // back, and not at its full share yet
)

// Stats returns a snapshot.
func (g *Group) Stats() GroupStats {
	g.mu.Lock()
	st := GroupStats{
		Name: g.name, Balance: g.balance,
		Queue: g.waiting.limit, Waiting: g.waiting.length, QueueTimeouts: g.queueTimeouts, Refused: g.refused,
		Retries: g.retries, RetriesDenied: g.retriesDenied, Unavailable: g.unavailable,
	}
	now := time.Now()
	for _, m := range g.members {
		st.Members = append(st.Members, m.statsLocked(now))
	}
	g.mu.Unlock()
	for i, m := range g.members {
		if m.server != nil {
			st.Members[i].addConnections(m.server.Stats())
		}
	}
	return st
}

func (m *member) statsLocked(now time.Time) MemberStats {
	m.standing.clean(now) // a slow start may have ended unseen
	st := MemberStats{
		Name: m.name, URL: m.server != nil, State: m.standing.state(now), Since: m.standing.since,
		Weight: m.weight, EffectiveWeight: m.standing.effective, Backup: m.backup,
		Workers: m.workers, MaxInFlight: m.limit, Queue: m.waiting.limit,
		Busy: m.busy, Waiting: m.waiting.length, Refused: m.refused,
		Requests: m.requests, Failures: m.failures, Fails: m.standing.fails,
		LastErrorAt: m.lastErrAt,
		Checks:      m.checks, CheckFailures: m.checkFails, LastCheck: m.lastCheck,
		LastCheckOK: m.checks > 0 && m.lastCheckErr == nil, LastCheckSince: m.lastCheckSince,
	}
	if m.off {
		st.State = StateOff
	}
	if m.lastErr != nil {
		st.LastError = m.lastErr.Error()
	}
	if m.lastCheckErr != nil {
		st.LastCheckError = m.lastCheckErr.Error()
	}
	return st
}

func (st *MemberStats) addConnections(c upstream.Stats) {
	st.Connections, st.Idle = c.Connections, c.Idle
	st.Connects, st.StaleRetries, st.Tunnels = c.Connects, c.StaleRetries, c.Tunnels
}
