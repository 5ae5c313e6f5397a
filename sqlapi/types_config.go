package sqlapi

import (
	"cmp"
	"slices"
)

// TypesConfig says how values of some of the server's types are written in
// JSON. A field that is empty means what the old stack did; on a route it means
// what the database says.
type TypesConfig struct {
	// BigInt is how BIGINT is written: "number"; "string"; or "safe", a number
	// unless it is beyond ±(2^53−1), where JavaScript loses digits: then a string.
	BigInt string `toml:"bigint"`
	// Decimal is how DECIMAL is written: "number" or "string".
	Decimal string `toml:"decimal"`
	// Blob is how bytes without a character set are written: as "text", which
	// fails where they are not UTF-8, in "base64" or in "hex".
	Blob string `toml:"blob"`
	// Bit is how BIT is written: "bytes", a string with a character for each;
	// "number"; or "boolean", which BIT(1) is then, and longer ones are numbers.
	Bit string `toml:"bit"`
	// TinyInt1 is how TINYINT(1) is written, which BOOLEAN stands for:
	// "number" or "boolean".
	TinyInt1 string `toml:"tinyint1"`
	// Datetime is how DATETIME and TIMESTAMP are written: "server", as the
	// server does, or "rfc3339". There, a date that no calendar has, such as
	// 0000-00-00, is null, as it is for DATE.
	Datetime string `toml:"datetime"`
	// TimeZone is an IANA name or ±hh:mm. That of a database is the zone of
	// its sessions: the one that NOW() and TIMESTAMP are in, and that DATETIME
	// is taken to be in. That of a route is the zone in which "rfc3339" shows
	// them; without it that is the database's.
	TimeZone string `toml:"time_zone"`
}

// The words of TypesConfig. The first of each kind is the default.
const (
	asNumber  = "number"
	asString  = "string"
	asSafe    = "safe"
	asText    = "text"
	asBase64  = "base64"
	asHex     = "hex"
	asBytes   = "bytes"
	asBoolean = "boolean"
	asServer  = "server"
	asRFC3339 = "rfc3339"
)

// validate returns everything that is wrong with it, as *FieldError.
func (c TypesConfig) validate() []error {
	faults := slices.Concat(
		wordFaults("bigint", c.BigInt, []string{asNumber, asString, asSafe}),
		wordFaults("decimal", c.Decimal, []string{asNumber, asString}),
		wordFaults("blob", c.Blob, []string{asText, asBase64, asHex}),
		wordFaults("bit", c.Bit, []string{asBytes, asNumber, asBoolean}),
		wordFaults("tinyint1", c.TinyInt1, []string{asNumber, asBoolean}),
		wordFaults("datetime", c.Datetime, []string{asServer, asRFC3339}),
	)
	if c.TimeZone != "" {
		if _, err := parseZone(c.TimeZone); err != nil {
			faults = append(faults, fieldFault("time_zone", err.Error(), zoneHint))
		}
	}
	return faults
}

// over returns the settings of a route that has c, on a database that has base.
func (c TypesConfig) over(base TypesConfig) TypesConfig {
	return TypesConfig{
		BigInt:   cmp.Or(c.BigInt, base.BigInt),
		Decimal:  cmp.Or(c.Decimal, base.Decimal),
		Blob:     cmp.Or(c.Blob, base.Blob),
		Bit:      cmp.Or(c.Bit, base.Bit),
		TinyInt1: cmp.Or(c.TinyInt1, base.TinyInt1),
		Datetime: cmp.Or(c.Datetime, base.Datetime),
		TimeZone: cmp.Or(c.TimeZone, base.TimeZone),
	}
}

// onDatabase returns what is wrong with a route that has c on a database that
// has base, as *FieldError.
func (c TypesConfig) onDatabase(base TypesConfig) []error {
	switch {
	case c.Datetime == asRFC3339 && base.TimeZone == "":
		return []error{fieldFault("datetime", "the route's database has no time_zone, so nobody knows which instants its times are", `add time_zone = "UTC" to the database`)}
	case c.TimeZone != "" && c.over(base).Datetime != asRFC3339:
		return []error{fieldFault("time_zone", "times are not converted as long as they are written as the server does", `add datetime = "rfc3339"`)}
	}
	return nil
}

// ofDatabase returns what is wrong with a database that has c, as *FieldError.
func (c TypesConfig) ofDatabase() []error {
	faults := c.validate()
	if c.Datetime == asRFC3339 && c.TimeZone == "" {
		faults = append(faults, fieldFault("datetime", "nobody knows which instants the times are", `add time_zone = "UTC", or the zone that they are in`))
	}
	return faults
}
