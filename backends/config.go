package backends

import "fmt"

// Config describes one group: the members that can answer its requests.
type Config struct {
	// Members is the group's list of members.
	Members []MemberConfig `toml:"members"`
}

// MemberConfig describes one member of a group.
type MemberConfig struct {
	// Workers makes the member an in-process pool: so many requests run at
	// the same time, each the route's own handler.
	Workers int `toml:"workers"`
	// Queue is how many further requests may wait for a worker. With 0 a
	// request that finds all workers busy is refused at once.
	Queue int `toml:"queue"`
}

// The bounds of a workers member: more is a mistake, as every worker and every
// waiting request holds a client connection.
const (
	maxWorkers = 1 << 20
	maxQueue   = 1 << 20
)

// Validate returns every fault of the configuration, each a *FieldError.
func (c Config) Validate() []error {
	if len(c.Members) != 1 {
		return []error{&FieldError{
			Field:   "members",
			Problem: fmt.Sprintf("%d members", len(c.Members)),
			Hint:    "in this version a group has one, such as { workers = 32, queue = 64 }",
		}}
	}
	return c.Members[0].validate("members[0]")
}

func (m MemberConfig) validate(path string) []error {
	var faults []error
	if m.Workers < 1 || m.Workers > maxWorkers {
		faults = append(faults, &FieldError{
			Field:   path + ".workers",
			Problem: fmt.Sprintf("%d workers", m.Workers),
			Hint:    fmt.Sprintf("how many requests may run at once: 1 to %d", maxWorkers),
		})
	}
	if m.Queue < 0 || m.Queue > maxQueue {
		faults = append(faults, &FieldError{
			Field:   path + ".queue",
			Problem: fmt.Sprintf("a queue of %d", m.Queue),
			Hint:    fmt.Sprintf("how many requests may wait for a worker: 0 to %d", maxQueue),
		})
	}
	return faults
}

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below the Config, as written in the
	// file: "members[0].workers".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the
// field stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}
