package throttle

import (
	"fmt"
	"time"
)

// Config says how many failures there may be before a login is refused.
type Config struct {
	// Failures is how many a user may have in Window, from wherever they come;
	// 0 does not count them.
	Failures int `toml:"failures"`
	// AddressFailures is how many may come from one address in Window, for
	// whatever user; 0 does not count them.
	AddressFailures int `toml:"address_failures"`
	// Window is the time in which failures are counted.
	Window time.Duration `toml:"window"`
}

// SetDefaults sets what holds where nothing is said.
func (c *Config) SetDefaults() { *c = Config{Failures: 5, AddressFailures: 50, Window: time.Minute} }

// The bounds of the settings. A count has two bytes.
const (
	maxFailures = 10_000
	minWindow   = time.Second
	maxWindow   = 24 * time.Hour
)

// Validate returns every fault of the configuration, each a *FieldError.
func (c Config) Validate() []error {
	var faults []error
	count := func(field string, n int) {
		if n < 0 || n > maxFailures {
			faults = append(faults, &FieldError{field, fmt.Sprintf("%d failures", n), fmt.Sprintf("1 to %d, or 0 for no limit", maxFailures)})
		}
	}
	count("failures", c.Failures)
	count("address_failures", c.AddressFailures)
	if c.Window < minWindow || c.Window > maxWindow {
		faults = append(faults, &FieldError{"window", c.Window.String() + " is out of bounds", `from "1s" to "24h"`})
	}
	return faults
}

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below the Config: "window".
	Field string
	// Problem says what is wrong, Hint what to do.
	Problem, Hint string
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint) }

// FieldFault returns the parts of the fault, for whoever knows where the field
// stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}
