package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
)

// jsonText returns the value that a JSON object has under a path, as text: a
// string's content, anything else as it is written. ok is false where there is
// nothing, or null. A member with the whole path as its name comes first: names
// that are URLs have dots in them.
func jsonText(object []byte, path string) (text []byte, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil, false
	}
	if value, there := members[path]; there {
		return scalarText(value)
	}
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		return nil, false
	}
	return jsonText(members[name], rest)
}

func scalarText(value json.RawMessage) (text []byte, ok bool) {
	if string(value) == "null" {
		return nil, false
	}
	var s string
	if json.Unmarshal(value, &s) == nil {
		return []byte(s), true
	}
	return value, true
}

// withMembers returns a JSON object with other texts under some names; one that
// is empty takes its name away. An empty object may be nothing at all.
func withMembers(object []byte, names []string, texts []string) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if len(object) > 0 {
		if err := json.Unmarshal(object, &members); err != nil {
			return nil, fmt.Errorf("read session data: %w", err)
		}
	}
	for i, name := range names {
		if texts[i] == "" {
			delete(members, name)
			continue
		}
		members[name] = quoted(texts[i])
	}
	changed, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("write session data: %w", err)
	}
	return changed, nil
}
