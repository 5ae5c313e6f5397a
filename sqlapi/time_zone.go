package sqlapi

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const zoneHint = `write "UTC", "+01:00" or a name such as "Europe/Berlin"`

// offsetZone is a zone without a name. The server knows offsets up to 14 hours.
var offsetZone = regexp.MustCompile(`^([+-])(0\d|1[0-4]):([0-5]\d)$`)

// zone is a time zone, for us and for the server.
type zone struct {
	location *time.Location
	// sql is what the server calls it. It knows names only where its tables
	// of time zones have been loaded, but for offsets; so UTC is one.
	sql string
	// fixed is the offset as RFC 3339 writes it, where it is always the same.
	fixed string
}

// parseZone reads a zone's name, or its offset.
func parseZone(name string) (zone, error) {
	switch {
	case name == "UTC" || name == "Etc/UTC" || name == "Z" || name == "+00:00" || name == "-00:00":
		return zone{location: time.UTC, sql: "+00:00", fixed: "Z"}, nil
	case name == "Local" || strings.EqualFold(name, "SYSTEM"):
		return zone{}, errors.New("the zone of a machine may change with the machine")
	}
	if parts := offsetZone.FindStringSubmatch(name); parts != nil {
		hours, minutes := int(parts[2][0]-'0')*10+int(parts[2][1]-'0'), int(parts[3][0]-'0')*10+int(parts[3][1]-'0')
		seconds := hours*3600 + minutes*60
		if seconds > 14*3600 {
			return zone{}, fmt.Errorf("no zone is %s away from UTC", name)
		}
		if parts[1] == "-" {
			seconds = -seconds
		}
		return zone{location: time.FixedZone(name, seconds), sql: name, fixed: name}, nil
	}
	location, err := time.LoadLocation(name)
	if err != nil || name == "" || strings.ContainsAny(name, `'\`) {
		return zone{}, fmt.Errorf("there is no time zone %q", name)
	}
	return zone{location: location, sql: name}, nil
}
