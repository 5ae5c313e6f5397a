package gateway

import (
	"fmt"
	"maps"
	"slices"

	"zerohop/backends"
)

// groupStats returns what is known of all groups, in the order of their names.
func groupStats(groups map[string]*backends.Group) []backends.GroupStats {
	all := make([]backends.GroupStats, 0, len(groups))
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		st := groups[name].Stats()
		st.Name = name
		all = append(all, st)
	}
	return all
}

// memberLabel returns the name of a group's member i, with a number where an
// earlier one has the same: series must differ.
func memberLabel(members []backends.MemberStats, i int) string {
	name, same := members[i].Name, 1
	for _, earlier := range members[:i] {
		if earlier.Name == name {
			same++
		}
	}
	if same > 1 {
		return fmt.Sprintf("%s #%d", name, same)
	}
	return name
}

func groupMetrics(e *exposition, groups []backends.GroupStats) {
	all := familiesOf[backends.GroupStats]{page: e, prefix: "zerohop_backend_"}
	every := familiesOf[backends.MemberStats]{page: e, prefix: "zerohop_backend_"}
	pools := familiesOf[backends.MemberStats]{page: e, prefix: "zerohop_workers_"}
	urls := familiesOf[backends.MemberStats]{page: e, prefix: "zerohop_backend_"}
	for _, g := range groups {
		all.things = append(all.things, labelled[backends.GroupStats]{g, []string{"group", g.Name}})
		for i, m := range g.Members {
			thing := labelled[backends.MemberStats]{m, []string{"group", g.Name, "member", memberLabel(g.Members, i)}}
			every.things = append(every.things, thing)
			if m.URL {
				urls.things = append(urls.things, thing)
			} else {
				pools.things = append(pools.things, thing)
			}
		}
	}
	wholeGroupMetrics(all)
	memberMetrics(every)
	upstreamMetrics(urls)
	workersMetrics(pools)
}

func wholeGroupMetrics(f familiesOf[backends.GroupStats]) {
	f.gauge("queue_max", "How many requests may wait for any member of the group.",
		func(g backends.GroupStats) int { return g.Queue })
	f.gauge("queue_waiting", "Requests that wait for any member of the group.",
		func(g backends.GroupStats) int { return g.Waiting })
	f.counter("queue_timeouts", "Requests that waited for a member in vain.",
		func(g backends.GroupStats) uint64 { return g.QueueTimeouts })
	f.counter("queue_refused", "Requests that found every member full, and no place to wait.",
		func(g backends.GroupStats) uint64 { return g.Refused })
	f.counter("retries", "How many times a request was tried on a further member.",
		func(g backends.GroupStats) uint64 { return g.Retries })
	f.counter("retries_denied", "Retries that retry_budget did not allow.",
		func(g backends.GroupStats) uint64 { return g.RetriesDenied })
	f.counter("unavailable", "Requests that found no member up.",
		func(g backends.GroupStats) uint64 { return g.Unavailable })
}

func memberMetrics(f familiesOf[backends.MemberStats]) {
	f.flag("up", "1 while the member is up; else 0, and it is given requests only where no other member is up.", isUp)
	f.gauge("weight", "The member's share, as configured.",
		func(m backends.MemberStats) int { return m.Weight })
	f.gauge("weight_effective", "What failures have left of the share.",
		func(m backends.MemberStats) int { return m.EffectiveWeight })
	f.gauge("requests_in_flight", "Requests that the member has now.",
		func(m backends.MemberStats) int { return m.Busy })
	f.gauge("requests_in_flight_max", "How many it may have.",
		func(m backends.MemberStats) int { return m.MaxInFlight })
	f.counter("requests", "Requests given to the member.",
		func(m backends.MemberStats) uint64 { return m.Requests })
	f.counter("failures", "Of these, the ones that failed through its fault.",
		func(m backends.MemberStats) uint64 { return m.Failures })
}

// upstreamMetrics are those of the members that are HTTP servers.
func upstreamMetrics(f familiesOf[backends.MemberStats]) {
	f.counter("checks", "Health checks of the member.",
		func(m backends.MemberStats) uint64 { return m.Checks })
	f.counter("check_failures", "Health checks that failed.",
		func(m backends.MemberStats) uint64 { return m.CheckFailures })
	f.gauge("connections", "Open connections to the member.",
		func(m backends.MemberStats) int { return m.Connections })
	f.gauge("connections_idle", "Of these, the ones without a request.",
		func(m backends.MemberStats) int { return m.Idle })
	f.counter("connects", "Connections opened.",
		func(m backends.MemberStats) uint64 { return m.Connects })
	f.counter("stale_retries", "Requests sent once more, as the member had closed their kept connection.",
		func(m backends.MemberStats) uint64 { return m.StaleRetries })
	f.counter("tunnels", "Connections that were upgraded, such as those of WebSockets.",
		func(m backends.MemberStats) uint64 { return m.Tunnels })
}

// workersMetrics are those of the members that run handlers in the process.
func workersMetrics(f familiesOf[backends.MemberStats]) {
	f.gauge("max", "How many requests a member runs at once.",
		func(m backends.MemberStats) int { return m.Workers })
	f.gauge("busy", "Requests that a member runs.",
		func(m backends.MemberStats) int { return m.Busy })
	f.gauge("waiting", "Requests that wait for a worker of the member.",
		func(m backends.MemberStats) int { return m.Waiting })
	f.counter("refused", "Requests that found every worker busy and no place in the queue.",
		func(m backends.MemberStats) uint64 { return m.Refused })
}

// isUp reports whether the member is in a state in which it gets requests
// whatever there is besides.
func isUp(m backends.MemberStats) bool {
	return m.State == backends.StateUp || m.State == backends.StateStarting
}
