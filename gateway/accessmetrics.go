package gateway

import dto "github.com/prometheus/client_model/go"

// accessMetrics adds what has become of those who were asked who they are.
func accessMetrics(e *exposition, all []*verifier, s *sessions) {
	e.begin("zerohop_auth_total", counter, "Requests and logins of which a verifier was asked, by what came of it; those without credentials are left out.")
	for _, v := range all {
		for _, c := range v.counts() {
			e.series(float64(c.n), "auth", v.name, "result", c.result)
		}
	}
	var counts sessionsStatus
	if s != nil {
		counts = *newSessionsStatus(s)
	}
	e.single("zerohop_sessions_started_total", counter, "Sessions that were begun.", float64(counts.Started))
	e.single("zerohop_sessions_ended_total", counter, "Sessions that were ended by a logout.", float64(counts.Ended))
	e.single("zerohop_sessions_adopted_total", counter, "Sessions that took the place of one of the old stack.", float64(counts.Adopted))
	e.single("zerohop_sessions_unadopted_total", counter, "Requests with a session of the old stack that cannot be read.", float64(counts.Unadopted))
	e.single("zerohop_sessions_unavailable_total", counter, "Requests that the store of the sessions gave no answer.", float64(counts.Unavailable))
	e.single("zerohop_sessions_in_memory", gauge, "Sessions in the store of this process; 0 with memcached.", float64(counts.InMemory))
	e.single("zerohop_sessions_evicted_total", counter, "Sessions in that store that had to make room before their time.", float64(counts.Evicted))
	family := func(name string, kind dto.MetricType, help string, value func(serverStatus) float64) {
		e.begin("zerohop_session_server_"+name, kind, help)
		for _, server := range counts.Servers {
			e.series(value(server), "server", server.Address)
		}
	}
	family("up", gauge, "0 while a memcached server is known to be out of reach, else 1.",
		func(s serverStatus) float64 { return oneIf(s.Up) })
	family("calls_total", counter, "What was asked of a memcached server.",
		func(s serverStatus) float64 { return float64(s.Calls) })
	family("failures_total", counter, "What it gave no answer to.",
		func(s serverStatus) float64 { return float64(s.Failures) })
}

// verifierCount is how often a verifier came to one result.
type verifierCount struct {
	result string
	n      uint64
}

func (v *verifier) counts() []verifierCount {
	return []verifierCount{
		{"passed", v.passed.Load()}, {"rejected", v.rejected.Load()},
		{"throttled", v.throttled.Load()}, {"failed", v.failed.Load()},
	}
}

// verifierStatus is what has become of those a verifier was asked about.
type verifierStatus struct {
	Passed    uint64 `json:"passed"`
	Rejected  uint64 `json:"rejected"`
	Throttled uint64 `json:"throttled"`
	Failed    uint64 `json:"failed"`
}

func newVerifierStatus(all []*verifier) map[string]verifierStatus {
	st := map[string]verifierStatus{}
	for _, v := range all {
		st[v.name] = verifierStatus{v.passed.Load(), v.rejected.Load(), v.throttled.Load(), v.failed.Load()}
	}
	return st
}

// sessionsStatus is how the sessions are.
type sessionsStatus struct {
	Started     uint64         `json:"started"`
	Ended       uint64         `json:"ended"`
	Adopted     uint64         `json:"adopted"`
	Unadopted   uint64         `json:"unadopted"`
	Unavailable uint64         `json:"unavailable"`
	InMemory    int            `json:"in_memory"`
	Evicted     uint64         `json:"evicted"`
	Servers     []serverStatus `json:"servers"`
}

// serverStatus is how one memcached server is.
type serverStatus struct {
	Address  string `json:"address"`
	Up       bool   `json:"up"`
	Busy     int    `json:"busy"`
	Idle     int    `json:"idle"`
	Calls    uint64 `json:"calls"`
	Failures uint64 `json:"failures"`
	Retries  uint64 `json:"retries"`
}

// newSessionsStatus returns how the sessions are, nil without any.
func newSessionsStatus(s *sessions) *sessionsStatus {
	if s == nil {
		return nil
	}
	store := s.Stats()
	st := &sessionsStatus{
		Started: s.started.Load(), Ended: s.ended.Load(), Adopted: s.adopted.Load(), Unadopted: s.unadopted.Load(), Unavailable: s.failures.Load(),
		InMemory: store.Entries, Evicted: store.Evicted, Servers: []serverStatus{},
	}
	for _, server := range store.Servers {
		st.Servers = append(st.Servers, serverStatus{
			server.Address, !server.Down, server.Busy, server.Idle, server.Calls, server.Failures, server.Retries,
		})
	}
	return st
}
