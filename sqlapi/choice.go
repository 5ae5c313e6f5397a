package sqlapi

import (
	"fmt"

	"github.com/valyala/fasthttp"
)

// choice is what an endpoint can answer in. It is never changed once it is made.
type choice struct {
	formats []format // at least one; the first is preferred
	offers  []offer  // what each of them says it is
	// negotiated: the request's Accept header chooses.
	negotiated bool
}

// newChoice returns the choice of a configuration without a fault.
func newChoice(c FormatConfig) (choice, error) {
	contentTypes := [formats]string{
		formatJSON: "application/json", formatNDJSON: "application/x-ndjson", formatCSV: c.dialect().contentType(),
	}
	made := choice{negotiated: c.Formats != nil}
	add := func(f format) error {
		o, err := newOffer(contentTypes[f])
		if err != nil {
			return fmt.Errorf("read content type %q: %w", contentTypes[f], err)
		}
		made.formats, made.offers = append(made.formats, f), append(made.offers, o)
		return nil
	}
	// JSON first: it is what a request without a wish gets.
	if c.has(formatJSON) {
		if err := add(formatJSON); err != nil {
			return choice{}, err
		}
	}
	for _, name := range append([]string{c.Format}, c.Formats...) {
		if f, ok := formatOf(name); ok && f != formatJSON {
			if err := add(f); err != nil {
				return choice{}, err
			}
		}
	}
	return made, nil
}

// of returns which of the formats a request gets, by its index, or
// ErrNotAcceptable. It does so before anything is done for the request: one that
// is refused has had no effect.
func (c *choice) of(h *fasthttp.RequestHeader) (int, error) {
	if !c.negotiated {
		return 0, nil
	}
	i := choose(c.offers, h.PeekAll(fasthttp.HeaderAccept))
	if i < 0 {
		return 0, fmt.Errorf("%w: %q", ErrNotAcceptable, h.Peek(fasthttp.HeaderAccept))
	}
	return i, nil
}

// label says in the response what its body is, and on what that depends.
func (c *choice) label(resp *fasthttp.Response, i int) {
	resp.Header.SetContentType(c.offers[i].contentType)
	if c.negotiated {
		resp.Header.Add(fasthttp.HeaderVary, fasthttp.HeaderAccept)
	}
}

// only returns the choice of one format without a look at the request.
func (c *choice) only(f format) (choice, bool) {
	for i := range c.formats {
		if c.formats[i] == f {
			return choice{formats: c.formats[i : i+1], offers: c.offers[i : i+1]}, true
		}
	}
	return choice{}, false
}

// In returns the endpoint as it answers in one of its formats only, whatever a
// request accepts. It is for paths with the format's name as their suffix.
func (e *Endpoint) In(name string) (*Endpoint, error) {
	f, ok := formatOf(name)
	if !ok {
		return nil, fmt.Errorf("endpoint: %q is no format", name)
	}
	fixed := *e
	if fixed.choice, ok = e.choice.only(f); !ok {
		return nil, fmt.Errorf("endpoint: it does not answer in %s", name)
	}
	return &fixed, nil
}
