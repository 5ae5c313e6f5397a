package gateway

import (
	"maps"
	"runtime"
	"slices"
	"strconv"
)

// noRoute stands for the route of an answer that none gave. A pattern has a
// slash in it, so this is never one.
const noRoute = "none"

// metrics returns what there is to know about the server, for Prometheus.
func (s *Server) metrics() ([]byte, error) {
	e := &exposition{}
	e.begin("zerohop_build_info", gauge, "Which program this is; always 1.")
	e.series(1, "version", s.version, "goversion", runtime.Version())
	s.requestMetrics(e)
	s.connectionMetrics(e)
	t := s.table.Load()
	groupMetrics(e, groupStats(t.groups))
	databaseMetrics(e, t.databases)
	laneMetrics(e, t.databases)
	accessMetrics(e, t.verifiers.sorted(), t.sessions)
	processMetrics(e, s.started)
	runtimeMetrics(e)
	return e.text()
}

// side is the listeners that have a limit in common, under a name.
type side struct {
	name string
	*acceptor
}

// sides returns all sides of the server.
func (s *Server) sides() []side {
	all := []side{{"public", s.public}, {"internal", s.internal}, {"admin", s.admin}}
	return slices.DeleteFunc(all, func(one side) bool { return one.acceptor == nil })
}

// tallies visits the tallies of all routes, in the order of the file, and that
// of the answers without one.
func (s *Server) tallies(visit func(route string, t *tally)) {
	for _, rt := range s.table.Load().routes {
		visit(rt.pattern.text, &rt.tally)
	}
	visit(noRoute, &s.unrouted)
}

func (s *Server) requestMetrics(e *exposition) {
	e.begin("zerohop_requests_total", counter, "Requests answered, by the match of their route and by status. The route is none where a request was answered before it had one.")
	s.tallies(func(route string, t *tally) {
		for status := range t.statuses {
			if n := t.statuses[status].Load(); n > 0 {
				e.series(float64(n), "route", route, "status", statusLabel(status))
			}
		}
	})
	e.begin("zerohop_request_duration_seconds", histogram, "Time from the end of the request to the answer, before it is sent.")
	s.tallies(func(route string, t *tally) { e.histogram(&t.durations, "route", route) })
	e.single("zerohop_requests_in_flight", gauge, "Requests that have been read and not yet answered.", float64(s.scopes.inUse.Load()))
	e.begin("zerohop_problems_total", counter, "Requests answered with a problem, by its code.")
	for _, code := range slices.Sorted(maps.Keys(s.problems.counts)) {
		e.series(float64(s.problems.counts[code].Load()), "code", code)
	}
	e.single("zerohop_access_log_lines_dropped_total", counter,
		"Lines of the access log that were lost, because its reader is too slow or gone.", float64(s.access.lost.Load()))
}

func statusLabel(status int) string {
	if status == 0 {
		return "other"
	}
	return strconv.Itoa(status)
}

func (s *Server) connectionMetrics(e *exposition) {
	e.begin("zerohop_connections", gauge, "Open client connections, idle ones included.")
	for _, side := range s.sides() {
		e.series(float64(side.open.Load()), "listener", side.name)
	}
	e.begin("zerohop_connections_max", gauge, "How many client connections may be open.")
	for _, side := range s.sides() {
		e.series(float64(side.limits.Connections), "listener", side.name)
	}
	e.single("zerohop_draining", gauge, "1 from the signal to stop on, 0 before.", oneIf(s.public.draining.Load()))
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
