package tornado

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Config says how the old stack made its sessions.
type Config struct {
	// CookieSecret is the application's cookie_secret.
	CookieSecret string `toml:"cookie_secret,secret"`
	// CookieSecrets are in its place where the application had several, by
	// key version; then there are no cookies of version 1.
	CookieSecrets map[string]string `toml:"cookie_secrets,secret"`
	// Secret is the session manager's own, with which it made verification.
	Secret string `toml:"secret,secret"`
	// User is the key of the session's data that has the user's name.
	User string `toml:"user"`
	// MaxAge is how old a cookie may be, 31 days in Tornado.
	MaxAge time.Duration `toml:"max_age"`
}

// SetDefaults sets what the old stack did unless told otherwise.
func (c *Config) SetDefaults() {
	*c = Config{User: "user_name", MaxAge: 31 * day}
}

const (
	day       = 24 * time.Hour
	maxMaxAge = 366 * day
)

// Validate returns every fault of the configuration.
func (c Config) Validate() []*FieldError {
	var faults []*FieldError
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	switch {
	case c.CookieSecret == "" && len(c.CookieSecrets) == 0:
		fault("cookie_secret", "without it anybody's cookie would do", "the cookie_secret of the Tornado application")
	case c.CookieSecret != "" && len(c.CookieSecrets) > 0:
		fault("cookie_secrets", "there is a cookie_secret as well", "the application had one, or several by their versions")
	}
	for _, version := range slices.Sorted(maps.Keys(c.CookieSecrets)) {
		if _, ok := number(version); !ok {
			fault("cookie_secrets", "a key version that is not a number", `as in { 1 = "…", 2 = "…" }`)
		} else if c.CookieSecrets[version] == "" {
			fault("cookie_secrets", "without a secret anybody's cookie would do", "each version has its own")
		}
	}
	if c.Secret == "" {
		fault("secret", "without it anybody's cookie would do", "the secret that its SessionManager was given")
	}
	if c.User == "" {
		fault("user", "no key has the user's name", `the one that the application set at the login, as in session["user_name"]`)
	}
	if c.MaxAge < time.Minute || c.MaxAge > maxMaxAge {
		fault("max_age", fmt.Sprintf("%v is out of bounds", c.MaxAge), `from "1m" to "8784h"`)
	}
	return faults
}

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the name of the field, as written in the file.
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

// FieldFault returns the parts of the fault, for whoever knows where the field
// stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}
