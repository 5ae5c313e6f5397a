package auth

import (
	"encoding/json"
	"strings"
)

// Claims are what a token says. The zero value says nothing.
type Claims struct{ tree map[string]any }

// Lookup returns the claim at a path, as text: a number as its digits, true or
// false, an object or a list as JSON. A claim that is null or not there is not
// ok. Each step of the path is one name; a claim may have dots in its own.
func (c Claims) Lookup(path ...string) (text string, ok bool) {
	value, ok := c.find(path)
	if !ok {
		return "", false
	}
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	encoded, err := json.Marshal(value)
	return string(encoded), err == nil
}

// find returns the value at a path; null is none.
func (c Claims) find(path []string) (any, bool) {
	var value any = c.tree
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		value = object[name]
	}
	return value, value != nil && len(path) > 0
}

// at returns the value at a path with dots, as the configuration has it. A claim
// that has that name with its dots comes first, as "https://example.org/roles".
func (c Claims) at(path string) (any, bool) {
	if value, ok := c.find([]string{path}); ok {
		return value, true
	}
	return c.find(strings.Split(path, "."))
}

// roles returns those at a path: a list of texts, or one text as in a column.
func (c Claims) roles(path string) []string {
	value, _ := c.at(path)
	switch v := value.(type) {
	case string:
		return splitRoles(v)
	case []any:
		var roles []string
		for _, item := range v {
			// One with a comma would be two where roles are told as one text.
			if role, ok := item.(string); ok && !strings.Contains(role, ",") {
				roles = append(roles, role)
			}
		}
		return roles
	}
	return nil
}
