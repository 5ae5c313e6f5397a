package sqlapi

import (
	"errors"
	"strings"
	"testing"
)

func TestFormatFaults(t *testing.T) {
	csv := func(change func(*CSVConfig)) *CSVConfig {
		c := new(CSVConfig)
		c.SetDefaults()
		change(c)
		return c
	}
	plain := csv(func(*CSVConfig) {})
	f := func(c EndpointConfig, want ...string) {
		t.Helper()
		c.SQL = "select 1"
		var got []string
		for _, err := range c.Validate() {
			fault, _ := errors.AsType[*FieldError](err)
			got = append(got, fault.Field+": "+fault.Problem)
		}
		if len(got) != len(want) {
			t.Fatalf("%+v: got %q, want %q", c.FormatConfig, got, want)
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%+v: got %q, want %q", c.FormatConfig, got[i], want[i])
			}
		}
	}
	formats := func(c FormatConfig) EndpointConfig { return EndpointConfig{FormatConfig: c} }
	f(formats(FormatConfig{}))
	f(formats(FormatConfig{Format: "ndjson"}))
	f(formats(FormatConfig{Formats: []string{"csv", "json", "ndjson"}, Suffixes: true, CSV: plain}))
	f(formats(FormatConfig{Format: "xml"}), `format: "xml" is no format`)
	f(formats(FormatConfig{Format: "csv", Formats: []string{"csv"}}), "format: one format, and several")
	f(formats(FormatConfig{Formats: []string{}}), "formats: no format")
	f(formats(FormatConfig{Formats: []string{"json", "JSON", "json"}}), `formats[1]: "JSON" is no format`, `formats[2]: "json" stands here twice`)
	f(formats(FormatConfig{Suffixes: true}), "suffixes: there are no formats")
	f(formats(FormatConfig{Format: "csv", Suffixes: true}), "suffixes: there are no formats")
	f(formats(FormatConfig{Formats: []string{"json"}, CSV: plain}), "csv: the route never answers CSV")

	f(formats(FormatConfig{Format: "csv", CSV: csv(func(c *CSVConfig) { c.Separator, c.Terminator = "\t", "\n" })}))
	f(formats(FormatConfig{Format: "csv", CSV: csv(func(c *CSVConfig) { c.Separator = "|" })}), `csv.separator: "|"`)
	f(formats(FormatConfig{Format: "csv", CSV: csv(func(c *CSVConfig) { c.Separator, c.Terminator = "", "\r" })}), `csv.separator: ""`, `csv.terminator: "\r"`)
	f(formats(FormatConfig{Format: "csv", CSV: csv(func(c *CSVConfig) { c.ContentType = "text/csv; charset=utf-8" })}))
	for _, contentType := range []string{"csv", "text/csv\r\nX: y", "text/", "a b/c", "text/csv; header", "*"} {
		f(formats(FormatConfig{Format: "csv", CSV: csv(func(c *CSVConfig) { c.ContentType = contentType })}), "csv.content_type: ")
	}

	// What else of the route means nothing in a format.
	answer := func(format string, a AnswerConfig) EndpointConfig {
		return EndpointConfig{FormatConfig: FormatConfig{Formats: strings.Fields(format)}, AnswerConfig: a}
	}
	wrapped := AnswerConfig{Root: "rows", Success: "ok", UserProperties: [][]string{{"a", "b"}}}
	f(answer("json csv ndjson", wrapped))
	f(answer("csv ndjson", wrapped), "root: the route never answers JSON", "success: ", "user_properties: ")
	f(answer("json csv", AnswerConfig{Shape: "compact"}))
	f(answer("json ndjson", AnswerConfig{Shape: "compact"}), "shape: a line of NDJSON")
	f(answer("csv", AnswerConfig{Shape: "compact"}), "shape: CSV has its names")
	f(answer("json csv", AnswerConfig{Shape: "value"}), "shape: a value alone")
	f(answer("ndjson", AnswerConfig{Shape: "value"}), "shape: a value alone")
	f(answer("json csv ndjson", AnswerConfig{Shape: "object"}))
	f(answer("csv", AnswerConfig{JSON: []string{"j"}}), "json: CSV cannot hold JSON")
	f(answer("csv ndjson", AnswerConfig{JSON: []string{"j"}}))
}
