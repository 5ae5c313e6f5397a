package sqlapi

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// maxOffset is the largest number that every client reads as what it is.
const maxOffset = 1<<53 - 1

// paging is how an endpoint's rows are given out in pages. It is not changed
// once the endpoint is built.
type paging struct {
	size, max int
	keyset    []string
	cursors   cursors
	// places are those of :page.limit and so on, and of :cursor.name, among the
	// endpoint's values.
	places []fill
	total  bool // something counts the rows of all pages
}

// newPaging returns the pages of a sound configuration, nil without any. The
// parameters of all statements are in ps.
func newPaging(c *EndpointConfig, ps *parameters) *paging {
	if c.Page == nil {
		return nil
	}
	p := &paging{
		size: c.Page.Size, max: c.Page.Max, keyset: c.Keyset, total: c.Page.Total != "",
		cursors: newCursors(c.CursorSecret, c.Name, c.Keyset),
	}
	for i := range ps.list {
		if from := ps.list[i].source; from == SourcePage || from == SourceCursor {
			p.places = append(p.places, fill{from, ps.list[i].name, i})
		}
	}
	return p
}

// page is the part of the rows that one request is given. As a layout it
// passes on as many as there may be: one more is read, which tells whether
// there is a next page.
type page struct {
	limit, offset int
	// after are the values of the keyset behind which it begins, nil for the
	// first page.
	after []wire.Argument

	inner layout
	more  bool
	total total
}

func (p *page) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	p.more = false
	return p.inner.begin(dst, columns)
}

func (p *page) row(dst []byte, n int, row wire.Row) ([]byte, error) {
	if n >= p.limit {
		p.more = true
		return dst, nil
	}
	return p.inner.row(dst, n, row)
}

func (p *page) end(dst []byte, n int) ([]byte, error) {
	return p.inner.end(dst, min(n, p.limit))
}

// total is a layout for the one number that counts the rows of all pages.
type total struct {
	columns []wire.Column
	rows    uint64
}

func (t *total) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	t.columns = columns
	return dst, nil
}

func (t *total) row(dst []byte, n int, row wire.Row) ([]byte, error) {
	if n > 0 {
		return dst, nil
	}
	value, err := row.Next(&t.columns[0])
	if err != nil {
		return dst, err
	}
	if t.rows, err = strconv.ParseUint(string(value.AppendText(nil, &t.columns[0])), 10, 63); err != nil {
		return dst, errors.New("the total is no number of rows")
	}
	return dst, nil
}

func (t *total) end(dst []byte, n int) ([]byte, error) {
	if n == 0 {
		return dst, fmt.Errorf("%w: the total has no row", ErrStatement)
	}
	return dst, nil
}

// take sets which page a request wants, among the values of its parameters.
// What was wrong with those comes in as err, and goes out with what is wrong
// with the page: all of it at once.
func (p *paging) take(rc *fasthttp.RequestCtx, c *call, err error) error {
	parameters, others := errors.AsType[*ParameterError](err)
	if err != nil && !others {
		return err
	}
	wanted, faults := p.wanted(rc.QueryArgs())
	if len(faults) > 0 {
		if others {
			faults = append(parameters.Faults, faults...)
		}
		return &ParameterError{Faults: faults}
	}
	if err != nil {
		return err
	}
	c.page, c.kept = wanted, &keeper{names: p.keyset}
	number := func(n int) wire.Argument {
		return wire.Argument{Text: strconv.AppendInt(nil, int64(n), 10), As: wire.BindInteger}
	}
	for _, place := range p.places {
		value := &c.values.scalars[place.at]
		*value = wire.Argument{} // NULL, as are all cursors of the first page
		switch {
		case place.source == SourcePage && place.name == "limit":
			*value = number(wanted.limit + 1)
		case place.source == SourcePage:
			*value = number(wanted.offset)
		case wanted.after != nil:
			*value = wanted.after[p.column(place.name)]
		}
	}
	return nil
}

// column returns the place of a column in the keyset.
func (p *paging) column(name string) int {
	for i, column := range p.keyset {
		if column == name {
			return i
		}
	}
	panic("bug: a cursor without a column")
}

// wanted reads the query parameters of paging.
func (p *paging) wanted(query *fasthttp.Args) (*page, []ParameterFault) {
	var faults []ParameterFault
	number := func(name string, otherwise, least, most int) int {
		if !query.Has(name) {
			return otherwise
		}
		n, err := strconv.ParseUint(string(query.Peek(name)), 10, 63)
		if err != nil || n < uint64(least) || n > uint64(most) {
			faults = append(faults, ParameterFault{Parameter: "query." + name, Problem: fmt.Sprintf("must be a whole number from %d to %d", least, most)})
		}
		return int(n)
	}
	wanted := &page{limit: number("limit", p.size, 1, p.max)}
	if len(p.keyset) == 0 {
		wanted.offset = number("offset", 0, 0, maxOffset)
	} else if query.Has("after") {
		var ok bool
		if wanted.after, ok = p.cursors.parse(query.Peek("after")); !ok {
			faults = append(faults, ParameterFault{Parameter: "query.after", Problem: "is not a cursor of this list"})
		}
	}
	return wanted, faults
}

// label sets the headers of an answer: how to get the other pages, and how many
// rows all of them have.
func (p *paging) label(rc *fasthttp.RequestCtx, c *call) error {
	l := links{path: rc.URI().PathOriginal(), query: rc.URI().QueryString()}
	at := func(relation string, offset int) {
		l.add(relation, fmt.Sprintf("limit=%d&offset=%d", c.page.limit, offset))
	}
	if p.keyset == nil {
		offset, limit := c.page.offset, c.page.limit
		if offset > 0 {
			at("first", 0)
			if prev, ok := p.prev(c); ok {
				at("prev", prev)
			}
		}
		if c.page.more {
			at("next", offset+limit)
		}
		if p.total {
			at("last", lastOffset(int(c.page.total.rows), offset, limit))
		}
	} else {
		if c.page.after != nil {
			l.add("first", fmt.Sprintf("limit=%d", c.page.limit))
		}
		if c.page.more {
			next, err := p.next(c.kept)
			if err != nil {
				return err
			}
			l.add("next", fmt.Sprintf("limit=%d&after=%s", c.page.limit, next))
		}
	}
	if len(l.out) > 0 {
		rc.Response.Header.SetBytesV("Link", l.out)
	}
	if p.total {
		rc.Response.Header.SetBytesV("X-Total-Count", strconv.AppendUint(nil, c.page.total.rows, 10))
	}
	return nil
}

// prev returns where the page before begins. Where a page is empty that is
// the last one that is not, which only the total can tell.
func (p *paging) prev(c *call) (offset int, known bool) {
	offset = max(c.page.offset-c.page.limit, 0)
	if c.kept.rows > 0 {
		return offset, true
	}
	total := int(c.page.total.rows)
	return min(offset, lastOffset(total, c.page.offset, c.page.limit)), p.total && total > 0
}

// lastOffset returns where the last page begins, when the pages are those in
// step with the one at offset.
func lastOffset(total, offset, limit int) int {
	shift := offset % limit
	if total <= shift {
		return 0
	}
	return shift + (total-1-shift)/limit*limit
}

// next returns the cursor of the next page, from the last row of this one.
func (p *paging) next(kept *keeper) ([]byte, error) {
	values := make([]wire.Argument, 0, len(p.keyset))
	for _, name := range p.keyset {
		value, err := kept.value(name)
		if err != nil {
			return nil, fmt.Errorf("keyset: %w", err)
		}
		if value.Text == nil {
			return nil, fmt.Errorf("%w: keyset: %s is NULL in the last row, behind which nothing comes", ErrStatement, name)
		}
		values = append(values, value)
	}
	cursor, ok := p.cursors.append(nil, values)
	if !ok {
		return nil, fmt.Errorf("%w: keyset: its values are too long for a cursor", ErrStatement)
	}
	return cursor, nil
}
