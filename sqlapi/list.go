package sqlapi

import (
	"bytes"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// texts returns every value of a parameter that is not in a JSON body; nil when
// it is absent.
func (p *parameter) texts(rc *fasthttp.RequestCtx, lookup Lookuper, f *form) [][]byte {
	var texts [][]byte
	switch p.source {
	case SourceQuery:
		texts = rc.QueryArgs().PeekMulti(p.name)
	case SourceForm:
		texts = f.all(p.name)
	default:
		if text := p.text(rc, lookup, f); text != nil {
			texts = [][]byte{text}
		}
	}
	return texts
}

// takeList sets a declared list to the items in texts. Commas separate items,
// but in texts that may have one themselves and can be repeated instead.
func (p *parameter) takeList(texts [][]byte, v *values) []ParameterFault {
	if texts == nil {
		return nil
	}
	whole := p.declared.holdsCommas() && (p.source == SourceQuery || p.source == SourceForm)
	list := p.begin(v)
	for _, text := range texts {
		if whole {
			list.add(text)
			continue
		}
		for item := range bytes.SplitSeq(text, []byte{','}) {
			if item = bytes.Trim(item, " \t"); len(item) > 0 || bytes.IndexByte(text, ',') >= 0 {
				list.add(item)
			}
		}
	}
	return list.end()
}

// listTaker takes the items of one list.
type listTaker struct {
	parameter *parameter
	values    *values
	from, n   int
	faults    []ParameterFault
}

func (p *parameter) begin(v *values) *listTaker {
	return &listTaker{parameter: p, values: v, from: len(v.items)}
}

// add takes an item that is text.
func (l *listTaker) add(text []byte) {
	arg, problem := wire.Argument{}, ""
	if l.n < l.parameter.declared.maxItems {
		arg, problem = l.parameter.declared.read(text)
	}
	l.take(arg, problem)
}

// take takes an item that has been read, or what is wrong with it.
func (l *listTaker) take(arg wire.Argument, problem string) {
	l.n++
	if l.n > l.parameter.declared.maxItems {
		return
	}
	l.values.items = append(l.values.items, arg)
	if problem != "" {
		fault := l.parameter.fault(fmt.Sprintf("item %d %s", l.n, problem))
		if fault.Pointer != "" {
			fault.Pointer += fmt.Sprintf("/%d", l.n-1)
		}
		l.faults = append(l.faults, fault)
	}
}

func (l *listTaker) end() []ParameterFault {
	if most := l.parameter.declared.maxItems; l.n > most {
		return []ParameterFault{l.parameter.fault(fmt.Sprintf("has more than %d items", most))}
	}
	l.values.lists[l.parameter.declared.list] = items{from: l.from, to: len(l.values.items), given: true}
	return l.faults
}

// list takes the JSON array of a list.
func (w *jsonWalk) list(p *parameter, raw []byte) {
	if raw[0] != '[' {
		w.faults = append(w.faults, p.fault("must be an array"))
		return
	}
	list := p.begin(w.values)
	inner := jsonWalk{body: raw, pos: 1}
	for inner.skipSpace(); raw[inner.pos] != ']'; inner.skipSpace() {
		if raw[inner.pos] == ',' {
			inner.pos++
			inner.skipSpace()
		}
		start := inner.pos
		inner.skipValue()
		arg, problem := wire.Argument{}, ""
		if list.n < p.declared.maxItems {
			arg, problem = p.declared.readJSON(raw[start:inner.pos])
		}
		list.take(arg, problem)
	}
	w.faults = append(w.faults, list.end()...)
}
