package gateway

import (
	"log/slog"
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

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
	names := slices.Sorted(maps.Keys(databases))
	all := make([]sqlapi.LaneStats, len(names))
	for i, name := range names {
		all[i] = databases[name].LaneStats()
	}
	family := func(name string, kind dto.MetricType, help string, value func(sqlapi.LaneStats) float64) {
		e.begin("zerohop_lane"+name, kind, help)
		for i, st := range all {
			e.series(value(st), "database", names[i])
		}
	}
	distribution := func(name, help string, counted func(sqlapi.LaneStats) sqlapi.Histogram) {
		e.begin("zerohop_lane_"+name, histogram, help)
		for i, st := range all {
			e.buckets(counted(st), "database", names[i])
		}
	}
	family("s_max", gauge, "How many connections short statements may share.",
		func(st sqlapi.LaneStats) float64 { return float64(st.Max) })
	family("s_open", gauge, "Connections that short statements share.",
		func(st sqlapi.LaneStats) float64 { return float64(st.Open) })
	family("s_busy", gauge, "Shared connections that carry statements.",
		func(st sqlapi.LaneStats) float64 { return float64(st.Busy) })
	family("_requests_waiting", gauge, "Requests that wait for their turn on a shared connection.",
		func(st sqlapi.LaneStats) float64 { return float64(st.Waiting) })
	family("_routes_put_off", gauge, "Routes that do without shared connections for a while, because they were too slow for the others.",
		func(st sqlapi.LaneStats) float64 { return float64(st.PutOff) })
	family("_put_offs_total", counter, "How many times a route was put off.",
		func(st sqlapi.LaneStats) float64 { return float64(st.PutOffs) })
	family("_reruns_total", counter, "Statements run once more because their shared connection broke.",
		func(st sqlapi.LaneStats) float64 { return float64(st.Reruns) })
	distribution("batch_statements", "Statements that were sent together on a shared connection.",
		func(st sqlapi.LaneStats) sqlapi.Histogram { return st.Batches })
	distribution("wait_seconds", "Time from a request to the sending of its statement on a shared connection.",
		func(st sqlapi.LaneStats) sqlapi.Histogram { return st.Waits })
}
