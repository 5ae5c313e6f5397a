package sqlapi

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// AnswerConfig says which shape the answer has, and how values are written in
// it. Its zero value is the old stack's: an array of objects.
type AnswerConfig struct {
	// Shape is what becomes of the rows: "rows", an array of objects, without
	// it; "compact", an array of arrays, the first with the names; "object",
	// the one row; "value", the first column of the one row; "exec", which
	// drops rows and answers what the statement did. A statement without rows
	// answers that in every shape.
	Shape string `toml:"shape"`
	// First: of several rows "object" and "value" answer the first, where
	// they fail otherwise.
	First bool `toml:"first"`
	// Root, Success and UserProperties put the rows into an object, with, in
	// this order, a property that is true, properties of the route's own, and
	// the rows under the name of Root, which is "data" if only others are set.
	Root    string `toml:"root"`
	Success string `toml:"success"`
	// UserProperties are pairs of a name and a text with the request's values
	// in it: [["user", "{query.user}"]].
	UserProperties [][]string `toml:"user_properties"`
	// ErrcodeKey and ErrstrKey are the names of what a statement without rows
	// answers; "errcode" and "errstr" without them.
	ErrcodeKey string `toml:"errcode_key"`
	ErrstrKey  string `toml:"errstr_key"`
	// JSON names columns whose text is JSON, and becomes part of the answer.
	JSON []string `toml:"json"`

	TypesConfig
	LimitConfig
}

// The values of AnswerConfig.Shape. None is "rows".
const (
	shapeRows    = "rows"
	shapeCompact = "compact"
	shapeObject  = "object"
	shapeValue   = "value"
	shapeExec    = "exec"
)

var shapes = []string{shapeRows, shapeCompact, shapeObject, shapeValue, shapeExec}

// Single reports whether the answer is one row, or something of it.
func (c AnswerConfig) Single() bool { return c.Shape == shapeObject || c.Shape == shapeValue }

// wraps reports whether rows stand inside an object.
func (c AnswerConfig) wraps() bool {
	return c.Root != "" || c.Success != "" || len(c.UserProperties) > 0
}

// validate returns everything that is wrong with it, as *FieldError, but what
// the values in texts need from the route.
func (c AnswerConfig) validate() []error {
	faults := slices.Concat(wordFaults("shape", c.Shape, shapes), c.TypesConfig.validate(), c.LimitConfig.validate())
	fault := func(field, problem, hint string) {
		faults = append(faults, fieldFault(field, problem, hint))
	}
	if c.First && !c.Single() {
		fault("first", "there is no one row to answer with", `shape = "object" or "value" has one`)
	}
	if c.wraps() && c.Shape == shapeExec {
		fault("shape", "what a statement did is not put under a root, so it has no properties either", "leave out root, success and user_properties")
	}
	if c.MaxRows != 0 && (c.Single() || c.Shape == shapeExec) {
		fault("max_rows", fmt.Sprintf("shape = %q answers no list of rows", c.Shape), "leave it out")
	}
	if c.OnLimit == limitTruncate && (c.Single() || c.Shape == shapeExec) {
		fault("on_limit", fmt.Sprintf("shape = %q cannot be truncated", c.Shape), "leave it out")
	}
	for i, name := range c.JSON {
		field := fmt.Sprintf("json[%d]", i)
		if name == "" {
			fault(field, "a column without a name", "")
		} else if slices.Contains(c.JSON[:i], name) {
			fault(field, "the same column twice", "")
		}
	}
	return append(faults, c.propertyFaults()...)
}

// propertyFaults returns what is wrong with the names around the rows.
func (c AnswerConfig) propertyFaults() []error {
	var faults []error
	taken := map[string]string{} // the field by the name
	check := func(field, name string) {
		other, twice := taken[name]
		switch {
		case !utf8.ValidString(name):
			faults = append(faults, fieldFault(field, "the name is not valid UTF-8", ""))
		case twice:
			faults = append(faults, fieldFault(field, "there would be two properties with this name", other+" is the other"))
		}
		taken[name] = field
	}
	if c.Success != "" {
		check("success", c.Success)
	}
	for i, pair := range c.UserProperties {
		field := fmt.Sprintf("user_properties[%d]", i)
		if len(pair) != 2 || pair[0] == "" {
			faults = append(faults, &FieldError{
				Field: field, Problem: "a property is a name and a text", Hint: `write ["user", "{query.user}"]`, Offset: -1,
			})
			continue
		}
		check(field+"[0]", pair[0])
	}
	if c.wraps() {
		check("root", c.root())
	}
	clear(taken)
	for _, name := range []string{"insert_id", "affected_rows"} {
		taken[name] = "what the server says of a statement"
	}
	check("errcode_key", c.errcodeKey())
	check("errstr_key", c.errstrKey())
	return faults
}

// root is the name under which the rows stand, where they stand under one.
func (c AnswerConfig) root() string {
	if c.Root == "" {
		return "data"
	}
	return c.Root
}

func (c AnswerConfig) errcodeKey() string {
	if c.ErrcodeKey == "" {
		return "errcode"
	}
	return c.ErrcodeKey
}

func (c AnswerConfig) errstrKey() string {
	if c.ErrstrKey == "" {
		return "errstr"
	}
	return c.ErrstrKey
}

// wordFaults returns the fault of a field that is neither empty nor one of words.
func wordFaults(field, value string, words []string) []error {
	if value == "" || slices.Contains(words, value) {
		return nil
	}
	hint := `there are "` + strings.Join(words, `", "`) + `"`
	if near := nearest(value, words); near != "" {
		hint = `did you mean "` + near + `"?`
	}
	return []error{fieldFault(field, fmt.Sprintf("%q is unknown here", value), hint)}
}
