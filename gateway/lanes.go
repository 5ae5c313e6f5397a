package gateway

import (
	"log/slog"

	"zerohop/sqlapi"
)

// logPutOff returns what is told when the route's statement was too slow to
// share a connection.
func (rt *route) logPutOff(log *slog.Logger) func(sqlapi.PutOff) {
	return func(off sqlapi.PutOff) {
		log.Warn("a route does without the lanes for a while", "route", rt.pattern.text, "why", off.Reason, "for", off.For)
	}
}

// laneStatus is about the connections that short statements share.
type laneStatus struct {
	Max             int     `json:"max"`
	Open            int     `json:"open"`
	Busy            int     `json:"busy"`
	Waiting         int     `json:"waiting"`
	RoutesPutOff    int     `json:"routes_put_off"`
	Batches         uint64  `json:"batches"`
	Statements      uint64  `json:"statements"`
	Reruns          uint64  `json:"reruns"`
	PutOffs         uint64  `json:"put_offs"`
	MeanBatch       float64 `json:"mean_batch"`
	MeanWaitSeconds float64 `json:"mean_wait_seconds"`
}

func newLaneStatus(st sqlapi.LaneStats) laneStatus {
	s := laneStatus{
		Max: st.Max, Open: st.Open, Busy: st.Busy, Waiting: st.Waiting,
		RoutesPutOff: st.PutOff, Reruns: st.Reruns, PutOffs: st.PutOffs,
		Batches: st.Batches.Count(), Statements: uint64(st.Batches.Sum),
	}
	if s.Batches > 0 {
		s.MeanBatch = st.Batches.Sum / float64(s.Batches)
	}
	if n := st.Waits.Count(); n > 0 {
		s.MeanWaitSeconds = st.Waits.Sum / float64(n)
	}
	return s
}

func laneMetrics(e *exposition, databases map[string]*sqlapi.Database) {
	f := byName(e, "zerohop_lane", "database", databases, (*sqlapi.Database).LaneStats)
	f.gauge("s_max", "How many connections short statements may share.",
		func(st sqlapi.LaneStats) int { return st.Max })
	f.gauge("s_open", "Connections that short statements share.",
		func(st sqlapi.LaneStats) int { return st.Open })
	f.gauge("s_busy", "Shared connections that carry statements.",
		func(st sqlapi.LaneStats) int { return st.Busy })
	f.gauge("_requests_waiting", "Requests that wait for their turn on a shared connection.",
		func(st sqlapi.LaneStats) int { return st.Waiting })
	f.gauge("_routes_put_off", "Routes that do without shared connections for a while, because they were too slow for the others.",
		func(st sqlapi.LaneStats) int { return st.PutOff })
	f.counter("_put_offs", "How many times a route was put off.",
		func(st sqlapi.LaneStats) uint64 { return st.PutOffs })
	f.counter("_reruns", "Statements run once more because their shared connection broke.",
		func(st sqlapi.LaneStats) uint64 { return st.Reruns })
	f.distribution("_batch_statements", "Statements that were sent together on a shared connection.",
		func(st sqlapi.LaneStats) sqlapi.Histogram { return st.Batches })
	f.distribution("_wait_seconds", "Time from a request to the sending of its statement on a shared connection.",
		func(st sqlapi.LaneStats) sqlapi.Histogram { return st.Waits })
}
