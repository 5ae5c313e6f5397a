package gateway

import (
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"time"

	"zerohop/sqlapi"
)

// status is what /status tells a person or a script about the server. Names of
// fields do not change; there may be more of them in a later version. Nothing
// in it is secret. Times are seconds, sizes bytes.
type status struct {
	Version          string                    `json:"version"`
	Go               string                    `json:"go"`
	State            string                    `json:"state"` // serving or draining
	Started          time.Time                 `json:"started"`
	UptimeSeconds    float64                   `json:"uptime_seconds"`
	Listeners        []listenerStatus          `json:"listeners"`
	Limits           limitsStatus              `json:"limits"`
	RequestsInFlight int64                     `json:"requests_in_flight"`
	Routes           []routeStatus             `json:"routes"`
	Unrouted         answersStatus             `json:"unrouted"` // answered before there was a route
	Problems         map[string]uint64         `json:"problems"` // by code
	Backends         map[string]groupStatus    `json:"backends"`
	Databases        map[string]databaseStatus `json:"databases"`
	Auth             map[string]verifierStatus `json:"auth"`
	Sessions         *sessionsStatus           `json:"sessions"` // null without routes for them
	AccessLog        accessLogStatus           `json:"access_log"`
}

// listenerStatus is one group of listening sockets with a limit in common.
type listenerStatus struct {
	Name           string   `json:"name"`
	Addresses      []string `json:"addresses"`
	Connections    int64    `json:"connections"`
	MaxConnections int      `json:"max_connections"`
}

type limitsStatus struct {
	HeaderBytes           int64   `json:"header_bytes"`
	BodyBytes             int64   `json:"body_bytes"`
	HeaderTimeoutSeconds  float64 `json:"header_timeout_seconds"`
	IdleTimeoutSeconds    float64 `json:"idle_timeout_seconds"`
	RequestTimeoutSeconds float64 `json:"request_timeout_seconds"`
	Connections           int     `json:"connections"`
}

type routeStatus struct {
	Match string `json:"match"`
	answersStatus
}

// answersStatus sums up a tally. The quantiles are estimates from a histogram
// of everything since the start.
type answersStatus struct {
	Requests    uint64            `json:"requests"`
	Statuses    map[string]uint64 `json:"statuses"` // by class, "2xx"; without those that are 0
	MeanSeconds float64           `json:"mean_seconds"`
	P50Seconds  float64           `json:"p50_seconds"`
	P99Seconds  float64           `json:"p99_seconds"`
}

type databaseStatus struct {
	Address         string `json:"address"`
	Up              bool   `json:"up"`
	Max             int    `json:"max"`
	Busy            int    `json:"busy"`
	Idle            int    `json:"idle"`
	Waiting         int    `json:"waiting"`
	Statements      uint64 `json:"statements"`
	Timeouts        uint64 `json:"timeouts"`
	Rejected        uint64 `json:"rejected"`
	WaitTimeouts    uint64 `json:"wait_timeouts"`
	Retries         uint64 `json:"retries"`
	Kills           uint64 `json:"kills"`
	Connects        uint64 `json:"connects"`
	ConnectFailures uint64 `json:"connect_failures"`
	Reconnects      uint64 `json:"reconnects"`
	Outages         uint64 `json:"outages"`
	Panics          uint64 `json:"panics"`

	Lanes laneStatus `json:"lanes"`
}

type accessLogStatus struct {
	LinesDropped uint64 `json:"lines_dropped"`
}

// status returns what there is to say right now.
func (s *Server) status() status {
	st := status{
		Version:          s.version,
		Go:               runtime.Version(),
		State:            "serving",
		Started:          s.started.UTC(),
		UptimeSeconds:    time.Since(s.started).Seconds(),
		Limits:           newLimitsStatus(s.cfg.Limits),
		RequestsInFlight: s.scopes.inUse.Load(),
		Routes:           []routeStatus{},
		Unrouted:         newAnswersStatus(&s.unrouted),
		Problems:         map[string]uint64{},
		Backends:         map[string]groupStatus{},
		Databases:        map[string]databaseStatus{},
		AccessLog:        accessLogStatus{s.access.lost.Load()},
	}
	if s.public.draining.Load() {
		st.State = "draining"
	}
	for _, side := range s.sides() {
		st.Listeners = append(st.Listeners, newListenerStatus(side))
	}
	for code, n := range s.problems.counts {
		st.Problems[code] = n.Load()
	}
	t := s.table.Load()
	for _, rt := range t.routes {
		st.Routes = append(st.Routes, routeStatus{rt.pattern.text, newAnswersStatus(&rt.tally)})
	}
	for _, g := range groupStats(t.groups) {
		st.Backends[g.Name] = newGroupStatus(g, s.started)
	}
	for name, db := range t.databases {
		st.Databases[name] = newDatabaseStatus(db)
	}
	st.Auth, st.Sessions = newVerifierStatus(t.verifiers.sorted()), newSessionsStatus(t.sessions)
	return st
}

// body renders the status for people who read JSON.
func (st status) body() []byte {
	body, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		panic(fmt.Sprint("bug: status cannot be encoded: ", err))
	}
	return append(body, '\n')
}

func newListenerStatus(side side) listenerStatus {
	st := listenerStatus{
		Name: side.name, Addresses: []string{},
		Connections: side.open.Load(), MaxConnections: side.limits.Connections,
	}
	for _, addr := range side.addrs() {
		st.Addresses = append(st.Addresses, addressText(addr))
	}
	return st
}

// addressText writes an address as the configuration has it.
func addressText(addr net.Addr) string {
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return addr.String()
}

func newLimitsStatus(l Limits) limitsStatus {
	return limitsStatus{
		HeaderBytes:           l.HeaderBytes,
		BodyBytes:             l.BodyBytes,
		HeaderTimeoutSeconds:  l.HeaderTimeout.Seconds(),
		IdleTimeoutSeconds:    l.IdleTimeout.Seconds(),
		RequestTimeoutSeconds: l.RequestTimeout.Seconds(),
		Connections:           l.Connections,
	}
}

func newAnswersStatus(t *tally) answersStatus {
	st := answersStatus{
		Statuses:   map[string]uint64{},
		P50Seconds: t.durations.quantile(0.5).Seconds(),
		P99Seconds: t.durations.quantile(0.99).Seconds(),
	}
	for class, n := range t.classes() {
		st.Requests += n
		switch {
		case n == 0:
		case class == 0:
			st.Statuses["other"] = n
		default:
			st.Statuses[fmt.Sprintf("%dxx", class)] = n
		}
	}
	if st.Requests > 0 {
		st.MeanSeconds = time.Duration(t.durations.sum.Load()).Seconds() / float64(st.Requests)
	}
	return st
}

func newDatabaseStatus(db *sqlapi.Database) databaseStatus {
	st := db.Stats()
	return databaseStatus{
		Address:         db.Address(),
		Up:              !st.Down,
		Max:             st.Max,
		Busy:            st.Busy,
		Idle:            st.Idle,
		Waiting:         st.Waiting,
		Statements:      st.Statements,
		Timeouts:        st.Timeouts,
		Rejected:        st.Rejected,
		WaitTimeouts:    st.WaitTimeouts,
		Retries:         st.Retries,
		Kills:           st.Kills,
		Connects:        st.Connects,
		ConnectFailures: st.ConnectFailures,
		Reconnects:      st.Reconnects,
		Outages:         st.Outages,
		Panics:          st.Panics,

		Lanes: newLaneStatus(db.LaneStats()),
	}
}
