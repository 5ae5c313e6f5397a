package gateway

import (
	"maps"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"

	"zerohop/backends"
	"zerohop/sqlapi"
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
	groupMetrics(e, t.groups)
	databaseMetrics(e, t.databases)
	laneMetrics(e, t.databases)
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

func groupMetrics(e *exposition, groups map[string]*backends.Group) {
	type series struct {
		backends.MemberStats
		labels []string
	}
	var all []series
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		for i, member := range groups[name].Stats() {
			all = append(all, series{member, []string{"group", name, "member", strconv.Itoa(i)}})
		}
	}
	family := func(name string, kind dto.MetricType, help string, value func(backends.MemberStats) float64) {
		e.begin(name, kind, help)
		for _, m := range all {
			e.series(value(m.MemberStats), m.labels...)
		}
	}
	family("zerohop_workers_max", gauge, "How many requests a member runs at once.",
		func(m backends.MemberStats) float64 { return float64(m.Workers) })
	family("zerohop_workers_busy", gauge, "Requests that a member runs.",
		func(m backends.MemberStats) float64 { return float64(m.Busy) })
	family("zerohop_workers_waiting", gauge, "Requests that wait for a worker of the member.",
		func(m backends.MemberStats) float64 { return float64(m.Waiting) })
	family("zerohop_workers_refused_total", counter, "Requests that found every worker busy and no place in the queue.",
		func(m backends.MemberStats) float64 { return float64(m.Refused) })
}

func databaseMetrics(e *exposition, databases map[string]*sqlapi.Database) {
	names := slices.Sorted(maps.Keys(databases))
	all := make([]sqlapi.Stats, len(names))
	for i, name := range names {
		all[i] = databases[name].Stats()
	}
	family := func(name string, kind dto.MetricType, help string, value func(sqlapi.Stats) float64) {
		e.begin("zerohop_database_"+name, kind, help)
		for i, st := range all {
			e.series(value(st), "database", names[i])
		}
	}
	total := func(name, help string, value func(sqlapi.Stats) uint64) {
		family(name+"_total", counter, help, func(st sqlapi.Stats) float64 { return float64(value(st)) })
	}
	family("up", gauge, "0 while the database is known to be out of reach and requests are refused at once, else 1.",
		func(st sqlapi.Stats) float64 { return oneIf(!st.Down) })
	family("connections_max", gauge, "How many connections to the database may be open.",
		func(st sqlapi.Stats) float64 { return float64(st.Max) })
	family("connections_busy", gauge, "Connections that serve a request, are being opened for one, or are being ended.",
		func(st sqlapi.Stats) float64 { return float64(st.Busy) })
	family("connections_idle", gauge, "Connections that are open and unused.",
		func(st sqlapi.Stats) float64 { return float64(st.Idle) })
	family("requests_waiting", gauge, "Requests that wait for a connection.",
		func(st sqlapi.Stats) float64 { return float64(st.Waiting) })
	total("statements", "Statements given to a connection, those that failed included.",
		func(st sqlapi.Stats) uint64 { return st.Statements })
	total("timeouts", "Requests whose deadline passed before the statement's answer was there.",
		func(st sqlapi.Stats) uint64 { return st.Timeouts })
	total("rejected", "Requests refused at once, because every connection was busy and nothing more could wait.",
		func(st sqlapi.Stats) uint64 { return st.Rejected })
	total("wait_timeouts", "Requests that waited for a connection in vain.",
		func(st sqlapi.Stats) uint64 { return st.WaitTimeouts })
	total("retries", "Statements tried once more on another connection.",
		func(st sqlapi.Stats) uint64 { return st.Retries })
	total("kills", "Statements that the server was told to end.",
		func(st sqlapi.Stats) uint64 { return st.Kills })
	total("connects", "Connections opened.",
		func(st sqlapi.Stats) uint64 { return st.Connects })
	total("connect_failures", "Attempts to open a connection that failed.",
		func(st sqlapi.Stats) uint64 { return st.ConnectFailures })
	total("reconnects", "Connections given up because they broke, or the server had closed them.",
		func(st sqlapi.Stats) uint64 { return st.Reconnects })
	total("panics", "Ends of connections that panicked: each is a bug.",
		func(st sqlapi.Stats) uint64 { return st.Panics })
	total("outages", "How many times the database was found to be out of reach.",
		func(st sqlapi.Stats) uint64 { return st.Outages })
}

// processMetrics adds what the system knows about the process, under the names
// that every Prometheus client uses. What the system does not tell is left out.
func processMetrics(e *exposition, started time.Time) {
	e.single("process_start_time_seconds", gauge, "When the server was started, in seconds since 1970.", float64(started.UnixMilli())/1e3)
	family := func(name string, kind dto.MetricType, help string, read func() (value float64, known bool)) {
		if value, known := read(); known {
			e.single(name, kind, help, value)
		}
	}
	family("process_cpu_seconds_total", counter, "Processor time that the process has used.", cpuSeconds)
	family("process_resident_memory_bytes", gauge, "Memory that the process has in use.", residentBytes)
	family("process_open_fds", gauge, "Open file descriptors.", openDescriptors)
	e.single("process_max_fds", gauge, "How many file descriptors may be open.", float64(descriptorLimit()))
}

// runtimeMetrics adds a little about Go's runtime.
func runtimeMetrics(e *exposition) {
	samples := []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	value := func(i int) float64 { return float64(samples[i].Value.Uint64()) }
	e.single("go_goroutines", gauge, "Goroutines.", value(0))
	e.single("go_memstats_heap_alloc_bytes", gauge, "Memory of objects on the heap, garbage not yet collected included.", value(1))
	e.single("go_memstats_sys_bytes", gauge, "Memory that the runtime has from the system.", value(2))
	e.single("go_gc_cycles_total", counter, "Garbage collections.", value(3))
}
