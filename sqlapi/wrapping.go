package sqlapi

import "fmt"

// wrapping is the object around rows, as the old stack had it:
// {"suc":true,"user":"v","rows":[…]}. It is not changed once the endpoint is
// built.
type wrapping struct {
	success    []byte // {"suc":true, or only the brace
	properties []property
	root       []byte // "rows":
}

// property is a member whose value is a text.
type property struct {
	key   []byte // "user":
	value template
}

// truncatedMember is the last member around rows of which some were left out.
const truncatedMember = `,"truncated":true`

// newWrapping returns the wrapping of a sound configuration, nil where rows
// stand bare. It has parameters make places for the values in it.
func newWrapping(c *AnswerConfig, ps *parameters) (*wrapping, error) {
	if !c.wraps() {
		return nil, nil
	}
	w := &wrapping{success: []byte{'{'}, root: quotedKey(c.root())}
	if c.Success != "" {
		w.success = append(append(w.success, quotedKey(c.Success)...), "true,"...)
	}
	for _, pair := range c.UserProperties {
		value, err := newTemplate(pair[1], ps)
		if err != nil {
			return nil, err
		}
		for i, text := range value.texts {
			escaped, _ := appendJSONInside(nil, []byte(text)) // valid, or it were no template
			value.texts[i] = string(escaped)
		}
		w.properties = append(w.properties, property{key: quotedKey(pair[0]), value: value})
	}
	return w, nil
}

// propertyTemplates returns the texts of the properties.
func (c AnswerConfig) propertyTemplates() []fieldTemplate {
	var all []fieldTemplate
	for i, pair := range c.UserProperties {
		if len(pair) == 2 {
			all = append(all, fieldTemplate{field: fmt.Sprintf("user_properties[%d][1]", i), text: pair[1]})
		}
	}
	return all
}

// begin appends what stands before the rows. The error is a *ParameterError, for
// values that JSON cannot hold.
func (w *wrapping) begin(dst []byte, v *values) ([]byte, error) {
	dst = append(dst, w.success...)
	for i := range w.properties {
		p := &w.properties[i]
		dst = append(append(dst, p.key...), '"')
		var err error
		if dst, err = p.value.append(dst, v, EscapeJSON); err != nil {
			return dst, err
		}
		dst = append(dst, '"', ',')
	}
	return append(dst, w.root...), nil
}

// end appends what stands behind the rows.
func (w *wrapping) end(dst []byte, truncated bool) []byte {
	if truncated {
		dst = append(dst, truncatedMember...)
	}
	return append(dst, '}')
}

// quotedKey returns a name as it stands in front of a member's value. One that
// is not valid UTF-8 is a fault of the configuration.
func quotedKey(name string) []byte {
	key, ok := appendJSONString(nil, []byte(name))
	if !ok {
		panic("bug: a name that Validate should have refused")
	}
	return append(key, ':')
}
