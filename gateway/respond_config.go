package gateway

import (
	"fmt"
	"maps"
	"mime"
	"reflect"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

// RespondConfig is a fixed answer. In its texts {source.name} is a value of
// the request.
type RespondConfig struct {
	// Status is the answer's, from 200 to 599.
	Status int `toml:"status"`
	// Body is a text, in UTF-8.
	Body string `toml:"body"`
	// JSON is any value, whose keys keep their order.
	JSON any `toml:"json"`
	// Headers are the answer's, by name.
	Headers map[string]string `toml:"headers"`
	// Errcode and Errstr are the whole of an answer as the old stack's
	// rds_json_ret gave it, with the status 200 as a rule.
	Errcode *int   `toml:"errcode"`
	Errstr  string `toml:"errstr"`
}

// SetDefaults sets the status of an answer that says none.
func (c *RespondConfig) SetDefaults() { c.Status = fasthttp.StatusOK }

// ownHeaders are those that no answer may set, with who does.
var ownHeaders = map[string]string{
	"connection":          "it is about the connection, which the server keeps",
	"content-length":      "the server counts the bytes itself",
	"date":                "the server sets it",
	"keep-alive":          "it is about the connection, which the server keeps",
	"proxy-authenticate":  "it is a proxy's",
	"proxy-authorization": "it is a proxy's",
	"proxy-connection":    "it is about the connection, which the server keeps",
	"te":                  "it is about the connection, which the server keeps",
	"trailer":             "it is about the connection, which the server keeps",
	"transfer-encoding":   "the server frames the body itself",
	"upgrade":             "it is about the connection, which the server keeps",
	"x-request-id":        "the server sets it",
}

// validate returns everything that is wrong with the answer of a route; offer is
// what the route has for its texts.
func (c *RespondConfig) validate(offer sqlapi.EndpointConfig) []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: "respond." + field, Problem: problem, Hint: hint})
	}
	if !within(c.Status, 200, 599) {
		fault("status", fmt.Sprintf("%d is no status of an answer", c.Status), "from 200 to 599")
	}
	bodies := c.bodies()
	if len(bodies) > 1 {
		fault(bodies[1], "an answer has one body, and "+bodies[0]+" is there already", "")
	}
	if len(bodies) > 0 && isBodiless(c.Status) {
		fault(bodies[0], fmt.Sprintf("an answer with the status %d has no body", c.Status), "leave it out, or take another status")
	}
	if c.Errstr != "" && c.Errcode == nil {
		fault("errstr", "there is no errcode for it", `write respond = { errcode = 403, errstr = "Forbidden" }`)
	}
	draft := c.draft("", "")
	for _, field := range draft.endless {
		fault(field, "JSON has no number that is infinite, or none at all", "")
	}
	return slices.Concat(faults, c.validateHeaders(), offer.ValidateTexts(draft.texts))
}

// validateHeaders returns what is wrong with the headers but for the values in
// them.
func (c *RespondConfig) validateHeaders() []error {
	var faults []error
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		fault := func(problem, hint string) {
			faults = append(faults, &FieldError{Field: "respond.headers." + conffile.PathKey(name), Problem: problem, Hint: hint})
		}
		lower := strings.ToLower(name)
		switch reason, own := ownHeaders[lower]; {
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r > 0x7f || !isToken(byte(r)) }):
			fault(fmt.Sprintf("%q is no name of a header", name), "")
		case own:
			fault("no answer may set this header", reason)
		case names[lower] != "":
			fault("the header is there twice, as "+names[lower]+" too", "the case of a name does not matter")
		case strings.ContainsFunc(c.Headers[name], isControlRune):
			fault("a header cannot hold a line break or another control character", "")
		case lower == "content-type":
			if _, _, err := mime.ParseMediaType(c.Headers[name]); err != nil || strings.Contains(c.Headers[name], "{") {
				fault(fmt.Sprintf("%q is no content type", c.Headers[name]), `write "text/html; charset=utf-8", or the like`)
			}
		}
		names[lower] = name
	}
	return faults
}

// bodies returns the keys that say what the body is.
func (c *RespondConfig) bodies() []string {
	var keys []string
	if c.Body != "" {
		keys = append(keys, "body")
	}
	if c.JSON != nil {
		keys = append(keys, "json")
	}
	if c.Errcode != nil {
		keys = append(keys, "errcode")
	}
	return keys
}

// isBodiless reports whether answers with a status have no body, ever.
func isBodiless(status int) bool {
	return status == fasthttp.StatusNoContent || status == fasthttp.StatusResetContent || status == fasthttp.StatusNotModified
}

func isControlRune(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// withoutStatement returns the faults of keys that only a route with a
// statement can have. The names of errcode and errstr are for all.
func (r RouteConfig) withoutStatement(problem string) []error {
	var faults []error
	fault := func(key string) {
		faults = append(faults, &FieldError{Field: key, Problem: problem, Hint: "leave it out"})
	}
	if r.Database != "" {
		fault("database")
	}
	v := reflect.ValueOf(r.EndpointConfig)
	for _, field := range reflect.VisibleFields(v.Type()) {
		key, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		switch key {
		case "", "-", "sql", "sql_file", "statements", "errcode_key", "errstr_key":
			continue
		}
		if !v.FieldByIndex(field.Index).IsZero() {
			fault(key)
		}
	}
	return faults
}

// withoutPassword returns the fault of credentials where nobody reads them.
func (r RouteConfig) withoutPassword() []error {
	if r.Credentials == (CredentialsConfig{}) {
		return nil
	}
	return []error{&FieldError{
		Field: "credentials", Problem: "nothing here checks the password, so any would do", Hint: "leave it out: only a statement can compare them",
	}}
}
