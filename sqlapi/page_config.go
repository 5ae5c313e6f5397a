package sqlapi

import (
	"fmt"
	"slices"
)

// maxPage is the most rows that a page may have.
const maxPage = 100_000

// PageConfig has a route answer in pages.
type PageConfig struct {
	// Page gives the statement :page.limit and :page.offset; nil is a route
	// without pages.
	Page *PageSettings `toml:"page"`
	// Keyset names the columns that the statement orders its rows by: a page
	// begins behind the values that they have in the last row of the page
	// before, :cursor.name, and there is no offset.
	Keyset []string `toml:"keyset"`

	// CursorSecret signs the cursors of a keyset: with the same one they are
	// of use after a restart. It has minSecret bytes or more.
	CursorSecret []byte `toml:"-"`
	// Name tells the route from others, whose cursors it does not take.
	Name string `toml:"-"`
}

// PageSettings says how many rows one request is given.
type PageSettings struct {
	// Size is how many rows a page has unless the request says another number
	// in its query parameter limit, and Max how many that may be.
	Size int `toml:"size"`
	Max  int `toml:"max"`
	// Total is a statement that counts the rows of all pages: its first
	// column is the header X-Total-Count.
	Total string `toml:"total"`
}

// SetDefaults sets the sizes of pages that are asked for with page = {}.
func (s *PageSettings) SetDefaults() { *s = PageSettings{Size: 50, Max: 500} }

// validatePage returns what is wrong with the pages; scripts are those of the
// route's statements, and of the one that counts.
func (c EndpointConfig) validatePage(scripts []script) []error {
	var faults []error
	for i := range scripts {
		faults = append(faults, c.refusesPage(&scripts[i])...)
	}
	if c.Page == nil {
		if len(c.Keyset) > 0 {
			faults = append(faults, fieldFault("keyset", "there are no pages", "add page = { size = 50, max = 500 }"))
		}
		return faults
	}
	if p := c.Page; p.Max < 1 || p.Max > maxPage {
		faults = append(faults, fieldFault("page.max", fmt.Sprintf("%d rows", p.Max), fmt.Sprintf("from 1 to %d", maxPage)))
	} else if p.Size < 1 || p.Size > p.Max {
		faults = append(faults, fieldFault("page.size", fmt.Sprintf("%d rows", p.Size), fmt.Sprintf("from 1 to max, which is %d", p.Max)))
	}
	for i, name := range c.Keyset {
		if name == "" || slices.Contains(c.Keyset[:i], name) {
			faults = append(faults, fieldFault(fmt.Sprintf("keyset[%d]", i), fmt.Sprintf("%q is no further column", name), "name each column once"))
		}
	}
	if c.Location != "" {
		faults = append(faults, fieldFault("location", "a page is where it is", "leave it out"))
	}
	if c.Single() || c.Shape == shapeExec {
		faults = append(faults, fieldFault("page", fmt.Sprintf("shape = %q answers no list of rows", c.Shape), "leave it out"))
	}
	if c.MaxRows != 0 || c.OnLimit == limitTruncate {
		faults = append(faults, fieldFault("page", "max_rows and on_limit would leave out rows of a page, and the next would not have them", "page.max says how many rows there are at most"))
	}
	if len(c.Statements) > 0 {
		return append(faults, fieldFault("page", "a transaction has no pages", "give the list a route with sql of its own"))
	}
	if s := &scripts[0]; s.understood() {
		faults = append(faults, c.validatePaged(s)...)
	}
	if c.Page.Total != "" {
		if s := &scripts[len(scripts)-1]; s.understood() && !s.statement.Reads {
			faults = append(faults, s.faultAtVerb("this is to count rows, and not to change any", "write select count(*) from …"))
		}
	}
	return faults
}

// validatePaged returns why a statement cannot be read in pages.
func (c EndpointConfig) validatePaged(s *script) []error {
	var faults []error
	missing := func(p, problem, hint string) {
		faults = append(faults, s.faultAtVerb("the statement never reads :"+p+", so "+problem, hint))
	}
	if !s.statement.Reads {
		return []error{s.faultAtVerb("only a statement that reads can have pages", "leave page out")}
	}
	if !s.statement.Ordered {
		faults = append(faults, s.faultAtVerb("without an ORDER BY rows come in any order, so pages could share some and miss others", "order by columns that no two rows have in common, such as the key"))
	}
	if !s.reads(SourcePage, "limit") {
		missing("page.limit", "every page would have all rows", "end it with … limit :page.limit")
	}
	if len(c.Keyset) == 0 && !s.reads(SourcePage, "offset") {
		missing("page.offset", "every page would be the first", "end it with … limit :page.limit offset :page.offset")
	}
	for _, name := range c.Keyset {
		if !s.reads(SourceCursor, name) {
			missing("cursor."+name, "every page would be the first", fmt.Sprintf("add where (:cursor.%s is null or %[1]s > :cursor.%[1]s)", name))
		}
	}
	return faults
}

// refusesPage returns the faults of parameters of pages that the route does not
// have.
func (c EndpointConfig) refusesPage(s *script) []error {
	var faults []error
	refuse := func(p Param, problem, hint string) { faults = append(faults, s.fault(p.Offset, problem, hint)) }
	if s.field == totalField {
		for _, p := range slices.Concat(s.params(SourcePage), s.params(SourceCursor), s.params(SourceLast), s.params(SourceRow)) {
			refuse(p, "the total is of all pages, so there is no :"+p.written, "leave it out")
		}
		return faults
	}
	for _, p := range slices.Concat(s.params(SourcePage), s.params(SourceCursor)) {
		switch {
		case c.Page == nil:
			refuse(p, "the route has no pages, so there is no :"+p.written, "add page = { size = 50, max = 500 }")
		case p.Source == SourceCursor && !slices.Contains(c.Keyset, p.Name):
			refuse(p, "the keyset has no column "+p.Name, fmt.Sprintf("add it: keyset = [%q]", p.Name))
		case p.Source == SourcePage && p.Name == "offset" && len(c.Keyset) > 0:
			refuse(p, "a page of a keyset begins behind a row, and has no offset", "compare with :cursor."+c.Keyset[0])
		}
	}
	return faults
}
