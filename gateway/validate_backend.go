package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zerohop/gateway/conffile"
)

// validateBackend checks that the route's group is there, that one of its
// members can answer, and that the value it spreads requests by is one that
// the route has; p is empty when the pattern cannot be read.
func (c *Config) validateBackend(r RouteConfig, p pattern) []error {
	name := r.Backend
	if name == "" {
		name = localGroup
	}
	group, found := c.Backends[name]
	if !found {
		return c.unknownBackend(r)
	}
	var faults []error
	fault := func(problem, hint string) {
		field := "backend"
		if r.Backend == "" {
			field = "match" // it names no group
		}
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	written := "[backends." + conffile.PathKey(name) + "]"
	answered := len(r.answers()) > 0
	switch {
	case len(group.Members) == 0: // which has its fault
	case r.Backend != "" && !answered && r.Statements == nil && !group.Proxies():
		fault(written+" has no server to pass requests on to", `add a member with a url to it, or a sql = "select …" here`)
	case answered && !group.Runs():
		fault(written+" has no workers to run what answers here", "add a member such as { workers = 32 } to it, or leave the answer to its servers")
	}
	if wildcard, ok := strings.CutPrefix(group.Hash, "path."); ok && p.text != "" && !slices.Contains(p.names(), wildcard) {
		fault(fmt.Sprintf("%s goes by %s, and this path has no {%s}", written, group.Hash, wildcard), "name it in match, or go by another value")
	}
	return faults
}

// unknownBackend returns the fault of a group that is not there. The group
// "local" always is.
func (c *Config) unknownBackend(r RouteConfig) []error {
	switch {
	case r.Backend == "":
		return nil
	case r.Backend == localGroup && len(r.answers()) == 0:
		return []error{&FieldError{
			Field: "backend", Problem: "the group local has no server to pass requests on to", Hint: `name a group of [backends], or add a sql = "select …" here`,
		}}
	case r.Backend == localGroup:
		return nil
	}
	return []error{&FieldError{
		Field: "backend", Problem: fmt.Sprintf("there is no [backends.%s]", conffile.PathKey(r.Backend)),
		Hint: conffile.Suggest(r.Backend, slices.Sorted(maps.Keys(c.Backends))),
	}}
}

// validatePassing returns the faults of settings that mean nothing where
// requests are passed on.
func (r RouteConfig) validatePassing() []error {
	var faults []error
	if r.RequestTimeout != 0 {
		faults = append(faults, &FieldError{
			Field: "request_timeout", Problem: "nothing of this route runs in this process",
			Hint: "the group has first_byte_timeout and read_timeout",
		})
	}
	if r.Credentials.Unescape {
		faults = append(faults, &FieldError{
			Field: "credentials.unescape", Problem: "the header is passed on as it came", Hint: "leave it out",
		})
	}
	return faults
}
