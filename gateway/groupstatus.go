package gateway

import (
	"log/slog"
	"time"

	"zerohop/backends"
)

// groupStatus is one group and its members.
type groupStatus struct {
	Balance       string         `json:"balance"`
	Queue         int            `json:"queue"`
	Waiting       int            `json:"waiting"`
	QueueTimeouts uint64         `json:"queue_timeouts"`
	Refused       uint64         `json:"refused"`
	Retries       uint64         `json:"retries"`
	RetriesDenied uint64         `json:"retries_denied"`
	Unavailable   uint64         `json:"unavailable"`
	Members       []memberStatus `json:"members"`
}

// memberStatus is one member. Times are there once there is something to say
// of them.
type memberStatus struct {
	Name            string    `json:"name"` // the URL, or workers
	State           string    `json:"state"`
	Since           time.Time `json:"since"`
	Weight          int       `json:"weight"`
	EffectiveWeight int       `json:"effective_weight"`
	Backup          bool      `json:"backup"`
	MaxInFlight     int       `json:"max_in_flight"`

	Workers int    `json:"workers"`
	Queue   int    `json:"queue"`
	Busy    int    `json:"busy"` // requests in flight
	Waiting int    `json:"waiting"`
	Refused uint64 `json:"refused"`

	Requests    uint64    `json:"requests"`
	Failures    uint64    `json:"failures"`
	Fails       int       `json:"fails"` // that count against it now
	LastError   string    `json:"last_error"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`

	Checks         uint64    `json:"checks"`
	CheckFailures  uint64    `json:"check_failures"`
	LastCheck      time.Time `json:"last_check,omitzero"`
	LastCheckOK    bool      `json:"last_check_ok"`
	LastCheckError string    `json:"last_check_error"`
	LastCheckSince time.Time `json:"last_check_since,omitzero"` // of checks in a row that came out like the last one

	Connections  int    `json:"connections"`
	Idle         int    `json:"idle"`
	Connects     uint64 `json:"connects"`
	StaleRetries uint64 `json:"stale_retries"`
	Tunnels      uint64 `json:"tunnels"`
}

// newGroupStatus returns the status of a group of a server that was started at
// some time: that of states which have lasted ever since.
func newGroupStatus(g backends.GroupStats, started time.Time) groupStatus {
	st := groupStatus{
		Balance: g.Balance, Queue: g.Queue, Waiting: g.Waiting,
		QueueTimeouts: g.QueueTimeouts, Refused: g.Refused,
		Retries: g.Retries, RetriesDenied: g.RetriesDenied, Unavailable: g.Unavailable,
		Members: []memberStatus{},
	}
	for _, m := range g.Members {
		if m.Since.IsZero() {
			m.Since = started
		}
		st.Members = append(st.Members, newMemberStatus(m))
	}
	return st
}

func newMemberStatus(m backends.MemberStats) memberStatus {
	return memberStatus{
		Name: m.Name, State: m.State, Since: m.Since.UTC(), Weight: m.Weight, EffectiveWeight: m.EffectiveWeight,
		Backup: m.Backup, MaxInFlight: m.MaxInFlight,
		Workers: m.Workers, Queue: m.Queue, Busy: m.Busy, Waiting: m.Waiting, Refused: m.Refused,
		Requests: m.Requests, Failures: m.Failures, Fails: m.Fails,
		LastError: m.LastError, LastErrorAt: m.LastErrorAt.UTC(),
		Checks: m.Checks, CheckFailures: m.CheckFailures,
		LastCheck: m.LastCheck.UTC(), LastCheckOK: m.LastCheckOK, LastCheckError: m.LastCheckError,
		LastCheckSince: m.LastCheckSince.UTC(),
		Connections:    m.Connections, Idle: m.Idle, Connects: m.Connects, StaleRetries: m.StaleRetries, Tunnels: m.Tunnels,
	}
}

// logTurns returns what is told when a member of the group goes down, fails, or
// comes up.
func logTurns(log *slog.Logger, group string) func(backends.Turn) {
	return func(turn backends.Turn) {
		switch {
		case turn.State == backends.StateUp && turn.First:
			log.Info("a member is up", "group", group, "member", turn.Member)
		case turn.State == backends.StateUp:
			log.Info("a member is up again", "group", group, "member", turn.Member)
		default:
			log.Warn("a member is "+turn.State, "group", group, "member", turn.Member, "error", turn.Err)
		}
	}
}
