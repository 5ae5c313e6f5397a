package sqlapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// ResponseConfig says what stands above the body of an answer.
type ResponseConfig struct {
	// Status is the status of an answer that is no error, 200 unless it is
	// set: 2xx but for 205, or 303 for a form that is sent on to Location.
	Status int `toml:"status"`
	// Location is the header of that name, with a {source.name} for every
	// value: those of the request, {last.insert_id} and {row.name}. Each is
	// escaped as a piece of a URL. The header is left out where there is no
	// such value: none was generated, or it is NULL. So it is where a value
	// would make a segment of the path "." or "..", which no URL can name.
	Location string `toml:"location"`
}

// validateResponse returns what is wrong with it, as *FieldError, but what the
// values in texts need from the request; scripts are those of the statements.
func (c EndpointConfig) validateResponse(scripts []script) []error {
	var faults []error
	if c.Status != 0 && (c.Status < 200 || c.Status > 299) && c.Status != 303 {
		faults = append(faults, fieldFault("status", fmt.Sprintf("%d is no status of an answer", c.Status), "from 200 to 299, or 303"))
	}
	if c.Status == fasthttp.StatusResetContent {
		faults = append(faults, fieldFault("status", "an answer with the status 205 has no body, and this one has", "take another, such as 200 or 204"))
	}
	texts, params, syntax := parseTemplate(c.Location)
	for _, text := range texts {
		// Of a value that cannot be read, what is left counts as text.
		if i := strings.IndexFunc(text, notInURL); i >= 0 && len(syntax) == 0 {
			stray := firstRune(text[i:])
			var escaped []byte
			for _, b := range []byte(stray) {
				escaped = appendPercent(escaped, b)
			}
			faults = append(faults, fieldFault("location", fmt.Sprintf("%q is in no URL", stray), "write it as "+string(escaped)))
		}
	}
	acts := slices.ContainsFunc(scripts, func(s script) bool { return s.statement == nil || s.statement.Acts })
	yields := slices.ContainsFunc(scripts, func(s script) bool { return s.statement == nil || s.statement.Yields })
	for _, p := range params {
		problem, hint := "", ""
		switch {
		case p.Source == SourceLast && !acts:
			problem, hint = "every statement returns rows, so there is no {"+p.written+"}", "take a column of the last row: {row.id}"
		case p.Source == SourceRow && !yields:
			problem, hint = "no statement returns rows, so there is no {"+p.written+"}", "what was generated is {last.insert_id}"
		case p.Source == SourcePage || p.Source == SourceCursor:
			problem = "a location has no {" + p.written + "}"
		}
		if problem != "" {
			faults = append(faults, &FieldError{Field: "location", Problem: problem, Hint: hint, Offset: p.Offset})
		}
	}
	return faults
}

// notInURL reports whether r has to be percent-encoded in every part of a URL.
func notInURL(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}
