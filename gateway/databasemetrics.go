package gateway

import "zerohop/sqlapi"

func databaseMetrics(e *exposition, databases map[string]*sqlapi.Database) {
	f := byName(e, "zerohop_database_", "database", databases, (*sqlapi.Database).Stats)
	f.flag("up", "0 while the database is known to be out of reach and requests are refused at once, else 1.",
		func(st sqlapi.Stats) bool { return !st.Down })
	f.gauge("connections_max", "How many connections to the database may be open.",
		func(st sqlapi.Stats) int { return st.Max })
	f.gauge("connections_busy", "Connections that serve a request, are being opened for one, or are being ended.",
		func(st sqlapi.Stats) int { return st.Busy })
	f.gauge("connections_idle", "Connections that are open and unused.",
		func(st sqlapi.Stats) int { return st.Idle })
	f.gauge("requests_waiting", "Requests that wait for a connection.",
		func(st sqlapi.Stats) int { return st.Waiting })
	f.counter("statements", "Statements given to a connection, those that failed included.",
		func(st sqlapi.Stats) uint64 { return st.Statements })
	f.counter("timeouts", "Requests whose deadline passed before the statement's answer was there.",
		func(st sqlapi.Stats) uint64 { return st.Timeouts })
	f.counter("rejected", "Requests refused at once, because every connection was busy and nothing more could wait.",
		func(st sqlapi.Stats) uint64 { return st.Rejected })
	f.counter("wait_timeouts", "Requests that waited for a connection in vain.",
		func(st sqlapi.Stats) uint64 { return st.WaitTimeouts })
	f.counter("retries", "Statements tried once more on another connection.",
		func(st sqlapi.Stats) uint64 { return st.Retries })
	f.counter("kills", "Statements that the server was told to end.",
		func(st sqlapi.Stats) uint64 { return st.Kills })
	f.counter("connects", "Connections opened.",
		func(st sqlapi.Stats) uint64 { return st.Connects })
	f.counter("connect_failures", "Attempts to open a connection that failed.",
		func(st sqlapi.Stats) uint64 { return st.ConnectFailures })
	f.counter("reconnects", "Connections given up because they broke, or the server had closed them.",
		func(st sqlapi.Stats) uint64 { return st.Reconnects })
	f.counter("panics", "Ends of connections that panicked: each is a bug.",
		func(st sqlapi.Stats) uint64 { return st.Panics })
	f.counter("outages", "How many times the database was found to be out of reach.",
		func(st sqlapi.Stats) uint64 { return st.Outages })
}
