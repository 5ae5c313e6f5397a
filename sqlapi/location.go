package sqlapi

import (
	"errors"
	"strings"
)

// location is the header of that name, which says where to find what a request
// has made. It is not changed once the endpoint is built.
type location struct {
	template
	fills []fill
	// dots is how many segments "." and ".." the template has by itself.
	dots int
}

// newLocation returns the header of a sound configuration, nil without one. It
// has parameters make places for the values in it.
func newLocation(text string, ps *parameters) (*location, error) {
	if text == "" {
		return nil, nil
	}
	t, err := newTemplate(text, ps)
	if err != nil {
		return nil, err
	}
	return &location{t, ps.fillsOf(t.places), dotSegments(strings.Join(t.texts, "x"))}, nil
}

// fill sets c.location, which is empty where a value of the statements is
// missing, and where a segment of values would be one that clients resolve away.
func (l *location) fill(c *call) error {
	for _, f := range l.fills {
		switch err := c.fill([]fill{f}); {
		case errors.Is(err, ErrNoRow):
			return nil
		case err != nil:
			return err
		case f.name == "insert_id" && f.source == SourceLast && c.last.insertID == 0, c.values.scalars[f.at].Text == nil:
			return nil
		}
	}
	text, err := l.append(nil, &c.values, appendEscaped)
	if err == nil && dotSegments(string(text)) == l.dots {
		c.location = text
	}
	return err
}

// dotSegments counts the segments of a URL's path that are "." or "..".
func dotSegments(text string) int {
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i]
	}
	n := 0
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "." || segment == ".." {
			n++
		}
	}
	return n
}

// appendEscaped appends a value as a piece of a URL's path or query.
func appendEscaped(dst, value []byte) ([]byte, error) {
	for _, b := range value {
		if isNameByte(b) || strings.IndexByte("-.~", b) >= 0 {
			dst = append(dst, b)
		} else {
			dst = appendPercent(dst, b)
		}
	}
	return dst, nil
}

func appendPercent(dst []byte, b byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '%', hex[b>>4], hex[b&15])
}
