package sqlapi

import (
	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// declared is what a parameter has to be.
type declared struct {
	// domain is that of the value, or of each item of a list.
	*domain
	// list is its place among the endpoint's lists, or -1 for a single value;
	// maxItems is how many items one may have.
	list, maxItems int
	// required: an absent one is a fault.
	required bool
	// fallback is the value of an absent one, or are the items; without any a
	// single value is NULL.
	fallback []wire.Argument
}

// isList reports whether the parameter has many values.
func (d *declared) isList() bool { return d.list >= 0 }

func (p *parameter) fault(problem string) ParameterFault {
	return ParameterFault{Parameter: p.written, Pointer: p.pointer, Problem: problem}
}

// take sets a declared parameter, which is at i among the values, unless it is
// in a JSON body. An absent one is left out.
func (p *parameter) take(rc *fasthttp.RequestCtx, lookup Lookuper, f *form, i int, v *values) []ParameterFault {
	switch {
	case p.source == SourceJSON || !p.source.ofRequest():
		return nil
	case p.declared.isList():
		return p.takeList(p.texts(rc, lookup, f), v)
	}
	text := p.text(rc, lookup, f)
	if text == nil || len(text) == 0 && !p.declared.holdsEmpty() {
		return nil
	}
	arg, problem := p.declared.read(text)
	if problem != "" {
		return []ParameterFault{p.fault(problem)}
	}
	v.scalars[i] = arg
	return nil
}

// declared takes the JSON value of a field that a declared parameter asks for.
func (w *jsonWalk) declared(f *jsonField, raw []byte) {
	p := w.asked(f)
	switch {
	case raw[0] == 'n': // null is absent
	case p.declared.isList():
		w.list(p, raw)
	default:
		arg, problem := p.declared.readJSON(raw)
		if problem != "" {
			w.faults = append(w.faults, p.fault(problem))
			return
		}
		w.values.scalars[f.param] = arg
	}
}

// complete sets the declared parameters that the request has not, and adds a
// fault for each that it must have.
func (ps *parameters) complete(v *values, faults []ParameterFault) []ParameterFault {
	known := len(faults)
	for i := range ps.list {
		p := &ps.list[i]
		switch d := p.declared; {
		case d == nil || !p.source.ofRequest() || p.mentioned(faults[:known]):
		case d.isList():
			if v.lists[d.list].given {
				continue
			}
			if d.required {
				faults = append(faults, p.fault(missing))
			}
			from := len(v.items)
			v.items = append(v.items, d.fallback...)
			v.lists[d.list] = items{from: from, to: len(v.items)}
		case v.scalars[i].Text != nil:
		case d.required:
			faults = append(faults, p.fault(missing))
		case d.fallback != nil:
			v.scalars[i] = d.fallback[0]
		}
	}
	return faults
}

const missing = "is missing"

// mentioned reports whether there is a fault of the parameter, or of the whole
// body that it would be in.
func (p *parameter) mentioned(faults []ParameterFault) bool {
	for i := range faults {
		if name := faults[i].Parameter; name == p.written || name == sourceNames[p.source-1] {
			return true
		}
	}
	return false
}
