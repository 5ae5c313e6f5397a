package sqlapi

import (
	"fmt"
	"slices"
	"strings"
)

// FormatConfig says in which formats a route answers. Without a word in it
// that is JSON, whatever the request accepts.
type FormatConfig struct {
	// Format is the one format of the answers, "json", "ndjson" or "csv",
	// whatever the request accepts.
	Format string `toml:"format"`
	// Formats are those among which the request's Accept header chooses. A
	// request that accepts none of them is refused, one without the header
	// gets JSON, or the first of them where JSON is not among them.
	Formats []string `toml:"formats"`
	// Suffixes: the route also answers where its path has .json, .ndjson or
	// .csv behind it, in that format, as far as it is one of Formats.
	Suffixes bool `toml:"suffixes"`
	// CSV is how CSV is written; nil for the defaults.
	CSV *CSVConfig `toml:"csv"`
}

// CSVConfig is how CSV is written. Its defaults are those of RFC 4180 and of
// the old stack's rds-csv.
type CSVConfig struct {
	// Separator stands between two fields: a comma, a semicolon or a tab.
	Separator string `toml:"separator"`
	// Terminator ends a row: CR LF, or LF.
	Terminator string `toml:"terminator"`
	// Header: the first row has the names of the columns.
	Header bool `toml:"header"`
	// ContentType is what the answer says it is, and what Accept is compared
	// with. Without it that is text/csv with header=presence or header=absence.
	ContentType string `toml:"content_type"`
	// EscapeFormulas puts an apostrophe in front of a text that a spreadsheet
	// would take for a formula. It changes the data, so it is off.
	EscapeFormulas bool `toml:"escape_formulas"`
}

// SetDefaults sets what holds for a CSVConfig that says nothing.
func (c *CSVConfig) SetDefaults() { *c = CSVConfig{Separator: ",", Terminator: "\r\n", Header: true} }

// formatNames are the formats as they are written in the file, and as suffixes.
var formatNames = [formats]string{formatJSON: "json", formatNDJSON: "ndjson", formatCSV: "csv"}

// formatOf returns the format of a name.
func formatOf(name string) (f format, ok bool) {
	i := slices.Index(formatNames[:], name)
	return format(max(i, 0)), i >= 0
}

// SuffixFormats returns the formats that have a suffix of their own.
func (c FormatConfig) SuffixFormats() []string {
	if !c.Suffixes {
		return nil
	}
	return c.Formats
}

// has reports whether the route can answer in a format.
func (c FormatConfig) has(f format) bool {
	if c.Formats != nil {
		return slices.Contains(c.Formats, formatNames[f])
	}
	return c.Format == formatNames[f] || c.Format == "" && f == formatJSON
}

// validate returns everything that is wrong with it, as *FieldError.
func (c FormatConfig) validate() []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint, Offset: -1})
	}
	unknown := func(field, name string) {
		if _, ok := formatOf(name); !ok {
			fault(field, fmt.Sprintf("%q is no format", name), `there are "json", "ndjson" and "csv"`)
		}
	}
	if c.Format != "" {
		unknown("format", c.Format)
		if c.Formats != nil {
			fault("format", "one format, and several to choose among", "keep format or formats")
		}
	}
	if c.Formats != nil && len(c.Formats) == 0 {
		fault("formats", "no format at all", `write formats = ["json", "csv"]`)
	}
	for i, name := range c.Formats {
		field := fmt.Sprintf("formats[%d]", i)
		unknown(field, name)
		if slices.Contains(c.Formats[:i], name) {
			fault(field, fmt.Sprintf("%q stands here twice", name), "")
		}
	}
	if c.Suffixes && c.Formats == nil {
		fault("suffixes", "there are no formats to choose among", `add formats = ["json", "csv"]`)
	}
	if c.CSV != nil {
		if !c.has(formatCSV) {
			fault("csv", "the route never answers CSV", `add formats = ["json", "csv"], or format = "csv"`)
		}
		faults = append(faults, c.CSV.validate()...)
	}
	return faults
}

func (c *CSVConfig) validate() []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: "csv." + field, Problem: problem, Hint: hint, Offset: -1})
	}
	if !slices.Contains([]string{",", ";", "\t"}, c.Separator) {
		fault("separator", fmt.Sprintf("%q is no separator", c.Separator), `write ",", ";" or "\t"`)
	}
	if !slices.Contains([]string{"\r\n", "\n"}, c.Terminator) {
		fault("terminator", fmt.Sprintf("%q does not end a row", c.Terminator), `write "\r\n" or "\n", in double quotes`)
	}
	if c.ContentType == "" {
		return faults
	}
	if o, err := newOffer(c.ContentType); err != nil || !strings.Contains(o.essence, "/") || strings.ContainsFunc(c.ContentType, isControl) {
		fault("content_type", fmt.Sprintf("%q is no content type", c.ContentType), `write "text/csv; header=presence", or the like`)
	}
	return faults
}

// contentType returns what an answer in CSV says it is.
func (c *CSVConfig) contentType() string {
	switch {
	case c.ContentType != "":
		return c.ContentType
	case c.Header:
		return "text/csv; header=presence"
	}
	return "text/csv; header=absence"
}

// validateFormat returns what is wrong with the formats, as *FieldError, and
// with what else of the route means nothing in them.
func (c EndpointConfig) validateFormat() []error {
	faults := c.FormatConfig.validate()
	fault := func(set bool, field, problem, hint string) {
		if set {
			faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint, Offset: -1})
		}
	}
	json, ndjson, csv := c.has(formatJSON), c.has(formatNDJSON), c.has(formatCSV)
	if !json {
		const problem = "the route never answers JSON, which alone has something around the rows"
		fault(c.Root != "", "root", problem, "leave it out")
		fault(c.Success != "", "success", problem, "leave it out")
		fault(len(c.UserProperties) > 0, "user_properties", problem, "leave it out")
	}
	fault(c.Shape == shapeValue && (ndjson || csv), "shape", "a value alone is no row of NDJSON or CSV", `shape = "object" is one row`)
	fault(c.Shape == shapeCompact && ndjson, "shape", "a line of NDJSON is an object, with the names in it", "leave it out, or NDJSON")
	fault(c.Shape == shapeCompact && csv && !json, "shape", "CSV has its names in front already", "leave it out")
	fault(len(c.JSON) > 0 && !json && !ndjson, "json", "CSV cannot hold JSON but as text", "leave it out")
	return faults
}

// dialect returns how CSV is written.
func (c FormatConfig) dialect() *CSVConfig {
	if c.CSV != nil {
		return c.CSV
	}
	csv := new(CSVConfig)
	csv.SetDefaults()
	return csv
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f }
